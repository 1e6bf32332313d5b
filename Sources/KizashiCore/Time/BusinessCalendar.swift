/// The business time zone as a table of offsets, with weekends and holidays.
///
/// Core sees no time-zone database: `KizashiConfig` makes this table and it is stored with the config version, so that
/// the same log gives the same days on every machine.
public struct BusinessCalendar: Sendable, Equatable {
  /// From `since` (seconds since the epoch) on, local time is UTC + `offset` seconds.
  public struct Transition: Sendable, Equatable {
    /// Seconds since the epoch; the first instant the offset holds at.
    public var since: Int64
    /// Seconds to add to UTC.
    public var offset: Int32
    /// A change of the offset; see the properties.
    public init(since: Int64, offset: Int32) {
      self.since = since
      self.offset = offset
    }
  }

  /// The IANA name, for display only.
  public let timezone: String
  /// Ascending by `since`; the first entry's offset also holds before it. Never empty.
  public let transitions: [Transition]
  /// Days of the week that are not business days: 0 = Sunday … 6 = Saturday.
  public let weekend: Set<Int>
  /// Days that are not business days.
  public let holidays: Set<LocalDay>
  /// A bit for each day of the week that is one.
  private let weekdays: UInt8
  /// Holidays that fall on such a day, ascending.
  private let lostDays: [Int32]

  /// - Precondition: `transitions` is not empty and ascending.
  public init(timezone: String, transitions: [Transition], weekend: Set<Int> = [0, 6], holidays: Set<LocalDay> = []) {
    precondition(!transitions.isEmpty, "a calendar needs at least one offset")
    self.timezone = timezone
    self.transitions = transitions
    self.weekend = weekend
    self.holidays = holidays
    let weekdays = (0..<7).reduce(UInt8(0)) { weekend.contains($1) ? $0 : $0 | 1 << UInt8($1) }
    self.weekdays = weekdays
    lostDays = holidays.map(\.number).filter { Self.isAmong(weekdays, $0) }.sorted()
  }

  /// Universal time with a Saturday–Sunday weekend.
  public static let utc = BusinessCalendar(timezone: "UTC", transitions: [Transition(since: .min, offset: 0)])

  /// The offset from UTC, in seconds, at a tile's first millisecond.
  public func offset(at tile: Tile) -> Int32 {
    let seconds = Int64(tile.hour) * 3600
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle].since <= seconds { low = middle + 1 } else { high = middle }
    }
    return transitions[max(0, low - 1)].offset
  }

  /// The local day that holds the tile's first millisecond.
  public func day(of tile: Tile) -> LocalDay {
    LocalDay(number: Int32(floorDivide(Int64(tile.hour) * 3600 + Int64(offset(at: tile)), 86_400)))
  }

  /// The first tile whose local day is `day` or later.
  public func firstTile(of day: LocalDay) -> Tile {
    // Offsets stay within a day of UTC, so the answer lies in this range; local days never go back as tiles go on,
    // because an offset changes by less than a day.
    var low = Int32(clamping: Int64(day.number) * 24 - 48)
    var high = low + 96
    while low < high {
      let middle = low + (high - low) / 2
      if self.day(of: Tile(hour: middle)) >= day { high = middle } else { low = middle + 1 }
    }
    return Tile(hour: low)
  }

  /// Whether people are expected to work on this day.
  public func isBusinessDay(_ day: LocalDay) -> Bool {
    guard Self.isAmong(weekdays, day.number) else { return false }
    let place = lostBefore(day.number)
    return place == lostDays.count || lostDays[place] != day.number
  }

  /// How many business days d there are with `last` < d ≤ `day`: whole weeks by their length, then day by day, less the
  /// holidays between. Asked for in nearly every evaluation, of spans of months.
  public func businessDays(after last: LocalDay, through day: LocalDay) -> Int64 {
    guard day > last else { return 0 }
    let weeks = (Int64(day.number) - Int64(last.number)) / 7
    var count = weeks * Int64(weekdays.nonzeroBitCount)
    var rest = Int64(last.number) + 7 * weeks + 1
    while rest <= Int64(day.number) {
      if Self.isAmong(weekdays, Int32(rest)) { count += 1 }
      rest += 1
    }
    if lostDays.isEmpty { return count }
    return count - Int64(lostBefore(day.number + 1) - lostBefore(last.number + 1))
  }

  @inline(__always)
  private static func isAmong(_ weekdays: UInt8, _ day: Int32) -> Bool {
    weekdays & 1 << UInt8(CivilDate.weekday(days: Int(day))) != 0
  }

  /// How many holidays that fall on a weekday lie before a day.
  private func lostBefore(_ day: Int32) -> Int {
    var low = 0
    var high = lostDays.count
    while low < high {
      let middle = (low + high) / 2
      if lostDays[middle] < day { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
