import Foundation
import Glibc
import Testing

@testable import KizashiDaemon

/// The built daemon, a real file, a writer that is killed; and then the daemon.
///
/// Each account's threshold has to hold for some seconds: a deadline that an operator can wait for.
@Suite struct StalledDaemonTests {
  private static let holds: Int64 = 15_000

  private func configure(_ place: Workspace) throws {
    try place.write(
      "kizashi.yaml",
      """
      version: 1
      store: {path: \(place.store)}
      sources:
        - {id: app, kind: file, paths: [\(place.path)/events*.ndjson], stall_after: 4s, hooks: [note]}
      rules:
        busy: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 0, for: \(Self.holds / 1000)s}
      hooks:
        note: {run: [/bin/sh, -c, 'echo "$KIZASHI_RULE $KIZASHI_STATE [$KIZASHI_ACCOUNT]" >>"$0"; cat >/dev/null', \(place.file("hook.log"))]}
      """)
    try place.append("")
  }

  @Test func `a daemon that was away waits for each of its sources before it takes anybody for silent`() async throws {
    let place = try Workspace()
    let source = "kind: file, paths: [\(place.path)"
    try place.write(
      "kizashi.yaml",
      """
      version: 1
      store: {path: \(place.store)}
      sources:
        - {id: app, \(source)/events*.ndjson], stall_after: 1h}
        - {id: billing, \(source)/billing*.ndjson]}
      """)
    func line(_ account: String, _ at: Int64) -> String {
      #"{"timestamp":\#(at),"account":"\#(account)","event":"e"}"# + "\n"
    }
    try place.append(line("acme", presentMilliseconds() - 600_000))
    var daemon = try Child.daemon(place)
    #expect(await eventually { place.lines == 1 }, "\(daemon.errorText)")
    #expect(await daemon.stopped() == 0, "\(daemon.errorText)")
    try place.write("billing.ndjson", line("beta", presentMilliseconds()))
    daemon = try Child.daemon(place)
    #expect(await eventually { place.number("SELECT sum(lines) FROM source") == 2 }, "\(daemon.errorText)")
    let waits = "SELECT n.name, l.kind FROM stall_log l JOIN source n ON n.id = l.source ORDER BY seq"
    #expect(await eventually { (try? place.rows(waits)) == [["app", "4"]] }, "\(daemon.errorText)")
    try place.append(line("acme", presentMilliseconds()))
    #expect(await eventually { (try? place.rows(waits)) == [["app", "4"], ["app", "1"]] }, "\(daemon.errorText)")
    #expect(await daemon.stopped() == 0, "\(daemon.errorText)")
  }

  @Test func `a writer is killed, then the daemon: one alert; and all that waited comes when lines come`() async throws
  {
    let place = try Workspace()
    try configure(place)
    // Writes a heartbeat now and then, as a healthy shipper does.
    let beat = #"{"type":"heartbeat","timestamp":'"$(date +%s)"'}"#
    let writer = try Child(
      ["-c", "while :; do echo '\(beat)' >>'\(place.log)'; sleep 0.3; done"], of: ["/bin/sh"], in: place, name: "writer"
    )
    var daemon = try Child.daemon(place)
    #expect(await daemon.started(), "\(daemon.errorText)")
    #expect(await eventually { place.lines > 0 }, "\(daemon.errorText)")
    // Its last words, ahead of its own heartbeats, so that instants are what they say.
    let written = presentMilliseconds() + 2000
    let lines = (0..<2000).map { number in
      #"{"timestamp":\#(written + Int64(number)),"account":"customer-\#(number)","event":"e"}"# + "\n"
    }
    try place.append(lines.joined())
    writer.signal(SIGKILL)
    _ = await writer.ended()
    #expect(await eventually { place.number("SELECT count(*) FROM accounts") == 2000 }, "\(daemon.errorText)")

    let fires = "SELECT rule, account FROM alerts WHERE state = 'firing' OR rule = 'busy'"
    let one = [["pipeline.stalled", "-"]]
    let log = place.file("hook.log")
    #expect(await eventually { (try? place.rows(fires)) == one }, "\(daemon.errorText)")
    #expect(
      await eventually { readText(log)?.hasSuffix("pipeline.stalled firing []\n") == true }, "\(daemon.errorText)")
    daemon.signal(SIGKILL)
    _ = await daemon.ended()
    daemon = try Child.daemon(place)
    #expect(await daemon.started(), "\(daemon.errorText)")
    // By now every account would have been told of, long after its instant.
    #expect(await eventually { presentMilliseconds() > written + 2000 + Self.holds + 5000 })
    #expect(try place.rows(fires) == one)
    #expect(
      try place.rows("SELECT DISTINCT state, waiting FROM sources WHERE source = 'app'") == [["stalled", "2000"]])

    try place.append(#"{"type":"heartbeat","timestamp":\#(presentMilliseconds())}"# + "\n")
    #expect(
      await eventually { place.number("SELECT count(*) FROM alerts WHERE rule = 'busy'") == 2000 },
      "\(daemon.errorText)")
    // In order, each at its own instant.
    #expect(
      try place.rows(
        "SELECT n.name, e.at_ms FROM alert e JOIN account_name n ON n.id = e.account WHERE rule = 'busy' ORDER BY e.seq"
      )
        == (0..<2000).map { ["customer-\($0)", "\(written + Int64($0) + Self.holds)"] })
    // On a slow machine the writer may be missed again by now.
    #expect(
      await eventually { readText(log)?.contains("pipeline.stalled resolved []\n") == true }, "\(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0, "\(daemon.errorText)")
  }
}
