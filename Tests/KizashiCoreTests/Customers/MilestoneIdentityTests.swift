import ReferenceModel
import Testing

@testable import KizashiCore

/// Its hash is in every store: a text that changes here loses milestones there.
@Suite struct `What the stored state of a milestone is found by` {
  @Test(arguments: [
    (MilestoneGoal.events(pattern: "import_*", atLeast: 3), "live events import_* 3"),
    (
      .metric(.distinctUsers(feature: .core, windowHours: 168), atLeast: Rational(5)),
      "live metric distinct_users(core 168) 5/1"
    ),
    (
      .metric(
        .ratio(.activeDays(feature: .any, windowHours: 24), .daysSinceLast(feature: .named("a"), unit: .businessDays)),
        atLeast: Rational(2, 10)),
      "live metric ratio(active_days(any 24) days_since_last(named a business_days)) 1/5"
    ),
    (
      .metric(
        .trend(of: .count(feature: .any, windowHours: 48), floor: Rational(1), minVolume: Rational(20)),
        atLeast: Rational(1)), "live metric trend(count(any 48) 1/1 20/1) 1/1"
    ),
    (
      .metric(
        .sum(
          property: "amount", feature: .named("a").narrowed(by: [PropertyFilter(property: "p", value: "v")]),
          windowHours: 24), atLeast: Rational(5)),
      "live metric sum(amount\u{1F}named a where p\u{1F}v\u{1F} 24) 5/1"
    ),
    (
      .metric(.survey(name: "nps", aggregate: .netPromoter, windowHours: nil), atLeast: Rational(9)),
      "live metric survey(nps nps 0) 9/1"
    ),
  ])
  func `its name and its goal, spelled as in every store there is`(goal: MilestoneGoal, identity: String) {
    #expect(Milestone(name: "live", goal: goal).identity == identity)
  }

  @Test func `the same goal, written or due otherwise`() {
    let goal = { (least: Rational) in MilestoneGoal.metric(.attribute("seats"), atLeast: least) }
    let five = Milestone(name: "live", goal: goal(Rational(5)), dueMilliseconds: 1)
    #expect(five.identity == Milestone(name: "live", goal: goal(Rational(50, 10)), dueMilliseconds: 2).identity)
    #expect(five.identity != Milestone(name: "live", goal: goal(Rational(51, 10)), dueMilliseconds: 1).identity)
    #expect(five.identity != Milestone(name: "alive", goal: goal(Rational(5)), dueMilliseconds: 1).identity)
  }

  @Test func `an account of which no more than an answer is known has a row of it too`() throws {
    var model = Model()
    model.milestones = [Milestone(name: "live", goal: .events(pattern: "x", atLeast: 1), dueMilliseconds: 86_400_000)]
    let answer = Story.reserved(0, "survey.responded", [("survey", .string("nps")), ("score", .number("9"))])
    var driver = EngineDriver(Scenario(model: model, inputs: [answer]))
    try driver.run()
    #expect(
      driver.world.milestones.values.map { [$0.count, $0.reachedAt?.milliseconds, $0.dueAt?.milliseconds] } == [
        [0, nil, nil]
      ])
  }

  @Test func `a config that gives it another time to be due stores that for everybody`() throws {
    func scenario(_ days: Int64) -> Scenario {
      var model = Model()
      model.milestones = [
        Milestone(name: "live", goal: .events(pattern: "x", atLeast: 1), dueMilliseconds: days * 86_400_000)
      ]
      return Scenario(model: model, inputs: [Story.use(0)])
    }
    var driver = EngineDriver(scenario(14))
    try driver.run()
    let commit = try driver.change(to: scenario(30))
    #expect(commit.milestones.map(\.dueAt) == [Instant(milliseconds: Story.at(30, 9))])
  }
}
