import KizashiCore
import ReferenceModel
import Testing

/// What an evaluation may pass by, and what must wake it: the cases that random universes seldom come to.
@Suite struct `What wakes a rule` {
  @Test func `the last of the events that end a silence, though all come in one hour`() throws {
    var model = Model(rules: [
      Rule(name: "quiet", kind: .silence(feature: .any, after: .milliseconds(2 * 86_400_000), clear: 3))
    ])
    model.bands.journalStep = 10_000
    let inputs = [Story.use(0), Story.use(5), Story.use(5), Story.use(5)]
    let rules = try Story.journal(model, inputs, until: 6).filter { $0.contains("rule") }
    #expect(rules == ["2d 10h rule quiet ok → firing", "5d 9h rule quiet firing → ok"])
  }

  @Test func `nothing at all, while the total that it looks at stays on its side`() throws {
    let rule = Rule(
      name: "busy",
      kind: .threshold(
        .metric(.count(feature: .any, windowHours: 24)), .above(Rational(5, 2)), clear: Rational(1)))
    let inputs = (0..<4).map { Story.use(1, Int64(9 + $0)) }
    #expect(
      try Story.journal(Model(rules: [rule]), inputs, until: 4).filter { $0.contains("rule") } == [
        // The third is above 5/2; when three of the four have left, one is left.
        "1d 11h rule busy ok → firing", "2d 12h rule busy firing → ok",
      ])
  }

  @Test func `the end of a hold, whatever the grade was of`() throws {
    let one = GradeCurve.points([
      GradePoint(value: Rational(0), points: Rational(0)), GradePoint(value: Rational(100), points: Rational(100)),
    ])
    let metrics: [Metric] = [
      .attribute("seats"), .ratio(.attribute("seats"), .attribute("sold")),
      .ratio(.attribute("seats"), .count(feature: .any, windowHours: 240)),
    ]
    for metric in metrics {
      let model = Model(
        measures: [Measure(name: "x", metric: metric, grade: one, missing: .hold(milliseconds: 2 * 86_400_000))],
        scorecards: [
          Scorecard(
            name: "s", minimumCoverage: Rational(0),
            dimensions: [Dimension(name: "d", weight: 1, measures: [("x", 1)])])
        ])
      let inputs = [
        Story.use(0, 7), Story.group(0, [("seats", .number("32")), ("sold", .number("1"))]),
        Story.group(3, [("seats", .null)]),
      ]
      let bands = try Story.journal(model, inputs, until: 8).filter { $0.contains("band") }
      #expect(bands == ["0d 8h band unknown → red", "5d 8h band red → unknown"], "\(metric)")
    }
  }

  @Test func `a late event that takes an episode back, behind days of firing that count toward flapping`() throws {
    var rule = Rule(
      name: "quiet", kind: .silence(feature: .named("reports"), after: .milliseconds(2 * 86_400_000), clear: 1))
    rule.flap = FlapSettings(start: 30, stop: 20)
    var model = Model(rules: [rule])
    model.features = [Feature(name: "reports", patterns: ["report.*"], core: false)]
    let pages = (3..<6).map { Story.use($0, 9, "page.seen") }
    // What an engine remembers that looked each day, and one that did not, is the same.
    let late = [Story.use(1), Story.use(6, 9, "page.seen")]
    let rules = try Story.journal(model, [Story.use(0)] + pages + late, until: 7)
    #expect(
      rules.filter { $0.contains("rule") }.prefix(2) == [
        "2d 10h rule quiet ok → firing", "5d 9h rule quiet firing → retracted",
      ])
  }

  @Test func `not the instant that it waited for, once it waits no more`() throws {
    let one = GradeCurve.points([
      GradePoint(value: Rational(0), points: Rational(0)), GradePoint(value: Rational(100), points: Rational(100)),
    ])
    let hour: Int64 = 3_600_000
    var model = Model(
      measures: [Measure(name: "level", metric: .attribute("level"), grade: one)],
      scorecards: [Scorecard(name: "s", dimensions: [Dimension(name: "d", weight: 1, measures: [("level", 1)])])],
      rules: [
        Rule(
          name: "low", kind: .threshold(.measure("level"), .below(Rational(50)), clear: nil), forMilliseconds: 10 * hour
        ),
        Rule(
          name: "lower", kind: .threshold(.measure("level"), .below(Rational(30)), clear: nil),
          forMilliseconds: 60 * hour),
      ])
    model.bands.downForMilliseconds = 0
    let inputs = [(0, 90), (1, 20), (2, 40), (3, 90)].map { Story.group($0.0, [("level", .number("\($0.1)"))]) }
    // The first opened at 1d 18h; the second would have at 3d 20h.
    #expect(try Story.lastLook(model, inputs, until: 9) == "3d 8h")
    #expect(try Story.lastLook(model, Array(inputs.prefix(2)), until: 9) == "3d 20h")
  }

  @Test func `the day on which somebody came to be missed, though it was looked at before on that day`() throws {
    let one = GradeCurve.points([GradePoint(value: Rational(0), points: Rational(0))])
    // No measure steps with the days, so that nothing else asks for a look.
    let model = Model(
      measures: [Measure(name: "level", metric: .attribute("level"), grade: one)],
      scorecards: [Scorecard(name: "s", dimensions: [Dimension(name: "d", weight: 1, measures: [("level", 1)])])],
      rules: [Rule(name: "gone", kind: .powerUserLost(after: .businessDays(10), role: []))])
    let inputs = (0..<7).map { Story.use($0, 10, user: "main") } + [Story.use(7, 9), Story.use(7, 10, user: "main")]
    let rules = try Story.journal(model, inputs, until: 60).filter { $0.contains("rule gone ok → firing") }
    #expect(rules.count == 1)
  }
}
