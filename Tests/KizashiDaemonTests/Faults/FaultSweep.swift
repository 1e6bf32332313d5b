import Foundation
import Glibc
import Synchronization

/// Runs a workload once for each write-like call of the daemon, or for some of them, and compares what is stored in the end
/// with what an undisturbed run stores.
final class FaultSweep: Sendable {
  /// What a sweep found.
  struct Figures: Sendable {
    /// Runs in which the fault was met.
    var points = 0
    /// Runs that ended with other rows, or badly.
    var failures: [String] = []
    /// Beside the kills: with which status daemons ended, for want of which call, and how often.
    var endings: [String: Int] = [:]
    /// Runs in which the daemon met the fault and went on by itself.
    var survived = 0

    mutating func add(_ other: Figures) {
      points += other.points
      failures += other.failures
      endings.merge(other.endings, uniquingKeysWith: +)
      survived += other.survived
    }
  }

  /// Which calls meet the fault.
  enum Points: Sendable {
    /// All of them: 1, 2, 3 … until a run is undisturbed.
    case every
    case some([UInt64])
  }

  private let make: @Sendable (Int64) -> FaultWorkload
  private let references = Mutex<[Int64: FaultRun.Outcome]>([:])

  /// - Parameter make: The workload in the hour that begins at an instant.
  init(_ make: @escaping @Sendable (Int64) -> FaultWorkload) { self.make = make }

  var name: String { make(0).name }

  /// An undisturbed run in the present hour; the hour, too.
  func reference() async throws -> (hour: Int64, FaultRun.Outcome) {
    while true {
      let hour = FaultRun.presentHour
      if let known = references.withLock({ $0[hour] }) { return (hour, known) }
      let outcome = try await FaultRun.of(make(hour), nil, hour: hour)
      if outcome.isVoid { continue }
      guard outcome.problems.isEmpty, outcome.endings.isEmpty else {
        throw FaultSweepError(description: "an undisturbed run fails: \(outcome.problems) \(outcome.endings)")
      }
      references.withLock { $0[hour] = outcome }
      return (hour, outcome)
    }
  }

  /// Runs of one kind of fault, so many at a time.
  /// - Parameter second: The fault that the daemon meets which is started after the first.
  func run(
    _ kind: Fault.Kind, _ points: Points, width: Int, then second: @escaping @Sendable (UInt64) -> Fault? = { _ in nil }
  ) async throws -> Figures {
    _ = try await reference()
    let cursor = PointCursor(points)
    return try await withThrowingTaskGroup(of: Figures.self) { group in
      for _ in 0..<width {
        group.addTask {
          var figures = Figures()
          while let point = cursor.next() {
            if try await self.run(Fault(kind: kind, point: point), then: second(point), &figures) { continue }
            cursor.wasNotMet()
            // A chosen point lay behind the end, which is not at the same call in every run.
            if case .some = points, point > 1 {
              _ = try await self.run(Fault(kind: kind, point: point / 2), then: second(point / 2), &figures)
            }
          }
          return figures
        }
      }
      return try await group.reduce(into: Figures()) { $0.add($1) }
    }
  }

  /// One run; false: it was over before the fault.
  private func run(_ fault: Fault, then second: Fault?, _ figures: inout Figures) async throws -> Bool {
    while true {
      let (hour, reference) = try await reference()
      let outcome = try await FaultRun.of(make(hour), fault, then: second, hour: hour)
      if outcome.isVoid { continue }
      for status in outcome.endings where status != 128 + SIGKILL {
        figures.endings["\(status) after \(outcome.call)", default: 0] += 1
      }
      if outcome.hit != nil { figures.points += 1 }
      if outcome.hit != nil && outcome.endings.isEmpty { figures.survived += 1 }
      var wrong = outcome.problems
      if wrong.isEmpty && outcome.dump != reference.dump {
        wrong.append("differs:\n\(CanonicalDump.differences(reference.dump, outcome.dump))")
      }
      if !wrong.isEmpty {
        let then = second.map { ", then \($0)" } ?? ""
        figures.failures.append(
          "\(name), \(fault) (\(outcome.hit ?? "not met"))\(then): \(wrong.joined(separator: "\n"))")
      }
      return outcome.hit != nil
    }
  }
}

/// Gives the points of a sweep to those that run them.
private final class PointCursor: Sendable {
  private let points: FaultSweep.Points
  private let state = Mutex((taken: 0, isOver: false))

  init(_ points: FaultSweep.Points) { self.points = points }

  /// Nil: there are no more.
  func next() -> UInt64? {
    state.withLock { state in
      guard !state.isOver else { return nil }
      state.taken += 1
      switch points {
      case .every: return UInt64(state.taken)
      case .some(let chosen): return state.taken <= chosen.count ? chosen[state.taken - 1] : nil
      }
    }
  }

  /// A run was over before its point: where all are wanted, every call has been met.
  func wasNotMet() {
    if case .every = points { state.withLock { $0.isOver = true } }
  }
}

/// Why a sweep could not be made.
struct FaultSweepError: Error, CustomStringConvertible { var description: String }
