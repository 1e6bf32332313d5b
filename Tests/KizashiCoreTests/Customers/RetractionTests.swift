import KizashiCore
import ReferenceModel
import Testing

/// What late data takes back, and what it must not. Engine and reference model tell the same in each story.
@Suite struct `What late data takes back` {
  private let day: Int64 = 86_400_000

  /// Rules beside one that decides how far back the log of use reaches.
  private func model(_ rules: [Rule]) -> Model {
    let wide = Rule(
      name: "wide",
      kind: .threshold(.metric(.count(feature: .any, windowHours: 480)), .above(Rational(999)), clear: nil)
    )
    return Model(
      measures: [
        Measure(
          name: "x", metric: .attribute("x"), grade: .points([GradePoint(value: Rational(0), points: Rational(0))]))
      ],
      scorecards: [Scorecard(name: "s", dimensions: [Dimension(name: "d", weight: 1, measures: [("x", 1)])])],
      rules: rules + [wide])
  }

  /// Something else of the account, by which the clock goes on.
  private func other(_ days: Int64, _ hours: Int64) -> ReferenceInput {
    Story.group(days, [("x", .number("\(hours)"))], hours)
  }

  private func use(_ days: Int64, _ hours: Int64, minutes: Int64, count: Int64 = 1) -> ReferenceInput {
    let at = Story.at(days, hours) + minutes * 60_000
    return .event(ReferenceEvent(at: at, account: "a", user: "u1", event: "report.made", count: count))
  }

  private func steps(_ rules: [Rule], _ inputs: [ReferenceInput], until days: Int64) throws -> [String] {
    try Story.journal(model(rules), inputs, until: days).filter { $0.contains("rule") }
  }

  @Test func `what happened behind the opening, though in its hour, ends an episode and does not take it back`() throws
  {
    let quiet = Rule(name: "quiet", kind: .silence(feature: .any, after: .milliseconds(2 * day), clear: 1))
    #expect(
      try steps([quiet], [Story.use(0), other(2, 12), use(2, 10, minutes: 30)], until: 3) == [
        "2d 10h rule quiet ok → firing", "2d 12h rule quiet firing → ok",
      ])
    #expect(
      try steps([quiet], [Story.use(0), other(2, 12), use(2, 9, minutes: 59)], until: 3) == [
        "2d 10h rule quiet ok → firing", "2d 12h rule quiet firing → retracted",
      ])
  }

  @Test func `what came in time behind the opening does not count as before it`() throws {
    let low = Rule(
      name: "low",
      kind: .threshold(
        .metric(.count(feature: .named("report.made"), windowHours: 24)), .below(Rational(5)), clear: Rational(20)))
    #expect(
      try steps(
        [low],
        [
          Story.use(0, 9, count: 30), Story.use(0, 20, count: 4), use(1, 10, minutes: 30, count: 3), other(1, 12),
          Story.use(1, 5, "other"),
        ], until: 2) == ["1d 10h rule low ok → firing"])
  }

  @Test func `what a line opened at a full hour rests on that line`() throws {
    let many = Rule(
      name: "many",
      kind: .threshold(
        .metric(.count(feature: .named("report.made"), windowHours: 24)), .above(Rational(1)), clear: nil))
    let more = Rule(
      name: "more",
      kind: .threshold(
        .metric(
          .trend(
            of: .count(feature: .named("report.made"), windowHours: 24), floor: Rational(1), minVolume: Rational(1))),
        .above(Rational(1)), clear: nil))
    let opening = [Story.use(0, 12), Story.use(1, 11), use(1, 11, minutes: 30), Story.use(1, 13, count: 2)]
    // Another feature's, from before: nothing of it bears on what opened.
    #expect(
      try steps([many], opening + [Story.use(0, 10, "other")], until: 1) == ["1d 11h rule many ok → firing"])
    #expect(
      try steps([more], opening + [Story.use(0, 10, "other")], until: 1) == ["1d 13h rule more ok → firing"])
    // More of the same, from the day before: there is no such rise.
    #expect(
      try steps([more], opening + [Story.use(0, 11, count: 9)], until: 1) == [
        "1d 13h rule more ok → firing", "1d 13h rule more firing → retracted",
      ])
  }

  @Test func `a use that was late ends the days since the last one where it was`() throws {
    let idle = Rule(
      name: "idle",
      kind: .threshold(.metric(.daysSinceLast(feature: .any, unit: .days)), .above(Rational(2)), clear: nil))
    let story = [Story.use(0), other(3, 8)]
    #expect(
      try steps([idle], story + [Story.use(2)], until: 4) == [
        "3d 0h rule idle ok → firing", "3d 8h rule idle firing → retracted",
      ])
    // Of a day before the last use it says nothing, nor does one of today.
    #expect(try steps([idle], story + [Story.use(0, 3)], until: 4) == ["3d 0h rule idle ok → firing"])
    #expect(
      try steps([idle], story + [Story.use(3, 1)], until: 4) == [
        "3d 0h rule idle ok → firing", "3d 8h rule idle firing → ok",
      ])
  }

  @Test func `with a rule goes what fires only with it`() throws {
    let quiet = Rule(name: "quiet", kind: .silence(feature: .any, after: .milliseconds(2 * day), clear: 1))
    let said = Rule(name: "said", kind: .attribute("x", .within(NumberRange(below: Rational(50)))))
    let both = Rule(name: "both", kind: .composite(all: true, rules: ["quiet", "said"]))
    // All three before the late line: x is 12 from the beginning.
    #expect(
      try steps(
        [quiet, said, both], [other(0, 12), Story.use(0, 13), Story.group(2, [("y", .number("1"))], 15), Story.use(1)],
        until: 3)
        == [
          "0d 12h rule said ok → firing", "2d 14h rule quiet ok → firing", "2d 14h rule both ok → firing",
          "2d 15h rule quiet firing → retracted", "2d 15h rule both firing → retracted",
        ])
  }
}
