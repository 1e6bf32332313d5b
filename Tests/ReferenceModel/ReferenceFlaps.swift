import KizashiCore

/// Flap detection by the book: the state at the end of every local day since the first look, and the specification's weights.
struct ReferenceFlaps: Sendable {
  /// Whether the rule fired at the end of each day, the oldest first; before the first look it did not.
  private var ends: [Bool] = []
  private var day: Int32?
  var isFlapping = false
  /// Whether the last episode opened while it flapped.
  var isSilenced = false

  private var last21: [Bool] { Array((Array(repeating: false, count: 21) + ends).suffix(21)) }

  /// On how many of the last 20 days the state changed.
  var count: Int { zip(last21, last21.dropFirst()).count { $0 != $1 } }

  /// Of weighted changes, in percent.
  var percent: Rational {
    let changes = zip(last21, last21.dropFirst()).map { $0 != $1 }
    let sum = changes.enumerated().reduce(Rational(0)) { sum, change in
      change.element ? sum + Rational(3, 4) + Rational(Int128(change.offset), 38) : sum
    }
    return sum * Rational(100) / Rational(20)
  }

  /// Ends the days before `today`, on all of which the rule stood as it does now; whether it began or ceased to flap.
  mutating func end(before today: Int32, isFiring: Bool, _ settings: FlapSettings) -> Bool {
    let was = isFlapping
    for _ in (day ?? today)..<today {
      ends.append(isFiring)
      if percent >= Rational(Int128(settings.start)) { isFlapping = true }
      if percent <= Rational(Int128(settings.stop)) { isFlapping = false }
    }
    day = today
    return isFlapping != was
  }

  /// Forgets days that are not over at an earlier clock: they were looked at, and nothing came of it.
  mutating func rewind(to clock: Int64, _ context: ReferenceContext) {
    while let last = day, last > context.day(at: clock), !ends.isEmpty {
      ends.removeLast()
      day = last - 1
    }
  }
}
