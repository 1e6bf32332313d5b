/// Splits the move of a score into lines that add up to it exactly.
///
/// With p a measure's effective share, bars the mean of old and new, and C half the sum of the two scores:
/// Δ = Σ p̄ᵢ·Δsᵢ + Σ Δpᵢ·(s̄ᵢ − C), each term exact; then floor, and +1 to the largest remainders (Hamilton's method).
///
/// Kept and used again: a backfill explains hundreds of thousands of changes.
struct ExplainedChange {
  /// One measure's line.
  struct Line {
    var measure: Int
    /// Hundredths.
    var points: Int64
    /// What flooring took, in 10⁻⁹.
    var remainder: Int64
  }

  private var lines: [Line] = []
  private var shares = KeptShares()

  /// Each measure's effective share of a score; zero for absent ones.
  mutating func shares(_ scorecard: CompiledScorecard, _ grades: UnsafePointer<Int32>) -> [Share] {
    shares.of(scorecard, grades)
  }

  /// The lines, largest first, of equals in the order of the measures.
  mutating func split(
    _ scorecard: CompiledScorecard, from old: (score: Int32, grades: UnsafePointer<Int32>),
    to new: (score: Int32, grades: UnsafePointer<Int32>)
  ) -> [Line] {
    lines.removeAll(keepingCapacity: true)
    let before = shares.of(scorecard, old.grades)
    let after = shares.of(scorecard, new.grades)
    var missing = Int64(new.score) - Int64(old.score)
    for measure in before.indices {
      // A measure that is absent on one side did not move by itself.
      let s0 = old.grades[measure] >= 0 ? old.grades[measure] : new.grades[measure]
      let s1 = new.grades[measure] >= 0 ? new.grades[measure] : old.grades[measure]
      guard s0 >= 0 else { continue }
      let moves = (grade: Int64(s1) - Int64(s0), level: Int64(s0) + Int64(s1) - Int64(old.score) - Int64(new.score))
      guard let line = Self.line(measure, before[measure], after[measure], moves) else { continue }
      missing -= line.points
      lines.append(line)
    }
    giveOut(missing)
    lines.sort {
      $0.points.magnitude != $1.points.magnitude
        ? $0.points.magnitude > $1.points.magnitude : $0.measure < $1.measure
    }
    return lines
  }

  /// A measure's exact contribution as floor and remainder; nil: none.
  private static func line(_ measure: Int, _ p0: Share, _ p1: Share, _ moves: (grade: Int64, level: Int64)) -> Line? {
    // Below 2¹⁵ every intermediate of the 64-bit way fits: |numerator| < 2⁴⁷, denominator < 2³¹, rest · 10⁹ < 2⁶².
    if p0.denominator < 1 << 15 && p1.denominator < 1 << 15 {
      return line(measure, as: Int64.self, p0, p1, moves)
    }
    return line(measure, as: Int128.self, p0, p1, moves)
  }

  @inline(__always)
  private static func line<Word: FixedWidthInteger & SignedInteger>(
    _ measure: Int, as word: Word.Type, _ p0: Share, _ p1: Share, _ moves: (grade: Int64, level: Int64)
  ) -> Line? {
    let n0 = Word(p0.numerator) * Word(p1.denominator)
    let n1 = Word(p1.numerator) * Word(p0.denominator)
    let numerator = (n0 + n1) * Word(moves.grade) + (n1 - n0) * Word(moves.level)
    guard numerator != 0 else { return nil }
    let denominator = 2 * Word(p0.denominator) * Word(p1.denominator)
    var floor = numerator / denominator
    if numerator < 0 && floor * denominator != numerator { floor -= 1 }
    let rest = numerator - floor * denominator
    return Line(
      measure: measure, points: Int64(truncatingIfNeeded: floor),
      remainder: Int64(truncatingIfNeeded: rest * 1_000_000_000 / denominator))
  }

  /// One hundredth each to the lines that flooring took most from.
  private mutating func giveOut(_ missing: Int64) {
    guard missing > 0 else { return }
    var missing = missing
    var taken = lines
    taken.sort { $0.remainder != $1.remainder ? $0.remainder > $1.remainder : $0.measure < $1.measure }
    for line in taken where missing > 0 {
      guard let index = lines.firstIndex(where: { $0.measure == line.measure }) else { continue }
      lines[index].points += 1
      missing -= 1
    }
  }
}
