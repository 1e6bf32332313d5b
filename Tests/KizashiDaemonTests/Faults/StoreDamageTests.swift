import Foundation
import GRDB
import Glibc
import KizashiStore
import TestSupport
import Testing

@testable import KizashiDaemon

/// A store that was damaged, deleted, or put back to an earlier state. `KIZASHI_DAMAGE_SEED` repeats a run.
@Suite struct StoreDamageTests {
  private static let rules = """
    rules:
      busy: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 0}
    """

  /// A daemon that has read everything.
  private func reading(_ place: Workspace, name: String = "daemon") async throws -> Child {
    let daemon = try Child.daemon(place, name: name)
    #expect(await daemon.started(), "\(daemon.errorText)")
    let isRead = await eventually { place.offset == place.size }
    #expect(isRead, "\(place.offset) of \(place.size): \(daemon.errorText)")
    return daemon
  }

  private func killed(_ daemon: Child) async {
    daemon.signal(SIGKILL)
    #expect(await daemon.ended() == 128 + SIGKILL)
  }

  /// A store of some hundred pages whose last user was killed while it had nothing to do.
  private func abandoned(accounts: Int = 1500) async throws -> Workspace {
    let place = try Workspace()
    _ = try place.configure(Self.rules)
    try place.append(place.lines(0..<accounts))
    #expect(try await reading(place, name: "first").stopped() == 0)
    await killed(try await reading(place, name: "second"))
    return place
  }

  @Test func `after a crash a sound store is looked through, whatever came between, until it was found sound`()
    async throws
  {
    let place = try await abandoned(accounts: 3)
    #expect(place.number("SELECT clean_stop FROM meta") == 0)
    // A verb that opens and closes the store has not looked through it.
    let verb = try await Child.run(["deliveries", "drop", "none", "--config", place.config], in: place)
    #expect(verb.status == 1, "\(verb.errors)")
    #expect(place.number("SELECT clean_stop FROM meta") == 0)
    let daemon = try await reading(place, name: "third")
    #expect(await daemon.says("The store is sound"), "\(daemon.errorText)")
    #expect(await daemon.stopped() == 0)
    #expect(place.number("SELECT clean_stop FROM meta") == 1)
    let next = try await reading(place, name: "fourth")
    #expect(await next.stopped() == 0)
    #expect(!next.errorText.contains("looking through"), "\(next.errorText)")
  }

  @Test func `a stop does not wait for the look through a store, and does not lose it`() async throws {
    let place = try await abandoned()
    for round in 0..<6 {
      let daemon = try Child.daemon(place, name: "daemon-\(round)")
      #expect(await daemon.started())
      #expect(await daemon.stopped() == 0)
      let isSound = daemon.errorText.contains("The store is sound")
      #expect(place.number("SELECT clean_stop FROM meta") == (isSound ? 1 : 0), "\(daemon.errorText)")
      if isSound { return }
      #expect(daemon.errorText.contains("could not be looked through before the stop"), "\(daemon.errorText)")
    }
  }

  @Test func `a position that makes no sense is a refusal that says whose it is`() async throws {
    let place = try Workspace()
    let configuration = try place.configure(Self.rules)
    try place.append(place.lines(0..<3))
    let replay = ReplayRequest(
      configuration: configuration, storePath: place.store, inputs: [place.log], until: nil)
    _ = try await Replay.run(replay)
    try place.corrupt("UPDATE stream SET body = CAST(substr(body, 1, 20) AS BLOB)")
    do {
      _ = try await Replay.run(replay)
      Issue.record("it went on from nowhere")
    } catch {
      let failure = DaemonError(error)
      #expect(failure.exitCode == 65)
      #expect(failure.description.contains("how far \(place.log) of source app has been read"), "\(failure)")
      #expect(failure.description.contains("restore a backup") && !failure.description.contains("DecodingError"))
    }
    // What is stored can be looked at all the same.
    let shown = try await Child.run(["sources", "--config", place.config], in: place)
    #expect(shown.status == 0 && shown.output.contains("events.ndjson"), "\(shown)")
  }

  @Test func `random pages overwritten are a refusal, and never a new store`() async throws {
    let seed =
      ProcessInfo.processInfo.environment["KIZASHI_DAMAGE_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...UInt64.max)
    let note = Comment(rawValue: "KIZASHI_DAMAGE_SEED=\(seed)")
    print("KIZASHI_DAMAGE_SEED=\(seed)")
    var random = SeededGenerator(seed: seed)
    let place = try await abandoned()
    try keep(place, as: "kept")
    var refused = 0
    for round in 0..<(isSoak ? 100 : 6) {
      try keep(place, as: "kizashi", from: "kept")
      let pages = try overwrite(place, pages: Int.random(in: 1...4, using: &random), &random)
      let problems = try await judge(place)
      let daemon = try Child.daemon(place, name: "damaged-\(round)")
      if problems.isEmpty {
        // The page was free, or a newer version of it lies in the log.
        #expect(await daemon.says("The store is sound"), note)
        #expect(await daemon.stopped() == 0, note)
        continue
      }
      refused += 1
      let status = await daemon.ended()
      let again = try await Child.daemon(place, name: "again-\(round)").ended()
      let what = "pages \(pages) of round \(round): \(problems.prefix(3)): \(daemon.errorText.suffix(1500)) \(note)"
      #expect(status == 65 && again == 65, "\(status ?? -1), \(again ?? -1): \(what)")
      #expect(daemon.errorText.contains("damaged") || daemon.errorText.contains("not a kizashi store"), "\(what)")
      #expect(!daemon.errorText.contains("new store") && !daemon.errorText.contains("made anew"), "\(what)")
    }
    #expect(refused > 0, note)
  }

  /// Copies the store's two files.
  private func keep(_ place: Workspace, as name: String, from: String = "kizashi") throws {
    for ending in ["db", "db-wal"] {
      let target = place.file("\(name).\(ending)")
      unlink(target)
      guard access(place.file("\(from).\(ending)"), F_OK) == 0 else { continue }
      try FileManager.default.copyItem(atPath: place.file("\(from).\(ending)"), toPath: target)
    }
    if name == "kizashi" { unlink(place.file("kizashi.db-shm")) }
  }

  private func overwrite(_ place: Workspace, pages count: Int, _ random: inout SeededGenerator) throws -> [Int] {
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: place.store))
    defer { try? handle.close() }
    let total = Int(try handle.seekToEnd()) / 4096
    return try (0..<count).map { _ in
      let page = Int.random(in: 0..<total, using: &random)
      try handle.seek(toOffset: UInt64(page * 4096))
      try handle.write(contentsOf: Data((0..<4096).map { _ in UInt8.random(in: 0...255, using: &random) }))
      return page + 1
    }
  }

  /// What SQLite itself says of a copy.
  private func judge(_ place: Workspace) async throws -> [String] {
    try keep(place, as: "judged")
    defer { for ending in ["db", "db-wal", "db-shm"] { unlink(place.file("judged.\(ending)")) } }
    do {
      let queue = try DatabaseQueue(path: place.file("judged.db"))
      let found = try await queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
      try queue.close()
      return found == ["ok"] ? [] : found
    } catch let error as DatabaseError {
      return ["\(error)"]
    }
  }

  @Test func `damage where nobody looks at a start is found behind it, and the daemon ends`() async throws {
    let place = try await abandoned()
    let reader = try Store.openReader(place.store)
    let pages = try await reader.read {
      try Int.fetchAll($0, sql: "SELECT pageno FROM dbstat WHERE name = 'change' AND pagetype = 'leaf' LIMIT 3")
    }
    try reader.close()
    try #require(!pages.isEmpty)
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: place.store))
    for page in pages {
      try handle.seek(toOffset: UInt64((page - 1) * 4096))
      try handle.write(contentsOf: Data(repeating: 0xa5, count: 4096))
    }
    try handle.close()
    for round in 0..<2 {
      let daemon = try Child.daemon(place, name: "damaged-\(round)")
      #expect(await daemon.ended() == 65, "\(daemon.errorText)")
      #expect(daemon.errorText.contains("The store is damaged; nothing more is written to it"), "\(daemon.errorText)")
      #expect(daemon.errorText.contains("restore a backup"), "\(daemon.errorText)")
    }
  }

  @Test(arguments: [false, true]) func `a deleted store is read again from the event files, and the log says so`(
    walStays: Bool
  ) async throws {
    let place = try await abandoned(accounts: 50)
    unlink(place.store)
    if !walStays { for ending in ["-wal", "-shm", ".lock"] { unlink(place.store + ending) } }
    try place.append(place.lines(50..<60))
    let daemon = try await reading(place, name: "third")
    let says = walStays ? "The store is gone and was made anew" : "Made a new store"
    #expect(daemon.errorText.contains(says), "\(daemon.errorText)")
    #expect(await daemon.stopped() == 0)
    #expect(try place.totals == Dictionary(uniqueKeysWithValues: (0..<60).map { ("acct-\($0)", 1) }))
    #expect(try place.rows("SELECT count(*), count(DISTINCT account) FROM alerts") == [["60", "60"]])
  }

  @Test(arguments: [false, true])
  func `a store that is deleted or replaced while the daemon runs takes no line with it`(
    isReplaced: Bool
  ) async throws {
    let place = try Workspace()
    _ = try place.configure(Self.rules)
    try place.append(place.lines(0..<20))
    let daemon = try await reading(place)
    let copy = try await Child.run(["backup", place.file("copy.db"), "--config", place.config], in: place)
    #expect(copy.status == 0, "\(copy.errors)")
    try place.append(place.lines(20..<30))
    let isRead = await eventually { place.offset == place.size }
    #expect(isRead)
    for ending in ["", "-wal", "-shm"] { unlink(place.store + ending) }
    if isReplaced { #expect(rename(place.file("copy.db"), place.store) == 0) }
    try place.append(place.lines(30..<40))
    #expect(await daemon.ended() == 69, "\(daemon.errorText)")
    #expect(daemon.errorText.contains("the file was deleted, or another put in its place"), "\(daemon.errorText)")
    let next = try await reading(place, name: "next")
    #expect(await next.stopped() == 0)
    #expect(try place.totals == Dictionary(uniqueKeysWithValues: (0..<40).map { ("acct-\($0)", 1) }))
    #expect(try place.rows("SELECT count(*), count(DISTINCT account) FROM alerts") == [["40", "40"]])
  }

  @Test func `a backup older than the files is read on from where it was, over a rotation`() async throws {
    let place = try Workspace()
    let configuration = try place.configure(Self.rules)
    try place.append(place.lines(0..<20) + "bad line\n")
    let daemon = try await reading(place)
    let copy = try await Child.run(["backup", place.file("copy.db"), "--config", place.config], in: place)
    #expect(copy.status == 0, "\(copy.errors)")
    try place.append(place.lines(10..<40) + "another bad line\n")
    let isRead = await eventually { place.offset == place.size }
    #expect(isRead)
    #expect(rename(place.log, place.file("events-1.ndjson")) == 0)
    try place.append(place.lines(40..<50))
    let counted = await eventually { (try? place.totals.count) == 50 }
    #expect(counted)
    #expect(await daemon.stopped() == 0)
    for ending in ["", "-wal", "-shm"] { unlink(place.store + ending) }
    #expect(rename(place.file("copy.db"), place.store) == 0)

    let next = try Child.daemon(place, name: "next")
    let again = await eventually { (try? place.totals.values.reduce(0, +)) == 60 }
    #expect(again, "\(next.errorText)")
    #expect(await next.started())
    #expect(await next.stopped() == 0)
    // Nothing lost, nothing doubled: what one reading of both files gives.
    let other = place.file("other.db")
    _ = try await Replay.run(
      ReplayRequest(
        configuration: configuration, storePath: other, inputs: [place.file("events-1.ndjson"), place.log]))
    let facts = CanonicalDump.facts.filter { !$0.contains("'quarantine'") }
    let (live, replayed) = (try CanonicalDump.of(place, facts), try CanonicalDump.of(place, store: other, facts))
    #expect(live == replayed, "\(CanonicalDump.differences(replayed, live))")
    #expect(try place.rows("SELECT count(*), count(DISTINCT account) FROM alerts") == [["50", "50"]])
    #expect(try place.rows("SELECT sample FROM quarantine ORDER BY 1") == [["another bad line"], ["bad line"]])
  }
}
