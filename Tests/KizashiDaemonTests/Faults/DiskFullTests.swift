import Foundation
import GRDB
import Glibc
import KizashiStore
import Testing

@testable import KizashiDaemon

/// A store that cannot be written for a while: no space, read-only, locked by somebody's shell.
@Suite struct DiskFullTests {
  private static let rules = """
    rules:
      busy: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 0, hooks: [note]}
    hooks:
      note: {run: [/bin/sh, -c, 'cat >/dev/null; echo "$KIZASHI_DELIVERY_ID" >>"$0"', HOOKLOG], max_per_hour: 100000}
    """

  private func configured() throws -> Workspace {
    let place = try Workspace()
    _ = try place.configure(
      "  - {id: sock, kind: unix, path: \(place.file("events.sock"))}\n"
        + Self.rules.replacing("HOOKLOG", with: place.file("hook.log")))
    try place.append("")
    return place
  }

  /// Everything was counted once, every alert opened once and its hook ran.
  private func check(_ place: Workspace, accounts: Range<Int>, rounds: Int64 = 1) throws {
    #expect(try place.totals == Dictionary(uniqueKeysWithValues: accounts.map { ("acct-\($0)", rounds) }))
    let ids = accounts.map { "busy:acct-\($0):1" }.sorted()
    #expect(try place.rows("SELECT alert_id FROM alerts ORDER BY 1").map { $0[0] } == ids)
    let ran = (readText(place.file("hook.log")) ?? "").split(separator: "\n").map(String.init)
    #expect(Set(ran) == Set(ids.map { "\($0):firing:note" }))
    #expect(try place.rows("SELECT count(*) FROM deliveries WHERE state <> 'done'") == [["0"]])
  }

  /// Waits until a verb shows this many accounts and no open delivery.
  private func settled(_ disk: TinyDisk, accounts: Int) async throws -> Bool {
    await eventually {
      let listed = try? await disk.verb(["accounts", "--limit", "100000", "--format", "ndjson"])
      let deliveries = try? await disk.verb(["deliveries", "list", "--format", "ndjson"])
      return listed?.output.split(separator: "\n").count == accounts
        && deliveries?.output.split(separator: "\n").allSatisfy { $0.contains(#""state":"done""#) } == true
    }
  }

  @Test(.enabled(if: TinyDisk.isAvailable, TinyDisk.whyNot))
  func `on a full disk reading stops, reads are served, all is said, and freed space is all it takes`() async throws {
    let place = try configured()
    let disk = try await TinyDisk(place, size: "24m")
    try place.append(place.lines(0..<20))
    let daemon = try disk.daemon()
    #expect(await daemon.started(), "\(daemon.errorText)")
    #expect(try await settled(disk, accounts: 20), "\(daemon.errorText)")

    var accounts = 20
    for round in 0..<2 {
      try disk.fill()
      try place.append(place.lines(accounts..<accounts + 400))
      accounts += 400
      let complaints = round + 1
      // Again and again: what the daemon can give back of its own log is filled, too.
      let complained = await eventually {
        try? disk.fill()
        return daemon.errorText.components(separatedBy: "The store cannot be written; reading waits").count > complaints
      }
      #expect(complained, "\(daemon.errorText)")
      #expect(daemon.errorText.contains("no space is left"), "\(daemon.errorText)")
      #expect(await disk.status()?.hasPrefix("waiting for the store") == true)
      let listed = try await disk.verb(["accounts", "--limit", "100000", "--format", "ndjson"])
      #expect(listed.status == 0, "\(listed.errors)")
      #expect(listed.output.split(separator: "\n").count == accounts - 400, "half a commit is shown")
      disk.free()
      let recovered = await eventually {
        daemon.errorText.components(separatedBy: "The store can be written again").count > complaints
      }
      #expect(recovered, "\(daemon.errorText)")
      #expect(try await settled(disk, accounts: accounts), "\(daemon.errorText)")
    }
    #expect(await disk.status()?.hasPrefix("\(accounts) accounts") == true)
    #expect(await daemon.stopped() == 0, "\(daemon.errorText)")
    try disk.copyOut()
    try check(place, accounts: 0..<accounts)
  }

  @Test(.enabled(if: TinyDisk.isAvailable, TinyDisk.whyNot))
  func `a stop on a full disk ends by itself, and the next start reads what could not be stored`() async throws {
    let place = try configured()
    let disk = try await TinyDisk(place, size: "8m")
    try place.append(place.lines(0..<5))
    let daemon = try disk.daemon()
    #expect(await daemon.started(), "\(daemon.errorText)")
    #expect(try await settled(disk, accounts: 5))
    try disk.fill()
    try place.append(place.lines(5..<300))
    let complained = await eventually {
      try? disk.fill()
      return daemon.errorText.contains("The store cannot be written; reading waits")
    }
    #expect(complained, "\(daemon.errorText)")
    // 75: what was asked for could not be done, try again.
    #expect(await daemon.stopped() == 75, "\(daemon.errorText)")

    // A start on the full disk waits, too.
    let waiting = try disk.daemon(name: "waiting")
    #expect(await waiting.says("The store cannot be written; reading waits"), "\(waiting.errorText)")
    disk.free()
    #expect(await waiting.says("The store can be written again"), "\(waiting.errorText)")
    #expect(await waiting.started())
    #expect(try await settled(disk, accounts: 300), "\(waiting.errorText)")
    #expect(await waiting.stopped() == 0)
    try disk.copyOut()
    try check(place, accounts: 0..<300)
  }

  @Test(.enabled(if: TinyDisk.isAvailable, TinyDisk.whyNot))
  func `the write-ahead log never takes the room that its own copying needs`() async throws {
    let place = try configured()
    let disk = try await TinyDisk(place, size: "8m")
    let daemon = try disk.daemon()
    // What this writes to the log in all would fill the disk.
    for from in stride(from: 0, to: 800, by: 200) {
      try place.append(place.lines(from..<from + 200))
      #expect(try await settled(disk, accounts: from + 200), "\(daemon.errorText)")
    }
    #expect(!daemon.errorText.contains("error"), "\(daemon.errorText)")
    #expect(await daemon.stopped() == 0)
    try disk.copyOut()
    try check(place, accounts: 0..<800)
  }

  @Test(.enabled(if: TinyDisk.isAvailable, TinyDisk.whyNot))
  func
    `a log that a reader let grow until the disk was full is given back when the reader goes, and nothing else is needed`()
    async throws
  {
    let place = try configured()
    let disk = try await TinyDisk(place, size: "8m")
    try place.append(place.lines(0..<20))
    let daemon = try disk.daemon()
    #expect(try await settled(disk, accounts: 20), "\(daemon.errorText)")
    let reader = try await disk.holdSnapshot()
    let isFull = { daemon.errorText.contains("no space is left") }
    var accounts = 20
    while !isFull() && accounts < 4000 {
      try place.append(place.lines(accounts..<accounts + 100))
      accounts += 100
      let goal = Int64(accounts)
      // A hook has run for each account, or there is no room to store that.
      _ = await eventually { isFull() || (readText(place.file("hook.log")) ?? "").count { $0 == "\n" } >= goal }
    }
    #expect(isFull(), "\(accounts) accounts fit: \(daemon.errorText)")
    close(reader)
    #expect(try await settled(disk, accounts: accounts), "\(daemon.errorText)")
    #expect(await daemon.stopped() == 0, "\(daemon.errorText)")
    try disk.copyOut()
    try check(place, accounts: 0..<accounts)
  }

  @Test(.enabled(if: TinyDisk.isAvailable, TinyDisk.whyNot))
  func `a store that may not be written is said at the start, with what to look at`() async throws {
    let place = try configured()
    let disk = try await TinyDisk(place, size: "8m")
    let first = try disk.daemon()
    #expect(await first.started(), "\(first.errorText)")
    #expect(await first.stopped() == 0)
    try await disk.remount("ro")
    let daemon = try disk.daemon(name: "second")
    #expect(await daemon.ended() == 73, "\(daemon.errorText)")
    #expect(daemon.errorText.contains("it cannot be written"), "\(daemon.errorText)")
    #expect(daemon.errorText.contains("whether the file system is read-only"), "\(daemon.errorText)")
    try await disk.remount("rw")
    let third = try disk.daemon(name: "third")
    #expect(await third.started(), "\(third.errorText)")
    #expect(await third.stopped() == 0)
  }

  @Test func `a store that somebody's shell has locked is waited for, running and at a start`() async throws {
    let place = try configured()
    try place.append(place.lines(0..<5))
    let daemon = try Child.daemon(place)
    #expect(await daemon.started(), "\(daemon.errorText)")
    #expect(await eventually { place.offset == place.size })
    let before = daemon.memory.now
    try await locked(place) {
      try place.append(place.lines(5..<400))
      #expect(await daemon.says("The store cannot be written; reading waits"), "\(daemon.errorText)")
      #expect(daemon.errorText.contains("another program has locked the database"), "\(daemon.errorText)")
      let minute = ContinuousClock.now + .seconds(isSoak ? 60 : 0)
      _ = await eventually { ContinuousClock.now >= minute }
      #expect(place.number("SELECT count(*) FROM accounts") == 5)
    }
    #expect(await daemon.says("The store can be written again"), "\(daemon.errorText)")
    #expect(await eventually { place.number("SELECT count(*) FROM accounts") == 400 })
    print("RSS before and behind the lock: \(before) and \(daemon.memory.now) KiB")
    #expect(daemon.memory.peak < before + 60_000, "from \(before) to \(daemon.memory) KiB")
    #expect(await daemon.stopped() == 0)
    var next: Child?
    try await locked(place) {
      let waiting = try Child.daemon(place, name: "next")
      #expect(await waiting.says("The store cannot be written; reading waits"), "\(waiting.errorText)")
      next = waiting
    }
    let last = try #require(next)
    #expect(await last.started(), "\(last.errorText)")
    let isDone = await eventually { place.number("SELECT count(*) FROM deliveries WHERE state <> 'done'") == 0 }
    #expect(isDone)
    #expect(await last.stopped() == 0)
    try check(place, accounts: 0..<400)
  }

  @Test func `a reader that looks at an old state for long holds up neither reading nor hooks, nor memory`()
    async throws
  {
    let place = try configured()
    try place.append(place.lines(0..<5))
    let daemon = try Child.daemon(place)
    #expect(await eventually { place.number("SELECT count(*) FROM deliveries WHERE state = 'done'") == 5 })
    var configuration = Configuration()
    configuration.readonly = true
    configuration.allowsUnsafeTransactions = true
    let reader = try DatabaseQueue(path: place.store, configuration: configuration)
    func seen() throws -> Int {
      try reader.unsafeRead { try Int.fetchOne($0, sql: "SELECT count(*) FROM account") ?? -1 }
    }
    try await reader.writeWithoutTransaction { try $0.execute(sql: "BEGIN") }
    #expect(try seen() == 5)
    // New accounts cost memory of their own: a few hundred come, then these go on.
    let accounts = 405
    for start in stride(from: 5, to: accounts, by: 50) {
      try place.append(place.lines(start..<start + 50))
      let isDone = await eventually {
        place.number("SELECT count(*) FROM deliveries WHERE state = 'done'") == Int64(start + 50)
      }
      #expect(isDone, "\(daemon.errorText)")
    }
    let before = daemon.memory.now
    var rounds: Int64 = 1
    let until = ContinuousClock.now + .seconds(isSoak ? 600 : 2)
    while ContinuousClock.now < until {
      try place.append(place.lines(0..<accounts))
      rounds += 1
      #expect(await eventually { place.offset == place.size }, "\(daemon.errorText)")
    }
    #expect(try seen() == 5)
    let log = try FileManager.default.attributesOfItem(atPath: place.store + "-wal")[.size] as? Int ?? 0
    print("\(rounds) rounds beside a reader: log of \(log) bytes, RSS \(before) and then \(daemon.memory) KiB")
    try await reader.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
    #expect(try seen() == accounts)
    try reader.close()
    #expect(daemon.memory.peak < before + 64_000, "from \(before) to \(daemon.memory) KiB")
    #expect(await daemon.stopped() == 0)
    #expect(access(place.store + "-wal", F_OK) != 0, "the log is left behind")
    try check(place, accounts: 0..<accounts, rounds: rounds)
  }

  /// Runs `body` while a write transaction of somebody else is open.
  private func locked(_ place: Workspace, _ body: () async throws -> Void) async throws {
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let shell = try DatabaseQueue(path: place.store, configuration: configuration)
    // The daemon may be at it this very moment.
    #expect(
      await eventually { (try? await shell.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }) != nil })
    try await body()
    try await shell.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    try shell.close()
  }
}
