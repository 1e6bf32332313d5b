/// A measure's part of a score, 0…1, in lowest terms. Weights are at most 10,000, so that 64 bits hold every part.
struct Share {
  var numerator: Int64
  var denominator: Int64

  init(numerator: Int64, denominator: Int64) {
    self.numerator = numerator
    self.denominator = denominator
  }

  init(reducing numerator: Int64, _ denominator: Int64) {
    var a = numerator.magnitude
    var b = denominator.magnitude
    while b != 0 { (a, b) = (b, a % b) }
    self.init(numerator: numerator / Int64(a), denominator: denominator / Int64(a))
  }

  var rational: Rational { Rational(Int128(numerator), Int128(denominator)) }
  /// For display only.
  var approximate: Double { Double(numerator) / Double(denominator) }
}

/// The shares of measures by which of them are present: accounts come in few such kinds, and fractions in lowest terms are
/// most of what explaining a change costs.
struct KeptShares {
  private struct Kind: Hashable {
    var scorecard: ObjectIdentifier
    var present: UInt64
  }
  /// More kinds than this are not kept.
  private static let most = 4096
  private var kept: [Kind: [Share]] = [:]
  /// Of the last account, which the next is mostly like.
  private var last: (kind: Kind, shares: [Share])?

  /// Each measure's effective share of the score; zero for absent ones.
  mutating func of(_ scorecard: CompiledScorecard, _ grades: UnsafePointer<Int32>) -> [Share] {
    guard scorecard.measureCount <= 64 else { return scorecard.shares(grades) }
    var kind = Kind(scorecard: ObjectIdentifier(scorecard), present: 0)
    for measure in 0..<scorecard.measureCount where grades[measure] >= 0 { kind.present |= 1 << UInt64(measure) }
    if let last, last.kind == kind { return last.shares }
    if let shares = kept[kind] {
      last = (kind, shares)
      return shares
    }
    if kept.count >= Self.most { kept.removeAll() }
    let shares = scorecard.shares(grades)
    kept[kind] = shares
    last = (kind, shares)
    return shares
  }
}
