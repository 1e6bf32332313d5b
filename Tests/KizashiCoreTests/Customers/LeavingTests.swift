import KizashiCore
import ReferenceModel
import Testing

/// When a tile that leaves a window is a deadline: only where something of the account can change.
@Suite struct `What leaves a window` {
  private static let day: Int64 = 86_400_000

  /// Nothing but the rules asks for a look.
  private static func model(_ rules: Rule...) -> Model {
    let flat = GradeCurve.points([GradePoint(value: Rational(0), points: Rational(0))])
    var model = Model(
      measures: [Measure(name: "level", metric: .attribute("level"), grade: flat)],
      scorecards: [Scorecard(name: "s", dimensions: [Dimension(name: "d", weight: 1, measures: [("level", 1)])])],
      rules: rules)
    model.features = [Feature(name: "reports", patterns: ["report.*"], core: false)]
    return model
  }

  private static func busy(above limit: Int64) -> Rule {
    Rule(
      name: "busy",
      kind: .threshold(.metric(.count(feature: .any, windowHours: 48)), .above(Rational(limit)), clear: nil))
  }

  private static func rules(_ model: Model, _ inputs: [ReferenceInput], until days: Int64) throws -> [String] {
    try Story.journal(model, inputs, until: days).filter { $0.contains("rule") }
  }

  @Test func `waits while the rule that reads it stands idle`() throws {
    #expect(try Story.lastLook(Self.model(Self.busy(above: 3)), [Story.use(0), Story.use(1)], until: 9) == "1d 9h")
  }

  @Test func `is noticed to the hour while the rule is open`() throws {
    let model = Self.model(Self.busy(above: 1))
    let inputs = [Story.use(0), Story.use(1)]
    #expect(try Self.rules(model, inputs, until: 9) == ["1d 9h rule busy ok → firing", "2d 10h rule busy firing → ok"])
    // With it closed the last one is nobody's deadline.
    #expect(try Story.lastLook(model, inputs, until: 9) == "2d 10h")
  }

  @Test func `has left before the next event is counted, though nobody looked`() throws {
    // Two at a time are too few; a third within two days of the first would be enough.
    let inputs = [Story.use(0), Story.use(1), Story.use(2, 12), Story.use(2, 13)]
    #expect(
      try Self.rules(Self.model(Self.busy(above: 2)), inputs, until: 9) == [
        "2d 13h rule busy ok → firing", "3d 10h rule busy firing → ok",
      ])
  }

  @Test func `does not leave twice with a late event that was out of the window when it came`() throws {
    // The log reaches back further than the window, and nobody has looked when the clock is past the window of both.
    let long = Rule(
      name: "long", kind: .threshold(.metric(.count(feature: .any, windowHours: 240)), .above(Rational(9)), clear: nil))
    let inputs = [
      Story.use(0, 9), .settle(at: Story.at(4)), Story.use(0, 10), Story.use(5, 9), Story.use(5, 10),
    ]
    #expect(
      try Self.rules(Self.model(Self.busy(above: 1), long), inputs, until: 9) == [
        "5d 10h rule busy ok → firing", "7d 10h rule busy firing → ok",
      ])
  }

  @Test func `has left before an attribute lets the rule speak`() throws {
    var rule = Self.busy(above: 1)
    rule.when = .attribute("watched", .oneOf([.bool(true)]))
    let inputs = [Story.use(0, 9), Story.use(0, 10), Story.group(5, [("watched", .bool(true))])]
    #expect(try Self.rules(Self.model(rule), inputs, until: 9).isEmpty)
  }

  @Test func `is noticed where fewer events are what a rule waits for`() throws {
    let rule = Rule(
      name: "calm",
      kind: .threshold(.metric(.count(feature: .any, windowHours: 48)), .below(Rational(2)), clear: Rational(3)))
    let inputs = [Story.use(0, 9, count: 2), Story.use(1, 9)]
    #expect(
      try Self.rules(Self.model(rule), inputs, until: 2).last == nil)
    #expect(try Self.rules(Self.model(rule), inputs, until: 3) == ["2d 10h rule calm ok → firing"])
  }

  @Test func `is no deadline where the window counts something else`() throws {
    let rule = Rule(
      name: "many",
      kind: .threshold(
        .metric(.ratio(.count(feature: .named("reports"), windowHours: 48), .attribute("seats"))), .above(Rational(1)),
        clear: nil))
    let others = (0..<4).map { Story.use(0, 9 + Int64($0), "page.seen") }
    #expect(try Story.lastLook(Self.model(rule), others, until: 9) == "0d 12h")
    let report = [Story.use(0, 10, "report.made")]
    #expect(try Story.lastLook(Self.model(rule), report + others, until: 9) == "2d 11h")
  }

  @Test func `is right for a late event among those that the window passed by`() throws {
    let rule = Rule(
      name: "reports",
      kind: .threshold(
        .metric(.ratio(.count(feature: .named("reports"), windowHours: 48), .attribute("seats"))), .above(Rational(1)),
        clear: nil))
    let seats = Story.group(0, [("seats", .number("1"))])
    let others = (0..<8).map { Story.use(0, 9 + Int64($0), "page.seen") }
    // The first report leaves and takes the window past all pages; the late ones lie before and among them.
    let inputs =
      [seats, Story.use(0, 8, "report.made")] + others + [
        Story.use(2, 9, "page.seen"), Story.use(2, 10, "report.made"), Story.use(0, 14, "report.made"),
        Story.use(0, 12, "report.made"),
      ]
    #expect(
      try Self.rules(Self.model(rule), inputs, until: 9) == [
        "2d 10h rule reports ok → firing", "2d 15h rule reports firing → ok",
      ])
  }

  @Test func `is right for a late event of the window before`() throws {
    let rule = Rule(
      name: "fewer",
      kind: .threshold(
        .metric(
          .trend(
            of: .count(feature: .named("reports"), windowHours: 24), floor: Rational(1), minVolume: Rational(2))),
        .below(Rational(0)), clear: nil))
    // The second report of the day before is told of when the first has come to lie there, and is the older one.
    let inputs = [Story.use(0, 9, "report.made"), Story.use(1, 12, "page.seen"), Story.use(0, 7, "report.made")]
    #expect(
      try Self.rules(Self.model(rule), inputs, until: 9) == [
        "1d 12h rule fewer ok → firing", "2d 8h rule fewer firing → ok",
      ])
  }

  @Test func `is noticed where it was a feature's last event, and not where it was anything's`() throws {
    let rule = Rule(
      name: "given-up",
      kind: .abandoned(feature: .named("reports"), windowHours: 48, beforeHours: 240, days: 2, aliveHours: 24))
    let reports = [Story.use(0, 9, "report.made"), Story.use(1, 9, "report.made")]
    #expect(
      try Self.rules(Self.model(rule), reports + [Story.use(3, 2, "page.seen")], until: 20) == [
        "3d 10h rule given-up ok → firing", "4d 3h rule given-up firing → ok",
      ])
    let idle = reports + [Story.use(2, 12, "report.made"), Story.use(3, 2, "page.seen")]
    // Pages that leave the day, and the tenth day of reports, are nobody's deadline.
    #expect(try Story.lastLook(Self.model(rule), idle, until: 20) == "4d 13h")
  }

  @Test func `is right for an event of a busy hour that the window passed by in part`() throws {
    let reports = Rule(
      name: "reports",
      kind: .threshold(
        .metric(.ratio(.count(feature: .named("reports"), windowHours: 72), .attribute("seats"))), .above(Rational(0)),
        clear: nil))
    // Its delay ends an hour later: the account is looked at when the hour holds nothing but pages.
    var busy = Self.busy(above: 20)
    busy.forMilliseconds = 3_600_000
    let pages = (0..<130).map { Story.use(4, 9, "page.\($0)") }
    let inputs =
      [Story.group(0, [("seats", .number("1"))]), Story.use(0, 9, "report.made")] + pages[..<40]
      + [.settle(at: Story.at(4, 11)), Story.use(4, 9, "report.made")] + pages[40...]
    let told = try Self.rules(Self.model(reports, busy), inputs, until: 9).filter { $0.contains("reports") }
    #expect(told.suffix(2) == ["4d 11h rule reports ok → firing", "7d 10h rule reports firing → ok"])
  }

  @Test func `of the window before is nobody's while its fall is no smaller`() throws {
    let rule = Rule(
      name: "narrower", kind: .breadthCollapse(windowHours: 48, share: Rational(1, 2), least: 2))
    let two = [Story.use(0, 9, "a"), Story.use(0, 10, "b")]
    // At 2d 10h one of two is left, at 2d 11h none; the window before has both until 4d 10h.
    #expect(
      try Self.rules(Self.model(rule), two, until: 9) == [
        "2d 11h rule narrower ok → firing", "4d 10h rule narrower firing → ok",
      ])
    let kept = two + [Story.use(2, 9, "a"), Story.use(2, 9, "b")]
    #expect(try Self.rules(Self.model(rule), kept, until: 4).isEmpty)
  }
}
