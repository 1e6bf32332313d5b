/// How a measure's grade loses its weight of evidence as the datum behind it grows old: full until `fresh`, then in a
/// straight line to the neutral grade at `expire`; older data are as if they were missing.
public struct Decay: Sendable, Equatable {
  /// The grade that says nothing, in hundredths.
  static let neutral: Int64 = 5000
  /// Up to this age, in whole local days, the grade is the datum's own.
  public var freshDays: Int
  /// The last age, in whole local days, at which there is a grade: the neutral one.
  public var expireDays: Int

  /// - Precondition: 0 ≤ `freshDays` < `expireDays`.
  public init(freshDays: Int, expireDays: Int) {
    precondition(0 <= freshDays && freshDays < expireDays, "a decay from \(freshDays) to \(expireDays) days")
    self.freshDays = freshDays
    self.expireDays = expireDays
  }

  /// The grade of a datum `age` local days old, in hundredths; -1: expired.
  ///
  /// - Parameter own: What the datum's value gives, 0…10,000.
  func grade(_ own: Int32, age: Int64) -> Int32 {
    let (fresh, expire) = (Int64(freshDays), Int64(expireDays))
    if age > expire { return -1 }
    let left = min(expire - age, expire - fresh)
    let span = expire - fresh
    // Half-up: floor((2·x + span) / (2·span)).
    let exact = Self.neutral * span + (Int64(own) - Self.neutral) * left
    return Int32(truncatingIfNeeded: floorDivide(2 * exact + span, 2 * span))
  }

  /// The age, in local days, at which the grade next differs from that at `age`; nil: never again.
  func nextStep(_ own: Int32, age: Int64) -> Int64? {
    let now = grade(own, age: age)
    guard now >= 0 else { return nil }
    // Grades go one way only, and at the end there is none: where they begin to differ can be searched by halves.
    var (same, other) = (age, Int64(expireDays) + 1)
    while other - same > 1 {
      let middle = same + (other - same) / 2
      if grade(own, age: middle) == now { same = middle } else { other = middle }
    }
    return other
  }
}
