import KizashiCore
import Testing

@testable import KizashiDaemon

/// No process is started here and no time passes.
@Suite struct DeliverySchedulerTests {
  let start = Instant(milliseconds: 1_790_000_000_000)
  let hour: Int64 = 3_600_000

  /// A scheduler with its outbox: does what the service does, without effects.
  final class Bench {
    var scheduler: DeliveryScheduler
    var outbox = ModelOutbox()
    var now: Instant

    init(_ policies: [HookPolicy], runningLimit: Int = 8, now: Instant) {
      scheduler = DeliveryScheduler(policies: policies, runningLimit: runningLimit)
      self.now = now
    }

    func owe(_ deliveries: OwedDelivery...) { owe(deliveries) }
    func owe(_ deliveries: [OwedDelivery]) {
      for delivery in deliveries { outbox.add(delivery, at: now) }
      scheduler.outboxChanged()
    }

    func launches() -> [DeliveryScheduler.Launch] {
      var result: [DeliveryScheduler.Launch] = []
      while true {
        let fetches = scheduler.fetches(now: now)
        for fetch in fetches {
          let window = outbox.due(hook: fetch.hook, now: now, limit: fetch.limit, severities: fetch.severities)
          scheduler.supply(window, for: fetch)
        }
        let launches = scheduler.launches(now: now)
        result += launches
        if fetches.isEmpty && launches.isEmpty { return result }
      }
    }

    /// When to look again by the scheduler's own word.
    var nextWake: Instant? { scheduler.nextWake(now: now) }

    /// Ends a run, without storing what became of it.
    func settlement(
      _ launch: DeliveryScheduler.Launch, _ ending: HookEnding, output: String = ""
    ) -> DeliveryScheduler.Settlement? {
      scheduler.ended(run: launch.run, ending, output: output, now: now)
    }

    /// Ends a run and stores what became of it.
    func end(_ launch: DeliveryScheduler.Launch, _ ending: HookEnding = .exited(0)) {
      guard let settlement = settlement(launch, ending) else { return }
      outbox.mark(settlement.outcomes)
      scheduler.stored(settlement)
    }
  }

  private func ids(_ launches: [DeliveryScheduler.Launch]) -> [[String]] {
    launches.map { $0.deliveries.map { "\($0.account)\($0.sequence)" } }
  }

  @Test func `deliveries of one account and hook run one after the other, others beside them`() {
    let bench = Bench([HookPolicy(name: "pager")], now: start)
    bench.owe(delivery(1, account: "a"), delivery(2, account: "a"), delivery(3, account: "b"))
    let first = bench.launches()
    #expect(ids(first) == [["a1"], ["b3"]])
    bench.end(first[0])
    #expect(ids(bench.launches()) == [["a2"]])
  }

  @Test func `the next delivery waits until the outcome before it is stored`() throws {
    let bench = Bench([HookPolicy(name: "pager")], now: start)
    bench.owe(delivery(1, account: "a"), delivery(2, account: "a"))
    let first = bench.launches()
    let settlement = try #require(bench.settlement(first[0], .exited(0)))
    #expect(bench.launches().isEmpty)
    bench.outbox.mark(settlement.outcomes)
    bench.scheduler.stored(settlement)
    #expect(ids(bench.launches()) == [["a2"]])
  }

  @Test func `what waits behind a retry does not overtake it, even if it was read before the retry was stored`() throws
  {
    let bench = Bench([HookPolicy(name: "pager")], now: start)
    bench.owe(delivery(1, account: "a"))
    let first = bench.launches()
    let settlement = try #require(bench.settlement(first[0], .exited(1)))
    bench.owe(delivery(2, account: "a"))
    #expect(bench.launches().isEmpty)
    bench.outbox.mark(settlement.outcomes)
    bench.scheduler.stored(settlement)
    #expect(bench.launches().isEmpty)
    bench.now = try #require(bench.nextWake)
    let second = bench.launches()
    #expect(ids(second) == [["a1"]])
    bench.end(second[0])
    #expect(ids(bench.launches()) == [["a2"]])
  }

  @Test func `a failing hook is retried with growing delays, then given up`() throws {
    let bench = Bench([HookPolicy(name: "pager", retries: 5)], now: start)
    bench.owe(delivery(1))
    var delays: [Int64] = []
    for attempt in 1...6 {
      let launches = bench.launches()
      #expect(launches.first?.deliveries.first?.attempts == attempt - 1)
      bench.end(try #require(launches.first), .exited(1))
      guard let wake = bench.nextWake else { break }
      delays.append(wake.milliseconds - bench.now.milliseconds)
      bench.now = wake
    }
    for (index, delay) in delays.enumerated() {
      let nominal = Int64(5000) << Int64(index)
      #expect(delay >= nominal * 3 / 4 && delay <= nominal * 5 / 4, "delay \(index): \(delay)")
    }
    #expect(delays.count == 5)
    #expect(bench.outbox[delivery(1).id]?.state == .dead)
    #expect(bench.outbox[delivery(1).id]?.delivery.attempts == 6)
  }

  @Test func `the jitter comes from the id, so a crash does not change it`() {
    let one = RetryPolicy.delayMilliseconds(afterAttempt: 3, id: "health-drop:acme:41:firing:pager")
    #expect(one == RetryPolicy.delayMilliseconds(afterAttempt: 3, id: "health-drop:acme:41:firing:pager"))
    let spread = Set((0..<100).map { RetryPolicy.delayMilliseconds(afterAttempt: 1, id: "r:a\($0):1:firing:p") })
    #expect(spread.count > 70)
    #expect(RetryPolicy.delayMilliseconds(afterAttempt: 200, id: "x") <= 4_500_000)
    #expect(fnv1a("a".utf8) == 0xaf63_dc4c_8601_ec8c, "the published test vector")
    #expect(fnv1a("foobar".utf8) == 0x8594_4171_f739_67e8)
  }

  @Test(arguments: [
    (HookEnding.exited(75), true), (.timedOut, true), (.notStarted("x"), true), (.exited(9), true),
    (.exited(1), false), (.signalled(9), false), (.signalled(1), true),
  ])
  func `with retry_on only its codes, 75, timeouts and hooks that never started are retried`(
    ending: HookEnding, isRetried: Bool
  ) {
    let bench = Bench([HookPolicy(name: "pager", retryOn: [9, 129])], now: start)
    bench.owe(delivery(1))
    bench.end(bench.launches()[0], ending)
    #expect((bench.outbox[delivery(1).id]?.state == .open) == isRetried)
  }

  @Test func `a dead delivery does not hold up the account's next one, and can be retried by hand`() {
    let bench = Bench([HookPolicy(name: "pager", retries: 0)], now: start)
    bench.owe(delivery(1), delivery(2))
    bench.end(bench.launches()[0], .exited(1))
    let second = bench.launches()
    #expect(ids(second) == [["acme2"]])
    bench.end(second[0])
    bench.outbox.retry(delivery(1).id, at: start)
    bench.scheduler.outboxChanged()
    #expect(ids(bench.launches()) == [["acme1"]])
  }

  @Test func `a dropped delivery is forgotten`() {
    let bench = Bench([HookPolicy(name: "pager", concurrency: 1)], now: start)
    bench.owe(delivery(1, account: "a"), delivery(2, account: "b"), delivery(3, account: "c"))
    let first = bench.launches()
    bench.outbox.drop(delivery(2, account: "b").id)
    bench.scheduler.drop([delivery(2, account: "b").id])
    bench.end(first[0])
    #expect(ids(bench.launches()) == [["c3"]])
  }

  @Test func `the caps hold, and a busy hook does not starve another`() {
    let policies = [HookPolicy(name: "a", concurrency: 4), HookPolicy(name: "b", concurrency: 4)]
    let bench = Bench(policies, runningLimit: 5, now: start)
    bench.owe((1...20).map { delivery($0, hook: "a", account: "x\($0)") })
    bench.owe((21...40).map { delivery($0, hook: "b", account: "x\($0)") })
    let launches = bench.launches()
    #expect(launches.count == 5)
    #expect(launches.filter { $0.hook == "b" }.count >= 2)
    bench.end(launches[0])
    #expect(bench.launches().count == 1)
  }

  @Test func `group_wait gathers what comes within it into one run`() {
    let bench = Bench([HookPolicy(name: "pager", groupWaitMilliseconds: 30_000)], now: start)
    bench.owe(delivery(1, account: "a"))
    #expect(bench.launches().isEmpty)
    #expect(bench.nextWake == start.advanced(by: 30_000))
    bench.now = start.advanced(by: 20_000)
    bench.owe(delivery(2, account: "b"), delivery(3, account: "a"))
    #expect(bench.launches().isEmpty)
    bench.now = start.advanced(by: 30_000)
    #expect(ids(bench.launches()) == [["a1", "b2", "a3"]])
    bench.owe(delivery(4, account: "c"))
    #expect(bench.launches().isEmpty, "the next group gathers anew")
  }

  @Test func `five thousand accounts at once are grouped, not forked one by one`() throws {
    let bench = Bench([HookPolicy(name: "pager")], now: start)
    bench.owe((1...5000).map { delivery($0, account: "x\($0)") })
    var runs = 0
    var delivered = 0
    while delivered < 5000 {
      let launches = bench.launches()
      for launch in launches {
        runs += 1
        delivered += launch.deliveries.count
        bench.end(launch)
      }
      if launches.isEmpty { bench.now = try #require(bench.nextWake) }
    }
    #expect(delivered == 5000)
    #expect(runs < 800)
    #expect(bench.now.milliseconds - start.milliseconds < 10 * 60_000)
  }

  @Test func `after max_per_hour the rest waits for the hour to pass and then comes as one group`() throws {
    let bench = Bench([HookPolicy(name: "pager", concurrency: 9, maxPerHour: 4)], runningLimit: 99, now: start)
    bench.owe((1...9).map { delivery($0, account: "x\($0)") })
    let first = bench.launches()
    #expect(first.map(\.deliveries.count) == [1, 1, 1, 6])
    bench.owe(delivery(10, account: "y"), delivery(11, account: "z"))
    #expect(bench.launches().isEmpty)
    bench.now = try #require(bench.nextWake)
    #expect(bench.now == start.advanced(by: hour))
    let later = bench.launches()
    #expect(later.map(\.deliveries.count) == [2])
  }

  @Test func `a clock that was set back blocks a hook for an hour at most`() throws {
    let bench = Bench([HookPolicy(name: "pager", maxPerHour: 1)], now: start)
    bench.owe(delivery(1, account: "a"))
    bench.end(bench.launches()[0])
    bench.now = start.advanced(by: -5 * hour)
    bench.owe(delivery(2, account: "b"))
    #expect(bench.launches().isEmpty)
    bench.now = bench.now.advanced(by: hour)
    #expect(bench.launches().count == 1)
  }

  @Test func `a group is bounded in members and bytes`() {
    let bench = Bench([HookPolicy(name: "pager", groupWaitMilliseconds: 1)], now: start)
    let big = String(repeating: "x", count: 400_000)
    bench.owe((1...4).map { delivery($0, account: "x\($0)", payload: big) })
    bench.owe((5...600).map { delivery($0, account: "x\($0)") })
    #expect(bench.launches().isEmpty)
    bench.now = start.advanced(by: 1)
    let launches = bench.launches()
    #expect(launches.map(\.deliveries.count) == [2, 256, HookQueue.windowLimit - 2 - 256])
    bench.now = start.advanced(by: 2)
    #expect(bench.launches().flatMap(\.deliveries).count == 600 - HookQueue.windowLimit, "what did not fit the window")
  }

  @Test func `a removed hook starts nothing more and ends what runs`() {
    let bench = Bench([HookPolicy(name: "pager", concurrency: 1)], now: start)
    bench.owe(delivery(1, account: "a"), delivery(2, account: "b"))
    let first = bench.launches()
    bench.scheduler.configure(policies: [HookPolicy(name: "mail")], runningLimit: 8)
    bench.end(first[0])
    #expect(bench.outbox[first[0].deliveries[0].id]?.state == .done)
    #expect(bench.launches().isEmpty)
    #expect(bench.nextWake == nil)
    bench.scheduler.configure(policies: [HookPolicy(name: "pager")], runningLimit: 8)
    #expect(ids(bench.launches()) == [["b2"]])
  }

  @Test func `memory stays bounded with a long backlog`() {
    var queue = HookQueue(policy: HookPolicy(name: "pager"))
    let limit = queue.fetchLimit(now: start) ?? 0
    let again: Int?
    let backlog = (1...5000).map { delivery($0, account: "x\($0)") }
    queue.supply(DueWindow(deliveries: backlog, nextAt: nil), limit: limit)
    again = queue.fetchLimit(now: start)
    #expect(queue.waiting.count == HookQueue.windowLimit)
    #expect(again == nil, "nothing more is read while the window is full")
  }
}
