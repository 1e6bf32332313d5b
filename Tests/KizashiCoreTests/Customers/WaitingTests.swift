import ReferenceModel
import Testing

@testable import KizashiCore

/// An alert whose rule waited tells why its condition came about. Engine and reference model tell the same, also after restarts.
@Suite struct `Alerts of rules that wait` {
  private static let hour: Int64 = 3_600_000

  /// A model whose measures are the attributes `x` and `y`, graded as they are.
  private func model(_ rules: [Rule], downFor: Int64 = 0) -> Model {
    let one = GradeCurve.points([
      GradePoint(value: Rational(0), points: Rational(0)), GradePoint(value: Rational(100), points: Rational(100)),
    ])
    var model = Model(
      measures: ["x", "y"].map { Measure(name: $0, metric: .attribute($0), grade: one) },
      scorecards: [
        Scorecard(name: "s", dimensions: [Dimension(name: "d", weight: 1, measures: [("x", 1), ("y", 1)])])
      ], rules: rules)
    model.bands.downForMilliseconds = downFor * Self.hour
    return model
  }

  private func low(_ name: String = "low", for hours: Int64, keep: Int64 = 0) -> Rule {
    Rule(
      name: name, kind: .threshold(.measure("x"), .below(Rational(50)), clear: nil), forMilliseconds: hours * Self.hour,
      keepFiringForMilliseconds: keep * Self.hour)
  }

  private func set(_ days: Int64, _ hours: Int64, _ name: String, _ value: Int) -> ReferenceInput {
    Story.group(days, [(name, .number("\(value)"))], hours)
  }

  /// The alerts, one a line: `1d 10h low firing 90.00 → 60.00: x -30.00 attribute`.
  private func alerts(
    _ rules: [Rule], _ inputs: [ReferenceInput], until days: Int64, downFor: Int64 = 0
  ) throws -> [String] {
    let model = model(rules, downFor: downFor)
    _ = try Story.journal(model, inputs, until: days)
    var driver = EngineDriver(Scenario(model: model, inputs: inputs + [.settle(at: Story.at(days))]))
    try driver.run()
    return driver.world.alerts.map { alert in
      func points(_ hundredths: Int?) -> String {
        hundredths.map { Rational(Int128($0), 100).text(digits: 2) } ?? "none"
      }
      let hours = alert.at.milliseconds / Self.hour - Story.start
      let lines = alert.because.map { "\(["x", "y"][$0.measure]) \(points($0.points)) \($0.cause)" }
      #expect(alert.because.reduce(0) { $0 + $1.points } == (alert.scoreTo ?? 0) - (alert.scoreFrom ?? 0))
      return "\(hours / 24)d \(hours % 24)h \(alert.ruleName) \(alert.state) \(points(alert.scoreFrom)) → "
        + "\(points(alert.scoreTo)): \(lines.joined(separator: ", "))"
    }
  }

  private var start: [ReferenceInput] { [Story.group(0, [("x", .number("90")), ("y", .number("90"))])] }

  @Test func `say what made the condition true, and all that came since`() throws {
    // Green becomes yellow at 8, which moves the base, and yellow red at 9, which moves it again.
    #expect(
      try alerts([low(for: 2)], start + [set(1, 8, "x", 20), set(1, 9, "y", 40)], until: 2) == [
        "1d 10h low firing 90.00 → 30.00: x -35.00 attribute, y -25.00 attribute"
      ])
  }

  @Test func `say as much as those of rules that do not wait`() throws {
    let changes = [set(1, 8, "x", 40), set(1, 12, "y", 10)]
    let prompt = try alerts([low(for: 0)], start + changes, until: 2)
    let patient = try alerts([low(for: 2)], start + changes, until: 2)
    #expect(prompt == ["1d 8h low firing 90.00 → 65.00: x -25.00 attribute"])
    #expect(patient == ["1d 10h low firing 90.00 → 65.00: x -25.00 attribute"])
  }

  @Test func `begin anew with each wait`() throws {
    #expect(
      try alerts(
        [low(for: 2)],
        start + [set(1, 8, "x", 10), set(1, 9, "x", 90), set(1, 12, "x", 40), set(2, 8, "x", 90), set(3, 8, "x", 0)],
        until: 4) == [
          "1d 14h low firing 90.00 → 65.00: x -25.00 attribute",
          "2d 8h low resolved 65.00 → 90.00: x 25.00 attribute",
          "3d 10h low firing 90.00 → 45.00: x -45.00 attribute",
        ])
  }

  @Test func `begin anew with a wait that nothing has moved since, while another rule still waits`() throws {
    let other = Rule(
      name: "other", kind: .threshold(.measure("y"), .below(Rational(50)), clear: nil),
      forMilliseconds: 8 * Self.hour)
    // The day's entry of the score is written at 7: what x does at 10 moves no band and so no base.
    let changes = [
      set(1, 7, "x", 80), set(1, 8, "x", 20), set(1, 8, "y", 40), set(1, 9, "x", 90), set(1, 10, "x", 48),
    ]
    #expect(
      try alerts([low(for: 2), other], start + changes, until: 2) == [
        "1d 12h low firing 65.00 → 44.00: x -21.00 attribute",
        "1d 16h other firing 55.00 → 44.00: y -25.00 attribute, x 14.00 attribute",
      ])
  }

  @Test func `begin anew where another band is another condition`() throws {
    let turned = Rule(
      name: "turned", kind: .bandChange(from: [], to: []), forMilliseconds: 2 * Self.hour)
    #expect(
      try alerts([turned], start + [set(1, 8, "x", 20), set(1, 9, "y", 10)], until: 2) == [
        "1d 11h turned firing 55.00 → 15.00: y -40.00 attribute"
      ])
  }

  /// Green is lost two hours after the score fell below 70, yellow two hours after it fell below 40; the day's entry of the score
  /// was written when it fell.
  @Test func `of a band say what took the score below its bound`() throws {
    let turned = Rule(name: "turned", kind: .bandChange(from: [], to: []))
    let red = Rule(name: "red", kind: .persistent(bands: ["red"]), forMilliseconds: 5 * Self.hour)
    let both = Rule(name: "both", kind: .composite(all: false, rules: ["turned"]))
    let changes = [set(1, 8, "x", 40), set(2, 8, "y", 10), set(2, 9, "x", 35), set(3, 8, "x", 100)]
    #expect(
      try alerts([turned, red, both], start + changes, until: 4, downFor: 2) == [
        "1d 10h turned firing 90.00 → 65.00: x -25.00 attribute",
        "1d 10h both firing 90.00 → 65.00: x -25.00 attribute",
        "2d 10h turned resolved 65.00 → 22.50: y -40.00 attribute, x -2.50 attribute",
        "2d 10h turned firing 65.00 → 22.50: y -40.00 attribute, x -2.50 attribute",
        "2d 15h red firing 65.00 → 22.50: y -40.00 attribute, x -2.50 attribute",
        "3d 8h turned resolved 22.50 → 55.00: x 32.50 attribute",
        "3d 8h turned firing 22.50 → 55.00: x 32.50 attribute",
        "3d 8h red resolved 22.50 → 55.00: x 32.50 attribute",
      ])
  }

  @Test func `of a band begin anew where the score had come back`() throws {
    let turned = Rule(name: "turned", kind: .bandChange(from: [], to: []))
    // A day's second entry of the score there is not: what the bound is lost by at last had moved no base.
    let changes = [set(1, 8, "x", 40), set(1, 9, "x", 90), set(1, 12, "y", 30)]
    #expect(
      try alerts([turned], start + changes, until: 2, downFor: 2) == [
        "1d 14h turned firing 65.00 → 60.00: y -30.00 attribute, x 25.00 attribute"
      ])
  }

  @Test func `say what ended them, where that had to last`() throws {
    #expect(
      try alerts(
        [low(for: 0, keep: 3)],
        start + [set(1, 8, "x", 10), set(2, 8, "x", 90), set(2, 9, "x", 40), set(2, 12, "x", 90), set(2, 13, "y", 10)],
        until: 3) == [
          "1d 8h low firing 90.00 → 50.00: x -40.00 attribute",
          "2d 15h low resolved 65.00 → 50.00: y -40.00 attribute, x 25.00 attribute",
        ])
  }

  @Test func `a composite that opens with one of its rules says what that says`() throws {
    let quiet = Rule(name: "other", kind: .threshold(.measure("y"), .below(Rational(50)), clear: nil))
    let both = Rule(name: "both", kind: .composite(all: true, rules: ["other", "low"]))
    #expect(
      try alerts([quiet, low(for: 2), both], start + [set(1, 8, "y", 40), set(2, 8, "x", 10)], until: 3) == [
        "1d 8h other firing 90.00 → 65.00: y -25.00 attribute",
        "2d 10h low firing 65.00 → 25.00: x -40.00 attribute",
        "2d 10h both firing 65.00 → 25.00: x -40.00 attribute",
      ])
  }

  @Test func `the journal's own entries add up from one to the next all the same`() throws {
    let journal = try Story.journal(model([low(for: 2)]), start + [set(1, 8, "x", 20)], until: 2)
    #expect(
      journal == [
        "1d 8h band green → yellow: x -3500 attribute", "1d 8h rule low ok → pending", "1d 8h attribute x 90 → 20",
        "1d 10h rule low pending → firing",
      ])
  }

  @Test func `a stored base that is cut off is not read`() throws {
    var driver = EngineDriver(Scenario(model: model([low(for: 2)]), inputs: start + [set(1, 8, "x", 20)]))
    try driver.run()
    let state = try #require(driver.world.accountRows[0]).state
    #expect(Engine.decodeState(state)?.waiting.count == 1)
    #expect(Engine.decodeState(Array(state.dropLast())) == nil)
  }
}
