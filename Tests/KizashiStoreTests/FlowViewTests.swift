import Foundation
import KizashiCore
import Testing

@testable import KizashiStore

@Suite struct `Sources, quarantine, alerts and deliveries` {
  private let rule = Rule(
    name: "gone-quiet", kind: .silence(feature: .any, after: .milliseconds(1), clear: 1), severity: "high",
    playbook: "call", hooks: ["pager"])

  private func opened() throws -> (TemporaryStore, Store) {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard(Model(rules: [rule])))
    _ = try store.registerSources(["app", "sock"])
    return (temporary, store)
  }

  private func transition(_ state: AlertTransition.State, episode: Int = 1, account: AccountID = 0) -> AlertTransition {
    AlertTransition(
      account: account, rule: 0, ruleName: "gone-quiet", episode: episode, state: state, at: noon,
      reason: "\(state.name) because", scoreFrom: 9181, scoreTo: 5643, band: "yellow", covered: Rational(65, 100),
      because: [])
  }

  @Test func `an alert opens and is resolved in its own row`() throws {
    let (temporary, store) = try opened()
    var commit = smallCommit()
    commit.alerts = [transition(.firing)]
    try store.write(CommitUnit(commit))
    #expect(
      try temporary.rows("SELECT * FROM alerts") == [
        [
          "gone-quiet:acme:1", "gone-quiet:acme:1", "gone-quiet", "acme", "firing", "high", "2025-11-19T12:00:00.000Z",
          "2023-11-14T22:13:20.500Z", "NULL", "firing because", "call", "0",
        ]
      ])
    var next = Commit()
    next.now = noon
    next.alerts = [transition(.resolved), transition(.firing, episode: 2), transition(.firing, account: 1)]
    try store.write(CommitUnit(next))
    #expect(
      try temporary.rows("SELECT alert_id, state, resolved_at, reason FROM alerts ORDER BY alert_id") == [
        ["gone-quiet:acme:1", "resolved", "2025-11-19T12:00:00.000Z", "firing because"],
        ["gone-quiet:acme:2", "firing", "NULL", "firing because"],
        ["gone-quiet:globex:1", "firing", "NULL", "firing because"],
      ])
  }

  @Test func `an episode that opens in shadow owes nothing, at its end neither; one that did not keeps its end`() throws
  {
    let (temporary, store) = try opened()
    for (episode, opensInShadow, endsInShadow) in [(1, true, false), (2, false, true)] {
      for (state, isShadow) in [(AlertTransition.State.firing, opensInShadow), (.resolved, endsInShadow)] {
        var commit = episode == 1 && state == .firing ? smallCommit() : Commit()
        commit.alerts = [transition(state, episode: episode)]
        var unit = CommitUnit(commit)
        if isShadow { unit.shadowRules = ["gone-quiet"] }
        unit.deliveries = [
          NewDelivery(
            deliveryID: "gone-quiet:acme:\(episode):\(state.name):pager", alertID: "gone-quiet:acme:\(episode)",
            account: 0,
            hook: "pager", payload: "{}", nextAt: noon)
        ]
        try store.write(unit)
      }
    }
    #expect(
      try temporary.rows("SELECT alert_id, state, shadow FROM alerts") == [
        ["gone-quiet:acme:1", "resolved", "1"], ["gone-quiet:acme:2", "resolved", "0"],
      ])
    #expect(
      try temporary.rows("SELECT delivery_id FROM deliveries") == [
        ["gone-quiet:acme:2:firing:pager"], ["gone-quiet:acme:2:resolved:pager"],
      ])
  }

  @Test func `one alert id is never stored twice`() throws {
    let (temporary, store) = try opened()
    var commit = smallCommit()
    commit.alerts = [transition(.firing), transition(.firing)]
    #expect(throws: StoreError.self) { try store.write(CommitUnit(commit)) }
    #expect(try temporary.rows("SELECT * FROM alerts").isEmpty)
  }

  /// A run owed for episode 1 of the account; `n` tells it from the account's others.
  private func delivery(_ n: Int, account: AccountID, hook: String = "pager", at: Instant = noon) -> NewDelivery {
    NewDelivery(
      deliveryID: "r:a\(account):\(n):firing:\(hook)",
      alertID: "gone-quiet:\(account == 0 ? "acme" : "globex"):1", account: account, hook: hook,
      payload: "{\"n\":\(n)}", nextAt: at)
  }

  @Test func `deliveries of an account and hook come one after the other`() throws {
    let (temporary, store) = try opened()
    var commit = smallCommit()
    commit.alerts = [transition(.firing), transition(.firing, account: 1)]
    var unit = CommitUnit(commit, durable: true)
    unit.deliveries = [
      delivery(1, account: 0), delivery(2, account: 0), delivery(1, account: 1, at: noon.advanced(by: 1000)),
      delivery(1, account: 0, hook: "chat"), delivery(2, account: 0),
    ]
    try store.write(unit)
    let (due, next) = try store.dueRuns(hook: "pager", at: noon, limit: 10)
    #expect(due.map(\.deliveryID) == ["r:a0:1:firing:pager", "r:a0:2:firing:pager"])
    #expect(due[0].account == "acme")
    #expect(due[0].payload == "{\"n\":1}")
    #expect(next == noon.advanced(by: 1000))
    #expect(try store.dueRuns(hook: "pager", at: noon, limit: 1).runs.count == 1)

    // One that is to be tried again later holds up those behind it.
    let later = noon.advanced(by: 2000)
    try store.mark([
      DeliveryUpdate(deliveryID: "r:a0:1:firing:pager", state: .retry, attempts: 1, nextAt: later, exitCode: 75),
      DeliveryUpdate(deliveryID: "r:a0:1:firing:chat", state: .running, attempts: 1),
    ])
    #expect(try store.dueRuns(hook: "pager", at: noon, limit: 10).runs.isEmpty)
    try store.mark([
      DeliveryUpdate(deliveryID: "r:a0:1:firing:pager", state: .done, attempts: 2, exitCode: 0, output: "ok"),
      DeliveryUpdate(deliveryID: "r:a0:1:firing:chat", state: .retry, attempts: 1, nextAt: later, exitCode: 75),
    ])
    #expect(
      try store.dueRuns(hook: "pager", at: later, limit: 10).runs.map(\.deliveryID) == [
        "r:a0:2:firing:pager", "r:a1:1:firing:pager",
      ])
    #expect(
      try temporary.rows("SELECT * FROM deliveries ORDER BY delivery_id LIMIT 2") == [
        ["r:a0:1:firing:chat", "gone-quiet:acme:1", "chat", "retry", "1", "2025-11-19T12:00:02.000Z", "75", "NULL"],
        ["r:a0:1:firing:pager", "gone-quiet:acme:1", "pager", "done", "2", "2025-11-19T12:00:02.000Z", "0", "ok"],
      ])
    #expect(try store.delivery("r:a0:1:firing:chat")?.state == .retry)
    #expect(try store.delivery("none") == nil)
    #expect(try store.mark([DeliveryUpdate(deliveryID: "none", state: .dead, attempts: 0)]) == 0)
  }

  @Test func `a run that a crash interrupted is owed again`() throws {
    let (temporary, first) = try opened()
    var unit = CommitUnit(smallCommit(), durable: true)
    unit.deliveries = [delivery(1, account: 0)]
    try first.write(unit)
    try first.mark([DeliveryUpdate(deliveryID: "r:a0:1:firing:pager", state: .running, attempts: 1)])
    try first.close(clean: false)
    let found = try temporary.open().delivery("r:a0:1:firing:pager")
    #expect(found?.state == .retry)
    #expect(found?.attempts == 1)
  }

  @Test func `a suppressed delivery says why and is never due`() throws {
    let (temporary, store) = try opened()
    var unit = CommitUnit(smallCommit())
    unit.deliveries = [delivery(1, account: 0)]
    unit.deliveries[0].suppression = .stale
    try store.write(unit)
    #expect(try store.dueRuns(hook: "pager", at: Instant(milliseconds: .max), limit: 9).runs.isEmpty)
    #expect(
      try temporary.rows("SELECT state, output, next_at FROM deliveries") == [["suppressed", "stale", "NULL"]])
  }

  @Test func `sources show each stream with the counters of its source`() throws {
    let (temporary, store) = try opened()
    var commit = smallCommit()
    var source = SourceRow(source: 0)
    source.watermark = noon
    source.lines = 100
    source.events = 90
    source.duplicates = 4
    source.refused[Int(RefusalReason.badJSON.rawValue)] = 5
    source.refused[Int(RefusalReason.late.rawValue)] = 1
    commit.sources = [source]
    var unit = CommitUnit(commit)
    unit.streams = [
      StreamRow(
        key: StreamKey(source: 0, key: "a"), path: Array("/var/log/a".utf8), offset: 70, size: 100, finished: false,
        state: "following", body: []),
      StreamRow(
        key: StreamKey(source: 0, key: "b"), path: Array("/var/log/b.gz".utf8), offset: 50, size: 40, finished: true,
        state: "following", body: []),
    ]
    try store.write(unit)
    #expect(
      try temporary.rows("SELECT * FROM sources ORDER BY source, path") == [
        [
          "app", "/var/log/a", "70", "100", "30", "2025-11-19T12:00:00.000Z", "100", "90", "4", "6", "following",
          "NULL", "0",
        ],
        [
          "app", "/var/log/b.gz", "50", "40", "0", "2025-11-19T12:00:00.000Z", "100", "90", "4", "6", "finished",
          "NULL", "0",
        ],
        ["sock", "NULL", "NULL", "NULL", "NULL", "NULL", "0", "0", "0", "0", "waiting", "NULL", "0"],
      ])
    #expect(
      try temporary.rows("SELECT * FROM refusals ORDER BY reason") == [
        ["app", "bad_json", "5"], ["app", "late", "1"],
      ])
  }

  @Test func `quarantine keeps the newest lines, whole up to 64 KiB`() throws {
    let (temporary, store) = try opened()
    store.quarantineRows = 3
    let long = [UInt8](repeating: UInt8(ascii: "x"), count: QuarantineRow.longestLine + 7)
    for round in 0..<2 {
      var unit = CommitUnit(round == 0 ? smallCommit() : Commit())
      unit.quarantine = (0..<(4 * (1 - round) + 1)).map { n in
        QuarantineRow(
          source: 1, path: nil, offset: Int64(10 * round + n), reason: .badJSON, seenAt: noon,
          line: round == 1 ? long : Array("{\"n\":\(n)".utf8))
      }
      try store.write(unit)
    }
    #expect(
      try temporary.rows("SELECT source, path, offset, reason, seen_at, length(sample) FROM quarantine") == [
        ["sock", "NULL", "3", "bad_json", "2025-11-19T12:00:00.000Z", "6"],
        ["sock", "NULL", "4", "bad_json", "2025-11-19T12:00:00.000Z", "6"],
        ["sock", "NULL", "10", "bad_json", "2025-11-19T12:00:00.000Z", "1024"],
      ])
    // One byte tells that there was more.
    #expect(try temporary.rows("SELECT max(length(line)) FROM quarantined") == [["65537"]])
    #expect(try store.quarantined(source: nil, reason: nil, limit: 9).map(\.isWhole) == [true, true, false])
  }
}
