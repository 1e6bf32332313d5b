import Foundation
import Testing

/// Deterministic simulation: the real decoder, engine, pipeline, store, send window and delivery scheduler in one thread under
/// a virtual clock, with faults. `KIZASHI_SIMULATIONS` says which seeds (`FIRST-LAST`, or one).
@Suite struct `The simulation` {
  private static let seeds: [UInt64] = {
    let text = ProcessInfo.processInfo.environment["KIZASHI_SIMULATIONS"] ?? "1-200"
    let ends = text.split(separator: "-").compactMap { UInt64($0) }
    guard let first = ends.first, let last = ends.last, first <= last else { return [] }
    return Array(first...last)
  }()
  private static let steps = 220

  private static func run(_ seed: UInt64) throws -> Simulation {
    let simulation = try Simulation(seed: seed)
    do {
      for _ in 0..<steps { try simulation.step() }
      try simulation.settle()
      try simulation.check()
    } catch {
      let tail = simulation.trace.suffix(25).joined(separator: "\n")
      throw Simulation.Broken(description: "KIZASHI_SIMULATIONS=\(seed): \(error)\n\(tail)")
    }
    return simulation
  }

  @Test(arguments: seeds)
  func `whatever breaks, each line counts once, each hook runs, and all else follows from the log`(_ seed: UInt64)
    throws
  {
    do {
      _ = try Self.run(seed)
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test func `a seed repeats itself step by step`() throws {
    for seed in Self.seeds.prefix(4) {
      let (first, second) = try (Self.run(seed), Self.run(seed))
      #expect(first.trace == second.trace, "KIZASHI_SIMULATIONS=\(seed)")
    }
  }

  @Test func `seeds meet every kind of fault`() throws {
    var met: [String: Int] = [:]
    for seed in Self.seeds.prefix(12) {
      met.merge(try Self.run(seed).faults, uniquingKeysWith: +)
    }
    #expect(Set(met.keys) == ["kill", "power cut", "store refuses", "disconnect", "clock step"], "\(met)")
  }
}
