import Foundation
import Glibc
import Testing

@testable import KizashiDaemon

/// Hooks that behave as badly as they can, run by a real daemon beside others that behave.
@Suite struct HookFloodTests {
  private func delivered(_ place: Workspace, _ name: String) -> [String] {
    (readText(place.file(name)) ?? "").split(separator: "\n").map(String.init)
  }

  @Test func `five thousand accounts at once are handed over whole, once each, by few processes`() async throws {
    let place = try Workspace()
    let accounts = 5000
    // One line a process, with every delivery id in what it was given.
    _ = try place.configure(
      """
      rules:
        busy: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 0, hooks: [note]}
      hooks:
        note:
          run: [/bin/sh, -c, 'grep -o "\\"delivery_id\\":\\"[^\\"]*\\"" | tr "\\n" " " >>"$0"; echo >>"$0"', \(place.file("log"))]
          group_wait: 1s
          concurrency: 1
      """)
    try place.append(place.lines(0..<accounts))
    let daemon = try Child.daemon(place)
    let isDone = await eventually {
      place.number("SELECT count(*) FROM deliveries WHERE state = 'done'") == Int64(accounts)
    }
    #expect(isDone, "\(daemon.errorText)")
    let peak = daemon.memory.peak
    #expect(await daemon.stopped() == 0)
    let processes = delivered(place, "log")
    let ids = processes.flatMap { $0.split(separator: " ").map { String($0.split(separator: "\"")[2]) } }
    #expect(ids.count == accounts && Set(ids).count == accounts)
    print("\(accounts) deliveries by \(processes.count) processes, peak \(peak) KiB")
    // 256 in a group at most; a few more where the commits came in pieces.
    #expect(processes.count >= 20 && processes.count < 60)
    #expect(try place.rows("SELECT DISTINCT state, attempts FROM deliveries") == [["done", "1"]])
  }

  @Test func `a hook that is stuck, one that floods and one that cannot start hold up nobody and take no memory`()
    async throws
  {
    let place = try Workspace()
    let megabytes = isSoak ? 20_000 : 200
    let names = ["stuck", "loud", "missing", "plain", "note"]
    let gate = place.file("gate")
    try place.write("plain.sh", "#!/bin/sh\n")
    _ = try place.configure(
      """
      rules:
        busy: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 0, hooks: [\(names.joined(separator: ", "))]}
      hooks:
        stuck: {run: [/bin/sh, -c, 'trap "" TERM; while [ ! -e "$0" ]; do sleep 0.1; done', \(gate)], timeout: 1h, concurrency: 1}
        loud: {run: [/bin/sh, -c, 'head -c \(megabytes)000000 /dev/zero; exit 127'], timeout: 1h, retries: 0, concurrency: 1}
        missing: {run: [/no/such/hook], retries: 0}
        plain: {run: [\(place.file("plain.sh"))], retries: 0}
        note: {run: [/bin/sh, -c, 'cat >/dev/null; echo "$KIZASHI_DELIVERY_ID" >>"$0"', \(place.file("log"))]}
      """)
    try place.append("")
    let daemon = try Child.daemon(place)
    #expect(await daemon.started(), "\(daemon.errorText)")
    let before = daemon.memory.now
    for n in 0..<5 {
      try place.append(place.lines(n..<n + 1))
      let ran = await eventually { delivered(place, "log").count == n + 1 }
      #expect(ran, "\(daemon.errorText)")
    }
    let isOver = await eventually {
      place.number("SELECT count(*) FROM deliveries WHERE state IN ('done', 'dead')") == 5 * Int64(names.count - 1)
    }
    #expect(isOver, "\(daemon.errorText)")
    print("RSS \(before) KiB before, peak \(daemon.memory.peak) KiB")
    #expect(daemon.memory.peak < before + 40_000, "from \(before) to \(daemon.memory.peak) KiB")
    let rows = try place.rows(
      """
      SELECT hook, state, attempts, exit_code, count(*) FROM deliveries GROUP BY 1, 2, 3, 4 ORDER BY 1, 2
      """)
    #expect(
      rows == [
        ["loud", "dead", "1", "127", "5"], ["missing", "dead", "1", "-", "5"], ["note", "done", "1", "0", "5"],
        ["plain", "dead", "1", "-", "5"], ["stuck", "owed", "0", "-", "4"], ["stuck", "running", "1", "-", "1"],
      ])
    let said = try place.rows(
      "SELECT DISTINCT substr(output, 1, 200) FROM deliveries WHERE hook IN ('missing', 'plain') ORDER BY hook")
    #expect(said[0][0].contains("there is no such file") && said[1][0].contains("it is not executable"), "\(said)")
    let kept = place.number("SELECT max(length(output)) FROM deliveries WHERE hook = 'loud'") ?? 0
    #expect(kept >= 65_536 && kept < 65_700)
    // Of itself it ends only by KILL, after the grace of ten seconds and the five behind TERM.
    if !isSoak { try place.write("gate", "") }
    let stopping = ContinuousClock.now
    #expect(await daemon.stopped() == 0, "\(daemon.errorText)")
    #expect(ContinuousClock.now - stopping < .seconds(60))
  }
}
