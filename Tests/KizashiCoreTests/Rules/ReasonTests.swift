import KizashiCore
import ReferenceModel
import Testing

/// What alerts say to people, rule by rule.
@Suite struct `An alert's reason` {
  /// The reasons of all that opened and resolved, in order.
  private static func reasons(_ rules: [Rule], _ inputs: [ReferenceInput], until days: Int64) throws -> [String] {
    let level = GradeCurve.points([
      GradePoint(value: Rational(0), points: Rational(0)), GradePoint(value: Rational(100), points: Rational(100)),
    ])
    var model = Model(
      measures: [Measure(name: "level", metric: .attribute("level"), grade: level)],
      scorecards: [Scorecard(name: "s", dimensions: [Dimension(name: "d", weight: 1, measures: [("level", 1)])])],
      rules: rules)
    model.features = [Feature(name: "reports", patterns: ["report.*"], core: true)]
    var driver = EngineDriver(Scenario(model: model, inputs: inputs + [.settle(at: Story.at(days))]))
    try driver.run()
    return driver.world.alerts.map(\.reason)
  }

  private static func level(_ days: Int64, _ level: Int) -> ReferenceInput {
    Story.group(days, [("level", .number("\(level)"))])
  }

  @Test func `tells a threshold's value, limit and what ends it`() throws {
    let count = Metric.count(feature: .any, windowHours: 24)
    let rule = Rule(name: "r", kind: .threshold(.metric(count), .above(Rational(3, 2)), clear: Rational(1, 2)))
    #expect(
      try Self.reasons([rule], [Story.use(0, 9), Story.use(0, 10)], until: 3) == [
        "events, any, 24h is 2.00, above 1.50", "events, any, 24h is 0.00, no longer above 0.50",
      ])
    let grade = Rule(name: "r", kind: .threshold(.measure("level"), .below(Rational(40)), clear: nil))
    #expect(
      try Self.reasons([grade], [Self.level(0, 30), Self.level(1, 40)], until: 3) == [
        "the grade of level is 30.00, below 40.00", "the grade of level is 40.00, no longer below 40.00",
      ])
  }

  @Test func `tells a value and a limit that are near with the digits that tell them apart`() throws {
    func reasons(_ comparison: KizashiCore.Comparison, _ values: [String]) throws -> [String] {
      let rule = Rule(name: "r", kind: .threshold(.metric(.attribute("level")), comparison, clear: nil))
      let inputs = values.enumerated().map { Story.group(Int64($0.offset), [("level", .number($0.element))]) }
      return try Self.reasons([rule], inputs, until: Int64(values.count))
    }
    #expect(
      try reasons(.above(Rational(9, 10)), ["0.9048", "0.9", "0.900001", "0.8996"]) == [
        "attribute level is 0.905, above 0.900", "attribute level is 0.90, no longer above 0.90",
        "attribute level is 0.900001, above 0.900000", "attribute level is 0.8996, no longer above 0.9000",
      ])
    #expect(
      try reasons(.below(Rational(-1, 5)), ["-0.38", "0"]) == [
        "attribute level is −0.38, below −0.20", "attribute level is 0.00, no longer below −0.20",
      ])
  }

  @Test func `tells the band, and for how long where the rule waits`() throws {
    let inputs = [Self.level(0, 90), Self.level(1, 10), Self.level(5, 90)]
    let changed = Rule(name: "r", kind: .bandChange(from: [], to: ["red"]))
    #expect(try Self.reasons([changed], inputs, until: 6) == ["the band became red", "the band is green now"])
    var lasting = Rule(name: "r", kind: .persistent(bands: ["red"]))
    #expect(try Self.reasons([lasting], inputs, until: 6) == ["the band is red", "the band is green, no longer red"])
    lasting.forMilliseconds = 2 * 86_400_000
    #expect(
      try Self.reasons([lasting], inputs, until: 6) == [
        "the band has been red for 2d", "the band is green, no longer red",
      ])
  }

  @Test func `tells both ends of a fall`() throws {
    let rule = Rule(name: "r", kind: .drop(by: 1500, withinMilliseconds: 7 * 86_400_000))
    #expect(
      try Self.reasons([rule], [Self.level(0, 90), Self.level(1, 70)], until: 9) == [
        "the score fell 20.00 points, from 90.00 to 70.00, within 7d",
        "the score is 70.00, no longer 15.00 below its highest of the last 7d",
      ])
  }

  @Test func `tells which use is missing, and since when`() throws {
    let silent = Rule(name: "r", kind: .silence(feature: .core, after: .businessDays(1), clear: 1))
    #expect(
      try Self.reasons([silent], [Story.use(0), Story.use(3)], until: 3) == [
        "no event of the core features for 1 business day", "the core features are used again",
      ])
    let unused = Rule(name: "r", kind: .silence(feature: .any, after: .milliseconds(86_400_000), clear: 1))
    #expect(
      try Self.reasons([unused], [Story.use(0), Story.use(3)], until: 3) == [
        "no event of any feature for 1d", "something is used again",
      ])
    let given = Rule(
      name: "r",
      kind: .abandoned(feature: .named("reports"), windowHours: 48, beforeHours: 240, days: 2, aliveHours: 24))
    #expect(
      try Self.reasons([given], [Story.use(0), Story.use(1), Story.use(3, 2, "page.seen")], until: 5) == [
        "no event of reports for 2d, after 2 active days in the 10d before; the account uses other things",
        "reports is used again, or nothing else is",
      ])
    let narrower = Rule(name: "r", kind: .breadthCollapse(windowHours: 48, share: Rational(1, 2), least: 2))
    #expect(
      try Self.reasons([narrower], [Story.use(0, 9, "a"), Story.use(0, 9, "b")], until: 3) == [
        "the features used are 0 % of those of the 2d before, 50 % or less"
      ])
  }

  @Test func `tells what came into use`() throws {
    let rule = Rule(name: "r", kind: .adopted(feature: .named("reports"), windowHours: 240, days: 2))
    #expect(
      try Self.reasons([rule], [Story.use(0), Story.use(1)], until: 20) == [
        "reports came into use: on 2 days of the last 10d", "reports is used on 1 day of the last 10d, fewer than 2",
      ])
  }

  @Test func `tells an attribute's value, and which rules fire together`() throws {
    let left = Rule(name: "left", kind: .attribute("sponsor_left", .oneOf([.bool(true)])))
    let low = Rule(name: "low", kind: .threshold(.measure("level"), .below(Rational(40)), clear: nil))
    let both = Rule(name: "both", kind: .composite(all: true, rules: ["left", "low"]))
    let inputs = [
      Self.level(0, 90), Story.group(1, [("sponsor_left", .bool(true))]), Self.level(2, 10),
      Story.group(3, [("sponsor_left", .bool(false))]),
    ]
    #expect(
      try Self.reasons([left, low, both], inputs, until: 4) == [
        "sponsor_left is true", "the grade of level is 10.00, below 40.00", "left and low fire",
        "sponsor_left is false", "not all of its rules fire any more",
      ])
  }
}
