import KizashiConfig
import KizashiCore
import KizashiIngest
import KizashiStore
import Logging
import Synchronization
import Testing

@testable import KizashiDaemon

/// A clock that stands where it was put.
final class FakeClock: Sendable {
  private let milliseconds: Mutex<Int64>
  init(_ milliseconds: Int64) { self.milliseconds = Mutex(milliseconds) }
  var wall: WallClock { WallClock { [self] in Instant(milliseconds: milliseconds.withLock { $0 }) } }
  func set(_ value: Int64) { milliseconds.withLock { $0 = value } }
}

/// The daemon's engine and store under a clock of ours: what the wall clock alone brings about.
private struct Pipeline {
  let host: EngineHost
  let store: StoreHost
  let intake: SourceIntake
  let clock: FakeClock

  init(_ place: Workspace, _ configuration: Configuration, at start: Int64, policy: CommitPolicy = .live) async throws {
    clock = FakeClock(start)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    store = try await StoreHost(path: place.store, programVersion: "test", quarantineRows: 100, logger: logger)
    let now = clock.wall.now()
    let opened = try await store.use {
      try OpenedStore.prepare($0, configuration, extraSources: [], suppression: nil, now: now)
    }
    host = try EngineHost(
      parts: opened.parts, store: store, clock: clock.wall, policy: policy, liveSources: [], committed: { _ in })
    intake = SourceIntake(
      source: 0, decode: DecodeOptions(), host: host, clock: clock.wall, logger: logger,
      latestAcceptable: { $0.advanced(by: 300_000) })
  }

  /// One line, at its own instant; then nothing is left to read.
  func deliver(_ event: String, at instant: Int64, offset: Int64) async throws {
    try await accept(event, at: instant, offset: offset)
    await intake.drained(source: "app")
    try await host.flush()
  }

  /// One line, at its own instant, with more to be read.
  func accept(_ event: String, at instant: Int64, offset: Int64) async throws {
    clock.set(instant)
    var position = StreamPosition(source: "app", key: "log:1", path: BytePath("log"))
    position.offset = offset + 1
    let line = #"{"timestamp":"\#(UTC.text(instant))","account":"acme","user":"u","event":"\#(event)"}"# + "\n"
    try await intake.accept(
      Chunk(source: "app", position: position, bytes: Array(line.utf8), startOffset: offset, oversize: []))
  }

  /// The wall clock reads so; all that this brings about is stored.
  func turn(to instant: Int64) async throws {
    clock.set(instant)
    while try await !host.tick(settleMilliseconds: 2000) {}
    try await host.flush()
  }

  func close() async throws { try await store.close(clean: true) }
}

/// An account stops. With no event arriving anywhere, it drops through its bands at the instants that follow from the
/// specification; all of them are computed by hand here.
///
/// One event a day at 12:30 UTC from 22 February to 1 March 2026, of three features in turn; the built-in scorecard. The
/// trend is missing throughout (never 10 events in the window before), so 100 · score = (30·recency + 30·frequency +
/// 15·breadth) / 75. Day n is n days after 1 March. From its start on, recency is 100 to day 1, then falls by 5 a day to
/// 70 on day 7, by 30/7 to 40 on day 14, by 2.5 to 0 on day 30. Frequency is 60 (8 active days) until the tile of 22
/// February leaves on day 21 at 13:00 (12:00 + 1h + 28d), then 55, 50 … by the day. Breadth is 60.
@Suite struct SilenceTests {
  private static let hour: Int64 = 3_600_000
  private static let day: Int64 = 24 * hour
  /// 2026-03-01T00:00:00Z, day 0.
  private static let dayZero: Int64 = 1_772_323_200_000
  private static let lastEvent = dayZero + 12 * hour + hour / 2
  private static let quiet = "gone-quiet: {kind: silence, feature: any, after: 5d, hooks: [pager]}"
  private static let config = """
    rules:
      \(quiet)
    hooks:
      pager: {run: [/bin/true]}
    """
  private static let events = ["a", "b", "c", "a", "b", "c", "a", "b"]

  /// After the last event: instant, kind, from, to, delta, cause.
  private static let history = [
    // 70.00 on day 4: six points below the 76.00 with which it became green.
    "2026-03-05T00:00:00.000Z | score | 76.00 | 70.00 | -6.00 | silence",
    // 68 from day 5 on: below 70, and 2h later out of green.
    "2026-03-06T02:00:00.000Z | band | green | yellow | -2.00 | silence",
    // 12:00 + 1h + 5d.
    "2026-03-06T13:00:00.000Z | rule | ok | firing | - | expiry",
    "2026-03-09T00:00:00.000Z | score | 68.00 | 62.28 | -5.72 | silence",
    "2026-03-12T00:00:00.000Z | score | 62.28 | 57.14 | -5.14 | silence",
    "2026-03-15T00:00:00.000Z | score | 57.14 | 52.00 | -5.14 | silence",
    "2026-03-20T00:00:00.000Z | score | 52.00 | 47.00 | -5.00 | silence",
    // Recency 20 and, since the day before at 13:00, frequency 55: the larger part is the silence's.
    "2026-03-23T00:00:00.000Z | score | 47.00 | 42.00 | -5.00 | mixed",
    // 39 from day 23 on (40 the day before at 13:00 is not below 40), and 2h later out of yellow.
    "2026-03-24T02:00:00.000Z | band | yellow | red | -3.00 | mixed",
  ]
  private static let query = """
    SELECT at, kind, from_value, to_value, CASE WHEN kind <> 'rule' THEN printf('%.2f', delta) END, cause FROM changes
    WHERE at > '\(UTC.text(lastEvent))' ORDER BY seq
    """

  private func deliverAll(_ pipeline: Pipeline) async throws {
    for (index, event) in Self.events.enumerated() {
      let at = Self.lastEvent - Int64(Self.events.count - 1 - index) * Self.day
      try await pipeline.deliver(event, at: at, offset: Int64(index) * 200)
    }
  }

  private func started(_ place: Workspace, policy: CommitPolicy = .live) async throws -> Pipeline {
    let pipeline = try await Pipeline(
      place, try place.configure(Self.config), at: Self.lastEvent - 8 * Self.day, policy: policy)
    try await deliverAll(pipeline)
    #expect(try place.rows("SELECT score, band FROM accounts") == [["76.0", "green"]])
    return pipeline
  }

  private func history(_ place: Workspace) throws -> [String] {
    try place.rows(Self.query).map { $0.joined(separator: " | ") }
  }

  @Test func `an account that stops drops through its bands at the very instants, however the clock comes there`()
    async throws
  {
    let stepwise = try Workspace()
    var pipeline = try await started(stepwise)
    var now = Self.lastEvent
    let end = Self.dayZero + 24 * Self.day
    while now < end {
      now += 6 * Self.hour + 1
      try await pipeline.turn(to: min(now, end))
    }
    try await pipeline.close()
    #expect(try history(stepwise) == Self.history)
    #expect(try stepwise.rows("SELECT band FROM accounts") == [["red"]])

    let atOnce = try Workspace()
    pipeline = try await started(atOnce)
    try await pipeline.turn(to: end)
    try await pipeline.close()
    #expect(try history(atOnce) == Self.history)
    #expect(try CanonicalDump.of(atOnce) == CanonicalDump.of(stepwise))

    // One deadline a commit and no more.
    let bounded = try Workspace()
    var policy = CommitPolicy.live
    policy.mostDeadlines = 1
    pipeline = try await started(bounded, policy: policy)
    let before = await pipeline.host.totals.commits
    // One call is one part of the way, so that a stop or a chunk has its turn behind each.
    pipeline.clock.set(end)
    #expect(try await !pipeline.host.tick(settleMilliseconds: 2000))
    #expect(await pipeline.host.now.milliseconds < end - 20 * Self.day)
    try await pipeline.turn(to: end)
    #expect(await pipeline.host.totals.commits - before > Self.history.count)
    try await pipeline.close()
    #expect(try history(bounded) == Self.history)
    #expect(try CanonicalDump.of(bounded) == CanonicalDump.of(stepwise))

    let replayed = try Workspace()
    let configuration = try replayed.configure(Self.config)
    let lines = Self.events.enumerated().map { index, event in
      let at = Self.lastEvent - Int64(Self.events.count - 1 - index) * Self.day
      return #"{"timestamp":"\#(UTC.text(at))","account":"acme","user":"u","event":"\#(event)"}"#
    }
    try replayed.write("events.ndjson", lines.joined(separator: "\n"))
    _ = try await Replay.run(
      ReplayRequest(
        configuration: configuration, storePath: replayed.store, inputs: [replayed.log],
        until: Instant(milliseconds: end)))
    #expect(try history(replayed) == Self.history)
    #expect(
      try replayed.rows("SELECT delivery_id, state, output FROM deliveries")
        == [["gone-quiet:acme:1:firing:pager", "suppressed", "replay"]])
  }

  @Test func `a change waits for its instant and is found in the second it is due`() async throws {
    let place = try Workspace()
    let pipeline = try await started(place)
    let lost = Self.dayZero + 5 * Self.day + 2 * Self.hour
    func band() throws -> String? { try place.rows("SELECT band FROM accounts").first?.first }
    // The engine's clock stays `settle` behind the wall clock.
    try await pipeline.turn(to: lost + 1999)
    #expect(try band() == "green")
    try await pipeline.turn(to: lost + 2000)
    #expect(try band() == "yellow")
    #expect(place.number("SELECT now_ms FROM meta") == lost)

    let silent = Self.dayZero + 5 * Self.day + 13 * Self.hour
    try await pipeline.turn(to: silent + 1999)
    #expect(try place.rows("SELECT * FROM alerts").isEmpty)
    try await pipeline.turn(to: silent + 2000)
    #expect(
      try place.rows("SELECT alert_id, state, at, detected_at FROM alerts")
        == [["gone-quiet:acme:1", "firing", UTC.text(silent), UTC.text(silent + 2000)]])
    #expect(
      try place.rows("SELECT delivery_id, state FROM deliveries") == [["gone-quiet:acme:1:firing:pager", "owed"]])
    // One event ends the silence; its end is owed to the hook, too.
    try await pipeline.deliver("a", at: silent + Self.hour, offset: 9000)
    #expect(
      try place.rows("SELECT delivery_id, state FROM deliveries ORDER BY delivery_id")
        == [["gone-quiet:acme:1:firing:pager", "owed"], ["gone-quiet:acme:1:resolved:pager", "owed"]])
    #expect(try place.rows("SELECT resolved_at FROM alerts") == [[UTC.text(silent + Self.hour)]])
    try await pipeline.close()
  }

  @Test(arguments: [(late: hour, state: "owed"), (late: hour + 1, state: "suppressed")])
  func `what is found later than hook_max_age runs no hook`(late: Int64, state: String) async throws {
    let place = try Workspace()
    let pipeline = try await started(place)
    try await pipeline.turn(to: Self.dayZero + 5 * Self.day + 13 * Self.hour + late)
    try await pipeline.close()
    #expect(
      try place.rows("SELECT state, output FROM deliveries") == [[state, state == "owed" ? "-" : "stale"]])
    #expect(try place.rows("SELECT at FROM alerts") == [["2026-03-06T13:00:00.000Z"]])
  }

  @Test func `an unread backlog is no silence`() async throws {
    let place = try Workspace()
    let pipeline = try await started(place)
    await pipeline.host.follow(0)
    try await pipeline.turn(to: Self.dayZero + 24 * Self.day)
    #expect(try history(place) == [])
    await pipeline.intake.drained(source: "app")
    try await pipeline.turn(to: Self.dayZero + 24 * Self.day)
    #expect(try history(place) == Self.history)
    try await pipeline.close()
  }

  @Test func `behind a commit that failed nothing more is stored`() async throws {
    let place = try Workspace()
    let pipeline = try await Pipeline(place, try place.configure(), at: Self.lastEvent)
    try await pipeline.deliver("a", at: Self.lastEvent, offset: 0)
    try place.corrupt("CREATE TRIGGER broken BEFORE INSERT ON stream BEGIN SELECT RAISE(ABORT, 'broken'); END")
    // The second line's commit begins, because it is time, and fails; the third is applied meanwhile.
    try await pipeline.accept("b", at: Self.lastEvent + 1000, offset: 200)
    try? await pipeline.accept("c", at: Self.lastEvent + 1001, offset: 400)
    await #expect(throws: (any Error).self) {
      try await pipeline.intake.settle()
      try await pipeline.host.flush()
    }
    try place.corrupt("DROP TRIGGER broken")
    await pipeline.intake.drained(source: "app")
    await #expect(throws: (any Error).self) { try await pipeline.host.drained(0) }
    await #expect(throws: (any Error).self) { try await pipeline.host.flush() }
    #expect(try place.rows("SELECT name FROM event_name") == [["a"]])
    #expect(place.offset == 1)
    try await pipeline.close()
  }
}
