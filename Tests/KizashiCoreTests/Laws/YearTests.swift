import KizashiCore
import ReferenceModel
import TestSupport
import Testing

/// The laws again, on universes of two to three years. `KIZASHI_LAW_SEEDS` asks for other and for more of them; the reference
/// model needs some seconds for each.
@Suite struct `Laws over years` {
  /// Of the laws that need the reference model; 7095: a shift is judged behind a stall longer than it looks back.
  static let seeds = LawTests.askedSeeds.map(Array.init) ?? [1, 2, 7095]
  /// Of the laws that compare engines.
  static let quickSeeds = LawTests.askedSeeds ?? 1...10

  @Test(arguments: seeds) func `incremental equals recomputed from the raw lines`(seed: UInt64) throws {
    let scenario = YearGenerator.scenario(seed: seed, traits: Scenario.Traits())
    var driver = EngineDriver(scenario, EngineDriver.Habits(chunkEnds: 30, commits: 30, restarts: 0), seed: seed)
    try driver.run()
    let model = reference(scenario, clocks: driver.clocks, everyHour: false)
    let comparison = Comparison(scenario, driver, model)
    #expect(comparison.differences.isEmpty, "seed \(seed): \(comparison.differences.joined(separator: "\n"))")
  }

  @Test(arguments: seeds) func `what another config computes in the end is what it alone would have computed`(
    seed: UInt64
  ) throws {
    var random = SeededGenerator(seed: seed)
    var traits = Scenario.Traits()
    traits.orderMatters = false
    let next = YearGenerator.model(&random, traits)
    let change = `Laws of another config`.Change(
      YearGenerator.scenario(seed: seed, traits: traits), next: next, &random)
    try `Laws of another config`.check(change, seed: seed)
  }

  @Test(arguments: quickSeeds) func `a restart at any commit changes nothing, nor do other boundaries`(
    seed: UInt64
  ) throws {
    let scenario = YearGenerator.scenario(seed: seed, traits: Scenario.Traits())
    var whole = EngineDriver(scenario, EngineDriver.Habits(chunkEnds: 0), seed: seed)
    var shaken = EngineDriver(scenario, EngineDriver.Habits(chunkEnds: 70, commits: 10, restarts: 20), seed: seed &+ 7)
    try whole.run()
    try shaken.run()
    let differences = shaken.world.differences(from: whole.world)
    #expect(differences.isEmpty, "seed \(seed): \(differences.joined(separator: "\n"))")
  }

  @Test(arguments: quickSeeds) func `a store recomputed from facts alone agrees with itself`(seed: UInt64) throws {
    var traits = Scenario.Traits()
    traits.orderMatters = false
    let scenario = YearGenerator.scenario(seed: seed, traits: traits)
    var driver = EngineDriver(scenario, EngineDriver.Habits(chunkEnds: 30, commits: 20), seed: seed)
    try driver.run()
    let fresh = try driver.recomputed()
    for (index, name) in driver.world.accounts.enumerated() {
      var stored = driver.engine.explain(AccountID(index))
      var again = fresh.explain(AccountID(index))
      guard stored.band != nil else { continue }
      (stored.band, again.band) = (nil, nil)
      #expect(stored == again, "seed \(seed), account \(name)")
    }
  }
}
