import KizashiCore
import Testing

@testable import KizashiDaemon

@Suite struct `Reminders of an open episode` {
  private let hour: Int64 = 3_600_000
  private static func config(_ rule: String = "renotify: 24h", hook: String = "") -> String {
    """
    rules:
      busy: {kind: threshold, metric: {count: {window: 7d}}, above: 2, clear: 0, hooks: [note, page], \(rule)}
    hooks:
      note: {run: [/bin/true]}
      page: {run: [/bin/true]\(hook)}
    """
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

  @Test func `come again and again, numbered, until it ends`() throws {
    let bench = try AlertBench(Self.config())
    try bench.events(3)
    #expect(try bench.runHooks() == [["busy:acme:1:firing:note"], ["busy:acme:1:firing:page"]])
    #expect(
      try ran(bench, hours: 7 * 24 + 30) == [
        "24 busy:acme:1:firing.2:note", "24 busy:acme:1:firing.2:page", "48 busy:acme:1:firing.3:note",
        "48 busy:acme:1:firing.3:page", "72 busy:acme:1:firing.4:note", "72 busy:acme:1:firing.4:page",
        "96 busy:acme:1:firing.5:note", "96 busy:acme:1:firing.5:page", "120 busy:acme:1:firing.6:note",
        "120 busy:acme:1:firing.6:page", "144 busy:acme:1:firing.7:note", "144 busy:acme:1:firing.7:page",
        "168 busy:acme:1:firing.8:note", "168 busy:acme:1:firing.8:page", "169 busy:acme:1:resolved:note",
        "169 busy:acme:1:resolved:page",
      ])
  }

  @Test func `say which they are, and all else as the first run said it`() throws {
    let bench = try AlertBench(Self.config())
    try bench.events(3)
    try bench.runHooks()
    _ = try ran(bench, hours: 50)
    let payloads = try bench.rows("SELECT payload FROM delivery WHERE hook = 'note' ORDER BY seq").map { $0[0] }
    #expect(payloads.count == 3)
    for (n, payload) in payloads.enumerated().dropFirst() {
      let expected =
        payloads[0].dropLast()
        .replacing("1:firing:note", with: "1:firing.\(n + 1):note") + #","renotified":\#(n)}"#
      #expect(payload == expected)
      #expect(payload.contains(#""state":"firing""#))
    }
    #expect(try bench.machine.store.dueRuns(hook: "note", at: Instant(milliseconds: .max), limit: 9).runs.isEmpty)
  }

  @Test func `of a daemon that was away come once, and none is lost or doubled by a crash`() throws {
    let bench = try AlertBench(Self.config())
    try bench.events(3)
    try bench.runHooks()
    try bench.pass(80 * hour)
    // Owed, and killed before it could run.
    try bench.machine.remind(bench.configuration, now: bench.now)
    try bench.restart()
    try bench.machine.remind(bench.configuration, now: bench.now)
    #expect(try bench.runHooks() == [["busy:acme:1:firing.2:note"], ["busy:acme:1:firing.2:page"]])
    #expect(try ran(bench, hours: 25) == ["24 busy:acme:1:firing.3:note", "24 busy:acme:1:firing.3:page"])
  }

  @Test func `are not owed while the one before is open, nor of what a backfill found`() throws {
    let bench = try AlertBench(Self.config())
    try bench.events(3)
    try bench.pass(100 * hour)
    try bench.machine.remind(bench.configuration, now: bench.now)
    #expect(try bench.rows("SELECT count(*) FROM deliveries") == [["2"]])
    // An episode that opened two hours before it was found.
    let late = try AlertBench(Self.config())
    try late.events(3, age: 2 * hour)
    #expect(try late.rows("SELECT DISTINCT state, output FROM deliveries") == [["suppressed", "stale"]])
    #expect(try ran(late, hours: 30).isEmpty)
  }

  @Test func `wait for the end of quiet hours, and come only if it is still open then`() throws {
    // 2026-09-21T14:13:20Z, 16:13 in Berlin.
    let hook = #", quiet_hours: {from: "15:00", to: "20:00"}"#
    let bench = try AlertBench(Self.config(hook: hook))
    try bench.events(3)
    #expect(try bench.runHooks() == [["busy:acme:1:firing:note"]])
    let first = try ran(bench, hours: 40)
    #expect(first == ["4 busy:acme:1:firing:page", "24 busy:acme:1:firing.2:note", "28 busy:acme:1:firing.2:page"])
    // It ends an hour before the last reminder's end of quiet hours.
    let rest = try ran(bench, hours: 7 * 24 - 40 + 6)
    #expect(
      rest.suffix(3) == [
        "128 busy:acme:1:firing.8:note", "129 busy:acme:1:resolved:note", "132 busy:acme:1:resolved:page",
      ])
  }

  @Test func `are nobody's where the rule wants none`() throws {
    let bench = try AlertBench(Self.config("renotify: never"))
    try bench.events(3)
    try bench.runHooks()
    #expect(try ran(bench, hours: 100).isEmpty)
  }

  @Test func `of many episodes are found in time, and each once`() throws {
    let bench = try AlertBench(Self.config())
    for n in 0..<1200 { try bench.events(3, account: "a\(n)", commits: n % 100 == 99 || n == 1199) }
    // More than an hour's runs.
    for _ in 0..<40 where !(try bench.rows("SELECT 1 FROM delivery WHERE state < 3 LIMIT 1")).isEmpty {
      try bench.runHooks()
      try bench.pass(hour / 2)
    }
    try bench.pass(25 * hour)
    var owed: [Int] = []
    repeat {
      let plan = ReminderPlan(bench.configuration).wanted(at: Instant(milliseconds: bench.now))
      owed.append(try bench.machine.store.oweReminders(plan, at: Instant(milliseconds: bench.now)))
    } while owed.last ?? 0 > 0
    #expect(owed == [500, 500, 500, 500, 400, 0])
  }
}
