import KizashiCore
import ReferenceModel
import TestSupport
import Testing

/// Another config over the same history: in the end every number is what that config alone would have computed from the raw
/// lines, and the change itself tells nobody anything. Bands, episodes and instants of milestones are history and stay out.
@Suite struct `Laws of another config` {
  /// A universe, the config that comes later, and when.
  struct Change {
    var before: Scenario
    var after: Scenario
    var place: Int

    init(_ scenario: Scenario, next: Model, _ random: inout SeededGenerator) {
      before = scenario
      // Where the clock stands after an advance hangs on the config's deadlines; here it goes all the way.
      before.inputs = scenario.inputs.map { input in
        if case .advance(let instant, _) = input { .settle(at: instant) } else { input }
      }
      after = before
      after.model = next
      after.model.limits = scenario.model.limits
      if random.chance(50) {
        // Filters hold from when they are first asked for: the same ones are asked for from the start.
        after.model.features = scenario.model.features
        after.model.autoFeatures = scenario.model.autoFeatures
      } else {
        for index in after.model.features.indices { after.model.features[index].conditions = [] }
        after.filterStarts = []
      }
      place = random.int(0...before.inputs.count - 1)
    }

    static func small(seed: UInt64) -> Change {
      var random = SeededGenerator(seed: seed &+ 0x9e37)
      var traits = Scenario.Traits()
      traits.orderMatters = false
      return Change(Scenario(seed: seed, traits: traits), next: ModelGenerator.model(&random, traits), &random)
    }

    /// Runs it; what the change itself stored.
    func play(_ driver: inout EngineDriver, restarts: Bool) throws -> Commit {
      try driver.play(before.inputs[..<place])
      let commit = try driver.change(to: after.model, after.filterStarts)
      if restarts { try driver.restart() }
      try driver.play(before.inputs[place...])
      _ = driver.commit()
      return commit
    }
  }

  static func check(_ change: Change, seed: UInt64) throws {
    var driver = EngineDriver(change.before, EngineDriver.Habits(chunkEnds: 30, commits: 20), seed: seed)
    let commit = try change.play(&driver, restarts: false)
    #expect(commit.alerts.allSatisfy { $0.state != .firing }, "seed \(seed): the change opened an episode")
    checkEntries(commit, seed: seed)
    try checkNextLook(change, seed: seed)

    let alone = reference(change.after, clocks: [], everyHour: false)
    let comparison = Comparison(change.after, driver, alone, withHistory: false)
    #expect(comparison.differences.isEmpty, "seed \(seed): \(comparison.differences.joined(separator: "\n"))")

    var shaken = EngineDriver(change.before, EngineDriver.Habits(chunkEnds: 30, commits: 20), seed: seed)
    _ = try change.play(&shaken, restarts: true)
    let differences = shaken.world.differences(from: driver.world)
    #expect(differences.isEmpty, "seed \(seed), restarted: \(differences.joined(separator: "\n"))")

    let fresh = try driver.recomputed()
    for (index, name) in driver.world.accounts.enumerated() {
      var stored = driver.engine.explain(AccountID(index))
      guard stored.band != nil else { continue }
      var again = fresh.explain(AccountID(index))
      (stored.band, again.band) = (nil, nil)
      #expect(stored == again, "seed \(seed), account \(name), recomputed")
    }
  }

  /// Looks at every account once more at the same instant, by a line that says nothing: what was not true before the change and
  /// has not become false since opens nothing.
  private static func checkNextLook(_ change: Change, seed: UInt64) throws {
    var driver = EngineDriver(change.before, seed: seed)
    try driver.play(change.before.inputs[..<change.place])
    _ = try driver.change(to: change.after.model, change.after.filterStarts)
    // A line of a source that stalls lets its accounts' time go on.
    guard driver.world.stalls.isEmpty else { return }
    let now = driver.world.now.milliseconds
    for account in driver.world.accounts { driver.apply(ReferenceEvent(kind: .group, at: now, account: account)) }
    let opened = driver.commit().alerts.filter { $0.state == .firing }
    #expect(opened.isEmpty, "seed \(seed): the look after the change opened \(opened)")
  }

  /// At most one entry `config` an account, and its lines are the whole move.
  private static func checkEntries(_ commit: Commit, seed: UInt64) {
    let entries = commit.changes.filter { $0.kind == .config }
    #expect(Set(entries.map(\.account)).count == entries.count, "seed \(seed)")
    for entry in entries {
      #expect(entry.because.reduce(0) { $0 + $1.points } == entry.delta ?? 0, "seed \(seed): \(entry)")
    }
    #expect(commit.changes.allSatisfy { $0.kind != .score && $0.kind != .band }, "seed \(seed)")
  }

  @Test func `an episode of a band stays open where the bands get other numbers`() throws {
    let corners = [0, 100].map { GradePoint(value: Rational($0), points: Rational($0)) }
    var model = Model(
      measures: [Measure(name: "x", metric: .attribute("x"), grade: .points(corners))],
      scorecards: [Scorecard(name: "s", dimensions: [Dimension(name: "d", weight: 1, measures: [("x", 1)])])],
      rules: [Rule(name: "turned", kind: .bandChange(from: [], to: []))])
    model.bands.downForMilliseconds = 0
    let told = [90, 50].enumerated().map { Story.group(Int64($0), [("x", .number("\($1)"))]) }
    var driver = EngineDriver(Scenario(model: model, inputs: told))
    try driver.run()
    #expect(driver.world.alerts.map(\.state) == [.firing])
    model.bands.bands.insert(Band(name: "best", bound: 9900), at: 0)
    #expect(try driver.change(to: model, []).alerts.isEmpty)
    try driver.play([Story.group(2, [("x", .number("55"))]), Story.group(3, [("x", .number("80"))])])
    #expect(
      driver.commit().alerts.map { "\($0.state) \($0.at.milliseconds)" } == [
        "resolved \(Story.at(3, 8))", "firing \(Story.at(3, 8))",
      ])
  }

  @Test(arguments: LawTests.seeds) func `what is computed in the end is what it alone would have computed`(
    seed: UInt64
  ) throws {
    try Self.check(.small(seed: seed), seed: seed)
  }
}
