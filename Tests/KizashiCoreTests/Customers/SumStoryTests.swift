import KizashiCore
import ReferenceModel
import Testing

/// What an account spends, and what becomes of it. Engine and reference model tell the same in each.
@Suite struct `Stories about sums` {
  private let pro = PropertyFilter(property: "plan", value: "pro")

  private func order(
    _ days: Int64, _ amount: Scalar, _ hours: Int64 = 9, plan: String = "pro", count: Int64 = 1, id: String? = nil
  ) -> ReferenceInput {
    .event(
      ReferenceEvent(
        at: Story.at(days, hours), account: "a", event: "order", id: id, count: count,
        fields: [("plan", .string(plan)), ("amount", amount)]))
  }

  private func model(_ metric: Metric, above limit: Rational) -> Model {
    Model(rules: [Rule(name: "r", kind: .threshold(.metric(metric), .above(limit), clear: nil))])
  }

  private func rules(_ model: Model, _ inputs: [ReferenceInput], until days: Int64) throws -> [String] {
    try Story.journal(model, inputs, until: days).filter { $0.contains(" rule ") }
  }

  @Test func `what was spent leaves by its hour, to the last millionth`() throws {
    let spent = Metric.sum(property: "amount", feature: .named("order"), windowHours: 168)
    // 99.999999 is spent, and then a millionth more.
    let told = try rules(
      model(spent, above: Rational(99_999_999, 1_000_000)),
      [
        order(0, .number("33.333333"), count: 3), order(1, .string("1e-6")), order(2, .bool(true)), order(2, .null),
        order(3, .string("many")),
      ], until: 20)
    #expect(told == ["1d 9h rule r ok → firing", "7d 10h rule r firing → ok"])
  }

  @Test func `a refund is less, and a late order is in the hour it was made in`() throws {
    let spent = Metric.sum(property: "amount", feature: .any, windowHours: 48)
    let told = try rules(
      model(spent, above: Rational(100)),
      [
        order(0, .number("60")), order(1, .number("60")), order(1, .number("-20.5"), 12),
        // Said two days later.
        order(3, .number("1")), order(2, .number("150.75"), 6),
      ], until: 20)
    #expect(
      told == [
        "1d 9h rule r ok → firing", "1d 12h rule r firing → ok", "3d 9h rule r ok → firing", "4d 7h rule r firing → ok",
      ])
  }

  @Test func `an order that comes twice keeps what it came with first`() throws {
    let spent = Metric.sum(property: "amount", feature: .any, windowHours: 48)
    let twice = [order(0, .number("60"), id: "1"), order(0, .number("600"), id: "1")]
    #expect(try rules(model(spent, above: Rational(100)), twice, until: 5).isEmpty)
  }

  @Test func `only what matches is spent`() throws {
    let spent = Metric.sum(
      property: "amount", feature: FeatureReference.any.narrowed(by: [pro]), windowHours: 48)
    let other = [order(0, .number("60")), order(0, .number("600"), plan: "free")]
    #expect(try rules(model(spent, above: Rational(100)), other, until: 5).isEmpty)
    let told = try rules(model(spent, above: Rational(100)), other + [order(1, .number("40.000001"))], until: 5)
    #expect(told == ["1d 9h rule r ok → firing", "2d 10h rule r firing → ok"])
  }

  @Test func `a late order takes back the alert that it shows to be false`() throws {
    let spent = Metric.sum(
      property: "amount", feature: FeatureReference.any.narrowed(by: [pro]), windowHours: 48)
    let model = Model(
      rules: [Rule(name: "r", kind: .threshold(.metric(spent), .below(Rational(100)), clear: nil))])
    let story = [order(0, .number("150")), order(3, .number("1"), 12)]
    // Of the hour of the opening, 2d 10h, its window holds all from 0d 10h on.
    func told(_ late: ReferenceInput) throws -> [String] { try rules(model, story + [late], until: 4) }
    let opened = "2d 10h rule r ok → firing"
    #expect(try told(order(0, .number("99.999999"), 10)) == [opened])
    #expect(try told(order(0, .number("100"), 9)) == [opened])
    #expect(try told(order(0, .number("100"), 10, plan: "free")) == [opened])
    #expect(
      try told(order(0, .number("100"), 10))
        == [opened, "3d 12h rule r firing → retracted", "3d 12h rule r ok → firing"])
  }

  @Test func `twice the usual spending is a trend`() throws {
    let trend = Metric.trend(
      of: .sum(property: "amount", feature: .any, windowHours: 24), floor: Rational(1), minVolume: Rational(5, 2))
    // The day before: 2.5, then 2.4.
    let told = try rules(
      model(trend, above: Rational(1)),
      [
        order(0, .number("2.5")), order(1, .number("5.000001"), 12), order(5, .number("2.4")),
        order(6, .number("9"), 12),
      ],
      until: 20)
    #expect(told == ["1d 12h rule r ok → firing", "2d 10h rule r firing → ok"])
  }

  @Test func `a line whose amount is too large is refused, and nothing of it counts`() throws {
    let spent = Metric.sum(property: "amount", feature: .any, windowHours: 48)
    let model = model(spent, above: Rational(0))
    let scenario = Scenario(
      model: model,
      inputs: [
        order(0, .number("9223372036854.775808")), order(0, .number("9e12"), count: 2), order(0, .number("0")),
        .settle(at: Story.at(1)),
      ])
    var driver = EngineDriver(scenario)
    try driver.run()
    #expect(driver.world.sources[0]?.refused[Int(RefusalReason.badType.rawValue)] == 2)
    #expect(driver.world.facts.map(\.events) == [1])
    #expect(driver.world.amounts.isEmpty)
    #expect(driver.world.alerts.isEmpty)
  }

  @Test func `the largest amounts there are add up exactly`() throws {
    let spent = Metric.sum(property: "amount", feature: .any, windowHours: 48)
    let share = Metric.ratio(spent, .sum(property: "cost", feature: .any, windowHours: 48))
    let grade = GradeCurve.points([
      GradePoint(value: Rational(0), points: Rational(0)),
      GradePoint(value: Rational(999_999_999_999), points: Rational(100)),
    ])
    var model = Model(
      measures: [
        Measure(name: "spent", metric: spent, grade: grade), Measure(name: "share", metric: share, grade: grade),
        Measure(
          name: "trend", metric: .trend(of: spent, floor: Rational(1_000_001, 1_000_000), minVolume: Rational(0)),
          grade: grade),
      ])
    model.scorecards = [
      Scorecard(
        name: "s",
        dimensions: [Dimension(name: "d", weight: 1, measures: [("spent", 1), ("share", 1), ("trend", 1)])])
    ]
    let large = "9223372036854.775807"
    let lines = (0..<40).map { hours -> ReferenceInput in
      .event(
        ReferenceEvent(
          at: Story.at(0, hours), account: "a", event: "e",
          fields: [("amount", .number(large)), ("cost", .number("0.000001"))]))
    }
    let scenario = Scenario(model: model, inputs: lines + [.settle(at: Story.at(3))])
    var driver = EngineDriver(scenario, EngineDriver.Habits(chunkEnds: 50, commits: 20, restarts: 20))
    try driver.run()
    let comparison = Comparison(scenario, driver, reference(scenario, clocks: driver.clocks))
    #expect(comparison.differences.isEmpty, "\(comparison.differences.joined(separator: "\n"))")
    #expect(driver.world.amounts.reduce(0) { $0 + $1.micros } == 40 * (Int128(Int64.max) + 1))
  }
}
