import KizashiCore

/// A `shift` rule of one account, day by day, every number from the raw lines.
///
/// A day is judged at its end by the lines known then, and never again: so what was said of each day is kept.
package struct ReferenceShift: Sendable {
  package enum Side: Sendable { case down, up }

  /// How things stood when a day had been judged.
  package struct Standing: Sendable {
    package var day: Int32
    /// Nil: the day said nothing.
    package var z: Rational?
    package var down = Rational(0)
    package var up = Rational(0)
    /// The alarm that lasts.
    package var side: Side?
    /// z of the days since the last alarm.
    var sinceAlarm: [Rational] = []
  }
  private var history: [Standing] = []

  /// The alarm that lasts.
  var side: Side? { history.last?.side }

  /// Judges the days that are over; whether the lasting alarm is another one than before. Days before the first look
  /// are not judged.
  mutating func look(
    _ feature: FeatureReference, _ settings: ShiftSettings, at now: Int64, _ facts: ReferenceFacts,
    _ context: ReferenceContext
  ) -> Bool {
    let before = side
    let yesterday = context.day(at: now) - 1
    if history.isEmpty { history = [Standing(day: yesterday)] }
    while let last = history.last, last.day < yesterday {
      let z = Self.z(of: last.day + 1, feature, settings, facts, context)
      history.append(Self.judged(last, z, settings))
    }
    return side != before
  }

  /// Forgets days that are not over at an earlier clock: they were looked at, and nothing came of it.
  mutating func rewind(to clock: Int64, _ context: ReferenceContext) {
    while history.count > 1, let last = history.last, last.day >= context.day(at: clock) { history.removeLast() }
  }

  private static func judged(_ before: Standing, _ z: Rational?, _ settings: ShiftSettings) -> Standing {
    var now = before
    now.day += 1
    now.z = z
    guard let z else { return now }
    let k = Rational(Int128(settings.k), 10_000)
    let h = Rational(Int128(settings.h), 10_000)
    if settings.direction != .up { now.down = max(Rational(0), before.down - z - k).reduced }
    if settings.direction != .down { now.up = max(Rational(0), before.up + z - k).reduced }
    if now.down > h {
      now.down = Rational(0)
      now.side = .down
      now.sinceAlarm = []
    } else if now.up > h {
      now.up = Rational(0)
      now.side = .up
      now.sinceAlarm = []
    } else if now.side != nil {
      now.sinceAlarm.append(z)
      guard now.sinceAlarm.count >= settings.weekDays else { return now }
      let week = now.sinceAlarm.suffix(settings.weekDays)
      let mean = week.reduce(Rational(0)) { ($0 + $1).reduced } / Rational(Int128(week.count))
      if now.side == .down ? mean >= Rational(0) - k : mean <= k { now.side = nil }
    }
    return now
  }

  // MARK: - One day

  private static func z(
    of day: Int32, _ feature: FeatureReference, _ settings: ShiftSettings, _ facts: ReferenceFacts,
    _ context: ReferenceContext
  ) -> Rational? {
    guard let first = facts.usage.map({ context.day(ofHour: $0.hour) }).min() else { return nil }
    return z(of: day, first: first, settings) { root(of: facts.events(of: feature, on: $0, context)) }
  }

  /// Days 0, 1, … of a feature by itself, all of them judged at their ends.
  package static func days(_ counts: [Int64], _ settings: ShiftSettings) -> [Standing] {
    var history = [Standing(day: -1)]
    for day in counts.indices {
      let z = z(of: Int32(day), first: 0, settings) { root(of: counts[Int($0)]) }
      history.append(judged(history[day], z, settings))
    }
    return Array(history.dropFirst())
  }

  private static func z(of day: Int32, first: Int32, _ settings: ShiftSettings, y: (Int32) -> Rational) -> Rational? {
    let weekdays = (0..<settings.weekDays).map { weekday in
      (settings.nearestWeek...settings.farthestWeek)
        .map { day - Int32($0 * settings.weekDays) - Int32(weekday) }.filter { $0 >= first }.map(y)
    }
    guard weekdays[0].count >= settings.leastWeeks else { return nil }
    var squares = Rational(0)
    for values in weekdays where !values.isEmpty {
      let mean = mean(values)
      for value in values { squares = (squares + (value - mean) * (value - mean)).reduced }
    }
    let freedom = weekdays.reduce(0) { $0 + max(0, $1.count - 1) }
    let least = Rational(5000 * 5000)
    let variance = freedom == 0 ? least : max(least, (squares / Rational(Int128(freedom))).reduced)
    return tenThousandths(of: (y(day) - mean(weekdays[0])).reduced, over: variance)
  }

  private static func mean(_ values: [Rational]) -> Rational {
    (values.reduce(Rational(0)) { ($0 + $1).reduced } / Rational(Int128(values.count))).reduced
  }

  /// ⌊10⁴·√(x + ⅜)⌋, bit by bit.
  private static func root(of events: Int64) -> Rational {
    let square = Int128(events) * 100_000_000 + 37_500_000
    var root: Int128 = 0
    for bit in (0..<40).reversed() {
      let more = root + (Int128(1) << Int128(bit))
      if more * more <= square { root = more }
    }
    return Rational(root)
  }

  /// off/√variance within ±3, to 4 decimals, half-up: the largest such number of which half a unit less is not above it.
  private static func tenThousandths(of off: Rational, over variance: Rational) -> Rational {
    func signedSquare(_ x: Rational) -> Rational { (x < Rational(0) ? Rational(0) - x * x : x * x).reduced }
    let exact = (signedSquare(off) * Rational(400_000_000)).reduced
    var low = -30_000
    var high = 30_000
    while low < high {
      let middle = (low + high + 1) >> 1
      if signedSquare(Rational(Int128(2 * middle - 1))) * variance <= exact { low = middle } else { high = middle - 1 }
    }
    return Rational(Int128(low), 10_000)
  }
}

extension ReferenceFacts {
  /// Events of a feature on a local day. What a day counts ends at 2³² − 1.
  fileprivate func events(of feature: FeatureReference, on day: Int32, _ context: ReferenceContext) -> Int64 {
    let counts = usage.filter { context.day(ofHour: $0.hour) == day && context.feature(feature, includes: $0.variant) }
      .map(\.count)
    return counts.reduce(0) { min(Int64(UInt32.max), $0 + min(Int64(UInt32.max), $1)) }
  }
}
