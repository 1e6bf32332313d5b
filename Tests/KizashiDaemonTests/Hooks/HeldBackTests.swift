import Foundation
import KizashiCore
import Testing

@testable import KizashiDaemon

/// What more than an hour's runs become. No process is started here and no time passes.
@Suite struct `What max_per_hour holds back` {
  typealias Bench = DeliverySchedulerTests.Bench
  private let start = Instant(milliseconds: 1_790_000_000_000)
  private let hour: Int64 = 3_600_000

  private func bench(_ maxPerHour: Int = 4) -> Bench {
    Bench([HookPolicy(name: "pager", concurrency: 9, maxPerHour: maxPerHour)], runningLimit: 99, now: start)
  }

  private func usedUp(_ bench: Bench) {
    for n in 1...4 {
      bench.owe(delivery(n, account: "x\(n)"))
      for launch in bench.launches() { bench.end(launch) }
      bench.now = bench.now.advanced(by: 60_000)
    }
  }

  @Test func `comes in one run at the end of the hour, however much the next one has room for`() throws {
    let bench = bench()
    usedUp(bench)
    for n in 5...9 {
      bench.owe(delivery(n, account: "y\(n)"))
      #expect(bench.launches().isEmpty)
    }
    // The fourth run was one that is kept for groups.
    bench.now = try #require(bench.nextWake)
    #expect(bench.now == start.advanced(by: hour))
    bench.now = start.advanced(by: hour + 3 * 60_000)
    let later = bench.launches()
    #expect(later.map { $0.deliveries.map(\.sequence) } == [[5, 6, 7, 8, 9]])
    bench.end(try #require(later.first))
    #expect(bench.outbox.isSettled)
    // And then all is as before.
    bench.owe(delivery(10, account: "a"), delivery(11, account: "b"))
    #expect(bench.launches().map(\.deliveries.count) == [1, 1])
  }

  @Test func `is shown as far as a program can take it, and counted beyond`() throws {
    let bench = bench(1)
    bench.owe(delivery(1))
    bench.end(try #require(bench.launches().first))
    bench.owe((2...901).map { delivery($0, account: "x\($0)", severity: $0 % 3 == 0 ? "low" : "high") })
    #expect(bench.launches().isEmpty)
    bench.now = start.advanced(by: hour)
    let later = bench.launches()
    #expect(later.map(\.deliveries.count) == [900])
    let launch = try #require(later.first)
    let definition = HookDefinition(policy: HookPolicy(name: "pager"), run: ["/bin/true"])
    let invocation = HookInvocation(definition, deliveries: launch.deliveries, base: HookBaseEnvironment([:]))
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(invocation.input)) as? [String: Any])
    #expect(object["schema"] as? String == "kizashi.alerts/1")
    let alerts = try #require(object["alerts"] as? [[String: String]])
    #expect(alerts.map { $0["delivery_id"] } == launch.deliveries.prefix(256).map(\.id))
    let more = try #require(object["more"] as? [[String: Any]])
    #expect(more.map { $0["severity"] as? String } == ["high", "low"])
    #expect(more.map { $0["alerts"] as? Int } == [429, 215])
    #expect(more.allSatisfy { $0["rule"] as? String == "gone-quiet" && $0["state"] as? String == "firing" })
    #expect(invocation.environment["KIZASHI_SEVERITY"] == "" && invocation.environment["KIZASHI_STATE"] == "firing")
    // Each of them ends, and says how.
    let ended = bench.settlement(launch, .exited(0), output: "sent")
    let outcomes = try #require(ended)
    #expect(outcomes.outcomes.allSatisfy { $0.state == .done })
    #expect(outcomes.outcomes[255].output == "sent")
    #expect(
      outcomes.outcomes[256].output == "[one of 900 alerts of one run, which showed the first 256 and counted the "
        + "others; its output is with gone-quiet:x2:2:firing:pager]")
  }

  @Test func `is bounded, and what is over comes with the next`() throws {
    let bench = bench(1)
    bench.owe(delivery(1))
    bench.end(try #require(bench.launches().first))
    bench.owe((2...5001).map { delivery($0, account: "x\($0)") })
    #expect(bench.launches().isEmpty)
    for (n, count) in [HookQueue.summaryLimit, 5000 - HookQueue.summaryLimit].enumerated() {
      bench.now = start.advanced(by: Int64(n + 1) * hour)
      let later = bench.launches()
      #expect(later.map(\.deliveries.count) == [count])
      bench.end(try #require(later.first))
    }
    #expect(bench.outbox.isSettled)
  }

  @Test func `is not told one by one where the hour has room for more than one run`() {
    let bench = bench(4)
    usedUp(bench)
    bench.owe((5...5004).map { delivery($0, account: "x\($0)") })
    #expect(bench.launches().isEmpty)
    bench.now = start.advanced(by: hour + 3 * 60_000)
    #expect(bench.launches().map(\.deliveries.count) == [HookQueue.summaryLimit, 5000 - HookQueue.summaryLimit])
  }

  @Test func `that failed is tried again in one run`() throws {
    let bench = bench(8)
    bench.owe((1...8).map { delivery($0, account: "x\($0)") })
    for launch in bench.launches() { bench.end(launch) }
    // Six one by one and one group; the other group of this hour.
    bench.owe(delivery(9))
    bench.now = start.advanced(by: hour / 2)
    for launch in bench.launches() { bench.end(launch) }
    bench.owe((10...609).map { delivery($0, account: "y\($0)") })
    #expect(bench.launches().isEmpty)
    bench.now = start.advanced(by: hour)
    let first = bench.launches()
    #expect(first.map(\.deliveries.count) == [600])
    bench.end(try #require(first.first), .exited(1))
    bench.now = bench.now.advanced(by: 10_000)
    let second = bench.launches()
    #expect(second.map(\.deliveries.count) == [600])
    bench.end(try #require(second.first))
    #expect(bench.outbox.isSettled)
  }
}
