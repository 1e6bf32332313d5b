import KizashiCore
import ReferenceModel
import TestSupport
import Testing

/// Whose share is the largest, followed step by step: engine and reference model count the same.
@Suite struct `Who has the most events` {
  /// Rules that open and resolve at nearly every share there is.
  private static func model(_ features: [FeatureReference]) -> Model {
    let flat = GradeCurve.points([
      GradePoint(value: Rational(0), points: Rational(100)), GradePoint(value: Rational(1), points: Rational(0)),
    ])
    var model = Model(
      measures: features.enumerated().map { place, feature in
        Measure(name: "top\(place)", metric: .shareTopUser(feature: feature, windowHours: 24), grade: flat)
      },
      scorecards: [
        Scorecard(
          name: "s",
          dimensions: [
            Dimension(name: "d", weight: 1, measures: features.indices.map { ("top\($0)", 1) })
          ])
      ],
      rules: features.enumerated().flatMap { place, feature in
        [30, 45, 55, 62, 70, 90].map { percent in
          Rule(
            name: "f\(place)-\(percent)",
            kind: .threshold(
              .metric(.shareTopUser(feature: feature, windowHours: 24)), .above(Rational(percent, 100)), clear: nil))
        }
      })
    model.features = [Feature(name: "reports", patterns: ["report.*"], core: true)]
    return model
  }

  @Test func `is looked for where the most had left, by what counts alone`() throws {
    // When b's three have left, a has two reports of three, and two pages. With a's first gone a and c have one each.
    let inputs = [
      Story.use(0, 1, user: "b", count: 3), Story.use(0, 5, user: "a"), Story.use(0, 5, "page.seen", user: "a"),
      Story.use(0, 6, user: "a"), Story.use(0, 6, "page.seen", user: "a"), Story.use(0, 7, user: "c"),
    ]
    let journal = try Story.journal(Self.model([.named("reports")]), inputs, until: 3)
    #expect(
      journal.filter { $0.contains("f0-90") } == [
        "0d 1h rule f0-90 ok → firing", "0d 5h rule f0-90 firing → ok", "1d 7h rule f0-90 ok → firing",
        "1d 8h rule f0-90 firing → ok",
      ])
  }

  @Test(arguments: UInt64(1)...40) func `is the same as counted from the raw lines`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let users = ["a", "b", "c", "d"].prefix(random.int(2...4))
    var inputs: [ReferenceInput] = []
    for hour in Int64(0)..<72 where random.int(0...2) == 0 {
      for _ in 0..<random.int(1...3) {
        // Some come hours late.
        let at = max(0, hour - Int64(random.int(0...9) == 0 ? random.int(1...20) : 0))
        inputs.append(
          Story.use(
            at / 24, at % 24, random.pick(["report.made", "page.seen"]), user: random.pick(Array(users)),
            count: Int64(random.pick([1, 1, 1, 1, 2, 3]))))
      }
    }
    let journal = try Story.journal(Self.model([.any, .named("reports")]), inputs, until: 5)
    #expect(!journal.isEmpty, "seed \(seed)")
  }
}
