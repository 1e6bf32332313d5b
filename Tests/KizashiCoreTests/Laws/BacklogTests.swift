import Foundation
import KizashiCore
import ReferenceModel
import TestSupport
import Testing

/// A source stalls, or has not been read yet, another moves the clock far ahead, and then everything the first had to say comes after all: its accounts
/// must end as if nothing had happened, however late that is told.
@Suite struct BacklogTests {
  private static let source = SourceModel(
    name: "late", stallAfterMilliseconds: 1_800_000, maxHoldMilliseconds: 400 * 86_400_000)

  private static func scenario(seed: UInt64) -> (Scenario, accounts: [String], place: Int)? {
    var traits = Scenario.Traits()
    traits.advances = false
    traits.stalls = false
    var scenario = Scenario(seed: seed, traits: traits)
    scenario.sources = [source, SourceModel(name: "other")]
    scenario.inputs = scenario.inputs.map { input in
      guard case .event(var event) = input else { return input }
      event.source = 0
      // A heartbeat lets those who wait go on to its instant, and nobody else.
      if event.kind == .heartbeat { event.kind = .identify }
      return .event(event)
    }
    let place = scenario.inputs.count / 3
    guard place > 0 else { return nil }
    return (scenario, ["acme", "beta", "corp", "dune"], place)
  }

  /// The same lines, all but the first of them behind a stall and a clock that has gone on.
  private static func stalled(_ scenario: Scenario, at place: Int, isAwaited: Bool) -> Scenario {
    var copy = scenario
    guard case .settle(let end) = copy.inputs.removeLast() else { return copy }
    let far = ReferenceEvent(source: 1, kind: .identify, at: end - 1, account: nil)
    let begin: ReferenceInput =
      isAwaited ? .waitFor(source: 0, at: end, from: end) : .stall(source: 0, at: end, from: end)
    copy.inputs.insert(contentsOf: [begin, .event(far)], at: place)
    copy.inputs += [.endStall(source: 0, at: end), .settle(at: end)]
    return copy
  }

  private static func story(_ driver: borrowing EngineDriver, _ name: String) -> [String] {
    guard let id = driver.engine.account(named: name) else { return [] }
    let world = driver.world
    var story = world.history.values.filter { $0.account == id }.sorted { $0.day < $1.day }.map { "\($0)" }
    story += world.alerts.filter { $0.account == id }.map { "\($0.ruleName) \($0.episode) \($0.state)" }
    story += world.changes.filter { $0.account == id }.map { change in
      let lines = change.because.map { "\($0.measure) \($0.points)" }
      return
        "\(change.kind) \(change.subject) \(change.from as Any) \(change.to as Any) \(change.delta as Any) \(lines)"
    }
    return story + ["\(driver.engine.explain(id))"]
  }

  @Test(arguments: LawTests.seeds) func `a backlog behind a stall finds what it would have found alone`(seed: UInt64)
    throws
  {
    guard let (scenario, accounts, place) = Self.scenario(seed: seed) else { return }
    var alone = EngineDriver(scenario, seed: seed)
    var late = EngineDriver(
      Self.stalled(scenario, at: place, isAwaited: seed % 2 == 0), EngineDriver.Habits(chunkEnds: 50, restarts: 20),
      seed: seed)
    try alone.run()
    try late.run()
    // Who waits was known when the stall began.
    let waiting = late.world.stalls.first?.stall.members ?? []
    for name in accounts {
      guard let id = late.engine.account(named: name), !waiting.isEmpty, waiting[0] & (1 << id) != 0 else { continue }
      let (mine, theirs) = (Self.story(late, name), Self.story(alone, name))
      let first = zip(mine, theirs).first { $0 != $1 }
      #expect(mine == theirs, "seed \(seed), account \(name): \(first?.0 ?? "")\n  ≠ \(first?.1 ?? "")")
    }
  }
}
