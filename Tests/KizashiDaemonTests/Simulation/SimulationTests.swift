import Foundation
import Testing

/// Deterministic simulation: the real decoder, engine, pipeline, store, send window and delivery scheduler in one thread under
/// a virtual clock, with faults. `KIZASHI_SIMULATIONS` says which seeds (`FIRST-LAST`, or one).
@Suite(.serialized) struct `The simulation` {
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

  /// A simulation never waits, and would keep the pool's threads from the tests that do.
  private static func apart<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
  }

  @Test func `whatever breaks, each line counts once, each hook runs, and all else follows from the log`() async throws
  {
    let failures = try await Self.apart {
      Self.seeds.compactMap { seed in
        do {
          _ = try Self.run(seed)
          return String?.none
        } catch {
          return "\(error)"
        }
      }
    }
    for failure in failures { Issue.record("\(failure)") }
    print("\(Self.seeds.count) simulations, \(failures.count) failures")
  }

  @Test func `a seed repeats itself step by step`() async throws {
    for seed in Self.seeds.prefix(4) {
      let (first, second) = try await Self.apart { try (Self.run(seed).trace, Self.run(seed).trace) }
      #expect(first == second, "KIZASHI_SIMULATIONS=\(seed)")
    }
  }

  @Test func `seeds meet every kind of fault`() async throws {
    let met = try await Self.apart {
      try Self.seeds.prefix(12).reduce(into: [String: Int]()) { met, seed in
        met.merge(try Self.run(seed).faults, uniquingKeysWith: +)
      }
    }
    #expect(Set(met.keys) == ["kill", "power cut", "store refuses", "disconnect", "clock step"], "\(met)")
  }
}
