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
        switch input {
        case .advance(let instant, _): return .settle(at: instant)
        case .event(var event) where event.kind == .usage:
          event.fields.removeAll { Self.mayBeTooMuch($0.value, count: event.count) }
          return .event(event)
        default: return input
        }
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
      }
      // Of what a metric asks beside them, too.
      after.model.mapMetrics { $0.mapped(feature: { $0.broad }) }
      // From when on a sum holds is asked of the clock where an account that waits is shown, and not of its own time.
      if before.inputs.contains(where: {
        switch $0 {
        case .stall, .waitFor: true
        default: false
        }
      }) {
        after.model.mapMetrics { $0.counted }
      }
      place = random.int(0...before.inputs.count - 1)
    }

    /// What does not fit is refused by the config that adds it up, and by no other.
    private static func mayBeTooMuch(_ value: Scalar, count: Int64) -> Bool {
      switch value {
      case .number(let text), .string(let text):
        text.count > 6 || text.contains { "eE".contains($0) } && text != "team" || count > 1_000_000_000
      case .bool, .null: false
      }
    }

    static func small(seed: UInt64) -> Change {
      var random = SeededGenerator(seed: seed &+ 0x9e37)
      var traits = Scenario.Traits()
      traits.orderMatters = false
      return Change(Scenario(seed: seed, traits: traits), next: ModelGenerator.model(&random, traits), &random)
    }

    /// The later universe, whose config is named first at a clock: what it adds up that was not before is missing for a window.
    ///
    /// From the next hour on: what of the hour at hand came before it was not read, and counts in no window then.
    func after(at clock: Instant) -> Scenario {
      var result = after
      let next = Instant(milliseconds: (Int64(clock.tile.hour) + 1) * 3_600_000)
      result.sumStarts = after.model.summed.compactMap { property in
        if before.model.summed.contains(property) { return before.sumStarts.first { $0.property == property } }
        return clock.milliseconds == .min ? nil : SumStart(property: property, since: next)
      }
      return result
    }

    /// Another config that has other rules, and nothing else: some are gone, some have other names, some other times.
    static func ofRules(seed: UInt64) -> Change {
      var random = SeededGenerator(seed: seed &+ 0x51f3)
      var traits = Scenario.Traits()
      traits.orderMatters = false
      let scenario = Scenario(seed: seed, traits: traits)
      var change = Change(scenario, next: scenario.model, &random)
      change.before.model = change.after.model
      var next = change.before.model
      let parts = next.rules.reduce(into: Set<String>()) { parts, rule in
        if case .composite(_, let rules) = rule.kind { parts.formUnion(rules) }
      }
      next.rules = next.rules.compactMap { rule in
        var rule = rule
        switch random.int(0...4) {
        case 0 where !parts.contains(rule.name): return nil
        case 1 where !parts.contains(rule.name): rule.name += "-other"
        case 2: rule.forMilliseconds = Int64(random.int(0...30)) * 3_600_000
        case 3: rule.keepFiringForMilliseconds = Int64(random.int(0...30)) * 3_600_000
        default: break
        }
        return rule
      }
      change.after = change.before
      change.after.model = next
      return change
    }

    /// Runs it; what the change itself stored.
    func play(_ driver: inout EngineDriver, restarts: Bool) throws -> Commit {
      try driver.play(before.inputs[..<place])
      let commit = try driver.change(to: after(at: driver.engine.now))
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

    let after = change.after(at: commit.now)
    let alone = reference(after, clocks: [], everyHour: false)
    let comparison = Comparison(after, driver, alone, withHistory: false)
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
    _ = try driver.change(to: change.after(at: driver.engine.now))
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
    #expect(try driver.change(to: Scenario(model: model, inputs: [])).alerts.isEmpty)
    try driver.play([Story.group(2, [("x", .number("55"))]), Story.group(3, [("x", .number("80"))])])
    #expect(
      driver.commit().alerts.map { "\($0.state) \($0.at.milliseconds)" } == [
        "resolved \(Story.at(3, 8))", "firing \(Story.at(3, 8))",
      ])
  }

  @Test func `a change of config that moves a band ends no episode in order to open another`() throws {
    let corners = [0, 100].map { GradePoint(value: Rational($0), points: Rational($0)) }
    var model = Model(
      measures: [Measure(name: "x", metric: .attribute("x"), grade: .points(corners))],
      scorecards: [Scorecard(name: "s", dimensions: [Dimension(name: "d", weight: 1, measures: [("x", 1)])])],
      rules: [Rule(name: "turned", kind: .bandChange(from: [], to: []))])
    model.bands.downForMilliseconds = 0
    let x = { (day: Int64, value: Int) in Story.group(day, [("x", .number("\(value)"))]) }
    var driver = EngineDriver(Scenario(model: model, inputs: [x(0, 90), x(1, 50)]))
    try driver.run()
    // Yellow becomes red without anything the account did.
    model.bands.bands[1].bound = 6000
    #expect(try driver.change(to: Scenario(model: model, inputs: [])).alerts.isEmpty)
    try driver.play([x(2, 51)])
    #expect(driver.commit().alerts.isEmpty)
    try driver.play([x(3, 80)])
    #expect(driver.commit().alerts.map(\.state) == [.resolved, .firing])
  }

  @Test(arguments: LawTests.seeds) func `what is computed in the end is what it alone would have computed`(
    seed: UInt64
  ) throws {
    try Self.check(.small(seed: seed), seed: seed)
  }

  @Test(arguments: LawTests.seeds) func `hold where only its rules are others`(seed: UInt64) throws {
    try Self.check(.ofRules(seed: seed), seed: seed)
  }
}
