import Foundation
import Glibc
import KizashiIngest
import Testing

@testable import KizashiDaemon

/// The first moments of a daemon, and the system's limits it starts under.
@Suite struct StartTests {
  /// Waits until the process has a thread beside its first, the earliest moment at which a signal could meet one that was
  /// not told what to do with it.
  private func hasThreads(_ child: Child) async -> Bool {
    await eventually {
      (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(child.pid)/task").count) ?? 2 > 1
    }
  }

  @Test func `TERM and INT at any moment of a start end with exit code 0`() async throws {
    let place = try Workspace()
    _ = try place.configure()
    try place.append(place.lines(0..<100))
    let moments = isSoak ? 120 : 20
    for moment in 0..<moments {
      let daemon = try Child.daemon(place)
      #expect(await hasThreads(daemon))
      let until = ContinuousClock.now + .microseconds(moment * 120_000 / moments)
      _ = await eventually { ContinuousClock.now >= until }
      daemon.signal(moment % 2 == 0 ? SIGTERM : SIGINT)
      let status = await daemon.ended()
      #expect(status == 0, "at moment \(moment): \(daemon.errorText.suffix(1000))")
    }
    // Whatever they left: everything counts once.
    let last = try Child.daemon(place)
    let isRead = await eventually { place.offset == place.size }
    #expect(isRead)
    #expect(await last.started())
    #expect(await last.stopped() == 0)
    #expect(try place.totals == Dictionary(uniqueKeysWithValues: (0..<100).map { ("acct-\($0)", 1) }))
  }

  @Test func `HUP at any moment of a start reloads when there is something to reload`() async throws {
    let place = try Workspace()
    _ = try place.configure()
    for moment in 0..<6 {
      let daemon = try Child.daemon(place, name: "daemon-\(moment)")
      #expect(await hasThreads(daemon))
      let until = ContinuousClock.now + .milliseconds(moment * 10)
      _ = await eventually { ContinuousClock.now >= until }
      daemon.signal(SIGHUP)
      #expect(await daemon.says(" Reloaded "), "at moment \(moment): \(daemon.errorText)")
      #expect(await daemon.started())
      #expect(await daemon.stopped() == 0, "\(daemon.errorText)")
    }
  }

  @Test func `a daemon takes all the descriptors it may have, and its hooks get the usual limit back`() async throws {
    let place = try Workspace()
    _ = try place.configure(
      """
      rules:
        busy: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 0, hooks: [note]}
      hooks:
        note: {run: [/bin/sh, -c, 'sleep 0.2; ulimit -Sn >"$0"; ulimit -Hn >>"$0"; cat >/dev/null', \(place.file("limits"))]}
      """)
    try place.append(place.lines(0..<1))
    let daemon = try Child.daemon(place, program: try place.script("few.sh", "ulimit -Sn 200; ulimit -Hn 3000"))
    let ran = await eventually { place.number("SELECT count(*) FROM deliveries WHERE state = 'done'") == 1 }
    #expect(ran, "\(daemon.errorText)")
    let limits = readText("/proc/\(daemon.pid)/limits")?.split(separator: "\n").first { $0.hasPrefix("Max open files") }
    #expect(limits?.split(separator: " ").dropFirst(3).prefix(2) == ["3000", "3000"])
    #expect(readText(place.file("limits")) == "200\n3000\n")
    let tried = try await Child.run(["hook", "test", "note", "--config", place.config], in: place)
    #expect(tried.status == 0)
    #expect(readText(place.file("limits")) == "200\n3000\n")
    #expect(await daemon.stopped() == 0)
  }

  @Test func `with hardly any descriptors a flood of connections is turned away, and all goes on behind it`()
    async throws
  {
    let place = try Workspace()
    let socket = place.file("events.sock")
    _ = try place.configure("  - {id: sock, kind: unix, path: \(socket)}")
    try place.append(place.lines(0..<1, prefix: "file"))
    let daemon = try Child.daemon(place, program: try place.script("few.sh", "ulimit -n 96"))
    #expect(await daemon.started(), "\(daemon.errorText)")
    // Until one is turned away; those that were let in stay silent.
    var idle: [Int32] = []
    while !daemon.errorText.contains("connection refused"), idle.count < 200 {
      idle.append(try #require(connection(to: socket)))
    }
    #expect(await daemon.says("connection refused"), "\(idle.count) connections: \(daemon.errorText)")
    try place.append(place.lines(1..<2, prefix: "file"))
    for descriptor in idle { close(descriptor) }
    // One that comes before the others' ends were seen is turned away, too; an id lets a producer send again.
    let line = place.lines(0..<1, prefix: "sock").replacing("}", with: #","id":"one"}"#)
    let counted = await eventually {
      if let good = connection(to: socket) {
        _ = send(good, line, line.utf8.count, Int32(MSG_NOSIGNAL))
        close(good)
      }
      return (try? place.totals) == ["file-0": 1, "file-1": 1, "sock-0": 1]
    }
    #expect(counted, "\(daemon.errorText)")
    #expect(await daemon.stopped() == 0, "\(daemon.errorText)")
  }

  @Test func `the sockets of a killed daemon are taken over by the next`() async throws {
    let place = try Workspace()
    let socket = place.file("events.sock")
    _ = try place.configure("  - {id: sock, kind: unix, path: \(socket)}")
    for round in 0..<2 {
      let daemon = try Child.daemon(place)
      #expect(await daemon.started(), "\(daemon.errorText)")
      let producer = try #require(connection(to: socket))
      let line = place.lines(round..<round + 1)
      #expect(send(producer, line, line.utf8.count, Int32(MSG_NOSIGNAL)) == line.utf8.count)
      close(producer)
      let counted = await eventually { (try? place.totals.count) == round + 1 }
      #expect(counted, "\(daemon.errorText)")
      daemon.signal(SIGKILL)
      #expect(await daemon.ended() == 128 + SIGKILL)
      #expect(access(socket, F_OK) == 0 && access(place.file("control.sock"), F_OK) == 0, "nothing stale to take over")
    }
    let last = try Child.daemon(place)
    #expect(await last.started())
    #expect(await last.stopped() == 0, "\(last.errorText)")
    #expect(try place.totals == ["acct-0": 1, "acct-1": 1])
  }

  @Test func `connections leave no rows behind, however many there are and however they end`() async throws {
    let place = try Workspace()
    let socket = place.file("events.sock")
    _ = try place.configure("  - {id: sock, kind: unix, path: \(socket)}")
    for round in 0..<2 {
      let daemon = try Child.daemon(place, name: "daemon-\(round)")
      #expect(await daemon.started(), "\(daemon.errorText)")
      for n in 0..<20 {
        let producer = try #require(connection(to: socket))
        let line = place.lines(round * 20 + n..<round * 20 + n + 1)
        #expect(send(producer, line, line.utf8.count, Int32(MSG_NOSIGNAL)) == line.utf8.count)
        close(producer)
      }
      let counted = await eventually { (try? place.totals.count) == round * 21 + 20 }
      #expect(counted, "\(daemon.errorText)")
      let forgotten = await eventually { place.number("SELECT count(*) FROM stream WHERE key LIKE 'sock@%'") == 0 }
      #expect(forgotten)
      // One that is open when the daemon dies is forgotten by the next.
      let open = try #require(connection(to: socket))
      defer { close(open) }
      let line = place.lines(100 + round..<101 + round)
      #expect(send(open, line, line.utf8.count, Int32(MSG_NOSIGNAL)) == line.utf8.count)
      let isFollowed = await eventually { place.number("SELECT count(*) FROM stream WHERE key LIKE 'sock@%'") == 1 }
      #expect(isFollowed)
      daemon.signal(SIGKILL)
      #expect(await daemon.ended() == 128 + SIGKILL)
    }
  }

  @Test func `what stands where a socket should be is left alone, and the daemon says so and ends`() async throws {
    for name in ["events.sock", "control.sock"] {
      let place = try Workspace()
      _ = try place.configure("  - {id: sock, kind: unix, path: \(place.file("events.sock"))}")
      try place.write(name, "precious")
      let daemon = try Child.daemon(place)
      #expect(await daemon.ended() == 69)
      #expect(daemon.errorText.contains(place.file(name)), "\(daemon.errorText)")
      #expect(readText(place.file(name)) == "precious")
    }
  }

  @Test func `a daemon whose store lies beside another's makes none and says so, and no verb speaks to the wrong one`()
    async throws
  {
    let place = try Workspace()
    _ = try place.configure(
      """
      rules:
        busy: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 9}
      """)
    try place.append(place.lines(0..<1))
    let first = try Child.daemon(place)
    #expect(await first.started())
    let other = place.file("other.db")
    let second = try Child(["run", "--config", place.config, "--db", other], in: place, name: "second")
    #expect(await second.ended() == 69)
    let told = "control.sock: the kizashi of \(place.store) answers there"
    #expect(second.errorText.contains(told), "\(second.errorText)")
    #expect(second.errorText.contains("another folder"), "\(second.errorText)")
    #expect(access(other, F_OK) != 0 && access(other + ".lock", F_OK) != 0, "a store was left behind")

    // One that nobody serves, in the same folder: the verb does it itself, and the daemon knows nothing of it.
    let made = try await Child.run(["replay", "--config", place.config, "--db", other, place.log], in: place)
    #expect(made.status == 0, "\(made.errors)")
    let snoozed = try await Child.run(
      ["snooze", "busy", "--for", "1d", "--reason", "test", "--config", place.config, "--db", other], in: place)
    #expect(snoozed.status == 0, "\(snoozed.errors)")
    #expect(try place.rows("SELECT count(*) FROM snooze", in: other) == [["1"]])
    #expect(place.number("SELECT count(*) FROM snooze") == 0)
    let shown = try await Child.run(["sources", "--config", place.config, "--db", other], in: place)
    #expect(shown.errors.contains("no daemon runs on \(other)"), "\(shown.errors)")
    // However the daemon's own store is called.
    #expect(symlink(place.store, place.file("link.db")) == 0)
    let own = try await Child.run(["sources", "--config", place.config, "--db", place.file("link.db")], in: place)
    #expect(!own.errors.contains("no daemon runs"), "\(own.errors)")
    #expect(await first.stopped() == 0, "\(first.errorText)")
  }

  @Test func `a second daemon on one store ends at once and harms the first in nothing`() async throws {
    let place = try Workspace()
    let socket = place.file("events.sock")
    _ = try place.configure("  - {id: sock, kind: unix, path: \(socket)}")
    let first = try Child.daemon(place)
    #expect(await first.started())
    for _ in 0..<3 {
      let second = try Child.daemon(place, name: "second")
      #expect(await second.ended() == 69)
      #expect(second.errorText.contains("process \(first.pid)"), "\(second.errorText)")
    }
    let producer = try #require(connection(to: socket))
    let line = place.lines(0..<1)
    #expect(send(producer, line, line.utf8.count, Int32(MSG_NOSIGNAL)) == line.utf8.count)
    close(producer)
    try place.append(place.lines(1..<2))
    let counted = await eventually { (try? place.totals) == ["acct-0": 1, "acct-1": 1] }
    #expect(counted, "\(first.errorText)")
    #expect(await first.stopped() == 0)
    #expect(place.number("SELECT clean_stop FROM meta") == 1)
  }
}
