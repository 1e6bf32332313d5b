import Foundation
import Glibc
import Testing

@testable import KizashiDaemon

/// The built daemon as systemd and an operator see it.
@Suite struct LiveTests {
  private func configure(_ place: Workspace) throws {
    _ = try place.configure(
      """
        - {id: sock, kind: unix, path: \(place.file("events.sock"))}
      rules:
        busy: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 0, hooks: [note]}
      hooks:
        note: {run: [/bin/sh, -c, 'date +%s%N >>"$0"; cat >/dev/null', \(place.file("hook.log"))]}
      """)
    try place.append("")
  }

  private func line(_ account: String) -> String {
    #"{"timestamp":\#(presentMilliseconds()),"account":"\#(account)","event":"login"}"# + "\n"
  }

  private func nanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Waits for a datagram that holds the text.
  private func told(_ receiver: NotifyReceiver, _ text: String) async -> Bool {
    // How things stand is told again and again: that something comes is no progress.
    let end = ContinuousClock.now + patience
    repeat {
      let message = await receiver.next()
      if message.contains(text) || message.isEmpty { return !message.isEmpty }
    } while ContinuousClock.now < end
    return false
  }

  @Test func `a line is a row and a running hook at once`() async throws {
    let place = try Workspace()
    try configure(place)
    let receiver = NotifyReceiver(place.file("notify"))
    let daemon = try Child.daemon(place, variables: ["NOTIFY_SOCKET": receiver.address])
    #expect(await told(receiver, "READY=1"), "\(daemon.errorText)")

    var rows: [Double] = []
    var hooks: [Double] = []
    for n in 0..<15 {
      let start = nanoseconds()
      try place.append(line("acct-\(n)"))
      let isThere = await eventually { place.number("SELECT count(*) FROM accounts") == Int64(n + 1) }
      #expect(isThere, "\(daemon.errorText)")
      rows.append(Double(nanoseconds() - start) / 1e6)
      let ran = await eventually { place.hookRuns.count == n + 1 }
      #expect(ran, "\(daemon.errorText)")
      if let last = place.hookRuns.last { hooks.append(Double(last - start) / 1e6) }
    }
    rows.sort()
    hooks.sort()
    print(
      "from the write of a line, milliseconds (median / worst of \(rows.count)): row seen \(rows[7]) / \(rows[14]),",
      "hook started \(hooks[7]) / \(hooks[14])")
    #expect(rows[7] < 2000 && hooks[7] < 2000)
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0, "\(daemon.errorText)")
    #expect(place.number("SELECT clean_stop FROM meta") == 1)
  }

  @Test func `a line on the socket counts, also behind a bad one, and TERM stores what was read`() async throws {
    let place = try Workspace()
    try configure(place)
    let receiver = NotifyReceiver(place.file("notify"))
    let daemon = try Child.daemon(place, variables: ["NOTIFY_SOCKET": receiver.address])
    #expect(await told(receiver, "READY=1"), "\(daemon.errorText)")
    #expect(place.number("SELECT clean_stop FROM meta") == 0)
    try send("no json\n" + line("by-socket") + line("by-socket"), to: place.file("events.sock"))
    let counted = await eventually {
      place.number("SELECT sum(events) FROM usage_daily WHERE account = 'by-socket' AND feature = 'any'") == 2
    }
    #expect(counted, "\(daemon.errorText)")
    #expect(try place.rows("SELECT source, reason, lines FROM refusals") == [["sock", "bad_json", "1"]])
    try send(line("last"), to: place.file("events.sock"))
    try place.append(line("last"))
    daemon.signal(SIGTERM)
    #expect(await told(receiver, "STOPPING=1"))
    #expect(await daemon.ended() == 0, "\(daemon.errorText)")
    #expect(place.number("SELECT clean_stop FROM meta") == 1)
    // What this stop left in the file the next start reads.
    let next = try Child.daemon(place)
    let read = await eventually { (place.number("SELECT lines FROM sources WHERE source = 'app'") ?? 0) == 1 }
    #expect(read)
    #expect(await next.started())
    next.signal(SIGINT)
    #expect(await next.ended() == 0)
  }

  private func send(_ text: String, to path: String) throws {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    let (storage, length) = try #require(SocketAddress.unix(path))
    let connected = withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
    }
    try #require(connected == 0, "\(String(cString: strerror(errno)))")
    let bytes = Array(text.utf8)
    let count = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    try #require(count == bytes.count)
  }

  @Test func `what cannot be read is shown, with what to do, until it can be`() async throws {
    let place = try Workspace()
    let typo = place.file("lgos/*.ndjson")
    _ = try place.configure("  - {id: typo, kind: file, paths: [\(typo)]}")
    // A link to itself can be read by nobody, not even by root.
    let loop = place.file("events-2.ndjson")
    #expect(symlink("events-2.ndjson", loop) == 0)
    try place.append(line("a"))
    let daemon = try Child.daemon(place)
    #expect(await daemon.started())
    let states = """
      SELECT source, replace(path, '\(place.path)/', ''), state FROM sources WHERE source <> 'control' ORDER BY 1, 2
      """
    let told = await eventually {
      (try? place.rows(states)) == [
        ["app", "events-2.ndjson", "unreadable"], ["app", "events.ndjson", "following"],
        ["typo", "lgos/*.ndjson", "missing"],
      ]
    }
    #expect(told, "\((try? place.rows(states)) ?? []) \(daemon.errorText)")
    let shown = try await Child.run(["sources", "--config", place.config], in: place)
    #expect(shown.errors.contains("source app: the daemon cannot read \(loop) ("), "\(shown)")
    #expect(shown.errors.contains("source typo: no file matches \(typo) ("), "\(shown)")
    #expect(await eventually { daemon.errorText.contains("No file is there to be read") }, "\(daemon.errorText)")

    try FileManager.default.removeItem(atPath: loop)
    try FileManager.default.createDirectory(atPath: place.file("lgos"), withIntermediateDirectories: false)
    try place.append(bytes: Array(line("b").utf8)[...], to: place.file("lgos/a.ndjson"))
    let mended = await eventually {
      (try? place.rows(states)) == [["app", "events.ndjson", "following"], ["typo", "lgos/a.ndjson", "following"]]
    }
    #expect(mended, "\((try? place.rows(states)) ?? []) \(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0)
  }

  @Test func `a bad config changes nothing, and reload says what is wrong with it`() async throws {
    let place = try Workspace()
    try configure(place)
    let good = try #require(readText(place.config))
    let receiver = NotifyReceiver(place.file("notify"))
    let daemon = try Child.daemon(place, variables: ["NOTIFY_SOCKET": receiver.address])
    #expect(await told(receiver, "READY=1"), "\(daemon.errorText)")
    try place.write(
      "kizashi.yaml", good.replacing("above: 0", with: "above: lots").replacing("kind: unix", with: "kind: unx"))
    daemon.signal(SIGHUP)
    #expect(await told(receiver, "RELOADING=1"))
    #expect(await told(receiver, "READY=1"))
    #expect(daemon.errorText.contains("the old config stays"), "\(daemon.errorText)")

    let refused = try await Child.run(["reload", "--config", place.config], in: place)
    #expect(refused.status == 78)
    #expect(
      refused.errors.contains("rules.busy.above") && refused.errors.contains("sources[1].kind"), "\(refused.errors)")
    #expect(refused.errors.contains("old config stays in force"), "\(refused.errors)")

    try place.append(line("after"))
    let counted = await eventually { place.number("SELECT count(*) FROM accounts WHERE account = 'after'") == 1 }
    #expect(counted, "the old config no longer works: \(daemon.errorText)")

    try place.write("kizashi.yaml", good.replacing("busy:", with: "busier:"))
    let accepted = try await Child.run(["reload", "--config", place.config], in: place)
    #expect(accepted.status == 0, "\(accepted.errors)")
    try place.append(line("later"))
    let fired = await eventually { place.number("SELECT count(*) FROM alerts WHERE alert_id = 'busier:later:1'") == 1 }
    #expect(fired, "the new config is not in force: \(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0, "\(daemon.errorText)")
    // The rule that is no more left nothing open, and the new one opened for nobody because of the change.
    #expect(
      try place.rows("SELECT alert_id, state FROM alerts ORDER BY 1")
        == [["busier:later:1", "firing"], ["busy:after:1", "resolved"]])
  }

  @Test func `a reload refuses another store, and says that this takes a restart`() async throws {
    let place = try Workspace()
    try configure(place)
    let good = try #require(readText(place.config))
    let daemon = try Child.daemon(place)
    #expect(await daemon.started(), "\(daemon.errorText)")
    // Beside the old store: the daemon is found, and refuses.
    try place.write(
      "kizashi.yaml", good.replacing("kizashi.db}", with: "other.db}").replacing("busy:", with: "busier:"))
    let refused = try await Child.run(["reload", "--config", place.config], in: place)
    #expect(refused.status == 78)
    let advice = "store.path: a running daemon stays on \(place.store); restart it to use \(place.file("other.db"))"
    #expect(refused.errors.contains(advice) && refused.errors.contains("stays in force"), "\(refused.errors)")
    // In another folder: nobody is there.
    try place.write("kizashi.yaml", good.replacing("kizashi.db}", with: "other/kizashi.db}"))
    let unfound = try await Child.run(["reload", "--config", place.config], in: place)
    #expect(unfound.status == 69)
    #expect(unfound.errors.contains("stays on the old store: restart it"), "\(unfound.errors)")
    // Nothing of the refused config is in force.
    try place.append(line("after"))
    let fired = await eventually { place.number("SELECT count(*) FROM alerts WHERE alert_id = 'busy:after:1'") == 1 }
    #expect(fired, "the old config no longer works: \(daemon.errorText)")
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0, "\(daemon.errorText)")
  }

  @Test func `sources tells of a daemon that is down, and how much waits for it in the file`() async throws {
    let place = try Workspace()
    try configure(place)
    try place.append(line("read"))
    let daemon = try Child.daemon(place)
    let isRead = await eventually { place.lines == 1 }
    #expect(isRead, "\(daemon.errorText)")
    let running = try await Child.run(["sources", "--config", place.config], in: place)
    #expect(running.status == 0 && running.errors == "", "\(running.errors)")
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0, "\(daemon.errorText)")

    func lag() async throws -> String {
      let csv = try await Child.run(["sources", "--config", place.config, "--format", "csv"], in: place)
      #expect(csv.status == 0 && csv.errors == "", "\(csv.errors)")
      let lines = csv.output.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
      let column = try #require(lines.first?.firstIndex(of: "lag_bytes"))
      return try String(#require(lines.first { $0[0] == "app" })[column])
    }
    #expect(try await lag() == "0")
    let unread = line("unread")
    try place.append(unread)
    #expect(try await lag() == "\(unread.utf8.count)")
    // Another file at the path says nothing of what was left in the one that was read.
    try FileManager.default.moveItem(atPath: place.log, toPath: place.file("gone"))
    try place.append(unread + unread)
    #expect(try await lag() == "0")
    let down = try await Child.run(["sources", "--config", place.config], in: place)
    #expect(down.status == 0)
    #expect(down.errors.hasPrefix("kizashi: no daemon runs on \(place.store); as of 20"), "\(down.errors)")
  }

  @Test func `errors are a sentence and an exit code`() async throws {
    let place = try Workspace()
    try configure(place)
    let daemon = try Child.daemon(place)
    let started = await eventually { daemon.errorText.contains("Started") }
    #expect(started, "\(daemon.errorText)")
    let second = try await Child.run(["run", "--config", place.config], in: place)
    #expect(second.status == 69)
    #expect(second.errors.contains("\(daemon.pid)"), "\(second.errors)")
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0)

    let nowhere = try await Child.run(
      ["run", "--config", place.config, "--db", place.file("missing/kizashi.db")], in: place)
    #expect(nowhere.status == 73)
    #expect(nowhere.errors.contains("missing"), "\(nowhere.errors)")

    try place.write(
      "bad.yaml",
      """
      version: 1
      business: {timezone: Asia/Tokio}
      sources: [{id: app, kind: fille, paths: [/x]}]
      bands: {green: 170}
      rules:
        a: {kind: drop, by: lots, within: 7d, hooks: [pagr]}
      hooks: {pager: {run: [/bin/true]}}
      """)
    for verb in ["run", "check"] {
      let bad = try await Child.run([verb, "--config", place.file("bad.yaml")], in: place)
      #expect(bad.status == 78, "\(verb)")
      let said = bad.errors + bad.output
      for path in ["business.timezone", "sources[0].kind", "bands.green", "rules.a.by", "rules.a.hooks[0]"] {
        #expect(said.contains(path), "\(verb) does not name \(path): \(said)")
      }
      #expect(said.contains("Asia/Tokyo") && said.contains("pager"), "\(said)")
    }
  }
}

extension Workspace {
  /// When the hook of these tests started, in nanoseconds, by its own clock.
  fileprivate var hookRuns: [Int64] {
    (readText(file("hook.log")) ?? "").split(separator: "\n").compactMap { Int64($0) }
  }
}
