/// Splits the move of a score into lines that add up to it exactly.
///
/// With p a measure's effective share, bars the mean of old and new, and C half the sum of the two scores:
/// Δ = Σ p̄ᵢ·Δsᵢ + Σ Δpᵢ·(s̄ᵢ − C), each term exact; then floor, and +1 to the largest remainders (Hamilton's method).
enum ExplainedChange {
  struct Side {
    /// Score in hundredths.
    var score: Int32
    /// Grades in hundredths; negative: absent.
    var grades: [Int32]
    var shares: [Rational]
  }

  /// Per measure its exact contribution in hundredths, twice (so that halves stay whole numbers of the denominator).
  static func split(_ old: Side, _ new: Side) -> [(measure: Int, points: Int)] {
    var parts: [(measure: Int, floor: Int128, remainder: Int128)] = []
    let scores = Int128(old.score) + Int128(new.score)
    for measure in old.grades.indices {
      let s0 = Int128(old.grades[measure] >= 0 ? old.grades[measure] : new.grades[measure])
      let s1 = Int128(new.grades[measure] >= 0 ? new.grades[measure] : old.grades[measure])
      guard s0 >= 0 else { continue }
      let p0 = old.shares[measure].reduced
      let p1 = new.shares[measure].reduced
      let d = p0.denominator * p1.denominator
      let n0 = p0.numerator * p1.denominator
      let n1 = p1.numerator * p0.denominator
      let numerator = (n0 + n1) * (s1 - s0) + (n1 - n0) * (s0 + s1 - scores)
      guard numerator != 0 else { continue }
      let value = Rational(numerator, 2 * d).reduced
      let floor = value.floor
      let rest = value.numerator - floor * value.denominator
      parts.append((measure, floor, rest * 1_000_000_000 / value.denominator))
    }
    let delta = Int128(new.score) - Int128(old.score)
    var missing = Int(delta - parts.reduce(Int128(0)) { $0 + $1.floor })
    var lines = parts.map { (measure: $0.measure, points: Int($0.floor)) }
    for index in parts.indices.sorted(by: {
      parts[$0].remainder > parts[$1].remainder || (parts[$0].remainder == parts[$1].remainder && $0 < $1)
    })
    where missing > 0 {
      lines[index].points += 1
      missing -= 1
    }
    return lines.sorted {
      $0.points.magnitude > $1.points.magnitude
        || ($0.points.magnitude == $1.points.magnitude && $0.measure < $1.measure)
    }
  }
}
