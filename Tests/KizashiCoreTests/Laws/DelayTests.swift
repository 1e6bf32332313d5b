import KizashiCore
import ReferenceModel
import TestSupport
import Testing

/// Where more falls due than is to be stored at once, the clock goes on without it. That must show nowhere but in the order in
/// which accounts had their turn: not in what is stored of each, not after a restart amid it, not when facts are looked at again.
@Suite struct DelayTests {
  private static let habits = EngineDriver.Habits(chunkEnds: 50, commits: 40, restarts: 20, delays: 80)

  /// A scenario whose lines come in bursts within a minute of a full hour, where much falls due.
  private static func scenario(_ seed: UInt64, orderMatters: Bool = true) -> Scenario {
    var traits = Scenario.Traits()
    (traits.orderMatters, traits.advances, traits.stalls) = (orderMatters, false, seed % 3 == 0)
    var scenario = Scenario(seed: seed, traits: traits)
    var random = SeededGenerator(seed: seed)
    var burst = ModelGenerator.start / 86_400_000 * 86_400_000
    var within: Int64 = 0
    scenario.inputs = scenario.inputs.map { input in
      guard case .event(var event) = input else { return input }
      (event.id, event.latestAcceptable) = (nil, .max)
      if random.chance(40) {
        // What a window holds leaves it an hour after a whole number of days.
        burst += Int64(random.pick([1, 1, 23, 24, 25, 48])) * 3_600_000
        within = random.chance(50) ? 0 : Int64(random.int(0...20_000))
      }
      within = min(within + Int64(random.int(0...9_000)), 59_000)
      event.at = burst + within
      return .event(event)
    }
    scenario.inputs[scenario.inputs.count - 1] = .settle(at: burst + 30 * 86_400_000)
    return scenario
  }

  @Test(arguments: LawTests.seeds) func `what the clock leaves behind ends as if it had not been`(seed: UInt64) throws {
    let scenario = Self.scenario(seed)
    var whole = EngineDriver(scenario, EngineDriver.Habits(chunkEnds: 50, commits: 20), seed: seed)
    var late = EngineDriver(scenario, Self.habits, seed: seed &+ 3)
    try whole.run()
    try late.run()
    #expect(late.world.leftBehind == nil, "seed \(seed)")
    let differences = late.world.byAccount().differences(from: whole.world.byAccount())
    #expect(differences.isEmpty, "seed \(seed): \(differences.joined(separator: "\n"))")
  }

  @Test(arguments: LawTests.askedSeeds ?? 1...20) func `it also equals what is recomputed from the raw lines`(
    seed: UInt64
  ) throws {
    let scenario = Self.scenario(seed)
    var driver = EngineDriver(scenario, Self.habits, seed: seed)
    try driver.run()
    let comparison = Comparison(scenario, driver, reference(scenario, clocks: driver.clocks))
    #expect(comparison.differences.isEmpty, "seed \(seed): \(comparison.differences.joined(separator: "\n"))")
  }

  @Test(arguments: LawTests.seeds) func `a store that is behind agrees with its facts, each account as of where it is`(
    seed: UInt64
  ) throws {
    let scenario = Self.scenario(seed, orderMatters: false)
    var driver = EngineDriver(scenario, Self.habits, seed: seed)
    for input in scenario.inputs {
      try driver.play([input])
      _ = driver.commit()
      guard driver.world.leftBehind != nil else { continue }
      let fresh = try driver.recomputed()
      for (account, row) in driver.world.accountRows where row.band != nil {
        let again = fresh.explain(account)
        #expect(row.computedScore == again.computedScore, "seed \(seed), account \(account)")
        for (measure, state) in again.measures.enumerated() {
          let stored = driver.world.measures[[Int64(account), Int64(measure)]]
          #expect(stored?.grade == state.grade, "seed \(seed), account \(account), \(state.name)")
        }
      }
    }
  }

  @Test func `scenarios leave something behind`() throws {
    var delayed = 0
    for seed: UInt64 in 1...60 {
      var driver = EngineDriver(Self.scenario(seed), Self.habits, seed: seed)
      try driver.run()
      delayed += driver.delayed
    }
    #expect(delayed > 60, "only \(delayed)")
  }
}
