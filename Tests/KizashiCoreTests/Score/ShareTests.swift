import TestSupport
import Testing

@testable import KizashiCore

/// Each measure's share of the score, against the formula.
@Suite struct `Shares of a score` {
  private static let names = (0..<7).map { "m\($0)" }

  private static func model(_ random: inout SeededGenerator) -> Model {
    let flat = GradeCurve.points([GradePoint(value: Rational(0), points: Rational(0))])
    func card(_ name: String, _ when: Condition) -> Scorecard {
      var left = names[...]
      var dimensions: [Dimension] = []
      while !left.isEmpty {
        let some = left.prefix(random.int(1...3))
        left = left.dropFirst(some.count)
        dimensions.append(
          Dimension(
            name: "d\(dimensions.count)", weight: random.int(1...9), measures: some.map { ($0, random.int(1...9)) }))
      }
      return Scorecard(name: name, dimensions: dimensions, when: when)
    }
    return Model(
      measures: names.map { Measure(name: $0, metric: .attribute($0), grade: flat) },
      scorecards: [card("one", .not(.always)), card("other", .always)])
  }

  @Test(arguments: UInt64(1)...30)
  func `are kept by which measures are there, and are what the formula says`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let model = Self.model(&random)
    let compiled = CompiledModel(model)
    var kept = KeptShares()
    for _ in 0..<300 {
      let number = random.int(0...1)
      // Absent, of the worst grade, or some.
      let grades = Self.names.map { _ in Int32(random.pick([-1, 0, 2500, 10_000])) }
      let shares = try #require(
        grades.withUnsafeBufferPointer { grades in
          grades.baseAddress.map { kept.of(compiled.scorecards[number], $0) }
        })
      var expected = Self.names.map { _ in Rational(0) }
      let dimensions = model.scorecards[number].dimensions.map { dimension in
        (dimension, dimension.measures.filter { measure, _ in grades[Self.names.firstIndex(of: measure)!] >= 0 })
      }.filter { !$0.1.isEmpty }
      let weights = dimensions.reduce(0) { $0 + $1.0.weight }
      for (dimension, measures) in dimensions {
        let sum = measures.reduce(0) { $0 + $1.1 }
        for (measure, weight) in measures {
          expected[Self.names.firstIndex(of: measure)!] = Rational(
            Int128(dimension.weight * weight), Int128(weights * sum))
        }
      }
      #expect(shares.map(\.rational) == expected, "seed \(seed), grades \(grades)")
    }
  }
}
