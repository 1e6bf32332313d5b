import Foundation
import GRDB
import KizashiCore
import Testing

@testable import KizashiStore

@Suite struct `When the store cannot be used` {
  private func reason(_ body: () throws -> Void) -> StoreError.Reason? {
    do {
      try body()
      return nil
    } catch {
      return (error as? StoreError)?.reason
    }
  }

  private func largeCommit() -> Commit {
    var commit = smallCommit()
    let start = noon.tile.start.milliseconds
    commit.accounts = NameBlock(firstID: 0, (0..<5000).map { "account-\($0)" })
    commit.facts = (0..<20_000).map { n -> Fact in
      let at = start - Int64(n / 5000) * Tile.length
      let hour = noon.tile.hour - Int32(n / 5000)
      return Fact(hour: hour, account: UInt32(n % 5000), event: 0, user: 0, events: 1, first: at, last: at)
    }
    commit.changes = [
      Change(
        sequence: 1, account: 0, at: noon, kind: .score, subject: "", from: nil, to: nil, delta: nil, cause: .event,
        because: [])
    ]
    return commit
  }

  @Test func `a commit that finds no room leaves nothing and can be written again`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    var unit = CommitUnit(largeCommit(), durable: true)
    unit.streams = [
      StreamRow(
        key: StreamKey(source: 0, key: "k"), path: nil, offset: 1, size: nil, finished: false, state: "", body: [])
    ]
    unit.deliveries = [
      NewDelivery(deliveryID: "d", alertID: "a", account: 0, hook: "h", payload: "{}", nextAt: noon)
    ]
    // Room for one step more each time, so that it ends in the middle of each kind of row.
    let pages = try store.access("counting") { try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0 }
    var failures = 0
    for room in stride(from: 2, to: 1000, by: 9) {
      _ = try store.access("limiting") { try Int.fetchOne($0, sql: "PRAGMA max_page_count = \(pages + room)") }
      do {
        try store.write(unit)
        break
      } catch {
        failures += 1
        #expect(error.isDiskFull)
        #expect(error.isRetryable)
        #expect(error.description.contains("Free space"))
      }
      for table in ["fact", "tile", "account_name", "event_name", "change", "stream", "delivery", "feature_event"] {
        #expect(try temporary.rows("SELECT count(*) FROM \(table)") == [["0"]], "\(table), \(room) pages")
      }
      #expect(try temporary.rows("SELECT now_ms FROM meta") == [["NULL"]])
    }
    #expect(failures > 10)
    #expect(try store.restore(factHorizonHours: nil).facts.all() == Facts.combined(unit.commit.facts))
    #expect(try temporary.rows("SELECT count(*) FROM tile") == [["4"]])
  }

  @Test func `a commit that contradicts the store leaves nothing`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    try store.write(CommitUnit(smallCommit()))
    let before = try store.restore(factHorizonHours: nil).facts.all()
    // The names are numbered as the first commit's were.
    #expect(reason { try store.write(CommitUnit(smallCommit())) } == .other)
    #expect(try store.restore(factHorizonHours: nil).facts.all() == before)
  }

  @Test func `a lock somebody's shell holds is told from other failures`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    let shell = try DatabaseQueue(path: temporary.path)
    try shell.inDatabase { db in
      try db.execute(sql: "BEGIN IMMEDIATE")
      #expect(reason { try store.write(CommitUnit(smallCommit())) } == .busy)
      try db.execute(sql: "COMMIT")
    }
    try store.write(CommitUnit(smallCommit()))
  }

  @Test func `a second instance is told who has the store`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    do {
      _ = try temporary.open()
      Issue.record("two instances on one store")
    } catch {
      #expect(error.reason == .heldByAnotherProcess(getpid()))
      #expect(error.description.contains("process \(getpid())"))
      #expect(error.description.contains(temporary.path))
    }
    try store.close(clean: true)
  }

  @Test func `a closed store can be opened again at once`() throws {
    let temporary = try TemporaryStore()
    do {
      let store = try temporary.open()
      try store.close(clean: true)
    }
    _ = try temporary.open()
  }

  @Test func `a store of a newer program is refused with both versions`() throws {
    let temporary = try TemporaryStore()
    try temporary.open().close(clean: true)
    let newer = try DatabaseQueue(path: temporary.path)
    try newer.inDatabase { try $0.execute(sql: "PRAGMA user_version = 99") }
    try newer.close()
    #expect(reason { _ = try temporary.open() } == .newerSchema(store: 99, program: Migrations().latest))
    #expect(
      reason { _ = try Store.openReader(temporary.path) } == .newerSchema(store: 99, program: Migrations().latest))
  }

  @Test func `another program's database is left alone`() throws {
    let temporary = try TemporaryStore()
    let other = try DatabaseQueue(path: temporary.path)
    try other.inDatabase { try $0.execute(sql: "CREATE TABLE t (x)") }
    try other.close()
    let before = try Data(contentsOf: URL(fileURLWithPath: temporary.path))
    #expect(reason { _ = try temporary.open() } == .notAStore)
    #expect(try Data(contentsOf: URL(fileURLWithPath: temporary.path)) == before)
  }

  @Test(arguments: ["not a database at all, and long enough to be looked at", "{\"event\":1}"])
  func `a file that is no database is refused and kept`(content: String) throws {
    let temporary = try TemporaryStore()
    let text = String(repeating: content, count: 40)
    try text.write(toFile: temporary.path, atomically: false, encoding: .utf8)
    #expect(reason { _ = try temporary.open() } == .notAStore)
    #expect(try String(contentsOfFile: temporary.path, encoding: .utf8) == text)
  }

  @Test func `a damaged store is refused or fails, and is never made anew`() async throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    try store.write(CommitUnit(largeCommit()))
    try store.close(clean: true)
    #expect(try await Store.problems(of: temporary.path).isEmpty)
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: temporary.path))
    let size = try handle.seekToEnd()
    for offset in stride(from: UInt64(4096), to: size, by: 4096) {
      try handle.seek(toOffset: offset)
      try handle.write(contentsOf: [UInt8](repeating: 0xa5, count: 512))
    }
    try handle.close()
    let found = reason {
      let store = try temporary.open()
      _ = try store.restore(factHorizonHours: nil)
    }
    #expect(found == .corrupt)
    #expect(try FileManager.default.attributesOfItem(atPath: temporary.path)[.size] as? UInt64 == size)
  }

  @Test(arguments: [
    (ResultCode.SQLITE_FULL, Int32(0), StoreError.Reason.diskFull), (.SQLITE_IOERR_WRITE, ENOSPC, .diskFull),
    (.SQLITE_IOERR_FSYNC, EDQUOT, .diskFull), (.SQLITE_IOERR_WRITE, EROFS, .readOnly),
    (.SQLITE_IOERR_WRITE, EIO, .other), (.SQLITE_READONLY_DBMOVED, 0, .readOnly), (.SQLITE_BUSY_SNAPSHOT, 0, .busy),
    (.SQLITE_CORRUPT_VTAB, 0, .corrupt), (.SQLITE_NOTADB, 0, .notAStore), (.SQLITE_PERM, 0, .noPermission),
  ]) func `what SQLite and the system say becomes what can be done`(
    code: ResultCode, system: Int32, reason: StoreError.Reason
  ) {
    let error = StoreError(
      DatabaseError(resultCode: code, message: "m"), doing: "writing", path: "/p", systemError: system)
    #expect(error.reason == reason)
    #expect(error.description.hasPrefix("writing /p: "))
    #expect(error.isRetryable == [.diskFull, .busy].contains(reason))
  }

  @Test func `a missing directory is named, with the command that makes it`() throws {
    let temporary = try TemporaryStore()
    let folder = temporary.directory + "/no/such"
    do {
      _ = try Store(path: folder + "/kizashi.db", programVersion: "test")
      Issue.record("opened a store in a directory that does not exist")
    } catch {
      #expect(error.reason == .missingDirectory(folder))
      #expect(error.description.contains("mkdir -p \(folder)"))
    }
  }

  @Test func `a directory is no store, and nothing is left beside it`() throws {
    let temporary = try TemporaryStore()
    try FileManager.default.createDirectory(atPath: temporary.path, withIntermediateDirectories: false)
    #expect(reason { _ = try temporary.open() } == .isDirectory)
    #expect(reason { _ = try Store.openReader(temporary.path) } == .isDirectory)
    #expect(!FileManager.default.fileExists(atPath: temporary.path + ".lock"))
  }

  @Test func `a reader of a missing store makes none`() throws {
    let temporary = try TemporaryStore()
    #expect(reason { _ = try Store.openReader(temporary.path) } == .missingStore)
    #expect(!FileManager.default.fileExists(atPath: temporary.path))
  }

  @Test func `a reader cannot write`() throws {
    let temporary = try TemporaryStore()
    try temporary.open().close(clean: true)
    let reader = try Store.openReader(temporary.path)
    #expect(throws: DatabaseError.self) { try reader.inDatabase { try $0.execute(sql: "DELETE FROM fact") } }
  }

  @Test func `a backup is one whole file while the store is written`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    try store.write(CommitUnit(largeCommit()))
    let copy = temporary.directory + "/copy.db"
    try store.backup(to: copy)
    #expect(throws: StoreError.self) { try store.backup(to: copy) }
    let names = try FileManager.default.contentsOfDirectory(atPath: temporary.directory).filter { $0.hasPrefix("copy") }
    #expect(names == ["copy.db"])
    let restored = try Store(path: copy, programVersion: "test").restore(factHorizonHours: nil)
    #expect(try restored.facts.all() == Facts.combined(largeCommit().facts))
  }

}
