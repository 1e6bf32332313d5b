import KizashiCore

/// The rule at the end of a time-zone file that holds after its last listed transition: `CET-1CEST,M3.5.0,M10.5.0/3`
/// (POSIX.1-2017 §8.3, with the extended hours of RFC 8536 §3.3.1).
struct PosixZone: Equatable {
  /// When, in local wall time, a change of offset comes in a year.
  struct Change: Equatable {
    enum Day: Equatable {
      /// 1…365, the 29th of February never counted.
      case julian(Int)
      /// 0…365, the 29th of February counted.
      case ordinal(Int)
      /// The `week`-th (5: the last) `weekday` (0 = Sunday) of a month.
      case weekday(month: Int, week: Int, weekday: Int)
    }
    var day: Day
    /// Seconds after local midnight; may be negative or beyond a day.
    var seconds: Int
  }

  /// Seconds east of UTC outside daylight saving.
  var standard: Int
  /// Offset in daylight saving, its first and its last moment; nil where there is none.
  var daylight: (offset: Int, start: Change, end: Change)?

  static func == (a: PosixZone, b: PosixZone) -> Bool {
    a.standard == b.standard && a.daylight?.offset == b.daylight?.offset && a.daylight?.start == b.daylight?.start
      && a.daylight?.end == b.daylight?.end
  }

  /// Seconds that no zone lies farther from UTC: a local day is that of UTC or one beside it.
  static let farthest = 86_400

  /// Nil for text that is no such rule.
  init?(_ text: String) {
    var scanner = Scanner(bytes: Array(text.utf8))
    guard scanner.name(), let west = scanner.time() else { return nil }
    standard = -west
    guard abs(standard) <= Self.farthest else { return nil }
    guard !scanner.isAtEnd else { return }
    guard scanner.name() else { return nil }
    var offset = standard + 3600
    if scanner.peek != UInt8(ascii: ",") {
      guard let west = scanner.time() else { return nil }
      offset = -west
    }
    guard abs(offset) <= Self.farthest else { return nil }
    guard scanner.skip(","), let start = scanner.change(), scanner.skip(","), let end = scanner.change(),
      scanner.isAtEnd
    else { return nil }
    daylight = (offset, start, end)
  }

  /// The moments the offset changes in a year, in seconds since the epoch, with the offset from then on.
  func changes(in year: Int) -> [(since: Int, offset: Int)] {
    guard let daylight else { return [] }
    let start = daylight.start.seconds(in: year) - standard
    let end = daylight.end.seconds(in: year) - daylight.offset
    return [(start, daylight.offset), (end, standard)].sorted { $0.0 < $1.0 }
  }
}

extension PosixZone.Change {
  /// Seconds from the epoch to this moment of a year's local wall time, as if it were UTC.
  fileprivate func seconds(in year: Int) -> Int {
    let newYear = CivilDate.days(year: year, month: 1, day: 1)
    let days: Int
    switch day {
    case .julian(let number): days = newYear + number - 1 + (CivilDate.isLeap(year) && number >= 60 ? 1 : 0)
    case .ordinal(let number): days = newYear + number
    case .weekday(let month, let week, let weekday):
      let first = CivilDate.days(year: year, month: month, day: 1)
      let next =
        month == 12
        ? CivilDate.days(year: year + 1, month: 1, day: 1)
        : CivilDate.days(year: year, month: month + 1, day: 1)
      var found = first + (weekday - CivilDate.weekday(days: first) + 7) % 7 + (week - 1) * 7
      while found >= next { found -= 7 }
      days = found
    }
    return days * 86_400 + seconds
  }
}

extension PosixZone {
  private struct Scanner {
    var bytes: [UInt8]
    var position = 0

    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }
    var isAtEnd: Bool { position == bytes.count }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
      guard peek == UInt8(ascii: character) else { return false }
      position += 1
      return true
    }

    /// `CET` or `<+01>`.
    mutating func name() -> Bool {
      let start = position
      if skip("<") {
        while let byte = peek, byte != UInt8(ascii: ">") {
          position += 1
          guard byte > 32, byte < 127 else { return false }
        }
        return skip(">")
      }
      while let byte = peek, (65...90).contains(byte) || (97...122).contains(byte) { position += 1 }
      return position - start >= 3
    }

    mutating func number(atMost limit: Int) -> Int? {
      let start = position
      var value = 0
      while let byte = peek, (48...57).contains(byte), position - start < 3 {
        value = value * 10 + Int(byte - 48)
        position += 1
      }
      return position > start && value <= limit ? value : nil
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func time() -> Int? {
      let negative = peek == UInt8(ascii: "-")
      if negative || peek == UInt8(ascii: "+") { position += 1 }
      guard let hours = number(atMost: 167) else { return nil }
      var seconds = hours * 3600
      if skip(":") {
        guard let minutes = number(atMost: 59) else { return nil }
        seconds += minutes * 60
        if skip(":") {
          guard let last = number(atMost: 59) else { return nil }
          seconds += last
        }
      }
      return negative ? -seconds : seconds
    }

    /// `M3.2.0/2`, `J60`, `59/24`.
    mutating func change() -> Change? {
      let day: Change.Day
      if skip("M") {
        guard let month = number(atMost: 12), month >= 1, skip("."), let week = number(atMost: 5), week >= 1, skip("."),
          let weekday = number(atMost: 6)
        else { return nil }
        day = .weekday(month: month, week: week, weekday: weekday)
      } else if skip("J") {
        guard let number = number(atMost: 365), number >= 1 else { return nil }
        day = .julian(number)
      } else {
        guard let number = number(atMost: 365) else { return nil }
        day = .ordinal(number)
      }
      guard skip("/") else { return Change(day: day, seconds: 7200) }
      return time().map { Change(day: day, seconds: $0) }
    }
  }
}
