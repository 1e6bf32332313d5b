import Glibc
import KizashiConfig
import KizashiCore
import TestSupport
import Testing

@testable import KizashiDaemon

/// Random outboxes, endings, delays, drops and crashes; every law is checked at every step.
@Suite struct DeliveryPropertyTests {
  /// One random history.
  struct Simulation {
    let seed: UInt64
    var random: SeededGenerator
    let policies: [HookPolicy]
    let runningLimit: Int
    var scheduler: DeliveryScheduler
    var outbox = ModelOutbox()
    var now = Instant(milliseconds: 1_790_000_000_000)
    var running: [DeliveryScheduler.Launch] = []
    /// Ended, not stored yet.
    var unstored: [DeliveryScheduler.Settlement] = []
    /// Since the last crash, by hook.
    var starts: [String: [Instant]] = [:]
    var begun: [String: Int] = [:]
    var nextSequence = 0
    var broken: [String] = []

    /// Sixteen hours of each day, by the clock of a zone that changes its offset in the middle of it all.
    private static func quiet(_ random: inout SeededGenerator) -> QuietTimes {
      let calendar = BusinessCalendar(
        timezone: "Test/Zone",
        transitions: [.init(since: .min, offset: 3600), .init(since: 1_790_050_000, offset: 7200)])
      let span = QuietHours.Span(
        from: .random(in: 0..<1440, using: &random), to: .random(in: 1...1440, using: &random), weekdays: Set(0..<7),
        onHolidays: false, except: Bool.random(using: &random) ? ["critical"] : [])
      return QuietTimes(QuietHours(spans: span.from == span.to ? [] : [span]), calendar: calendar)
    }

    init(seed: UInt64) {
      self.seed = seed
      var random = SeededGenerator(seed: seed)
      policies = (0..<Int.random(in: 1...3, using: &random)).map { index in
        HookPolicy(
          name: "h\(index)", retries: .random(in: 0...3, using: &random),
          concurrency: .random(in: 1...4, using: &random), retryOn: Bool.random(using: &random) ? nil : [75],
          groupWaitMilliseconds: Bool.random(using: &random) ? 0 : 5000,
          maxPerHour: Bool.random(using: &random) ? .random(in: 1...20, using: &random) : 1000,
          quiet: Bool.random(using: &random) ? Self.quiet(&random) : nil, isDigest: index == 1 && seed % 3 == 0)
      }
      runningLimit = .random(in: 1...6, using: &random)
      scheduler = DeliveryScheduler(policies: policies, runningLimit: runningLimit)
      self.random = random
    }

    mutating func check(_ holds: Bool, _ law: String) {
      if !holds && broken.count < 5 { broken.append("seed \(seed): \(law)") }
    }

    mutating func run(steps: Int) {
      for _ in 0..<steps { step() }
      // No more input: everything must come to an end by itself.
      var idle = 0
      while idle < 2 {
        work()
        // Hooks that are quiet in turn give a wake for ever.
        if running.isEmpty && unstored.isEmpty && outbox.isSettled { break }
        if running.isEmpty && unstored.isEmpty {
          guard let wake = scheduler.nextWake(now: now) else {
            idle += 1
            continue
          }
          check(wake > now, "a wake in the past would spin")
          now = Swift.max(wake, now.advanced(by: 1))
        } else {
          while let launch = running.first { end(launch) }
          storeAll()
        }
      }
      finish()
    }

    mutating func step() {
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<40: owe()
      case 40..<70: if let launch = running.randomElement(using: &random) { end(launch) }
      case 70..<85: storeAll()
      case 85..<95: now = now.advanced(by: .random(in: 0...600_000, using: &random))
      case 95..<97: crash()
      case 97: drop()
      default: now = max(now, scheduler.nextWake(now: now) ?? now)
      }
      if Bool.random(using: &random) { work() }
    }

    mutating func owe() {
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        nextSequence += 1
        let hook = policies.randomElement(using: &random)?.name ?? ""
        let severity = Bool.random(using: &random) ? "critical" : "low"
        outbox.add(
          delivery(
            nextSequence, hook: hook, account: "a\(Int.random(in: 0..<5, using: &random))", severity: severity), at: now
        )
      }
      scheduler.outboxChanged()
    }

    mutating func work() {
      while true {
        let fetches = scheduler.fetches(now: now)
        for fetch in fetches {
          let window = outbox.due(hook: fetch.hook, now: now, limit: fetch.limit, severities: fetch.severities)
          scheduler.supply(window, for: fetch)
        }
        let launches = scheduler.launches(now: now)
        for launch in launches { begin(launch) }
        if fetches.isEmpty && launches.isEmpty { return }
      }
    }

    mutating func begin(_ launch: DeliveryScheduler.Launch) {
      running.append(launch)
      outbox.mark(scheduler.begun(launch, now: now))
      let policy = policies.first { $0.name == launch.hook } ?? HookPolicy(name: "")
      check(running.count <= runningLimit, "more than hooks_running run")
      check(running.filter { $0.hook == launch.hook }.count <= policy.concurrency, "more than concurrency run")
      let hourAgo = now.advanced(by: -3_600_000)
      starts[launch.hook, default: []].append(now)
      check(starts[launch.hook, default: []].filter { $0 > hourAgo }.count <= policy.maxPerHour, "over max_per_hour")
      var members: Set<String> = []
      let letThrough = policy.quiet?.hold(at: now)?.letThrough
      for delivery in launch.deliveries {
        check(letThrough?.contains(delivery.severity) ?? true, "\(delivery.id) begins in quiet hours")
        let before = outbox.openBefore(delivery).filter { id in
          // What is let through waits for nothing that is not; but for what was begun before.
          let isHeld = outbox[id].map { !(letThrough?.contains($0.delivery.severity) ?? true) } ?? false
          return !members.contains(id) && !isHeld
        }
        check(before.isEmpty, "\(delivery.id) overtakes \(before)")
        check(members.insert(delivery.id).inserted, "\(delivery.id) is in one group twice")
        begun[delivery.id, default: 0] += 1
        let others = running.dropLast().flatMap(\.deliveries).map(\.id)
        check(!others.contains(delivery.id), "\(delivery.id) runs twice at one time")
      }
    }

    mutating func end(_ launch: DeliveryScheduler.Launch) {
      let endings: [HookEnding] = [
        .exited(0), .exited(0), .exited(1), .exited(75), .timedOut, .signalled(9), .notStarted("gone"),
      ]
      running.removeAll { $0.run == launch.run }
      let ending = endings.randomElement(using: &random) ?? .timedOut
      if let settlement = scheduler.ended(run: launch.run, ending, output: "", now: now) { unstored.append(settlement) }
    }

    mutating func storeAll() {
      for settlement in unstored {
        outbox.mark(settlement.outcomes)
        scheduler.stored(settlement)
      }
      unstored = []
    }

    /// kill −9: what runs is gone, what was not stored is forgotten.
    mutating func crash() {
      scheduler = DeliveryScheduler(policies: policies, runningLimit: runningLimit)
      running = []
      unstored = []
      starts = [:]
    }

    mutating func drop() {
      guard let row = outbox.rows.filter({ $0.state == .open }).randomElement(using: &random) else { return }
      outbox.drop(row.delivery.id)
      scheduler.drop([row.delivery.id])
    }

    mutating func finish() {
      for row in outbox.rows {
        check(row.state != .open, "\(row.delivery.id) is never done")
        let policy = policies.first { $0.name == row.delivery.hook } ?? HookPolicy(name: "")
        if row.history.contains(.done) { check(begun[row.delivery.id, default: 0] > 0, "done without a run") }
        if row.history.last == .dead && policy.retryOn == nil {
          check(row.delivery.attempts > policy.retries, "\(row.delivery.id) was given up early")
        }
      }
      check(scheduler.runningCount == 0, "something runs for ever")
    }
  }

  /// `KIZASHI_SEEDS=1000` looks further.
  static let seeds = UInt64(1)...(getenv("KIZASHI_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 30)

  @Test(arguments: seeds) func `every delivery ends, in order and within the caps`(seed: UInt64) {
    var simulation = Simulation(seed: seed)
    simulation.run(steps: 250)
    #expect(simulation.broken == [])
  }
}
