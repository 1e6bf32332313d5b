import KizashiCore
import ReferenceModel
import Testing

/// What customers do and what becomes of it, one thing at a time. Engine and reference model tell the same in each.
@Suite struct `Stories about customers` {
  private let day: Int64 = 86_400_000
  private let one = GradeCurve.points([
    GradePoint(value: Rational(0), points: Rational(0)), GradePoint(value: Rational(100), points: Rational(100)),
  ])

  /// A model whose one measure is the attribute `x`, graded as it is.
  private func model(_ rules: [Rule] = []) -> Model {
    var model = Model(
      measures: [Measure(name: "x", metric: .attribute("x"), grade: one)],
      scorecards: [
        Scorecard(name: "s", dimensions: [Dimension(name: "d", weight: 1, measures: [("x", 1)])])
      ], rules: rules)
    model.bands.downForMilliseconds = 0
    return model
  }

  private func x(_ days: Int64, _ value: Int, _ hours: Int64 = 8) -> ReferenceInput {
    Story.group(days, [("x", .number("\(value)"))], hours)
  }

  @Test func `an override holds beside the computed score until its day is over`() throws {
    let journal = try Story.journal(
      model(),
      [
        x(0, 20),
        Story.reserved(
          1, "override.set",
          [("kind", .string("score")), ("value", .number("80")), ("until", .string("2026-01-07"))]),
        x(2, 30, 12),
      ], until: 5)
    #expect(
      journal == [
        "1d 8h band red → green: override 6000 attribute", "1d 8h override none → score 80.00",
        "2d 12h attribute x 20 → 30",
        "3d 0h band green → red: override -6000 mixed, x 1000 attribute", "3d 0h override score 80.00 → none",
      ])
  }

  @Test func `an older word on an attribute does not bring back what was taken away, nor does it after a restart`()
    throws
  {
    let late = { (hours: Int64, value: Scalar) in Story.group(1, [("x", value)], hours) }
    let journal = try Story.journal(
      model(),
      [
        x(0, 80), Story.group(2, [("x", .null)]), late(8, .number("50")), Story.use(3), late(9, .number("10")),
        Story.reserved(3, "contract.started", [("mrr", .number("70"))], 10),
        Story.group(3, [("mrr", .number("90"))], 10), Story.use(4), x(5, 20),
      ], until: 6)
    #expect(
      journal == [
        "2d 8h band green → unknown", "2d 8h attribute x 80 → none", "3d 10h attribute mrr none → 70",
        "3d 10h attribute mrr 70 → 90", "5d 8h band unknown → red", "5d 8h attribute x none → 20",
      ])
  }

  @Test func `an override by band moves the score just into it`() throws {
    let set = { (days: Int64, band: Scalar) in
      Story.reserved(days, "override.set", [("kind", .string("band")), ("value", band)])
    }
    let journal = try Story.journal(
      model(), [x(0, 20), set(1, .string("yellow")), set(2, .string("green")), set(3, .null)], until: 4)
    #expect(
      journal == [
        "1d 8h band red → yellow: override 2500 attribute", "1d 8h override none → band yellow",
        "2d 8h band yellow → green: override 3000 attribute", "2d 8h override band yellow → band green",
        "3d 8h band green → red: override -5500 attribute", "3d 8h override band green → none",
      ])
  }

  @Test func `a cap holds whatever the measures say, and has a line of its own`() throws {
    var model = model()
    model.scorecards[0].caps = [
      Cap(condition: .attribute("lost", .oneOf([.string("true")])), most: 3900),
      Cap(condition: .attribute("lost", .oneOf([.null])), most: 9500),
    ]
    let journal = try Story.journal(
      model, [x(0, 90), Story.group(1, [("lost", .bool(true)), ("x", .number("70"))])], until: 2)
    #expect(
      journal == [
        "1d 8h band green → red: cap -3100 attribute, x -2000 attribute", "1d 8h attribute lost none → true",
        "1d 8h attribute x 90 → 70",
      ])
  }

  @Test func `what moves behind another scorecard's beginning is the measures' own, beside a line for that`() throws {
    var model = model([Rule(name: "fell", kind: .drop(by: 2000, withinMilliseconds: 7 * day))])
    model.measures.append(Measure(name: "y", metric: .attribute("y"), grade: one))
    let late = Scorecard(
      name: "late", dimensions: [Dimension(name: "d", weight: 1, measures: [("x", 1), ("y", 1)])],
      when: .tenure(NumberRange(atLeast: Rational(30))))
    model.scorecards = [late, model.scorecards[0]]
    let journal = try Story.journal(
      model,
      [
        Story.reserved(0, "contract.started"), Story.group(0, [("x", .number("90")), ("y", .number("86"))], 9),
        x(50, 10),
      ], until: 51)
    #expect(journal.count == 6)
    #expect(
      // The change itself, at the 30th midnight, made no entry.
      journal.suffix(3) == [
        "50d 8h band green → yellow: x -4000 attribute, scorecard -200 reweighted", "50d 8h rule fell ok → firing",
        "50d 8h attribute x 90 → 10",
      ])
  }

  @Test func `an alert that waited while another scorecard came into force has a line for that, too`() throws {
    var model = model([
      Rule(
        name: "low", kind: .threshold(.measure("x"), .below(Rational(50)), clear: nil), forMilliseconds: 40 * day)
    ])
    model.measures.append(Measure(name: "y", metric: .attribute("y"), grade: one))
    let late = Scorecard(
      name: "late", dimensions: [Dimension(name: "d", weight: 1, measures: [("x", 1), ("y", 1)])],
      when: .tenure(NumberRange(atLeast: Rational(30))))
    model.scorecards = [late, model.scorecards[0]]
    let inputs: [ReferenceInput] = [
      Story.reserved(0, "contract.started"), Story.group(0, [("x", .number("90")), ("y", .number("86"))], 9),
      x(20, 40), Story.group(50, [("y", .number("60"))]), Story.use(61),
    ]
    // The engine's alerts are compared with the model's there.
    _ = try Story.journal(model, inputs, until: 62)
    var driver = EngineDriver(Scenario(model: model, inputs: inputs + [.settle(at: Story.at(62))]))
    try driver.run()
    let alert = try #require(driver.world.alerts.first { $0.ruleName == "low" && $0.state == .firing })
    let lines = alert.because.map { ($0.measure, $0.points) }
    // 90, then 40 by x alone; 63 with y since the 30th day; 50 with y at 60.
    #expect(lines.map(\.0) == [ExplanationLine.scorecard, 1])
    #expect(lines.map(\.1) == [-2700, -1300])
  }

  @Test func `another phase's scorecard moves the score in one line and opens nothing`() throws {
    var model = model([
      Rule(name: "low", kind: .threshold(.measure("x"), .below(Rational(50)), clear: nil), when: .phase(["late"])),
      Rule(name: "turned", kind: .bandChange(from: [], to: ["red"])),
      Rule(name: "any", kind: .bandChange(from: [], to: [])),
    ])
    model.measures.append(Measure(name: "y", metric: .attribute("y"), grade: one))
    model.milestones = [Milestone(name: "made", goal: .events(pattern: "report.*", atLeast: 2))]
    model.phases = [
      Phase(name: "early", when: .milestone("made", [.open])), Phase(name: "late", when: .always),
    ]
    model.scorecards = [
      Scorecard(
        name: "e", dimensions: [Dimension(name: "d", weight: 1, measures: [("y", 1)])], when: .phase(["early"])),
      model.scorecards[0],
    ]
    let journal = try Story.journal(
      model,
      [
        Story.group(0, [("x", .number("20")), ("y", .number("90"))]), Story.use(1), Story.use(2),
        x(3, 60), x(4, 10),
      ], until: 5)
    #expect(
      journal == [
        "2d 9h band green → red: scorecard -7000 phase", "2d 9h phase early → late",
        "2d 9h milestone made none → reached",
        "3d 8h band red → yellow: x 4000 attribute", "3d 8h rule any ok → firing", "3d 8h attribute x 20 → 60",
        // Once it was false it may open.
        "4d 8h band yellow → red: x -5000 attribute", "4d 8h rule low ok → firing", "4d 8h rule turned ok → firing",
        "4d 8h rule any firing → ok", "4d 8h rule any ok → firing", "4d 8h attribute x 60 → 10",
      ])
  }

  @Test func `a milestone is overdue from its due date until it is reached`() throws {
    var model = model([Rule(name: "late", kind: .overdue(milestone: "made"), when: .contract([.active]))])
    model.milestones = [
      Milestone(name: "made", goal: .events(pattern: "report.made", atLeast: 2), dueMilliseconds: 3 * day)
    ]
    let journal = try Story.journal(
      model,
      [
        Story.reserved(0, "contract.started", [("product", .string("p"))]), Story.use(1), Story.use(6),
        Story.use(7, 9, "other"),
      ], until: 9)
    #expect(
      journal == [
        "3d 8h rule late ok → firing", "6d 9h rule late firing → ok", "6d 9h milestone made none → reached",
      ])
  }

  @Test func `a milestone of a product is due by the contract of that product, while there is one`() throws {
    var model = model([Rule(name: "late", kind: .overdue(milestone: "made"))])
    model.milestones = [
      Milestone(
        name: "made", goal: .events(pattern: "report.made", atLeast: 1), dueMilliseconds: 2 * day, product: "team")
    ]
    model.phases = [
      Phase(name: "learning", when: .all([.product("team", [.active]), .milestone("made", [.open, .overdue])])),
      Phase(name: "using", when: .product("team", [.active])),
      Phase(name: "left", when: .product("team", [.cancelled])),
      Phase(name: "without", when: .product("team", [.none])),
    ]
    let team: (String, Scalar) = ("product", .string("team"))
    let journal = try Story.journal(
      model,
      [
        x(0, 50), Story.reserved(1, "contract.started", [("product", .string("core"))]),
        Story.reserved(5, "contract.started", [team]), Story.reserved(8, "contract.cancelled", [team]),
        Story.reserved(10, "contract.started", [team]), Story.use(11),
      ], until: 14)
    #expect(
      journal == [
        "5d 8h phase without → learning", "7d 8h rule late ok → firing", "8d 8h rule late firing → ok",
        "8d 8h phase learning → left", "10d 8h phase left → learning", "11d 9h phase learning → using",
        "11d 9h milestone made none → reached",
      ])
  }

  @Test func `tenure and renewal step with the local days, without an event`() throws {
    let model = model([
      Rule(
        name: "young", kind: .attribute("x", .within(NumberRange())), when: .tenure(NumberRange(below: Rational(2)))),
      Rule(
        name: "soon", kind: .attribute("x", .within(NumberRange())),
        when: .renewal(NumberRange(atLeast: Rational(0), atMost: Rational(2)))),
    ])
    let journal = try Story.journal(
      model,
      [
        Story.reserved(0, "contract.started", [("term_end", .string("2026-01-10"))]), x(0, 50, 9),
      ], until: 9)
    #expect(
      journal.filter { $0.contains("rule") } == [
        "0d 9h rule young ok → firing", "2d 0h rule young firing → ok", "3d 0h rule soon ok → firing",
        "6d 0h rule soon firing → ok",
      ])
  }

  @Test func `a contract that begins ahead of an account's own time has no tenure yet`() throws {
    var model = model()
    model.segments = [Segment(name: "new", when: .tenure(NumberRange(atLeast: Rational(0))))]
    let started = ReferenceEvent(
      source: 1, kind: .reserved, at: Story.at(5), account: "a", event: "contract.started", fields: [])
    var scenario = Scenario(
      model: model,
      inputs: [Story.use(0), .stall(source: 0, at: Story.at(1), from: Story.at(1)), .event(started)])
    scenario.sources = [
      SourceModel(name: "late", stallAfterMilliseconds: 1_800_000, maxHoldMilliseconds: 30 * day),
      SourceModel(name: "other"),
    ]
    var driver = EngineDriver(scenario)
    try driver.run()
    #expect(driver.explain("a")?.segments == [])
    let differences = Comparison(scenario, driver, reference(scenario, clocks: [])).differences
    #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
  }

  @Test func `an attribute that changes is told for as long as the rule says, each change anew`() throws {
    let rule = Rule(name: "owner", kind: .attributeChanged("owner", withinMilliseconds: 2 * day))
    let owner = { (days: Int64, name: String) in Story.group(days, [("owner", .string(name))]) }
    let journal = try Story.journal(
      model([rule]), [owner(0, "a"), owner(1, "a"), owner(2, "b"), owner(3, "c")], until: 9)
    #expect(
      journal.filter { $0.contains("rule") } == ["2d 8h rule owner ok → firing", "5d 8h rule owner firing → ok"])
  }

  @Test func `late data takes a silence back, and what is silent since then is told`() throws {
    let rule = Rule(
      name: "quiet", kind: .silence(feature: .any, after: .milliseconds(2 * day), clear: 1), cooldownMilliseconds: day)
    let journal = try Story.journal(
      model([rule]), [Story.use(0), x(4, 1), Story.use(1, 9), x(4, 2, 9)], until: 5)
    #expect(
      journal.filter { $0.contains("rule") } == [
        "2d 10h rule quiet ok → firing", "4d 8h rule quiet firing → retracted", "4d 8h rule quiet ok → firing",
      ])
  }

  @Test func `a backlog that comes late takes a silence back and does not end it line by line`() throws {
    let rule = Rule(name: "quiet", kind: .silence(feature: .any, after: .milliseconds(5 * day), clear: 1))
    let late = (3...12).map { Story.use($0) }
    let journal = try Story.journal(
      model([rule]), [Story.use(0), Story.use(1), x(20, 1)] + late + [x(21, 2)] + [15, 16].map { Story.use($0) },
      until: 22)
    #expect(
      journal.filter { $0.contains("rule") } == [
        "6d 10h rule quiet ok → firing", "20d 8h rule quiet firing → retracted", "20d 8h rule quiet ok → firing",
        // Each of the last two shows that it was not silent when that opened.
        "21d 8h rule quiet firing → retracted", "21d 8h rule quiet ok → firing",
        "21d 8h rule quiet firing → retracted", "21d 10h rule quiet ok → firing",
      ])
  }

  @Test func `late data that does not bear on it leaves an alert as it is`() throws {
    let rule = Rule(name: "quiet", kind: .silence(feature: .any, after: .milliseconds(2 * day), clear: 3))
    let journal = try Story.journal(model([rule]), [Story.use(1), x(4, 1), Story.use(0, 9), x(4, 2, 9)], until: 5)
    #expect(journal.filter { $0.contains("rule") } == ["3d 10h rule quiet ok → firing"])
  }

  @Test func `late data takes back that a feature was abandoned`() throws {
    let rule = Rule(
      name: "left",
      kind: .abandoned(feature: .named("report.made"), windowHours: 72, beforeHours: 96, days: 2, aliveHours: 48))
    // How far back the log reaches.
    let wide = Rule(
      name: "wide", kind: .threshold(.metric(.count(feature: .any, windowHours: 480)), .above(Rational(99)), clear: nil)
    )
    let journal = try Story.journal(
      model([rule, wide]),
      [
        Story.use(0), Story.use(1), Story.use(4, 8, "other"), Story.use(4, 12, "other"), x(5, 1), Story.use(3, 9),
        x(5, 2, 9),
      ], until: 6)
    #expect(
      journal.filter { $0.contains("rule") } == [
        "4d 10h rule left ok → firing", "5d 8h rule left firing → retracted",
      ])
  }

  @Test func `a composite rule fires while all of its rules do`() throws {
    let low = { (name: String, attribute: String) in
      Rule(name: name, kind: .attribute(attribute, .within(NumberRange(below: Rational(50)))))
    }
    let journal = try Story.journal(
      model([low("a", "x"), low("b", "y"), Rule(name: "both", kind: .composite(all: true, rules: ["a", "b"]))]),
      [
        x(0, 60), x(1, 40), Story.group(2, [("y", .number("10"))]), x(3, 60),
      ], until: 4)
    #expect(
      journal.filter { $0.contains("rule") } == [
        "1d 8h rule a ok → firing", "2d 8h rule b ok → firing", "2d 8h rule both ok → firing",
        "3d 8h rule a firing → ok", "3d 8h rule both firing → ok",
      ])
  }
}
