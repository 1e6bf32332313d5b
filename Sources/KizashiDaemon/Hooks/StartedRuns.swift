import KizashiCore
import KizashiStore

/// When the runs were begun that the store remembers, for ``LaunchLog`` after a restart.
enum StartedRuns {
  /// Ascending, one instant a run: the members of a group were begun at the same, and no two runs of a hook were.
  static func instants(_ runs: [StartedRun], now: Instant) -> [Instant] {
    var result: Set<Instant> = []
    // A group waits for one instant too; the pause before it comes from the id of its first member.
    var retries: Set<Instant> = []
    for run in runs {
      guard run.state == .retry, run.nextAt > now else {
        result.insert(min(run.nextAt, now))
        continue
      }
      guard retries.insert(run.nextAt).inserted else { continue }
      let pause = RetryPolicy.delayMilliseconds(afterAttempt: run.attempts, id: run.deliveryID)
      result.insert(min(run.nextAt.advanced(by: -pause), now))
    }
    return result.sorted()
  }
}
