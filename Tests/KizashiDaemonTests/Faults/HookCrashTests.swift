import Foundation
import GRDB
import Glibc
import KizashiStore
import Testing

@testable import KizashiDaemon

/// kill -9 of the daemon at exactly the moments that matter to a hook run: between commit and spawn, between spawn and exit,
/// between exit and mark. The hook itself, a gate it waits at, or a lock on the store hold the daemon there.
@Suite struct HookCrashTests {
  /// One line `delivery attempt` a run in `hook.log`, first thing; then what `body` says.
  private func configure(_ place: Workspace, _ body: String, concurrency: Int = 4, more: String = "") throws {
    let script = try place.write(
      "hook.sh",
      """
      cd '\(place.path)'
      cat >/dev/null
      echo "begun $KIZASHI_DELIVERY_ID $KIZASHI_ATTEMPT" >>hook.log
      \(body)
      echo "ended $KIZASHI_DELIVERY_ID $KIZASHI_ATTEMPT" >>hook.log

      """)
    _ = try place.configure(
      """
      rules:
        busy: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 0, hooks: [note]}
        busier: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 1, hooks: [note]}
      hooks:
        note: {run: [/bin/sh, \(script)], concurrency: \(concurrency), timeout: 1h, retries: 3\(more)}
      """)
    try place.append("")
  }

  private func runs(_ place: Workspace) -> [String] {
    (readText(place.file("hook.log")) ?? "").split(separator: "\n").map(String.init)
  }

  private func rows(_ place: Workspace) throws -> [[String]] {
    try place.rows("SELECT delivery_id, state, attempts FROM deliveries ORDER BY rowid")
  }

  private func killed(_ daemon: Child) async {
    daemon.signal(SIGKILL)
    #expect(await daemon.ended() == 128 + SIGKILL, "\(daemon.errorText)")
  }

  /// Starts once more and waits until nothing is owed.
  private func finished(_ place: Workspace) async throws {
    let last = try Child.daemon(place, name: "last")
    let isDone = await eventually {
      place.offset == place.size && place.number("SELECT count(*) FROM deliveries WHERE state <> 'done'") == 0
    }
    #expect(isDone, "\((try? rows(place)) ?? []) \(last.errorText)")
    #expect(await last.started())
    #expect(await last.stopped() == 0, "\(last.errorText)")
  }

  @Test func `killed between commit and spawn, a run is owed and runs once, as its first attempt`() async throws {
    let place = try Workspace()
    try configure(place, "while [ ! -e gate ]; do sleep 0.02; done", concurrency: 1)
    let daemon = try Child.daemon(place)
    // The only place is taken by the first; the others are committed and cannot be begun.
    try place.append(place.lines(0..<1))
    #expect(await eventually { runs(place).count == 1 }, "\(daemon.errorText)")
    try place.append(place.lines(1..<4))
    let isOwed = await eventually { place.number("SELECT count(*) FROM deliveries WHERE state = 'owed'") == 3 }
    #expect(isOwed, "\(daemon.errorText)")
    let isMarked = await eventually { place.number("SELECT count(*) FROM deliveries WHERE state = 'running'") == 1 }
    #expect(isMarked)
    await killed(daemon)
    try place.write("gate", "")
    try await finished(place)
    for n in 1..<4 {
      #expect(
        runs(place).filter { $0.hasPrefix("begun busy:acct-\(n):1:") } == ["begun busy:acct-\(n):1:firing:note 1"])
    }
    #expect(try rows(place).map { $0[2] } == ["2", "1", "1", "1"])
    #expect(try place.rows("SELECT count(*), count(DISTINCT alert_id) FROM alerts") == [["4", "4"]])
  }

  @Test func `killed by its own hook before it has done anything, the daemon runs it again`() async throws {
    let place = try Workspace()
    // As early as anything can be behind the spawn: the mark may or may not be stored.
    try configure(place, "if [ ! -e killed ]; then touch killed; kill -9 $PPID; fi")
    let daemon = try Child.daemon(place)
    try place.append(place.lines(0..<1) + place.lines(0..<1))
    #expect(await daemon.ended() == 128 + SIGKILL, "\(daemon.errorText)")
    try await finished(place)
    // Of the account's two runs the first was cut off, and the second did not overtake it.
    let log = runs(place).filter { $0.hasPrefix("begun") }
    #expect(log.count == 3, "\(runs(place))")
    #expect(log[0] == "begun busy:acct-0:1:firing:note 1")
    #expect(log[1].hasPrefix("begun busy:acct-0:1:firing:note ") && log[2] == "begun busier:acct-0:1:firing:note 1")
    #expect(try place.rows("SELECT count(*), count(DISTINCT alert_id) FROM alerts") == [["2", "2"]])
  }

  @Test func `killed between spawn and exit, a run is attempted again, and what waits behind it waits on`() async throws
  {
    let place = try Workspace()
    try configure(
      place, #"case $KIZASHI_DELIVERY_ID in busy:*) while [ ! -e "gate$KIZASHI_ATTEMPT" ]; do sleep 0.02; done;; esac"#)
    let daemon = try Child.daemon(place)
    try place.append(place.lines(0..<1) + place.lines(0..<1))
    let isMarked = await eventually {
      (try? rows(place)) == [
        ["busy:acct-0:1:firing:note", "running", "1"], ["busier:acct-0:1:firing:note", "owed", "0"],
      ]
    }
    #expect(isMarked, "\((try? rows(place)) ?? []) \(daemon.errorText)")
    await killed(daemon)
    let next = try Child.daemon(place, name: "next")
    let again = await eventually { (try? rows(place).first) == ["busy:acct-0:1:firing:note", "running", "2"] }
    #expect(again, "\((try? rows(place)) ?? []) \(next.errorText)")
    #expect(await eventually { runs(place).count == 2 })
    // The first process outlived the daemon; its end says nothing to anybody any more.
    try place.write("gate1", "")
    #expect(await eventually { runs(place).contains("ended busy:acct-0:1:firing:note 1") })
    #expect(!runs(place).contains { $0.contains("busier") }, "\(runs(place))")
    await killed(next)
    try place.write("gate2", "")
    try place.write("gate3", "")
    try await finished(place)
    #expect(
      runs(place).filter { $0.hasPrefix("begun") } == [
        "begun busy:acct-0:1:firing:note 1", "begun busy:acct-0:1:firing:note 2", "begun busy:acct-0:1:firing:note 3",
        "begun busier:acct-0:1:firing:note 1",
      ])
    #expect(try rows(place).map { $0[1...] } == [["done", "3"], ["done", "1"]])
    #expect(try place.rows("SELECT count(*), count(DISTINCT alert_id) FROM alerts") == [["2", "2"]])
  }

  @Test func `killed between exit and mark, a run is attempted again`() async throws {
    let place = try Workspace()
    try configure(place, "while [ ! -e gate ]; do sleep 0.02; done")
    let daemon = try Child.daemon(place)
    try place.append(place.lines(0..<1) + place.lines(0..<1))
    let isMarked = await eventually { place.number("SELECT count(*) FROM deliveries WHERE state = 'running'") == 1 }
    #expect(isMarked, "\(daemon.errorText)")
    // Nothing can be stored any more; then the hook ends.
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let shell = try DatabaseQueue(path: place.store, configuration: configuration)
    let isLocked = await eventually {
      (try? await shell.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }) != nil
    }
    #expect(isLocked)
    try place.write("gate", "")
    #expect(await daemon.says("Outcomes of hooks cannot be stored"), "\(daemon.errorText)")
    // Not said again each second, and nothing more is begun.
    #expect(runs(place) == ["begun busy:acct-0:1:firing:note 1", "ended busy:acct-0:1:firing:note 1"])
    await killed(daemon)
    try await shell.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    try shell.close()
    #expect(try rows(place).map { $0[1...] } == [["running", "1"], ["owed", "0"]])
    try await finished(place)
    #expect(
      runs(place).filter { $0.hasPrefix("begun") } == [
        "begun busy:acct-0:1:firing:note 1", "begun busy:acct-0:1:firing:note 2", "begun busier:acct-0:1:firing:note 1",
      ])
    #expect(try rows(place).map { $0[1...] } == [["done", "2"], ["done", "1"]])
    #expect(try place.rows("SELECT count(*), count(DISTINCT alert_id) FROM alerts") == [["2", "2"]])
  }

  @Test func `max_per_hour goes on counting over kill -9 and over a stop`() async throws {
    let place = try Workspace()
    // Three alerts one by one, then a group, then nothing for an hour.
    try configure(place, "", more: ", max_per_hour: 4")
    for n in 0..<4 {
      let daemon = try Child.daemon(place, name: "daemon-\(n)")
      try place.append(place.lines(n..<n + 1))
      let isDone = await eventually {
        place.number("SELECT count(*) FROM deliveries WHERE state = 'done'") == Int64(n + 1)
      }
      #expect(isDone, "\(daemon.errorText)")
      if n % 2 == 0 { await killed(daemon) } else { #expect(await daemon.stopped() == 0) }
    }
    let daemon = try Child.daemon(place)
    #expect(await daemon.started())
    try place.append(place.lines(4..<5))
    let isOwed = await eventually { place.number("SELECT count(*) FROM deliveries WHERE state = 'owed'") == 1 }
    #expect(isOwed)
    // A round trip behind the commit: the service has looked at it by then.
    #expect(try await Child.run(["deliveries", "drop", "none", "--config", place.config], in: place).status == 1)
    try place.append(place.lines(5..<6))
    let both = await eventually { place.number("SELECT count(*) FROM deliveries WHERE state = 'owed'") == 2 }
    #expect(both)
    #expect(await daemon.stopped() == 0)
    #expect(runs(place).filter { $0.hasPrefix("begun") }.count == 4, "\(runs(place))")
  }
}
