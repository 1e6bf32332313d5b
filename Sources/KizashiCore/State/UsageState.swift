/// One entry of an account's log of usage: a fact, or part of one, with what is needed to take it out of a window again.
struct LogEntry {
  var hour: Int32
  var event: EventNameID
  /// 0 where no leaf counts users.
  var user: UserID
  /// Slot of the account and the event's only feature in ``UsageState/pairs``; ``UsageState/noSlot``: look it up.
  var slot: UInt32
  var count: Int64
}

/// The running totals of every account over the windows in use, and the log they are kept from.
///
/// A total is raised when an event arrives and lowered when its tile leaves. Presence (distinct users, features, days) is
/// kept as the number of log entries in the window; entries of one fact may be several until ``compact(_:hour:)`` joins them.
struct UsageState {
  static let noSlot = UInt32.max

  let leaves: [Leaf]
  let windows: [Window]
  private let calendar: BusinessCalendar
  private let usesUsers: Bool
  private let usesFeatures: Bool
  private(set) var features: FeatureIndex

  /// Per (account, leaf): the total in the current and in the previous window; for `lastTile` the hour or `.min`.
  private(set) var current: ContiguousArray<Int64> = []
  private(set) var previous: ContiguousArray<Int64> = []
  private var logs: ContiguousArray<ContiguousArray<LogEntry>> = []
  /// Per (account, window): index of the first entry of the current and of the previous window.
  private var currentStart: ContiguousArray<Int32> = []
  private var previousStart: ContiguousArray<Int32> = []

  /// Per event name and window: the leaves it touches, as ranges of `touched`; the last "window" holds the `lastTile` leaves.
  private var touchedRanges: ContiguousArray<(start: Int32, end: Int32)> = []
  private var touched: ContiguousArray<Int32> = []

  /// Per leaf its index among leaves of its kind, -1 where it has none.
  private let kindIndex: [Int]
  /// Per users leaf: entries per user in the current and previous window.
  private var userCounts: [PresencePair]
  /// Per featuresUsed leaf: entries per (account, feature) slot.
  private var featureCounts: [PresencePair]
  /// Per activeDays leaf: entries per (account, day of a ring).
  private var dayCounts: [PresencePair]
  private let ringSizes: [Int]
  private var pairs = PairTable()
  private var dayCache: DayCache

  struct PresencePair {
    var current: ContiguousArray<Int32> = []
    var previous: ContiguousArray<Int32> = []
  }

  enum Period {
    case current
    case previous
  }

  init(model: Model, leaves: [Leaf], windows: [Window]) {
    self.leaves = leaves
    self.windows = windows
    calendar = model.calendar
    features = FeatureIndex(model)
    usesUsers = leaves.contains { $0.kind == .users }
    usesFeatures = leaves.contains { $0.kind == .featuresUsed }
    var counts: [Leaf.Kind: Int] = [:]
    var kindIndex: [Int] = []
    for leaf in leaves {
      kindIndex.append(counts[leaf.kind, default: 0])
      counts[leaf.kind, default: 0] += 1
    }
    self.kindIndex = kindIndex
    userCounts = Array(repeating: PresencePair(), count: counts[.users] ?? 0)
    featureCounts = Array(repeating: PresencePair(), count: counts[.featuresUsed] ?? 0)
    dayCounts = Array(repeating: PresencePair(), count: counts[.activeDays] ?? 0)
    // A window of W hours touches at most W/24 + 2 local days (zones may skip or repeat hours).
    ringSizes = leaves.filter { $0.kind == .activeDays }.map { $0.windowHours / 23 + 3 }
    dayCache = DayCache(calendar)
  }

  var accountCount: Int { logs.count }

  mutating func addAccount() {
    logs.append([])
    for leaf in leaves {
      current.append(leaf.kind == .lastTile ? Int64(Int32.min) : 0)
      previous.append(0)
    }
    currentStart.append(contentsOf: repeatElement(0, count: windows.count))
    previousStart.append(contentsOf: repeatElement(0, count: windows.count))
    for index in dayCounts.indices {
      dayCounts[index].current.append(contentsOf: repeatElement(0, count: ringSizes[index]))
      dayCounts[index].previous.append(contentsOf: repeatElement(0, count: ringSizes[index]))
    }
  }

  mutating func addUser() {
    for index in userCounts.indices {
      userCounts[index].current.append(0)
      userCounts[index].previous.append(0)
    }
  }

  mutating func addEventName(_ name: String) {
    let event = EventNameID(features.eventCount)
    features.add(name)
    let belonging = leaves.indices.filter { features.belongs(event, to: leaves[$0].feature) }
    for window in windows {
      appendTouched(
        belonging.filter { leaves[$0].kind != .lastTile && leaves[$0].windowHours == Int(window.hours) })
    }
    appendTouched(belonging.filter { leaves[$0].kind == .lastTile })
  }

  private mutating func appendTouched(_ leaves: [Int]) {
    let start = Int32(touched.count)
    touched.append(contentsOf: leaves.map(Int32.init))
    touchedRanges.append((start, Int32(touched.count)))
  }

  func total(_ account: AccountID, _ leaf: Int, _ period: Period) -> Int64 {
    let index = Int(account) * leaves.count + leaf
    return period == .current ? current[index] : previous[index]
  }

  /// Reads what ``add(_:event:user:hour:count:clockHour:)`` will read first, so that it is in the cache then.
  @inline(__always)
  func warm(_ account: AccountID) -> UInt64 {
    let a = Int(account)
    let newest = logs[a].last.map { UInt64($0.event) } ?? 0
    return newest &+ UInt64(bitPattern: leaves.isEmpty ? 0 : current[a * leaves.count])
  }

  // MARK: Adding

  /// Counts events of one line. `clockHour` is the tile of the clock: what the windows hold is measured from it.
  @inline(__always)
  mutating func add(
    _ account: AccountID, event: EventNameID, user: UserID, hour: Int32, count: Int64, clockHour: Int32
  ) {
    let a = Int(account)
    let base = a * leaves.count
    let lastTiles = touchedRanges[Int(event) * (windows.count + 1) + windows.count]
    for item in lastTiles.start..<lastTiles.end {
      let leaf = base + Int(touched[Int(item)])
      if Int64(hour) > current[leaf] { current[leaf] = Int64(hour) }
    }
    guard !windows.isEmpty else { return }
    guard hour >= clockHour - horizon else { return }
    let entryUser = usesUsers ? user : 0
    if join(a, event: event, user: entryUser, hour: hour, count: count) {
      shift(a, base, event: event, hour: hour, clockHour: clockHour, count: count)
      return
    }
    var entry = LogEntry(hour: hour, event: event, user: entryUser, slot: Self.noSlot, count: count)
    if usesFeatures, let only = features.only(event) { entry.slot = slot(account, only) }
    insert(entry, a, clockHour: clockHour)
    for window in windows.indices {
      guard let period = period(hour, window, clockHour) else { continue }
      place(a, base, entry, window, period, sign: 1)
    }
    if logs[a].count >= 64 && logs[a].count & 63 == 0 { compactOpenTile(a, hour: hour, clockHour: clockHour) }
  }

  /// How many hours back an entry can still matter.
  var horizon: Int32 {
    windows.reduce(0) { max($0, $1.needsPrevious ? 2 * $1.hours : $1.hours) }
  }

  @inline(__always)
  private func period(_ hour: Int32, _ window: Int, _ clockHour: Int32) -> Period? {
    let start = clockHour - windows[window].hours
    if hour >= start { return .current }
    return windows[window].needsPrevious && hour >= start - windows[window].hours ? .previous : nil
  }

  /// Adds to an entry of the same fact when one of the newest few is it.
  @inline(__always)
  private mutating func join(_ a: Int, event: EventNameID, user: UserID, hour: Int32, count: Int64) -> Bool {
    var index = logs[a].count - 1
    let limit = max(0, index - 15)
    while index >= limit {
      let entry = logs[a][index]
      if entry.hour < hour { return false }
      if entry.hour == hour && entry.event == event && entry.user == user {
        logs[a][index].count += count
        return true
      }
      index -= 1
    }
    return false
  }

  /// Only counts grow: presence is already there.
  @inline(__always)
  private mutating func shift(
    _ a: Int, _ base: Int, event: EventNameID, hour: Int32, clockHour: Int32, count: Int64
  ) {
    for window in windows.indices {
      guard let period = period(hour, window, clockHour) else { continue }
      let range = touchedRanges[Int(event) * (windows.count + 1) + window]
      for item in range.start..<range.end {
        let leaf = Int(touched[Int(item)])
        guard leaves[leaf].kind == .count else { continue }
        if period == .current { current[base + leaf] += count } else { previous[base + leaf] += count }
      }
    }
  }

  private mutating func insert(_ entry: LogEntry, _ a: Int, clockHour: Int32) {
    var index = logs[a].count
    while index > 0 && logs[a][index - 1].hour > entry.hour { index -= 1 }
    if index == logs[a].count { logs[a].append(entry) } else { logs[a].insert(entry, at: index) }
    // A cursor counts the entries before its window: one more where the entry is older.
    for window in windows.indices {
      let cursor = a * windows.count + window
      let start = clockHour - windows[window].hours
      if entry.hour < start { currentStart[cursor] += 1 }
      if entry.hour < start - windows[window].hours { previousStart[cursor] += 1 }
    }
  }

  /// Moves an entry into (`sign` 1) or out of (-1) one period of one window.
  @inline(__always)
  private mutating func place(
    _ a: Int, _ base: Int, _ entry: LogEntry, _ window: Int, _ period: Period, sign: Int32
  ) {
    let range = touchedRanges[Int(entry.event) * (windows.count + 1) + window]
    for item in range.start..<range.end {
      let leaf = Int(touched[Int(item)])
      var change: Int64 = 0
      switch leaves[leaf].kind {
      case .count: change = Int64(sign) * entry.count
      case .users:
        guard entry.user != 0 else { continue }
        change = userCounts[kindIndex[leaf]].step(Int(entry.user), period, sign)
      case .activeDays:
        let kind = kindIndex[leaf]
        let day = Int(dayCache.day(of: entry.hour))
        let ring = ringSizes[kind]
        change = dayCounts[kind].step(a * ring + ((day % ring) + ring) % ring, period, sign)
      case .featuresUsed: change = placeFeatures(AccountID(a), entry, kindIndex[leaf], period, sign)
      case .lastTile: continue
      }
      if period == .current { current[base + leaf] += change } else { previous[base + leaf] += change }
    }
  }

  private mutating func placeFeatures(
    _ account: AccountID, _ entry: LogEntry, _ kind: Int, _ period: Period, _ sign: Int32
  ) -> Int64 {
    if entry.slot != Self.noSlot { return featureCounts[kind].step(Int(entry.slot), period, sign) }
    var change: Int64 = 0
    for feature in features.features(of: entry.event) {
      change += featureCounts[kind].step(Int(slot(account, feature)), period, sign)
    }
    return change
  }

  private mutating func slot(_ account: AccountID, _ feature: UInt32) -> UInt32 {
    let (slot, isNew) = pairs.slot(account, feature)
    if isNew {
      for index in featureCounts.indices {
        featureCounts[index].current.append(0)
        featureCounts[index].previous.append(0)
      }
    }
    return slot
  }

  /// Joins the entries of the account's newest tile that are parts of one fact, so that a busy hour stays small.
  private mutating func compactOpenTile(_ a: Int, hour: Int32, clockHour: Int32) {
    let newest = logs[a][logs[a].count - 1].hour
    var start = logs[a].count
    while start > 0 && logs[a][start - 1].hour == newest { start -= 1 }
    // Cursors never point into the newest tile unless the whole window lies behind it.
    guard logs[a].count - start >= 64, newest >= clockHour - (windows.map(\.hours).min() ?? 0) else { return }
    var run = Array(logs[a][start...])
    run.sort { $0.event != $1.event ? $0.event < $1.event : $0.user < $1.user }
    var kept: [LogEntry] = []
    for entry in run {
      guard let last = kept.last, last.event == entry.event, last.user == entry.user else {
        kept.append(entry)
        continue
      }
      kept[kept.count - 1].count += entry.count
      // The entry's presence goes, its count stays with the one it joined.
      var gone = entry
      gone.count = 0
      for window in windows.indices {
        guard let period = period(newest, window, clockHour) else { continue }
        place(a, a * leaves.count, gone, window, period, sign: -1)
      }
    }
    logs[a].replaceSubrange(start..., with: kept)
  }

  // MARK: Leaving

  /// Takes out what has left the windows by the tile of `clockHour`.
  mutating func expire(_ account: AccountID, clockHour: Int32) {
    let a = Int(account)
    let base = a * leaves.count
    let count = logs[a].count
    for window in windows.indices {
      let cursor = a * windows.count + window
      let start = clockHour - windows[window].hours
      var index = Int(currentStart[cursor])
      while index < count && logs[a][index].hour < start {
        let entry = logs[a][index]
        place(a, base, entry, window, .current, sign: -1)
        if windows[window].needsPrevious { place(a, base, entry, window, .previous, sign: 1) }
        index += 1
      }
      currentStart[cursor] = Int32(index)
      guard windows[window].needsPrevious else { continue }
      index = Int(previousStart[cursor])
      while index < count && logs[a][index].hour < start - windows[window].hours {
        place(a, base, logs[a][index], window, .previous, sign: -1)
        index += 1
      }
      previousStart[cursor] = Int32(index)
    }
    trim(a)
  }

  /// Frees what no window holds any more, once that is half of the log.
  private mutating func trim(_ a: Int) {
    var dead = logs[a].count
    for window in windows.indices {
      let cursor = a * windows.count + window
      dead = min(dead, Int(windows[window].needsPrevious ? previousStart[cursor] : currentStart[cursor]))
    }
    guard dead > 16, dead * 2 > logs[a].count else { return }
    logs[a].removeFirst(dead)
    for window in windows.indices {
      let cursor = a * windows.count + window
      currentStart[cursor] -= Int32(dead)
      previousStart[cursor] = max(0, previousStart[cursor] - Int32(dead))
    }
  }

  /// The next instant at which a tile of the account leaves a window; `.max`: none.
  @inline(__always)
  func nextLeaving(_ account: AccountID) -> Int64 {
    let a = Int(account)
    var next = Int64.max
    for window in windows.indices {
      let cursor = a * windows.count + window
      let hours = windows[window].hours
      if Int(currentStart[cursor]) < logs[a].count {
        let hour = logs[a][Int(currentStart[cursor])].hour
        next = min(next, Int64(hour + 1 + hours) * Tile.length)
      }
      if windows[window].needsPrevious && previousStart[cursor] < currentStart[cursor] {
        let hour = logs[a][Int(previousStart[cursor])].hour
        next = min(next, Int64(hour + 1 + 2 * hours) * Tile.length)
      }
    }
    return next
  }

  /// The local day of a `lastTile` total.
  @inline(__always)
  func lastDay(of hour: Int32) -> LocalDay { LocalDay(number: dayCache.look(hour)) }

  /// Sets a restored `lastTile` total, which may lie before every stored fact.
  mutating func restoreLastTile(_ account: AccountID, _ leaf: Int, _ hour: Int64) {
    let index = Int(account) * leaves.count + leaf
    current[index] = max(current[index], hour)
  }
}

extension UsageState.PresencePair {
  /// Adds `sign` to a counter; 1, 0 or -1 as its key appeared, stayed, or vanished.
  @inline(__always)
  mutating func step(_ index: Int, _ period: UsageState.Period, _ sign: Int32) -> Int64 {
    if period == .current {
      current[index] += sign
      return current[index] == (sign > 0 ? 1 : 0) ? Int64(sign) : 0
    }
    previous[index] += sign
    return previous[index] == (sign > 0 ? 1 : 0) ? Int64(sign) : 0
  }
}
