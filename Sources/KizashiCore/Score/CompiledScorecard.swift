/// A scorecard with its weights made ready for exact scoring.
///
/// A measure takes part in at most one dimension. A class, because it is read in place for each account: one reference and not
/// five.
final class CompiledScorecard {
  struct Member {
    var measure: Int
    var weight: Int64
    /// What the measure adds to coverage, over `coverageTotal`.
    var coverage: Int128
  }
  struct Part {
    var weight: Int64
    /// Range of ``members``.
    var start: Int
    var end: Int
  }

  fileprivate struct Weights {
    /// Of all parts, part by part.
    let members: Table<Member>
    let parts: Table<Part>
    let measureCount: Int
  }

  private let weights: Weights
  let coverageTotal: Int128
  /// The least sum of `coverage` that is enough.
  private let coverageNeeded: Int128

  /// Whose score it makes.
  let when: ConditionTable.Place
  /// Bounds on the score, in hundredths.
  let caps: [(when: ConditionTable.Place, most: Int32)]

  init(_ scorecard: Scorecard, measures: [Measure], _ conditions: inout ConditionCompiler) {
    when = conditions.compile(scorecard.when)
    caps = scorecard.caps.map { (conditions.compile($0.condition), Int32($0.most)) }
    let sums = scorecard.dimensions.map { $0.measures.reduce(Int128(0)) { $0 + Int128($1.weight) } }
    let product = sums.reduce(Int128(1), *)
    coverageTotal = scorecard.dimensions.reduce(Int128(0)) { $0 + Int128($1.weight) } * product
    let need = scorecard.minimumCoverage
    // Smallest whole sum with sum / total ≥ need.
    coverageNeeded = -Rational(-need.numerator * coverageTotal, need.denominator).floor
    var parts: [Part] = []
    var members: [Member] = []
    for (index, dimension) in scorecard.dimensions.enumerated() {
      let start = members.count
      for (name, weight) in dimension.measures {
        guard let measure = measures.firstIndex(where: { $0.name == name }) else {
          preconditionFailure("dimension \(dimension.name) names a measure that is not there: \(name)")
        }
        precondition(!members.contains { $0.measure == measure }, "measure \(name) stands in two dimensions")
        members.append(
          Member(
            measure: measure, weight: Int64(weight),
            coverage: Int128(dimension.weight) * Int128(weight) * (product / sums[index])))
      }
      parts.append(Part(weight: Int64(dimension.weight), start: start, end: members.count))
    }
    weights = Weights(members: Table(members), parts: Table(parts), measureCount: measures.count)
  }

  /// A score in hundredths (-1: none) and what it covers, over `coverageTotal`.
  struct Result: Equatable {
    var score: Int32
    var coverage: Int128
  }

  /// The score of `grades` (hundredths; negative: absent). `covers` tells whether a grade counts for coverage.
  func score(_ grades: UnsafePointer<Int32>, covers: (Int) -> Bool) -> Result {
    var coverage: Int128 = 0
    var present = 0
    // Of the only present part:
    var sum: Int64 = 0
    var weight: Int64 = 0
    // Of all present parts: Σ W·N/D as a fraction, and Σ W.
    var numerator: Int128 = 0
    var denominator: Int128 = 1
    var partWeights: Int128 = 0
    for number in weights.parts.indices {
      let part = weights.parts[number]
      var n: Int64 = 0
      var d: Int64 = 0
      for index in part.start..<part.end {
        let member = weights.members[index]
        guard grades[member.measure] >= 0 else { continue }
        n += member.weight * Int64(grades[member.measure])
        d += member.weight
        if covers(member.measure) { coverage += member.coverage }
      }
      guard d > 0 else { continue }
      present += 1
      (sum, weight) = (n, d)
      if weights.parts.count > 1 {
        numerator = numerator * Int128(d) + Int128(part.weight) * Int128(n) * denominator
        denominator *= Int128(d)
        partWeights += Int128(part.weight)
      }
    }
    switch present {
    case 0: return Result(score: -1, coverage: 0)
    case 1: return Result(score: Int32((2 * sum + weight) / (2 * weight)), coverage: coverage)
    default: return Result(score: Int32(Rational(numerator, denominator * partWeights).halfUp), coverage: coverage)
    }
  }

  @inline(__always)
  func covered(_ result: Result) -> Bool { result.score >= 0 && result.coverage >= coverageNeeded }

  var measureCount: Int { weights.measureCount }

  /// Each measure's effective share of the score; zero for absent ones.
  func shares(_ grades: UnsafePointer<Int32>) -> [Share] {
    weights.shares(grades)
  }
}

extension CompiledScorecard.Weights {
  func shares(_ grades: UnsafePointer<Int32>) -> [Share] {
    var shares = Array(repeating: Share(numerator: 0, denominator: 1), count: measureCount)
    var total: Int64 = 0
    for index in parts.indices where present(parts[index], grades) > 0 { total += parts[index].weight }
    for index in parts.indices {
      let part = parts[index]
      let present = present(part, grades)
      for member in part.start..<part.end where grades[members[member].measure] >= 0 {
        shares[members[member].measure] = Share(reducing: part.weight * members[member].weight, total * present)
      }
    }
    return shares
  }

  /// The weights of the measures of a part that are present.
  @inline(__always)
  private func present(_ part: CompiledScorecard.Part, _ grades: UnsafePointer<Int32>) -> Int64 {
    var sum: Int64 = 0
    for index in part.start..<part.end where grades[members[index].measure] >= 0 { sum += members[index].weight }
    return sum
  }
}
