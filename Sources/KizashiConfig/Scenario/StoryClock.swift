import KizashiCore

/// Reads the times of a scenario: offsets from its start, local dates and times, and RFC 3339.
struct StoryClock {
  var start: Instant
  var until: Instant
  var calendar: BusinessCalendar

  /// A time and how exactly it was written.
  struct Written: Equatable {
    var from: Instant
    /// How long the unit is that it was written in; a local day ends where the next begins.
    var before: Instant
    var isDate = false

    /// Where a stretch ends that ends with it: a day is in it, `28d` is the instant.
    var end: Instant { isDate ? before : from }
  }

  static let hint = "write 3d 9h after the start, 2026-05-07, 2026-05-07 09:00 (local) or 2026-05-07T09:00:00+09:00"

  // MARK: Text

  /// Any way to write a time; nil for other text.
  func parse(_ text: String) -> Written? {
    switch text {
    case "start": Written(from: start, before: start.advanced(by: 1))
    case "end": Written(from: until, before: until.advanced(by: 1))
    default: offset(text) ?? Self.date(text, calendar)
    }
  }

  /// `3d 9h` after the start.
  private func offset(_ text: String) -> Written? {
    guard let length = StoryLength(text) else { return nil }
    let from = calendar.instant(length, after: start)
    var next = length
    if length.unit == Milliseconds.day { next.days += 1 } else { next.rest += length.unit }
    return Written(from: from, before: calendar.instant(next, after: start))
  }

  /// `2026-05-07`, with ` 09:00` or `T09:00:30`, in the business time zone, or with an offset.
  static func date(_ text: String, _ calendar: BusinessCalendar) -> Written? {
    guard text.utf8.count >= 10, let day = CivilDate.parse(text.prefix(10)) else { return nil }
    var rest = text.dropFirst(10)
    if rest.isEmpty {
      let next = LocalDay(number: day.number + 1)
      return Written(
        from: calendar.instant(of: day, second: 0), before: calendar.instant(of: next, second: 0), isDate: true)
    }
    guard let separator = rest.popFirst(), separator == "T" || separator == " ",
      let (time, zone) = clockTime(rest)
    else { return nil }
    var from = calendar.instant(of: day, second: time.seconds).advanced(by: time.milliseconds)
    if !zone.isEmpty {
      guard let offset = offsetSeconds(zone) else { return nil }
      from = Instant(
        milliseconds: (Int64(day.number) * 86_400 + time.seconds - offset) * 1000 + time.milliseconds)
    }
    return Written(from: from, before: from.advanced(by: time.unit))
  }

  /// `09:30`, seconds after midnight.
  static func timeOfDay(_ text: String) -> Int64? {
    guard let (time, rest) = clockTime(text[...]), rest.isEmpty, time.milliseconds == 0 else { return nil }
    return time.seconds
  }

  /// `09:30`, `09:30:15` or `09:30:15.250`, and what stands behind it.
  private static func clockTime(
    _ text: Substring
  ) -> (time: (seconds: Int64, milliseconds: Int64, unit: Int64), rest: Substring)? {
    var rest = text
    guard let hour = twoDigits(&rest), hour < 24, rest.popFirst() == ":", let minute = twoDigits(&rest), minute < 60
    else { return nil }
    var time = (seconds: hour * 3600 + minute * 60, milliseconds: Int64(0), unit: Milliseconds.minute)
    guard rest.first == ":" else { return (time, rest) }
    rest.removeFirst()
    guard let second = twoDigits(&rest), second < 60 else { return nil }
    time.seconds += second
    time.unit = Milliseconds.second
    guard rest.first == "." else { return (time, rest) }
    let digits = rest.dropFirst().prefix { ("0"..."9").contains($0) }
    guard !digits.isEmpty, let milliseconds = Int64((digits + "00").prefix(3)) else { return nil }
    time.milliseconds = milliseconds
    time.unit = 1
    return (time, rest.dropFirst(1 + digits.count))
  }

  private static func twoDigits(_ text: inout Substring) -> Int64? {
    let digits = text.prefix(2)
    guard digits.utf8.count == 2, let value = Milliseconds.digits(digits) else { return nil }
    text = text.dropFirst(2)
    return value
  }

  /// `Z`, `+09:00` or `+0900`, in seconds east.
  private static func offsetSeconds(_ text: Substring) -> Int64? {
    if text == "Z" { return 0 }
    guard let sign = text.first, sign == "+" || sign == "-" else { return nil }
    var rest = text.dropFirst()
    guard let hours = twoDigits(&rest), hours < 24 else { return nil }
    if rest.first == ":" { rest.removeFirst() }
    guard let minutes = twoDigits(&rest), minutes < 60, rest.isEmpty else { return nil }
    return (hours * 60 + minutes) * (sign == "-" ? -60 : 60)
  }

  // MARK: Places

  /// A time within the story.
  func written(_ cursor: Cursor, _ what: String = "a time") -> Written? {
    guard let text = cursor.text("\(what) such as 3d 9h or 2026-05-07") else { return nil }
    return written(text, cursor, what)
  }

  private func written(_ text: String, _ cursor: Cursor, _ what: String) -> Written? {
    guard let written = parse(text) else {
      cursor.fail("expected \(what), found \(quoted(text))", hint: Self.hint)
      return nil
    }
    guard written.before > start, written.from <= until else {
      cursor.fail(
        "\(quoted(text)) is \(written.from > until ? "after the end" : "before the start") of this scenario",
        hint: "it goes from \(timestamp(start)) until \(timestamp(until))")
      return nil
    }
    return written
  }

  /// An instant within the story.
  func instant(_ cursor: Cursor) -> Instant? { written(cursor).map { max($0.from, start) } }

  private static let windowWhat = "a time, before …, from …, or between … and …"

  /// `13d`, `before 14d`, `from 2026-05-01`, `between 12d and 14d`, `always`.
  func window(_ cursor: Cursor) -> StoryTime? {
    guard let text = cursor.text("a time such as 13d, before 14d, or between 12d and 14d") else { return nil }
    let words = text.split(separator: " ", maxSplits: 1).map(String.init)
    let rest = words.count == 2 ? words[1] : ""
    switch words.first {
    case "always": return whole(text)
    case "before":
      guard let end = written(rest, cursor, Self.windowWhat) else { return nil }
      guard end.from > start else {
        cursor.fail("nothing is \(quoted(text)), where this scenario starts")
        return nil
      }
      return StoryTime(from: start, before: end.from, text: text)
    case "from":
      return written(rest, cursor, Self.windowWhat).map {
        StoryTime(from: $0.from, before: whole(text).before, text: text)
      }
    case "between":
      let ends = rest.split(separator: " and ").map(String.init)
      guard ends.count == 2 else {
        cursor.fail("expected \(Self.windowWhat), found \(quoted(text))", hint: "write between 12d and 14d")
        return nil
      }
      guard let first = written(ends[0], cursor, Self.windowWhat), let last = written(ends[1], cursor, Self.windowWhat)
      else { return nil }
      // What happens at the very instant it ends is still between.
      let before = last.isDate ? last.before : last.from.advanced(by: 1)
      guard first.from < before else {
        cursor.fail("\(quoted(ends[1])) comes before \(quoted(ends[0]))", hint: "write the earlier one first")
        return nil
      }
      return StoryTime(from: first.from, before: before, text: text)
    case "after":
      cursor.fail("expected \(Self.windowWhat), found \(quoted(text))", hint: "write from \(rest)")
      return nil
    default:
      return written(text, cursor, Self.windowWhat).map { StoryTime(from: $0.from, before: $0.before, text: text) }
    }
  }

  private func whole(_ text: String) -> StoryTime {
    StoryTime(from: start, before: until.advanced(by: 1), text: text)
  }
}

/// A length of a story's time. Its days are days of the calendar, so that `42d` after a morning is a morning, also where
/// the clocks changed in between.
package struct StoryLength: Equatable {
  package var days: Int64 = 0
  /// Milliseconds beside the days.
  package var rest: Int64 = 0
  /// The smallest unit written, in milliseconds.
  var unit = Milliseconds.second

  /// `3d 9h`: units go down, each once; nil for other text.
  init?(_ text: String) {
    unit = .max
    for word in text.split(separator: " ") {
      guard let amount = Milliseconds.parse(String(word)), let next = Milliseconds.parse("1\(word.suffix(1))"),
        next < unit, amount <= Milliseconds.longest
      else { return nil }
      if next == Milliseconds.day { days = amount / next } else { rest += amount }
      unit = next
    }
    guard unit != .max, days * Milliseconds.day + rest <= Milliseconds.longest else { return nil }
  }

  /// How long after `start` an instant is, which is not before it.
  package init(from start: Instant, to instant: Instant, _ calendar: BusinessCalendar) {
    let first = calendar.wallTime(of: start).day.number
    days = Int64(calendar.wallTime(of: instant).day.number - first)
    while days > 0, calendar.instant(self, after: start) > instant { days -= 1 }
    rest = max(0, instant.milliseconds - calendar.instant(self, after: start).milliseconds)
  }

  /// As a scenario writes it, down to the second: `24d 9h`.
  package var text: String {
    var parts = days > 0 ? ["\(days)d"] : []
    // What is less than the smallest unit counts as one: nothing is 0 s too late.
    var left = rest + (1000 - rest % 1000) % 1000
    for (unit, length) in [("h", Milliseconds.hour), ("m", Milliseconds.minute), ("s", Milliseconds.second)]
    where left >= length {
      parts.append("\(left / length)\(unit)")
      left %= length
    }
    return parts.isEmpty ? "0d" : parts.joined(separator: " ")
  }
}

extension BusinessCalendar {
  /// The instant a length after another.
  func instant(_ length: StoryLength, after start: Instant) -> Instant {
    guard length.days > 0 else { return start.advanced(by: length.rest) }
    let wall = wallTime(of: start)
    let day = LocalDay(number: wall.day.number + Int32(clamping: length.days))
    let millisecond = start.milliseconds - floorDivide(start.milliseconds, 1000) * 1000
    return instant(of: day, second: wall.second).advanced(by: millisecond + length.rest)
  }

  /// The instant of a local wall time. One that the clocks skip is taken an hour on.
  func instant(of day: LocalDay, second: Int64) -> Instant {
    let local = Int64(day.number) * 86_400 + second
    func offset(_ seconds: Int64) -> Int64 { Int64(self.offset(at: Instant(milliseconds: seconds * 1000).tile)) }
    let seconds = local - offset(local - offset(local))
    return Instant(milliseconds: seconds * 1000)
  }

  /// The local day and the second of it that an instant lies in, by the wall clock.
  func wallTime(of instant: Instant) -> (day: LocalDay, second: Int64) {
    let local = floorDivide(instant.milliseconds, 1000) + Int64(offset(at: instant.tile))
    let day = floorDivide(local, 86_400)
    return (LocalDay(number: Int32(clamping: day)), local - day * 86_400)
  }
}

/// `2026-05-07T00:00:00.000Z`.
func timestamp(_ instant: Instant) -> String {
  let seconds = floorDivide(instant.milliseconds, 1000)
  let day = floorDivide(seconds, 86_400)
  func padded(_ number: Int64, _ width: Int) -> String {
    String(repeating: "0", count: max(0, width - String(number).count)) + String(number)
  }
  let second = seconds - day * 86_400
  return "\(CivilDate.text(LocalDay(number: Int32(clamping: day))))T\(padded(second / 3600, 2)):"
    + "\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2)).\(padded(instant.milliseconds - seconds * 1000, 3))Z"
}
