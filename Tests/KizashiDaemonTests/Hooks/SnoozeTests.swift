import KizashiCore
import KizashiStore
import Testing

@testable import KizashiDaemon

@Suite struct `A snooze` {
  private let hour: Int64 = 3_600_000
  private static let config = """
    rules:
      busy: {kind: threshold, metric: {count: {window: 24h}}, above: 2, clear: 0, hooks: [note], renotify: 5h}
      busier: {kind: threshold, metric: {count: {window: 24h}}, above: 3, clear: 0, hooks: [note]}
    hooks: {note: {run: [/bin/true]}}
    """

  private func snooze(_ bench: AlertBench, _ target: SnoozeTarget, hours: Int64) throws -> Store.SnoozeAnswer {
    let now = Instant(milliseconds: bench.now)
    return try bench.machine.store.snooze(
      target, until: now.advanced(by: hours * hour), reason: "because", by: "me", at: now)
  }

  /// Lets time go by, an hour at a time; what ran, with the hours at which it did.
  private func ran(_ bench: AlertBench, hours: Int) throws -> [String] {
    var result: [String] = []
    for n in 1...hours {
      try bench.pass(hour)
      result += try bench.runHooks().flatMap(\.self).map { "\(n) \($0)" }
    }
    return result
  }
  private func states(_ bench: AlertBench) throws -> [[String]] {
    try bench.rows("SELECT delivery_id, state, ifnull(output, '') FROM deliveries ORDER BY delivery_id")
  }

  @Test func `puts off what opens in it until its end, and nothing else`() throws {
    let bench = try AlertBench(Self.config)
    try bench.events(1)
    #expect(try snooze(bench, SnoozeTarget(rule: "busy", account: "acme"), hours: 3) == .done)
    try bench.events(2)
    try bench.events(3, account: "beta")
    // Of the same account and hook, and not held up by what is snoozed before it.
    try bench.events(1)
    #expect(try bench.runHooks().flatMap(\.self) == ["busy:beta:1:firing:note", "busier:acme:1:firing:note"])
    #expect(
      try bench.rows("SELECT state, next_at FROM deliveries WHERE alert_id = 'busy:acme:1'")
        == [["owed", Instant(milliseconds: bench.now + 3 * hour).rfc3339]])
    try bench.restart()
    #expect(try ran(bench, hours: 4) == ["3 busy:acme:1:firing:note"])
  }

  @Test func `says nothing of what opened and resolved in it`() throws {
    let bench = try AlertBench(Self.config)
    try bench.events(1)
    #expect(try snooze(bench, SnoozeTarget(account: "acme"), hours: 30) == .done)
    try bench.events(3)
    #expect(try ran(bench, hours: 29).isEmpty)
    #expect(try bench.rows("SELECT count(*) FROM alerts WHERE state = 'resolved'") == [["2"]])
    #expect(try ran(bench, hours: 3).isEmpty)
    #expect(
      try states(bench) == [
        ["busier:acme:1:firing:note", "suppressed", "snoozed"],
        ["busier:acme:1:resolved:note", "suppressed", "snoozed"],
        ["busy:acme:1:firing:note", "suppressed", "snoozed"], ["busy:acme:1:resolved:note", "suppressed", "snoozed"],
      ])
  }

  @Test func `says nothing of what opened in it and was taken back by a late event`() throws {
    let bench = try AlertBench(
      """
      rules: {quiet: {kind: silence, feature: any, after: 3h, hooks: [note]}}
      hooks: {note: {run: [/bin/true]}}
      """)
    try bench.events(1)
    #expect(try snooze(bench, SnoozeTarget(rule: "quiet"), hours: 6) == .done)
    #expect(try ran(bench, hours: 4).isEmpty)
    try bench.events(1, age: hour / 2)
    #expect(try bench.rows("SELECT state FROM alerts") == [["retracted"]])
    #expect(try ran(bench, hours: 2).isEmpty)
    #expect(
      try states(bench) == [
        ["quiet:acme:1:firing:note", "suppressed", "snoozed"],
        ["quiet:acme:1:retracted:note", "suppressed", "snoozed"],
      ])
  }

  @Test func `of what a hook was told before tells the end of it at its own, and reminds nobody`() throws {
    let bench = try AlertBench(Self.config)
    try bench.events(3)
    #expect(try bench.runHooks() == [["busy:acme:1:firing:note"]])
    #expect(try snooze(bench, SnoozeTarget(episode: "busy:acme:1"), hours: 30) == .done)
    #expect(try ran(bench, hours: 31) == ["30 busy:acme:1:resolved:note"])
  }

  @Test func `ends where it is cancelled, and one that holds the same holds on`() throws {
    let bench = try AlertBench(Self.config)
    try bench.events(1)
    #expect(try snooze(bench, SnoozeTarget(rule: "busy"), hours: 50) == .done)
    #expect(try snooze(bench, SnoozeTarget(account: "acme"), hours: 5) == .done)
    try bench.events(2)
    let now = Instant(milliseconds: bench.now)
    #expect(try bench.machine.store.cancelSnooze(SnoozeTarget(rule: "busy"), at: now))
    #expect(try !bench.machine.store.cancelSnooze(SnoozeTarget(rule: "busy", account: "acme"), at: now))
    #expect(try ran(bench, hours: 6) == ["5 busy:acme:1:firing:note"])
    #expect(try bench.rows("SELECT count(*) FROM snooze WHERE ended_ms IS NULL") == [["0"]])
  }

  @Test func `of the same again takes the place of the first, and of nobody is refused`() throws {
    let bench = try AlertBench(Self.config)
    try bench.events(1)
    #expect(try snooze(bench, SnoozeTarget(rule: "busy"), hours: 50) == .done)
    #expect(try snooze(bench, SnoozeTarget(rule: "busy"), hours: 2) == .done)
    #expect(try snooze(bench, SnoozeTarget(account: "nobody"), hours: 2) == .noSuchAccount)
    #expect(try snooze(bench, SnoozeTarget(episode: "busy:acme:1"), hours: 2) == .noSuchEpisode)
    try bench.events(2)
    #expect(try ran(bench, hours: 3) == ["2 busy:acme:1:firing:note"])
  }

  @Test func `and all else that a run waits for is told`() throws {
    let bench = try AlertBench(
      """
      rules:
        busy: {kind: threshold, metric: {count: {window: 24h}}, above: 2, clear: 0, hooks: [note, late]}
        busier: {kind: threshold, metric: {count: {window: 24h}}, above: 3, clear: 0, hooks: [note]}
      hooks:
        note: {run: [/bin/true]}
        late: {run: [/bin/true], quiet_hours: {from: "00:00", to: "23:59"}}
      """)
    try bench.events(4)
    try bench.events(3, account: "beta")
    #expect(try snooze(bench, SnoozeTarget(account: "beta"), hours: 3) == .done)
    let reader = try StoreReader(path: bench.place.store)
    var query = DeliveryQuery()
    query.now = Instant(milliseconds: bench.now)
    let waits = try reader.deliveries(query).reduce(into: [:]) { $0[$1.deliveryID] = $1.waitsFor }
    #expect(
      waits == [
        "busy:acme:1:firing:note": .turn, "busier:acme:1:firing:note": .earlier, "busy:acme:1:firing:late": .hours,
        "busy:beta:1:firing:note": .snooze, "busy:beta:1:firing:late": .snooze,
      ])
    try bench.runHooks()
    #expect(
      try reader.deliveries(query).compactMap(\.waitsFor).sorted { $0.rawValue < $1.rawValue } == [
        .hours, .snooze, .snooze,
      ])
  }

  @Test func `sends back what waited to be run`() {
    let bench = DeliverySchedulerTests.Bench(
      [HookPolicy(name: "pager", concurrency: 1)], now: Instant(milliseconds: 1_790_000_000_000))
    bench.owe(delivery(1, account: "a"), delivery(2, account: "b"))
    let first = bench.launches()
    #expect(first.map(\.deliveries.first?.sequence) == [1])
    bench.outbox.drop(delivery(2, account: "b").id)
    bench.scheduler.reconsider()
    bench.end(first[0])
    #expect(bench.launches().isEmpty)
  }
}
