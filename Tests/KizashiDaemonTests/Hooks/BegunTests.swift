import KizashiCore
import Testing

@testable import KizashiDaemon

/// An episode that is open while its rule, or a hook, becomes another in the config.
@Suite struct `What was begun under another config` {
  private let hour: Int64 = 3_600_000

  private static func config(_ rule: String, rules: String = "busy", hooks: [String] = ["note", "other"]) -> String {
    """
    rules:
      \(rules): {kind: threshold, metric: {count: {window: 24h}}, above: 2, \(rule)}
    hooks: {\(hooks.map { "\($0): {run: [/bin/true]}" }.joined(separator: ", "))}
    """
  }

  private static let first = config("hooks: [note], severity: medium, playbook: one")

  /// An open episode whose beginning has been told.
  private func begun(_ config: String = first) throws -> AlertBench {
    let bench = try AlertBench(config)
    try bench.events(3)
    try bench.runHooks()
    return bench
  }

  private func deliveries(_ bench: AlertBench) throws -> [[String]] {
    try bench.rows("SELECT delivery_id, state, ifnull(output, '') FROM deliveries ORDER BY delivery_id")
  }

  @Test func `ends as what it began, and is told to whom it was`() throws {
    let bench = try begun()
    try bench.restart(Self.config("hooks: [other], severity: critical, playbook: two"))
    try bench.pass(25 * hour)
    #expect(try bench.runHooks() == [["busy:acme:1:resolved:note"]])
    let told = try bench.rows(
      """
      SELECT payload ->> 'severity', payload ->> '$.suggest.playbook' FROM delivery
      WHERE delivery_id = 'busy:acme:1:resolved:note'
      """)
    #expect(told == [["medium", "one"]])
    try bench.events(3)
    #expect(try bench.runHooks() == [["busy:acme:2:firing:other"]])
    #expect(
      try bench.rows("SELECT payload ->> 'severity' FROM delivery WHERE delivery_id = 'busy:acme:2:firing:other'")
        == [["critical"]])
  }

  @Test func `ends for those who were told of it where its rule is gone`() throws {
    let bench = try begun()
    try bench.restart(Self.config("hooks: [other]", rules: "busier"))
    #expect(try bench.runHooks() == [["busy:acme:1:resolved:note"]])
    let told = try bench.rows(
      """
      SELECT payload ->> 'state', payload ->> 'reason', payload ->> '$.account.id', payload ->> '$.suggest.playbook',
        payload ->> 'at' = resolved_at, json_array_length(payload, '$.because'), payload ->> '$.score.delta'
      FROM delivery d JOIN alerts a ON a.alert_id = d.alert_id WHERE d.delivery_id = 'busy:acme:1:resolved:note'
      """)
    let score = try bench.rows("SELECT iif(score IS NULL, '-', '0.0') FROM accounts")[0][0]
    #expect(told == [["resolved", "the rule is no longer in the config", "acme", "one", "1", "0", score]])
  }

  @Test func `ends where its rule is gone among very many others, and of nobody with a score`() throws {
    let bench = try begun(
      Self.config("hooks: [note]") + "\nscorecards: {s: {dimensions: {d: {weight: 1, measures: {m: 1}}}}}"
        + "\nmeasures: {m: {metric: {attribute: m}, grade: {points: [[0, 0]]}}}")
    let rules = (0..<300).map { "r\($0): {kind: threshold, metric: {count: {window: 24h}}, above: \(1000 + $0)}" }
    let hooks = (0..<300).map { "h\($0): {run: [/bin/true]}" } + ["note: {run: [/bin/true]}"]
    try bench.restart(
      "rules: {\(rules.joined(separator: ", "))}\nhooks: {\(hooks.joined(separator: ", "))}"
        + "\nscorecards: {s: {dimensions: {d: {weight: 1, measures: {m: 1}}}}}"
        + "\nmeasures: {m: {metric: {attribute: m}, grade: {points: [[0, 0]]}}}")
    #expect(try bench.runHooks() == [["busy:acme:1:resolved:note"]])
    #expect(
      try bench.rows(
        "SELECT payload ->> '$.score.old', payload ->> '$.score.delta' FROM delivery WHERE delivery_id LIKE '%resolved%'"
      )
        == [["-", "-"]])
  }

  @Test(arguments: ["note", "other"]) func `a replay under another config tells nobody and gives up nothing`(
    hook: String
  ) async throws {
    let bench = try begun()
    // One more, which is owed and has not run.
    try bench.events(3, account: "beta")
    try bench.machine.store.close(clean: true)
    let other = try bench.place.configure(Self.config("hooks: [\(hook)]", rules: "busier", hooks: [hook]))
    _ = try await Replay.run(
      ReplayRequest(configuration: other, storePath: bench.place.store, inputs: [try bench.place.write("none", "")]))
    // A hook that is not there is not told that it is not.
    let ends = hook == "note" ? ["acme", "beta"].map { ["busy:\($0):1:resolved:note", "suppressed", "replay"] } : []
    let begun = [["busy:acme:1:firing:note", "done", ""], ["busy:beta:1:firing:note", "owed", ""]]
    #expect(try deliveries(bench) == (begun + ends).sorted { $0[0] < $1[0] })
    #expect(try bench.rows("SELECT DISTINCT state FROM alerts") == [["resolved"]])
  }

  @Test func `tells nobody of the end who was not told of the beginning`() throws {
    let silent = try begun(Self.config("severity: medium"))
    try silent.restart(Self.config("hooks: [note]"))
    try silent.pass(25 * hour)
    #expect(try silent.runHooks().isEmpty)
    let gone = try begun(Self.config("severity: medium"))
    try gone.restart(Self.config("hooks: [note]", rules: "busier"))
    #expect(try gone.runHooks().isEmpty)
    #expect(try gone.rows("SELECT state FROM alerts") == [["resolved"]])
  }

  @Test func `runs of a hook that is gone are given up, and can be run when it is back`() throws {
    let bench = try AlertBench(Self.first)
    try bench.events(3)
    try bench.restart(Self.config("hooks: [other]", hooks: ["other"]))
    try bench.pass(25 * hour)
    #expect(try bench.runHooks().isEmpty)
    #expect(
      try deliveries(bench) == [["busy:acme:1:firing:note", "dead", "the hook is no longer in the config"]])
    try bench.restart(Self.first)
    #expect(try bench.runHooks().isEmpty)
    _ = try bench.machine.store.retryDeliveries([], at: Instant(milliseconds: bench.now))
    #expect(try bench.runHooks() == [["busy:acme:1:firing:note"]])
  }
}
