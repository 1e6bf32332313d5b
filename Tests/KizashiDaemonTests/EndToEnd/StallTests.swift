import Foundation
import KizashiConfig
import KizashiCore
import KizashiStore
import Testing

@testable import KizashiDaemon

/// The shipper broke, and 2,000 customers did not go quiet.
///
/// `app` delivers a line of each account between 00:00 and 01:00, then nothing. With a silence of 5 hours every account would
/// fall silent at 06:00: (0 + 1)h + 5h. `billing` goes on, and moves the clock.
@Suite struct StallTests {
  private static let hour = StallHouse.hour
  private static let start = StallHouse.start
  private static let accounts = (0..<2000).map { "customer-\($0)" }
  private static let alerts = "SELECT alert_id, state, at FROM alerts ORDER BY alert_id"
  private static let pipeline = "SELECT alert_id, account, state, severity FROM alerts WHERE rule = 'pipeline.stalled'"

  /// Everything up to 01:00, and the last of `app`.
  private static func begin(_ place: Workspace, app: String = "stall_after: 30m") async throws -> StallHouse {
    let house = try await StallHouse(place, at: start, app: app)
    house.clock.set(start + hour - 60_000)
    try await house.deliver("billing", [("steady", start), ("left", start)])
    try await house.deliver("app", accounts.enumerated().map { ($1, start + Int64($0) * 1000) })
    return house
  }

  /// From hour to hour `billing` delivers a line of its steady account.
  private static func goOn(_ house: StallHouse, to end: Int64) async throws {
    var now = house.clock.wall.now().milliseconds
    while now < end {
      now = min((now / hour + 1) * hour, end)
      try await house.pass(to: now)
      try await house.deliver("billing", [("steady", now)])
    }
  }

  @Test(arguments: [false, true])
  func `one alert instead of two thousand, and what was late comes at its own instant`(restarts: Bool) async throws {
    let place = try Workspace()
    var house = try await Self.begin(place)
    try await Self.goOn(house, to: Self.start + 9 * Self.hour)
    if restarts {
      try await house.close()
      house = try await StallHouse(place, at: Self.start + 9 * Self.hour)
    }
    try await Self.goOn(house, to: Self.start + 12 * Self.hour)

    // One of the pipeline, and one of an account that it has nothing to do with.
    #expect(
      try place.rows(Self.alerts) == [
        ["gone-quiet:left:1", "firing", "2026-03-01T06:00:00.000Z"],
        ["pipeline.stalled:app:1", "firing", "2026-03-01T01:28:58.000Z"],
      ])
    #expect(try place.rows(Self.pipeline) == [["pipeline.stalled:app:1", "-", "firing", "critical"]])
    #expect(
      try place.rows("SELECT delivery_id, state FROM deliveries ORDER BY delivery_id") == [
        ["gone-quiet:left:1:firing:pager", "owed"], ["pipeline.stalled:app:1:firing:pager", "owed"],
      ])
    #expect(
      try place.rows("SELECT source, state, stalled_at, waiting FROM sources WHERE source <> 'control' ORDER BY 1") == [
        ["app", "stalled", "2026-03-01T01:28:58.000Z", "2000"], ["billing", "following", "-", "0"],
      ])

    // The shipper is mended and sends what it has kept, in two parts: every second account was there all the time.
    let busy = stride(from: 0, to: 2000, by: 2).map { Self.accounts[$0] }
    func kept(_ hours: [Int64]) -> [(account: String, at: Int64)] {
      hours.flatMap { hour in busy.map { (account: $0, at: Self.start + hour * Self.hour) } }
    }
    try await house.deliver("app", kept([3, 5]))
    try await house.pass(to: Self.start + 12 * Self.hour + 20_000)
    // As far as its watermark nothing was due; the rest of the backlog is waited for.
    #expect(place.number("SELECT count(*) FROM alerts") == 2)
    try await house.deliver("app", kept([8, 12]))
    try await house.pass(to: Self.start + 12 * Self.hour + 40_000)
    #expect(try place.rows(Self.pipeline) == [["pipeline.stalled:app:1", "-", "resolved", "critical"]])
    let silent = stride(from: 1, to: 2000, by: 2).map { "gone-quiet:\(Self.accounts[$0]):1" }
    #expect(
      try place.rows(
        """
        SELECT v.alert_id, v.at FROM alert e JOIN alerts v ON v.alert_id = e.alert_id
        WHERE v.alert_id LIKE '%customer%' ORDER BY e.seq
        """) == silent.map { [$0, "2026-03-01T06:00:00.000Z"] })
    #expect(
      try place.rows("SELECT DISTINCT state, output FROM deliveries WHERE alert_id LIKE '%customer%'")
        == [["suppressed", "stale"]])
    #expect(
      try place.rows("SELECT state, stalled_at, waiting FROM sources WHERE source = 'app'") == [
        ["following", "-", "0"]
      ])
    try await house.close()
  }

  private static let quiet = "SELECT count(*) FROM alerts WHERE rule = 'gone-quiet' AND account LIKE 'customer%'"

  @Test func `after max_hold they wait no longer, and the source is still stalled`() async throws {
    let place = try Workspace()
    let house = try await Self.begin(place, app: "stall_after: 30m, max_hold: 7h, hooks: [mail]")
    let end = Self.start + 8 * Self.hour + 29 * 60_000
    try await Self.goOn(house, to: end - 60_000)
    #expect(place.number(Self.quiet) == 0)
    try await house.pass(to: end)
    #expect(place.number(Self.quiet) == 2000)
    // The clock stands where the wait was over; the deadlines have their own instants.
    #expect(place.number("SELECT now_ms FROM meta") == end - 2000)
    #expect(
      try place.rows("SELECT DISTINCT at FROM alerts WHERE account LIKE 'customer%'") == [["2026-03-01T06:00:00.000Z"]])
    #expect(try place.rows(Self.pipeline) == [["pipeline.stalled:app:1", "-", "firing", "critical"]])
    #expect(try place.rows("SELECT state, waiting FROM sources WHERE source = 'app'") == [["stalled", "0"]])
    try await house.deliver("app", [("customer-1", end)])
    try await house.pass(to: end + 60_000)
    #expect(try place.rows(Self.pipeline) == [["pipeline.stalled:app:1", "-", "resolved", "critical"]])
    // Told to whom the source names.
    #expect(
      try place.rows("SELECT delivery_id, state FROM deliveries WHERE alert_id LIKE 'pipeline%' ORDER BY 1") == [
        ["pipeline.stalled:app:1:firing:mail", "owed"], ["pipeline.stalled:app:1:resolved:mail", "owed"],
      ])
    try await house.close()
  }

  @Test func `a source that is retired is waited for no longer, and raises nothing until it delivers again`()
    async throws
  {
    let place = try Workspace()
    let house = try await Self.begin(place)
    try await Self.goOn(house, to: Self.start + 7 * Self.hour)
    #expect(place.number(Self.quiet) == 0)
    try await house.retire("app")
    #expect(place.number(Self.quiet) == 2000)
    #expect(
      try place.rows("SELECT alert_id, state, resolved_at FROM alerts WHERE rule = 'pipeline.stalled'")
        == [["pipeline.stalled:app:1", "resolved", "2026-03-01T07:00:00.000Z"]])
    try await Self.goOn(house, to: Self.start + 9 * Self.hour)
    #expect(try place.rows(Self.pipeline).count == 1)
    try await house.deliver("app", [("customer-1", Self.start + 9 * Self.hour)])
    try await Self.goOn(house, to: Self.start + 10 * Self.hour)
    #expect(
      try place.rows("SELECT alert_id, state FROM alerts WHERE rule = 'pipeline.stalled' ORDER BY 1")
        == [["pipeline.stalled:app:1", "resolved"], ["pipeline.stalled:app:2", "firing"]])
    try await house.close()
  }

  @Test func `it is retired where no daemon runs, too; what kizashi brings itself is no source`() async throws {
    let place = try Workspace()
    let house = try await Self.begin(place)
    try await Self.goOn(house, to: Self.start + 7 * Self.hour)
    try await house.close()
    let own = try Configuration.load(path: place.config)
    func retire(_ id: String, _ configuration: KizashiConfig.Configuration? = nil) async -> ControlReply {
      await Commands.perform(
        .sourceRetire(id: id), configuration: configuration ?? own, storePath: place.store,
        clock: FakeClock(Self.start + 7 * Self.hour).wall)
    }
    // A verb that did not find the config puts no other in force on the way.
    let other = try Configuration.parse(text: "bands: {good: 50}", file: "other.yaml", directory: place.path)
    let refused = await retire("app", other)
    #expect(refused.exitCode == 78 && refused.message.contains("name that with --config"), "\(refused.message)")
    #expect(place.number("SELECT count(*) FROM config_versions") == 1)
    let unknown = await retire("control")
    #expect(unknown.exitCode == 64 && unknown.details == ["known: app", "known: billing"])
    #expect(place.number(Self.quiet) == 0)
    #expect(await retire("app").exitCode == 0)
    #expect(place.number(Self.quiet) == 2000)
    #expect(
      try place.rows("SELECT state, resolved_at FROM alerts WHERE rule = 'pipeline.stalled'")
        == [["resolved", "2026-03-01T07:00:00.000Z"]])
  }

  @Test func `a shipper that is dead when the daemon comes back is no silence either`() async throws {
    let place = try Workspace()
    var house = try await Self.begin(place)
    try await house.pass(to: Self.start + Self.hour)
    try await house.close()
    // Nobody was there for eight hours; all of the accounts' deadlines lie in them.
    house = try await StallHouse(place, at: Self.start + 9 * Self.hour)
    try await house.pass(to: Self.start + 9 * Self.hour + 30_000)
    #expect(place.number("SELECT count(*) FROM alerts") == 0)
    try await house.pass(to: Self.start + 9 * Self.hour + 120_000)
    #expect(
      try place.rows("SELECT alert_id FROM alerts ORDER BY 1").map { $0[0] }
        == ["gone-quiet:left:1", "gone-quiet:steady:1", "pipeline.stalled:app:1"])
    try await house.close()
  }

  @Test func `files that are gone are a stall, and files that come back are none by themselves`() async throws {
    let place = try Workspace()
    let house = try await Self.begin(place, app: "stall_after: 1d")
    let now = house.clock.wall.now().milliseconds
    await house.look("app", isThere: false)
    try await house.pass(to: now + 30_000)
    await house.look("app", isThere: true)
    try await house.pass(to: now + 120_000)
    // It was rotated.
    #expect(try place.rows(Self.pipeline).isEmpty)
    await house.look("app", isThere: false)
    try await house.pass(to: now + 240_000)
    #expect(
      try place.rows("SELECT state, reason FROM alerts WHERE rule = 'pipeline.stalled'") == [
        ["firing", "app is gone: nothing is there to be read; what silence would change of 2,000 accounts waits"]
      ])
    await house.look("app", isThere: true)
    try await house.pass(to: now + 360_000)
    #expect(try place.rows(Self.pipeline) == [["pipeline.stalled:app:1", "-", "firing", "critical"]])
    try await house.deliver("app", [("customer-1", now + 360_000)])
    try await house.pass(to: now + 420_000)
    #expect(try place.rows(Self.pipeline) == [["pipeline.stalled:app:1", "-", "resolved", "critical"]])
    try await house.close()
  }

  @Test func `an account of two sources waits, and its lines from the other count`() async throws {
    let place = try Workspace()
    let house = try await Self.begin(place)
    try await Self.goOn(house, to: Self.start + 4 * Self.hour)
    try await house.deliver("billing", [("customer-1", Self.start + 4 * Self.hour)])
    #expect(
      try place.rows("SELECT last_seen_at FROM accounts WHERE account = 'customer-1'")
        == [["2026-03-01T04:00:00.000Z"]])
    try await Self.goOn(house, to: Self.start + 12 * Self.hour)
    #expect(place.number(Self.quiet) == 0)
    try await house.retire("app")
    // (4 + 1)h + 5h.
    #expect(try place.rows("SELECT at FROM alerts WHERE account = 'customer-1'") == [["2026-03-01T10:00:00.000Z"]])
    try await house.close()
  }

  @Test func `a restart in a stall finds the usage that an account behind the clock still has in its windows`()
    async throws
  {
    let place = try Workspace()
    // A day of facts is all that an engine of this config asks for.
    let more = """
      measures:
        volume: {metric: {count: {feature: any, window: 24h}}, grade: {points: [[0, 0], [10, 100]]}}
      scorecards:
        standard: {dimensions: {usage: {weight: 1, measures: {volume: 1}}}}
      """
    let app = "stall_after: 30m, max_hold: 2d"
    var house = try await StallHouse(place, at: Self.start, app: app, more: more)
    try await house.deliver("app", [("customer", Self.start)])
    try await house.pass(to: Self.start + Self.hour / 4)
    try await house.deliver("app", [("customer", Self.start + Self.hour / 4)])
    try await Self.goOn(house, to: Self.start + 27 * Self.hour)
    try await house.close()
    let now = Self.start + 27 * Self.hour
    house = try await StallHouse(place, at: now, app: app, more: more)
    try await house.deliver("billing", [("customer", now)])
    // By the clock both lines left two hours ago; by the account's own time a third joins them.
    #expect(
      try place.rows("SELECT value, at FROM measures WHERE account = 'customer'")
        == [["3.0", "2026-03-01T00:15:00.000Z"]])
    try await house.close()
  }

  @Test func `nothing stalls in a replay, and what stalled before goes on waiting in one`() async throws {
    let place = try Workspace()
    let configuration = try StallHouse.configure(place)
    try place.write("app-1.ndjson", #"{"timestamp":\#(Self.start),"account":"customer-1","event":"used"}"# + "\n")
    let until = Instant(milliseconds: Self.start + 20 * Self.hour)
    func replay() async throws {
      _ = try await Replay.run(
        ReplayRequest(
          configuration: configuration, storePath: place.store, inputs: [place.file("app-1.ndjson")], until: until))
    }
    try await replay()
    #expect(try place.rows(Self.alerts) == [["gone-quiet:customer-1:1", "firing", "2026-03-01T06:00:00.000Z"]])

    let other = try Workspace()
    let house = try await Self.begin(other)
    try await Self.goOn(house, to: Self.start + 3 * Self.hour)
    try await house.close()
    _ = try await Replay.run(
      ReplayRequest(
        configuration: try StallHouse.configure(other), storePath: other.store, inputs: [place.file("app-1.ndjson")],
        until: until))
    #expect(other.number(Self.quiet) == 0)
    #expect(try other.rows("SELECT state FROM sources WHERE source = 'app' LIMIT 1") == [["stalled"]])
  }

  @Test func `a config that no longer watches the source ends the stall`() async throws {
    let place = try Workspace()
    var house = try await Self.begin(place)
    try await Self.goOn(house, to: Self.start + 7 * Self.hour)
    try await house.close()
    house = try await StallHouse(place, at: Self.start + 7 * Self.hour, app: "stall_after: never")
    #expect(place.number(Self.quiet) == 2000)
    #expect(try place.rows(Self.pipeline) == [["pipeline.stalled:app:1", "-", "resolved", "critical"]])
    try await house.close()
  }

  @Test func `verify knows who waits`() async throws {
    let place = try Workspace()
    let house = try await Self.begin(place)
    try await Self.goOn(house, to: Self.start + 23 * Self.hour)
    try await house.close()
    let report = try await Verify.run(storePath: place.store, configuration: try StallHouse.configure(place))
    #expect(report.differences.isEmpty && report.accounts == 2002)
  }

  @Test func `a hook is told without an account`() async throws {
    let place = try Workspace()
    let house = try await Self.begin(place)
    try await Self.goOn(house, to: Self.start + 2 * Self.hour)
    let payload = try place.rows("SELECT payload FROM delivery").first?.first
    #expect(
      payload == #"{"schema":"kizashi.alert/1","delivery_id":"pipeline.stalled:app:1:firing:pager","#
        + #""alert_id":"pipeline.stalled:app:1","episode":"pipeline.stalled:app:1","state":"firing","#
        + #""rule":"pipeline.stalled","severity":"critical","reason":"app has delivered nothing for 30m; "#
        + #"what silence would change of 2,000 accounts waits","account":null,"#
        + #""source":{"id":"app","watermark_at":"2026-03-01T00:33:19.000Z","accounts":2000},"score":null,"#
        + #""because":[],"at":"2026-03-01T01:28:58.000Z","detected_at":"2026-03-01T01:29:00.000Z","suggest":null}"#)
    let due = try await house.store.due(
      hook: "pager", now: house.clock.wall.now(), limit: 10, severities: nil)
    #expect(due.deliveries.map(\.account) == [""] && due.deliveries.map(\.rule) == ["pipeline.stalled"])
    try await house.close()
  }
}
