import Foundation
import GRDB
import GRDBSQLite
import TestSupport
import Testing

@testable import KizashiStore

/// What writes gather on their way to the write-ahead log, and never behind a commit: see `gathered_log.c`.
@Suite struct `The gathered log` {
  private static let seed =
    ProcessInfo.processInfo.environment["KIZASHI_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)

  private let temporary: TemporaryStore
  private let writer: DatabaseQueue

  init() throws {
    temporary = try TemporaryStore()
    writer = try StoreFile.openWriter(temporary.path)
    try writer.inDatabase { db in
      try StoreFile.tune(db, checkpointPages: 64)
      // So few pages that a transaction writes some of its own before it commits, and reads them again.
      try db.execute(sql: "PRAGMA cache_size = 12; CREATE TABLE t (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)")
    }
  }

  private func rows(_ db: Database) throws -> [Int: Data] {
    let pairs = try Row.fetchAll(db, sql: "SELECT id, bytes FROM t").map { ($0[0] as Int, $0[1] as Data) }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  /// The files as they lie there, opened somewhere else: as after a kill at this moment.
  private func rowsOfCopy() throws -> [Int: Data] {
    let copy = try TemporaryStore()
    for ending in ["", "-wal"] {
      try FileManager.default.copyItem(atPath: temporary.path + ending, toPath: copy.path + ending)
    }
    return try withExtendedLifetime(copy) {
      let queue = try DatabaseQueue(path: copy.path)
      defer { try? queue.close() }
      #expect(try queue.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
      return try queue.read(rows)
    }
  }

  private func change(_ model: inout [Int: Data], _ db: Database, _ random: inout SeededGenerator) throws {
    let id = Int.random(in: 0..<400, using: &random)
    if random.int(0...4) == 0 {
      try db.execute(sql: "DELETE FROM t WHERE id = ?", arguments: [id])
      model[id] = nil
    } else {
      let bytes = Data(repeating: UInt8.random(in: 0...255, using: &random), count: random.int(0...9000))
      try db.execute(sql: "INSERT OR REPLACE INTO t VALUES (?, ?)", arguments: [id, bytes])
      model[id] = bytes
    }
  }

  @Test(arguments: 0..<6)
  func `holds back nothing of a transaction that has committed, and nothing of one that has not`(_ round: Int) throws {
    let seed = Self.seed &+ UInt64(round)
    let note = Comment(rawValue: "KIZASHI_SEED=\(seed)")
    var random = SeededGenerator(seed: seed)
    // No savepoints, which the store does not use: with them copies lack commits under SQLite 3.40 itself (decision 0029).
    let reader = try DatabaseQueue(path: temporary.path)
    defer { try? reader.close() }
    var model: [Int: Data] = [:]
    for _ in 0..<60 {
      try writer.inDatabase { db in
        try db.execute(sql: "PRAGMA synchronous = \(random.int(0...2) == 0 ? "FULL" : "NORMAL")")
        var next = model
        try db.execute(sql: "BEGIN IMMEDIATE")
        for _ in 0..<random.int(0...120) { try change(&next, db, &random) }
        #expect(try rows(db) == next, note)
        // Before it commits nobody else sees any of it.
        #expect(try reader.read(rows) == model, note)
        if random.int(0...3) == 0 {
          try db.execute(sql: "ROLLBACK")
        } else {
          try db.execute(sql: "COMMIT")
          model = next
        }
      }
      #expect(try reader.read(rows) == model, note)
      if random.int(0...4) == 0 { #expect(try rowsOfCopy() == model, note) }
      if random.int(0...6) == 0 { _ = try writer.inDatabase { try $0.checkpoint(.passive) } }
    }
    #expect(try rowsOfCopy() == model, note)
  }

  @Test func `is what all of the program's connections use`() {
    #expect(sqlite3_vfs_find(nil).map { String(cString: $0.pointee.zName) } == "kizashi")
  }
}
