import KizashiCore
import Testing

@testable import KizashiDaemon

/// What hooks are told of a rule that flaps, with the real engine and store, under a clock of its own.
@Suite struct `A flapping rule` {
  private let hour: Int64 = 3_600_000

  private static func config(_ flap: String = "flap: true", more: String = "") -> String {
    """
    rules:
      busy: {kind: threshold, metric: {count: {window: 24h}}, above: 2, hooks: [note], \(flap)\(more)}
    hooks: {note: {run: [/bin/true]}}
    """
  }

  /// Lets days go by that begin with three events where they are among `busy`; what ran, with the day.
  private func ran(_ bench: AlertBench, _ days: Range<Int>, busy: (Int) -> Bool, restarts: Bool = false) throws
    -> [String]
  {
    var result: [String] = []
    for day in days {
      if busy(day) { try bench.events(3) }
      for _ in 0..<8 {
        result += try bench.runHooks().flatMap(\.self).map { "\(day) \($0)" }
        try bench.pass(3 * hour)
      }
      if restarts { try bench.restart() }
    }
    return result
  }

  private func states(_ bench: AlertBench) throws -> [[String]] {
    try bench.rows(
      "SELECT delivery_id, state, ifnull(output, '') FROM deliveries WHERE state <> 'done' ORDER BY delivery_id")
  }

  @Test(arguments: [false, true])
  func `is told once, and what is open when that is over is told then`(restarts: Bool) throws {
    // 2026-09-21T14:13:20Z, 16:13 in Berlin.
    let bench = try AlertBench(Self.config())
    let firstDays = try ran(bench, 0..<10, busy: { $0 % 2 == 0 || $0 > 8 }, restarts: restarts)
    #expect(
      firstDays == [
        "0 busy:acme:1:firing:note", "1 busy:acme:1:resolved:note", "2 busy:acme:2:firing:note",
        "3 busy:acme:2:resolved:note", "4 busy:acme:3:firing:note", "5 busy:acme:3:resolved:note",
        "5 busy:acme:3:flapping:note",
      ])
    #expect(
      try states(bench) == [
        ["busy:acme:4:firing:note", "suppressed", "flapping"], ["busy:acme:4:resolved:note", "suppressed", "flapping"],
        ["busy:acme:5:firing:note", "suppressed", "flapping"],
      ])
    // What is evaluated does not know of it.
    #expect(
      try bench.rows("SELECT episode, state FROM alerts ORDER BY at") == [
        ["busy:acme:1", "resolved"], ["busy:acme:2", "resolved"], ["busy:acme:3", "resolved"],
        ["busy:acme:4", "resolved"], ["busy:acme:5", "firing"],
      ])
    let told = try bench.rows(
      "SELECT payload ->> 'state', payload ->> 'reason' FROM delivery WHERE delivery_id LIKE '%flapping%'")
    #expect(
      told == [["flapping", "the rule flaps: it changed on 6 of the last 20 days, weighted 35.53 % (30 % or more)"]])
    let rest = try ran(bench, 10..<30, busy: { $0 < 28 }, restarts: restarts)
    #expect(rest == ["24 busy:acme:5:firing:note", "28 busy:acme:5:resolved:note"])
    #expect(
      try bench.rows("SELECT payload ->> 'reason' FROM delivery WHERE delivery_id = 'busy:acme:5:firing:note'")
        == [["the rule flaps no longer (weighted 15.79 %) and has fired since 2026-09-29"]])
    #expect(try states(bench).count == 2)
  }

  @Test func `tells what is open when that is over, and that it has begun, however late they are found`() throws {
    let bench = try AlertBench(Self.config())
    _ = try ran(bench, 0..<24, busy: { $0 % 2 == 0 || $0 > 8 })
    try bench.events(3)
    try bench.beAway(20 * hour)
    #expect(try bench.runHooks() == [["busy:acme:5:firing:note"]])

    let other = try AlertBench(Self.config())
    _ = try ran(other, 0..<5, busy: { $0 % 2 == 0 })
    try other.beAway(24 * hour)
    let told = try other.runHooks().flatMap(\.self)
    #expect(told == ["busy:acme:3:flapping:note"], "the end of the episode itself lies too long back")
  }

  @Test func `is not told of what has ended by the time it could be told`() throws {
    let bench = try AlertBench(Self.config())
    _ = try ran(bench, 0..<23, busy: { $0 % 2 == 0 || $0 > 8 })
    try bench.events(3)
    // The last use is at 02:13, so that the episode, which flapping sets free at midnight, ends at three.
    try bench.pass(10 * hour)
    try bench.events(3)
    try bench.pass(14 * hour)
    try bench.beAway(16 * hour)
    #expect(try bench.runHooks().isEmpty)
    #expect(
      try bench.rows("SELECT state FROM alerts WHERE alert_id = 'busy:acme:5'") == [["resolved"]])
  }

  @Test func `is a matter of hooks alone: a reload changes it and rebases nothing`() throws {
    let bench = try AlertBench(Self.config())
    _ = try ran(bench, 0..<6, busy: { $0 % 2 == 0 })
    try bench.restart(Self.config("flap: false"))
    #expect(try ran(bench, 6..<8, busy: { $0 == 6 }) == ["6 busy:acme:4:firing:note", "7 busy:acme:4:resolved:note"])
    #expect(try bench.rows("SELECT count(DISTINCT config_version) FROM accounts") == [["1"]])
  }

  @Test func `in shadow tells nobody, and one that is told at last is reminded of`() throws {
    let shadow = try AlertBench(Self.config(more: ", shadow: true"))
    #expect(try ran(shadow, 0..<8, busy: { $0 % 2 == 0 }).isEmpty)
    let bench = try AlertBench(Self.config(more: ", renotify: 2d"))
    let told = try ran(bench, 0..<27, busy: { $0 % 2 == 0 || $0 > 8 })
    #expect(
      told.suffix(4) == [
        "5 busy:acme:3:resolved:note", "5 busy:acme:3:flapping:note", "24 busy:acme:5:firing:note",
        "26 busy:acme:5:firing.2:note",
      ])
  }
}
