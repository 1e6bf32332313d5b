import KizashiCore
import ReferenceModel
import TestSupport
import Testing

/// A rule waits for its time or for a cooldown, and somebody changes the config meanwhile: what was true before and is true after
/// was not made true by the change.
@Suite struct `A wait under another config` {
  private static let hour: Int64 = 3_600_000

  /// The grade is the attribute x.
  private static func model(
    below limit: Int = 40, hours: Int64 = 4, cooldown: Int64 = 0, name: String = "low"
  ) -> Model {
    let corners = [0, 100].map { GradePoint(value: Rational($0), points: Rational($0)) }
    return Model(
      measures: [Measure(name: "x", metric: .attribute("x"), grade: .points(corners))],
      scorecards: [Scorecard(name: "s", dimensions: [Dimension(name: "d", weight: 1, measures: [("x", 1)])])],
      rules: [
        Rule(
          name: name, kind: .threshold(.measure("x"), .below(Rational(Int128(limit))), clear: nil),
          forMilliseconds: hours * hour, cooldownMilliseconds: cooldown * hour)
      ])
  }

  /// One more rule, which is never true: a change that is nothing to the others.
  private static func withAnotherRule(_ model: Model) -> Model {
    var result = model
    result.rules.append(Rule(name: "never", kind: .attribute("nothing", .oneOf([.string("x")]))))
    return result
  }

  private static func x(_ value: Int, _ hours: Int64) -> ReferenceInput {
    Story.group(0, [("x", .number("\(value)"))], hours)
  }

  /// What opened and ended from the change on, in hours since the start: `firing 9`.
  private static func alerts(
    _ before: Model, _ inputs: [ReferenceInput], then after: Model, at hours: Int64, _ later: [ReferenceInput] = [],
    until end: Int64 = 60, restarts: Bool = false
  ) throws -> [String] {
    var driver = EngineDriver(Scenario(model: before, inputs: inputs + [.settle(at: Story.at(0, hours))]))
    try driver.run()
    #expect(try driver.change(to: Scenario(model: after, inputs: [])).alerts.isEmpty, "the change itself")
    if restarts { try driver.restart() }
    let shown = driver.world.alerts.count
    try driver.play((later + [.settle(at: Story.at(0, end))])[...])
    _ = driver.commit()
    return driver.world.alerts[shown...].map { "\($0.state) \(($0.at.milliseconds - Story.at(0)) / hour)" }
  }

  @Test(arguments: [false, true]) func `goes on where its condition is the same`(restarts: Bool) throws {
    let told = try Self.alerts(
      Self.model(), [Self.x(30, 1)], then: Self.withAnotherRule(Self.model()), at: 2, restarts: restarts)
    #expect(told == ["firing 5"])
  }

  @Test func `ends where the new config makes its condition false`() throws {
    var after = Self.model()
    // 30 is worth 60 now.
    after.measures[0].grade = .points(
      [0, 50].map { GradePoint(value: Rational($0), points: Rational(Int128($0) * 2)) })
    #expect(try Self.alerts(Self.model(), [Self.x(30, 1)], then: after, at: 2).isEmpty)
    let again = try Self.alerts(Self.model(), [Self.x(30, 1)], then: after, at: 2, [Self.x(10, 7)])
    #expect(again == ["firing 11"], "nothing is left of the wait")
  }

  @Test func `ends where its condition is another, until that has been false`() throws {
    let wider = Self.model(below: 60)
    #expect(try Self.alerts(Self.model(), [Self.x(30, 1)], then: wider, at: 2).isEmpty)
    let later = [Self.x(90, 10), Self.x(50, 12)]
    #expect(try Self.alerts(Self.model(), [Self.x(30, 1)], then: wider, at: 2, later) == ["firing 16"])
  }

  @Test func `takes as long as the new config says, and where that would be over begins anew`() throws {
    let longer = Self.model(hours: 10)
    #expect(try Self.alerts(Self.model(), [Self.x(30, 1)], then: longer, at: 2) == ["firing 11"])
    let shorter = Self.model(hours: 2)
    #expect(try Self.alerts(Self.model(hours: 10), [Self.x(30, 1)], then: shorter, at: 8) == ["firing 10"])
    // Nothing to wait for: the change would have opened it, and so would the next look.
    let told = try Self.alerts(Self.model(), [Self.x(30, 1)], then: Self.model(hours: 0), at: 2, [Self.x(29, 3)])
    #expect(told.isEmpty)
  }

  @Test(arguments: [false, true]) func `for a cooldown goes on`(restarts: Bool) throws {
    let model = Self.model(hours: 0, cooldown: 20)
    // Open from 1 to 3, shut until 23.
    let inputs = [Self.x(30, 1), Self.x(90, 3), Self.x(30, 5)]
    let told = try Self.alerts(model, inputs, then: Self.withAnotherRule(model), at: 8, restarts: restarts)
    #expect(told == ["firing 23"])
  }

  @Test func `is no memory: a drop that means another thing compares with the scores since`() throws {
    func model(by: Int) -> Model {
      var model = Self.model()
      model.rules = [Rule(name: "fell", kind: .drop(by: 100 * by, withinMilliseconds: 100 * Self.hour))]
      return model
    }
    let before = [Self.x(90, 0), Self.x(75, 1)]
    #expect(try Self.alerts(model(by: 20), before, then: model(by: 10), at: 2, [Self.x(74, 3)]).isEmpty)
    #expect(try Self.alerts(model(by: 20), before, then: model(by: 10), at: 2, [Self.x(64, 3)]) == ["firing 3"])
    // One that is written as before remembers.
    let same = Self.withAnotherRule(model(by: 20))
    #expect(try Self.alerts(model(by: 20), before, then: same, at: 2, [Self.x(70, 3)]) == ["firing 3"])
  }

  @Test func `of a band ends where the account is in another band by the config alone`() throws {
    var before = Self.model()
    before.rules = [Rule(name: "turned", kind: .bandChange(from: [], to: []), forMilliseconds: 4 * Self.hour)]
    before.bands.downForMilliseconds = 0
    var after = before
    after.bands.bands[1].bound = 6000
    let inputs = [Self.x(90, 0), Self.x(50, 1)]
    #expect(try Self.alerts(before, inputs, then: Self.withAnotherRule(before), at: 2) == ["firing 5"])
    #expect(try Self.alerts(before, inputs, then: after, at: 2).isEmpty, "it was yellow, and is red by the bound")
  }

  @Test func `is no wait of a rule of another name`() throws {
    #expect(try Self.alerts(Self.model(), [Self.x(30, 1)], then: Self.model(name: "other"), at: 2).isEmpty)
  }

  /// Any universe, with a config that comes somewhere in it and has one more rule.
  @Test(arguments: LawTests.seeds) func `and everything else go on where the change is another rule`(
    seed: UInt64
  ) throws {
    var random = SeededGenerator(seed: seed &+ 0x3a17)
    let scenario = Scenario(seed: seed, traits: Scenario.Traits())
    let place = random.int(0...scenario.inputs.count - 1)
    let played = { (changes: Bool) throws -> StoredWorld in
      var driver = EngineDriver(scenario, seed: seed)
      try driver.play(scenario.inputs[..<place])
      if changes {
        var after = scenario
        after.model = Self.withAnotherRule(scenario.model)
        let commit = try driver.change(to: after)
        #expect(commit.changes.isEmpty && commit.alerts.isEmpty && commit.scoreHistory.isEmpty, "seed \(seed)")
      }
      try driver.play(scenario.inputs[place...])
      _ = driver.commit()
      var world = driver.world
      for account in world.accountRows.keys { world.accountRows[account]?.configVersion = 1 }
      return world
    }
    let differences = try played(true).differences(from: played(false))
    #expect(differences.isEmpty, "seed \(seed), changed before input \(place): \(differences.joined(separator: "\n"))")
  }
}
