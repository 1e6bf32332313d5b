import KizashiStore
import Logging
import Testing

@testable import KizashiDaemon

/// The daemon was away while customers were not.
///
/// `app` has told of three accounts until 01:00; with a silence of 5 hours each would fall silent at 06:00. `billing` cannot stall.
/// The daemon is away from 01:00 to 09:00, and reads `billing` before it reads what `app` has to say of that time.
@Suite struct OutageTests {
  private static let hour = StallHouse.hour
  private static let start = StallHouse.start
  private static let end = start + 9 * hour
  private static let quiet = "SELECT alert_id, state, at FROM alerts WHERE rule = 'gone-quiet' ORDER BY alert_id"
  private static let kinds = "SELECT kind FROM stall_log ORDER BY seq"
  private static let pipeline =
    "SELECT alert_id, state, at, resolved_at, reason FROM alerts WHERE rule = 'pipeline.stalled'"
  private static let silence = "2026-03-01T06:00:00.000Z"

  /// The store as the daemon left it at 01:00.
  private static func leave(_ place: Workspace) async throws {
    let house = try await StallHouse(place, at: start)
    house.clock.set(start + hour - 60_000)
    try await house.deliver("billing", [("left", start)])
    try await house.deliver("app", [("busy", start), ("late", start), ("silent", start + 1000)])
    try await house.close()
  }

  private static func deliverBacklog(_ house: StallHouse) async throws {
    try await house.deliver("app", [("busy", start + 3 * hour), ("busy", start + 5 * hour)], isAll: false)
    try await house.deliver("app", [("busy", end - hour), ("late", end - 60_000)])
    try await house.pass(to: end + 180_000)
  }

  @Test(arguments: ["app first", "billing first", "billing first, killed"])
  func `which source is read first makes no difference`(order: String) async throws {
    let place = try Workspace()
    try await Self.leave(place)
    var house = try await StallHouse(place, at: Self.end, isUnread: true)
    if order != "app first" {
      try await house.deliver("billing", [("steady", Self.end - 60_000)])
      #expect(try place.rows(Self.quiet) == [["gone-quiet:left:1", "firing", Self.silence]])
      #expect(try place.rows(Self.kinds) == [["4"]])
      #expect(
        try place.rows("SELECT state, stalled_at, waiting FROM sources WHERE source = 'app'") == [
          ["following", "-", "3"]
        ])
    }
    if order.hasSuffix("killed") {
      try await house.close()
      house = try await StallHouse(place, at: Self.end, isUnread: true)
    }
    try await Self.deliverBacklog(house)
    if order == "app first" { try await house.deliver("billing", [("steady", Self.end - 60_000)]) }
    // That one came back two hours and 59 minutes after it had fallen silent was not known before, and is not made up.
    #expect(
      try place.rows(Self.quiet) == [
        ["gone-quiet:late:1", "resolved", Self.silence], ["gone-quiet:left:1", "firing", Self.silence],
        ["gone-quiet:silent:1", "firing", Self.silence],
      ])
    #expect(try place.rows("SELECT alert_id FROM alerts WHERE rule = 'pipeline.stalled'").isEmpty)
    #expect(try place.rows("SELECT delivery_id FROM deliveries WHERE delivery_id LIKE 'pipeline%'").isEmpty)
    #expect(try place.rows(Self.kinds) == (order == "app first" ? [] : [["4"], ["1"]]))
    #expect(try place.rows("SELECT state, waiting FROM sources WHERE source = 'app'") == [["following", "0"]])
    try await house.close()
  }

  @Test func `a source that has nothing to say has stalled when it has had its moment`() async throws {
    let place = try Workspace()
    try await Self.leave(place)
    let house = try await StallHouse(place, at: Self.end, isUnread: true)
    try await house.drain("app")
    try await house.deliver("billing", [("steady", Self.end - 60_000)])
    #expect(place.number("SELECT count(*) FROM alerts") == 1)
    try await house.pass(to: Self.end + 60_000)
    #expect(
      try place.rows("SELECT alert_id, state, at FROM alerts WHERE rule = 'pipeline.stalled'") == [
        ["pipeline.stalled:app:1", "firing", "2026-03-01T09:00:58.000Z"]
      ])
    #expect(try place.rows(Self.kinds) == [["4"], ["0"]])
    // The shipper comes back, and it is told as the end of any stall.
    try await Self.deliverBacklog(house)
    #expect(
      try place.rows("SELECT delivery_id FROM deliveries WHERE delivery_id LIKE 'pipeline%' ORDER BY 1") == [
        ["pipeline.stalled:app:1:firing:pager"], ["pipeline.stalled:app:1:resolved:pager"],
      ])
    #expect(place.number("SELECT count(*) FROM alerts WHERE alert_id LIKE 'gone-quiet:busy%'") == 0)
    try await house.close()
  }

  @Test func `what has been read is not waited for, however old it is`() async throws {
    let place = try Workspace()
    try await Self.leave(place)
    let house = try await StallHouse(place, at: Self.end, isUnread: true)
    try await house.deliver("app", [("late", Self.start + 2 * Self.hour)])
    try await house.deliver("billing", [("steady", Self.end - 60_000)])
    #expect(try place.rows(Self.kinds).isEmpty)
    try await house.close()
  }

  @Test func `a source that always lags is waited for until it has been heard, and no longer`() async throws {
    let place = try Workspace()
    try await Self.leave(place)
    let house = try await StallHouse(place, at: Self.end, isUnread: true)
    try await house.deliver("billing", [("steady", Self.end - 60_000)])
    try await house.deliver("app", [("late", Self.end - 2 * Self.hour)])
    try await house.pass(to: Self.end + 1)
    #expect(try place.rows(Self.kinds) == [["4"], ["1"]])
    try await house.close()
  }

  @Test func `producers that come back a moment after us are waited for, by the clock too`() async throws {
    let place = try Workspace()
    try await Self.leave(place)
    // So that silence since 01:00 is none of the source.
    let house = try await StallHouse(place, at: Self.end, app: "stall_after: 10h", isUnread: true)
    for source in ["app", "billing"] { try await house.drain(source) }
    try await house.pass(to: Self.end + 30_000)
    #expect(try place.rows(Self.quiet) == [["gone-quiet:left:1", "firing", Self.silence]])
    try await house.deliver("app", [("busy", Self.start + 5 * Self.hour), ("late", Self.end - 60_000)])
    try await house.pass(to: Self.end + 60_000)
    #expect(
      try place.rows(Self.quiet).map { $0[0] } == ["gone-quiet:late:1", "gone-quiet:left:1", "gone-quiet:silent:1"])
    #expect(try place.rows(Self.kinds) == [["4"], ["1"]])
    try await house.close()
  }

  @Test func `who has nothing to say after a short while is waited for so long, and it is told to nobody`() async throws
  {
    let place = try Workspace()
    let began = Self.start + Self.hour - 60_000
    try await Self.leave(place)
    // A stall that was told before, and is over.
    var house = try await StallHouse(place, at: began)
    try await house.pass(to: began + 40 * 60_000)
    try await house.deliver("app", [("busy", began + 40 * 60_000)])
    try await house.pass(to: began + 41 * 60_000)
    let told = try place.rows(Self.pipeline)
    #expect(told.map { $0[1] } == ["resolved"])
    try await house.close()
    house = try await StallHouse(place, at: began + 42 * 60_000, isUnread: true)
    try await house.drain("app")
    try await house.deliver("billing", [("steady", began + 42 * 60_000)])
    #expect(try place.rows(Self.kinds) == [["0"], ["1"], ["4"]])
    try await house.pass(to: began + 43 * 60_000)
    #expect(try place.rows(Self.kinds) == [["0"], ["1"], ["4"], ["1"]])
    #expect(try place.rows(Self.pipeline) == told)
    try await house.close()
  }

  @Test func `a wait that lines of the quarantine begin stands in the log behind all lines before`() async throws {
    let place = try Workspace()
    var house = try await StallHouse(place, at: Self.start)
    try await house.deliver("app", [("busy", Self.start)])
    try await house.deliver("billing", [("", Self.start), ("", Self.start), ("steady", Self.start)])
    try await house.close()
    house = try await StallHouse(place, at: Self.end, isUnread: true)
    _ = try await Commands.retryQuarantine(
      source: nil, reason: nil, try StallHouse.configure(place), house.store, house.host, house.clock.wall,
      Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await house.host.flush()
    #expect(try place.rows("SELECT kind, lines FROM stall_log") == [["4", "4"]])
    try await house.close()
  }

  @Test func `an account of a source that said it is over is not waited for`() async throws {
    let place = try Workspace()
    try await Self.leave(place)
    let house = try await StallHouse(place, at: Self.end, isUnread: true)
    try await house.deliver("billing", [("steady", Self.end - 60_000)])
    try await house.retire("app")
    #expect(try place.rows(Self.quiet).count == 4)
    try await house.deliver("billing", [("steady", Self.end - 30_000)])
    #expect(try place.rows(Self.kinds) == [["4"], ["2"]])
    try await house.close()
  }
}
