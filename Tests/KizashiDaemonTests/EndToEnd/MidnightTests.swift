import KizashiConfig
import KizashiCore
import KizashiStore
import Testing

@testable import KizashiDaemon

/// At the local midnight the scores of all accounts may fall at once. Whoever delivers a line then does not wait for them, and
/// in the end nothing tells that the clock went on without them: not the rows, not a restart amid it, not `verify`.
@Suite struct MidnightTests {
  private static let noon: Int64 = 1_772_366_400_000
  private static let midnight = noon + 12 * 3_600_000
  private static let config = """
      - {id: log, kind: file, paths: [/log/*]}
      - {id: sock, kind: unix, path: /log/sock}
    measures:
      recency: {metric: {days_since_last: {feature: any}}, grade: {points: [[0, 100], [2, 60], [5, 0]]}}
    scorecards:
      standard: {dimensions: {usage: {weight: 1, measures: {recency: 1}}}}
    bands: {green: 90, yellow: 40, down_for: 0s}
    rules:
      turned: {kind: band_change, to: [yellow], hooks: [tell]}
    hooks:
      tell: {run: [/bin/true]}
    """

  private static func line(_ account: String, at instant: Int64) -> [UInt8] {
    Array(#"{"timestamp":"\#(UTC.text(instant))","account":"\#(account)","user":"u","event":"open"}"#.utf8) + [0x0a]
  }

  private static func store(_ machine: Machine, at now: Int64) throws {
    guard machine.pipeline.hasSomething else { return }
    try machine.store.write(try machine.pipeline.cut(now: Instant(milliseconds: now)).unit)
  }

  /// Forty accounts at noon, one more right behind midnight.
  private static func day(
    _ place: Workspace, mostDeadlines: Int, restarts: Bool = false,
    behind: (KizashiConfig.Configuration) async throws -> Void = { _ in }
  ) async throws {
    let configuration = try place.configure(config)
    var machine = try Machine(path: place.store, configuration, now: noon, mostDeadlines: mostDeadlines)
    var log = World.LogFile(key: "log")
    for account in 0..<40 { log.bytes += line("a\(account)", at: noon + Int64(account)) }
    _ = machine.read(log, budget: 1 << 20, now: noon + 1000)
    for source in ["log", "sock"] { machine.pipeline.drained(machine.number(of: source)) }
    try store(machine, at: noon + 1000)
    // A line that is refused says nothing of when it is.
    log.bytes += line("late", at: midnight + 200) + line("a39", at: midnight + 300) + Array("{\n".utf8)
    _ = machine.read(log, budget: 1 << 20, now: midnight + 400)
    try store(machine, at: midnight + 400)
    try await behind(configuration)
    if restarts {
      try machine.store.close(clean: false)
      machine = try Machine(path: place.store, configuration, now: midnight + 500, mostDeadlines: mostDeadlines)
      for source in ["log", "sock"] { machine.pipeline.drained(machine.number(of: source)) }
    }
    while !machine.pipeline.tick(to: Instant(milliseconds: midnight + 1000)) { try store(machine, at: midnight + 1000) }
    try store(machine, at: midnight + 1000)
    try machine.store.close(clean: true)
  }

  @Test func `a line that comes at midnight is stored before all that fell due then`() async throws {
    let place = try Workspace()
    try await Self.day(place, mostDeadlines: 3) { configuration in
      #expect(try place.rows("SELECT due_ms FROM store_state") == [["\(Self.midnight)"]])
      #expect(try place.rows("SELECT account FROM accounts WHERE last_seen_at > '2026-03-02'") == [["a39"], ["late"]])
      // Three, and that of the account a line of which came.
      #expect(try place.rows("SELECT count(*), min(at), max(at) FROM alerts") == [["4", Self.night, Self.night]])
      let report = try await Verify.run(storePath: place.store, configuration: configuration)
      #expect(report.differences == [])
      #expect(report.accounts == 41)
    }
    #expect(try place.rows("SELECT due_ms FROM store_state") == [["-"]])
    // Forty fell from 100 to 80, and one of them came back.
    #expect(try place.rows("SELECT count(*) FROM alerts WHERE at = '\(Self.night)'") == [["40"]])
    #expect(try place.rows("SELECT count(*) FROM accounts WHERE score = 80") == [["39"]])
  }

  private static let night = "2026-03-02T00:00:00.000Z"

  @Test(arguments: [(1, false), (7, false), (1, true), (7, true)])
  func `it ends as if all had had their turn at once`(mostDeadlines: Int, restarts: Bool) async throws {
    let (whole, parts) = try (Workspace(), Workspace())
    try await Self.day(whole, mostDeadlines: .max)
    try await Self.day(parts, mostDeadlines: mostDeadlines, restarts: restarts)
    #expect(try CanonicalDump.of(parts) == CanonicalDump.of(whole))
  }
}
