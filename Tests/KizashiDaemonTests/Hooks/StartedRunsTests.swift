import KizashiCore
import Testing

@testable import KizashiDaemon
@testable import KizashiStore

/// What `max_per_hour` is judged by after a restart.
@Suite struct StartedRunsTests {
  private let now = Instant(milliseconds: 1_790_000_000_000)

  private func run(_ id: String, _ state: DeliveryState, at: Int64, attempts: Int = 1) -> StartedRun {
    StartedRun(deliveryID: id, state: state, attempts: attempts, nextAt: now.advanced(by: at))
  }

  @Test func `members of a group are one run, and a run to be tried again began before its pause`() {
    let pause = RetryPolicy.delayMilliseconds(afterAttempt: 3, id: "first")
    let runs = [
      run("a", .done, at: -5000), run("b", .done, at: -5000), run("c", .dead, at: -4999), run("d", .retry, at: -3000),
      run("first", .retry, at: pause - 1000, attempts: 3), run("second", .retry, at: pause - 1000, attempts: 3),
      // Begun within the same millisecond as others, or before the clock was set back.
      run("e", .retry, at: 0), run("f", .done, at: 7_200_000),
    ]
    #expect(
      StartedRuns.instants(runs, now: now) == [-5000, -4999, -3000, -1000, 0].map { now.advanced(by: $0) })
  }

  @Test func `an hour's runs before a restart count, and those kept for groups stay apart`() {
    func log(_ count: Int) -> LaunchLog {
      LaunchLog(earlier: (0..<count).map { now.advanced(by: Int64($0 - count) * 1000) }, maxPerHour: 8)
    }
    for (count, allowance) in [(0, LaunchLog.Allowance.single), (5, .single), (6, .group)] {
      var earlier = log(count)
      #expect(earlier.allowance(maxPerHour: 8, now: now) == allowance, "\(count)")
    }
    var one = log(7)
    // Two are kept for groups, half an hour apart; the last of the seven was one of them.
    #expect(one.allowance(maxPerHour: 8, now: now) == .nothing(until: now.advanced(by: 1_799_000)))
    var all = log(8)
    #expect(all.allowance(maxPerHour: 8, now: now) == .nothing(until: now.advanced(by: 3_592_000)))
  }
}
