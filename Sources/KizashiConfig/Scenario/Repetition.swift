import KizashiCore

/// The instants at which a step of a story happens.
struct Repetition {
  enum Interval: Equatable {
    /// Every so many local days, or every business day, at one time of the day.
    case days(Int)
    case businessDays
    /// Every so many milliseconds.
    case length(Int64)

    /// `day`, `business day`, `week`, `hour`, or a length such as `2h` or `3d`; nil for other text.
    init?(_ text: String) {
      switch text {
      case "day": self = .days(1)
      case "business day": self = .businessDays
      case "week": self = .days(7)
      case "hour": self = .length(Milliseconds.hour)
      default:
        guard let length = Milliseconds.parse(text), length >= Milliseconds.minute else { return nil }
        self = length % Milliseconds.day == 0 ? .days(Int(length / Milliseconds.day)) : .length(length)
      }
    }
  }

  /// More lines than this in one scenario is a mistake.
  static let mostLines = 200_000

  var from: Instant
  /// The first instant that is too late.
  var before: Instant
  var interval: Interval
  /// Seconds after local midnight, where days are counted; nil: as `from`.
  var timeOfDay: Int64?

  /// All of them, one more than ``mostLines`` at most.
  func instants(_ calendar: BusinessCalendar) -> [Instant] {
    var result: [Instant] = []
    switch interval {
    case .length(let length):
      var next = from
      while next < before, result.count <= Self.mostLines {
        result.append(next)
        next = next.advanced(by: length)
      }
    case .days(let step): append(step, calendar, to: &result) { _ in true }
    case .businessDays: append(1, calendar, to: &result, where: calendar.isBusinessDay)
    }
    return result
  }

  private func append(
    _ step: Int, _ calendar: BusinessCalendar, to result: inout [Instant], where counts: (LocalDay) -> Bool
  ) {
    let wall = calendar.wallTime(of: from)
    var day = wall.day
    while result.count <= Self.mostLines {
      let instant = calendar.instant(of: day, second: timeOfDay ?? wall.second)
      guard instant < before else { return }
      if instant >= from, counts(day) { result.append(instant) }
      day = LocalDay(number: day.number + Int32(clamping: step))
    }
  }
}

/// A number that may change evenly from the first time to the last: `10`, or `10 to 2`.
struct Ramp: Equatable {
  var first: Int
  var last: Int

  /// Of the `index`-th of `count` times; half-up between whole numbers.
  func value(_ index: Int, of count: Int) -> Int {
    guard count > 1, first != last else { return first }
    return first + Int(Rational(Int128((last - first) * index), Int128(count - 1)).halfUp)
  }
}
