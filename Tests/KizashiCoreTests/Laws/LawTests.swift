import Foundation
import KizashiCore
import ReferenceModel
import TestSupport
import Testing

/// The laws of the engine, on random small universes. A failure names its seed; `KIZASHI_LAW_SEEDS=42-42` in the
/// environment shows that universe alone, and `1-5000` looks at more of them than every run can.
@Suite struct LawTests {
  static let seeds = askedSeeds ?? 1...60
  /// Nil: nobody asked for any.
  static let askedSeeds: ClosedRange<UInt64>? = {
    let wanted = ProcessInfo.processInfo.environment["KIZASHI_LAW_SEEDS"] ?? ""
    let ends = wanted.split(separator: "-").compactMap { UInt64($0) }
    return ends.count == 2 && ends[0] <= ends[1] ? ends[0]...ends[1] : nil
  }()

  @Test(arguments: seeds) func `incremental equals recomputed from the raw lines`(seed: UInt64)
    throws
  {
    let scenario = Scenario(seed: seed)
    var driver = EngineDriver(
      scenario, EngineDriver.Habits(chunkEnds: 30, commits: 30, restarts: 0), seed: seed)
    try driver.run()
    let comparison = Comparison(scenario, driver, reference(scenario, clocks: driver.clocks))
    #expect(
      comparison.differences.isEmpty,
      "seed \(seed): \(comparison.differences.joined(separator: "\n"))")
  }

  @Test(arguments: seeds) func `other chunk and commit boundaries change nothing`(seed: UInt64)
    throws
  {
    let scenario = Scenario(seed: seed)
    var whole = EngineDriver(
      scenario, EngineDriver.Habits(chunkEnds: 0, commits: 0, restarts: 0), seed: seed)
    var pieces = EngineDriver(
      scenario, EngineDriver.Habits(chunkEnds: 60, commits: 60, restarts: 0), seed: seed &+ 1)
    try whole.run()
    try pieces.run()
    let differences = pieces.world.differences(from: whole.world)
    #expect(differences.isEmpty, "seed \(seed): \(differences.joined(separator: "\n"))")
  }

  @Test(arguments: seeds) func `a restart at any commit changes nothing`(seed: UInt64) throws {
    let scenario = Scenario(seed: seed)
    var steady = EngineDriver(
      scenario, EngineDriver.Habits(chunkEnds: 50, commits: 50, restarts: 0), seed: seed)
    var shaken = EngineDriver(
      scenario, EngineDriver.Habits(chunkEnds: 70, commits: 10, restarts: 30), seed: seed &+ 7)
    try steady.run()
    try shaken.run()
    let differences = shaken.world.differences(from: steady.world)
    #expect(differences.isEmpty, "seed \(seed): \(differences.joined(separator: "\n"))")
  }

  @Test(arguments: seeds) func `shuffled lines give the same facts, metrics, grades and scores`(
    seed: UInt64
  ) throws {
    var random = SeededGenerator(seed: seed)
    var traits = Scenario.Traits()
    traits.advances = false
    traits.orderMatters = false
    traits.stalls = false
    let scenario = Scenario(seed: seed, traits: traits)
    let other = scenario.shuffled(&random)
    var one = EngineDriver(scenario, EngineDriver.Habits(chunkEnds: 50, commits: 20), seed: seed)
    var two = EngineDriver(other, EngineDriver.Habits(chunkEnds: 50, commits: 20), seed: seed)
    try one.run()
    try two.run()
    #expect(one.world.namedFacts == two.world.namedFacts, "seed \(seed)")
    #expect(one.world.namedSums == two.world.namedSums, "seed \(seed)")
    for name in one.world.accounts {
      guard var mine = one.explain(name), var theirs = two.explain(name) else {
        Issue.record("seed \(seed): account \(name) is missing")
        continue
      }
      // A band is history.
      mine.band = nil
      theirs.band = nil
      #expect(mine == theirs, "seed \(seed), account \(name)")
    }
  }

  @Test(arguments: seeds) func `advancing twice to one instant does nothing the second time`(
    seed: UInt64
  ) throws {
    let scenario = Scenario(seed: seed)
    var driver = EngineDriver(scenario, seed: seed)
    for input in scenario.inputs.dropLast() {
      guard case .event(let event) = input else {
        driver.move(input)
        _ = driver.commit()
        driver.move(input)
        let second = driver.commit()
        #expect(second.isEmpty, "seed \(seed)")
        continue
      }
      driver.apply(event)
    }
  }

  @Test(arguments: seeds) func `every line is counted or refused exactly once`(seed: UInt64) throws {
    let scenario = Scenario(seed: seed)
    var driver = EngineDriver(scenario, EngineDriver.Habits(chunkEnds: 30), seed: seed)
    try driver.run()
    let accepted = reference(scenario, clocks: driver.clocks).counters.reduce(0) {
      $0 + $1.accepted
    }
    let rows = driver.world.sources.values
    let refused = rows.reduce(0) { $0 + $1.refused.reduce(0, +) }
    #expect(
      rows.reduce(0) { $0 + $1.lines } == accepted + rows.reduce(0) { $0 + $1.duplicates } + refused
    )
    #expect(Int64(driver.quarantined) == refused, "seed \(seed)")
  }

  @Test(arguments: seeds) func `a store recomputed from facts alone agrees with itself`(
    seed: UInt64
  ) throws {
    var traits = Scenario.Traits()
    traits.orderMatters = false
    let scenario = Scenario(seed: seed, traits: traits)
    var driver = EngineDriver(scenario, EngineDriver.Habits(chunkEnds: 30, commits: 20), seed: seed)
    try driver.run()
    let fresh = try driver.recomputed()
    for (index, name) in driver.world.accounts.enumerated() {
      var stored = driver.engine.explain(AccountID(index))
      // Of whom only `identify` lines came, nothing is computed.
      guard stored.band != nil else { continue }
      var again = fresh.explain(AccountID(index))
      stored.band = nil
      again.band = nil
      #expect(stored == again, "seed \(seed), account \(name)")
      let (known, computed) = (
        driver.engine.attributeRows(of: AccountID(index)), fresh.attributeRows(of: AccountID(index))
      )
      #expect(known == computed, "seed \(seed), account \(name)")
    }
    #expect(driver.engine.userAccountRows() == fresh.userAccountRows(), "seed \(seed)")
  }
}
