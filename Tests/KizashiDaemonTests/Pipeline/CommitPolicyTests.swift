import KizashiCore
import Testing

@testable import KizashiDaemon

/// When what has gathered is stored.
@Suite struct CommitPolicyTests {
  private func decide(
    _ policy: CommitPolicy, bytes: Int, after milliseconds: Int64 = 1, isDrained: Bool = false, storeIsFree: Bool = true
  ) -> CommitPolicy.Decision {
    policy.decide(
      bytes: bytes, since: Instant(milliseconds: 0), now: Instant(milliseconds: milliseconds), isDrained: isDrained,
      storeIsFree: storeIsFree)
  }

  @Test func `a free store gets what is enough, or old; a busy one is waited for when it is too much`() {
    let policy = CommitPolicy.replay
    #expect(decide(policy, bytes: policy.enoughBytes - 1) == .gather)
    #expect(decide(policy, bytes: policy.enoughBytes) == .commit)
    #expect(decide(policy, bytes: 1, after: policy.mostMilliseconds) == .commit)
    #expect(decide(policy, bytes: 1, after: -1) == .commit, "the clock was set back")
    #expect(decide(policy, bytes: policy.mostBytes - 1, storeIsFree: false) == .gather)
    #expect(decide(policy, bytes: policy.mostBytes, storeIsFree: false) == .waitForStore)
    #expect(decide(policy, bytes: 1, isDrained: true) == .gather)
  }

  @Test func `the midnight of a million accounts is over within its minute, also where a commit takes long`() {
    let policy = CommitPolicy.live
    var (left, delay) = (1_000_000, 0.0)
    while left > 0 {
      let deadlines = policy.deadlinesNow(delay: Int64(delay))
      left -= deadlines
      // 30 ms for the usual slice, half of them whatever its size.
      delay += 15 + 15 * Double(deadlines) / Double(policy.mostDeadlinesNow)
    }
    #expect(delay < 60_000)
    #expect(policy.deadlinesNow(delay: 0) == policy.mostDeadlinesNow)
    #expect(policy.deadlinesNow(delay: .max) == 8 * policy.mostDeadlinesNow)
    var boundless = policy
    boundless.mostDeadlinesNow = .max
    #expect(boundless.deadlinesNow(delay: 20_000) == .max)
  }

  @Test func `a backfill of very many accounts gathers more for a commit, a daemon does not`() {
    let policy = CommitPolicy.replay
    func decide(_ policy: CommitPolicy, _ bytes: Int, _ accounts: Int) -> CommitPolicy.Decision {
      policy.decide(
        bytes: bytes, accounts: accounts, since: Instant(milliseconds: 0), now: Instant(milliseconds: 1),
        isDrained: false,
        storeIsFree: true)
    }
    #expect(decide(policy, policy.enoughBytes, 100_000) == .commit)
    // Where a third of what may gather is less than what is enough.
    #expect(decide(policy, policy.enoughBytes - 1, 300_000) == .gather)
    #expect(decide(policy, policy.enoughBytes, 300_000) == .commit)
    #expect(decide(policy, 63_999_999, 1_000_000) == .gather)
    #expect(decide(policy, 64_000_000, 1_000_000) == .commit)
    #expect(
      policy.decide(
        bytes: 192_000_000, accounts: 1_000_000, since: Instant(milliseconds: 0), now: Instant(milliseconds: 1),
        isDrained: false, storeIsFree: false) == .waitForStore)
    #expect(decide(.live, CommitPolicy.live.enoughBytes, 1_000_000) == .commit)
  }

  @Test func `a running daemon stores at once when nothing is left to read`() {
    #expect(decide(.live, bytes: 1, isDrained: true) == .commit)
    #expect(decide(.live, bytes: 1, isDrained: true, storeIsFree: false) == .gather)
    #expect(decide(.live, bytes: 1) == .gather)
  }
}
