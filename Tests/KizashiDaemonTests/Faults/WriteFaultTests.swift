import Foundation
import Glibc
import TestSupport
import Testing

/// The daemon is killed at every single write, and every write is made to fail: what is stored in the end is the same.
///
/// A sample of the points here, all of them where `KIZASHI_FAULTS=all` (see `scripts/soak`). `KIZASHI_FAULT_SEED` repeats a
/// sample, `KIZASHI_FAULT_SAMPLE` makes it so many points a kind of fault, `KIZASHI_FAULT_POINT` runs one point.
@Suite(.serialized) struct WriteFaultTests {
  private static func setting(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
  }
  private static let isWhole = ProcessInfo.processInfo.environment["KIZASHI_FAULTS"] == "all"
  private static let seed = setting("KIZASHI_FAULT_SEED") ?? UInt64.random(in: 0...UInt64.max)
  private static let note = "KIZASHI_FAULT_SEED=\(seed)"
  /// Runs at a time: a run mostly waits.
  private static let width = 4

  private static let sweeps = [
    FaultSweep { FaultWorkload.rotated(hour: $0) }, FaultSweep { FaultWorkload.compressed(hour: $0) },
    FaultSweep { FaultWorkload.acknowledged(hour: $0) }, FaultSweep { FaultWorkload.reconfigured(hour: $0) },
  ]

  /// All points, one, or so many of a sample.
  private func points(_ sweep: FaultSweep, _ kind: Fault.Kind, sample: Int, salt: UInt64) async throws
    -> FaultSweep.Points
  {
    if let point = Self.setting("KIZASHI_FAULT_POINT") { return .some([point]) }
    if Self.isWhole { return .every }
    var random = SeededGenerator(seed: Self.seed &+ salt)
    let calls = try await sweep.reference().1.calls[kind] ?? 1
    let sample = Self.setting("KIZASHI_FAULT_SAMPLE").map { Int($0) } ?? sample
    return .some((0..<sample).map { _ in UInt64.random(in: 1...calls, using: &random) })
  }

  private func sweep(_ kinds: [Fault.Kind], sample: Int, _ title: String, twice: Bool = false) async throws {
    for (number, sweep) in Self.sweeps.enumerated() {
      let began = ContinuousClock.now
      var figures = FaultSweep.Figures()
      for (index, kind) in kinds.enumerated() {
        let salt = UInt64(number * 100 + index)
        let points = try await points(sweep, kind, sample: sample, salt: salt)
        figures.add(
          try await sweep.run(kind, points, width: Self.width) { point in
            guard twice else { return nil }
            var random = SeededGenerator(seed: Self.seed &+ point &* 1_000_003 &+ salt)
            return Fault(kind: .killBefore, point: UInt64.random(in: 1...60, using: &random))
          })
      }
      let failures = figures.failures
      let isSame = failures.isEmpty
      #expect(isSame, "\(failures.prefix(5).joined(separator: "\n\n")) \(Self.note)")
      #expect(figures.points > 0, "no fault was met \(Self.note)")
      print(
        "\(title), \(sweep.name): \(figures.points) points, \(failures.count) differences,",
        "\(figures.survived) without a restart, in \(began.duration(to: .now).formatted()); \(Self.note)")
      if Self.isWhole {
        for failure in failures { print("  wrong: \(failure.prefix { $0 != "\n" })") }
        for (ending, count) in figures.endings.sorted(by: { $0.key < $1.key }) {
          print("  \(count) ended with \(ending)")
        }
      }
    }
  }

  @Test func `killed before, within or after any write nothing is lost and nothing is doubled`() async throws {
    try await sweep([.killBefore, .killAfter, .tear], sample: 4, "killed")
  }

  @Test func `usage expires meanwhile`() async throws {
    let (hour, outcome) = try await FaultSweep { FaultWorkload.compressed(hour: $0) }.reference()
    let facts = outcome.dump.filter { $0.hasPrefix("fact |") }.map { $0.split(separator: " | ") }
    let traces = facts.filter { $0[1] == "-30000000" }
    #expect(traces.count == 4 + 3, "one for each kind of event, one for each user")
    let kept = hour / 3_600_000 - 86 * 24 - 24
    #expect(facts.allSatisfy { $0[1] == "-30000000" || Int64($0[1]) ?? .min >= kept })
  }

  @Test func `killed again while it recovers nothing is lost and nothing is doubled`() async throws {
    try await sweep([.killAfter], sample: 3, "killed twice", twice: true)
  }

  @Test func `a write that fails once stops the daemon with a reason or not at all`() async throws {
    try await sweep(
      [.fail(errno: ENOSPC, lasting: false), .fail(errno: EIO, lasting: false)], sample: 2, "failed once")
  }

  @Test func `a disk that is full for a while is waited for`() async throws {
    try await sweep([.fail(errno: ENOSPC, lasting: true), .fill], sample: 2, "disk full for a while")
  }

  @Test func `a disk that fails for a while harms nothing`() async throws {
    try await sweep([.fail(errno: EIO, lasting: true)], sample: 2, "EIO for a while")
  }
}
