import Foundation
import GRDB
import TestSupport
import Testing

@testable import KizashiStore

/// However many rows go with one statement, what is stored is what was given.
@Suite struct HotInsertTests {
  private struct Line: Equatable {
    var key: Int64
    var number: Int64?
    var real: Double?
    var text: String?
    var blob: [UInt8]
  }

  private let database: DatabaseQueue

  init() throws {
    database = try DatabaseQueue()
    try database.write { db in
      try HotInsert.prepare(db)
      try db.execute(sql: "CREATE TABLE line (key INTEGER PRIMARY KEY, number, real, text, blob)")
    }
  }

  private func lines(_ keys: some Sequence<Int>, _ random: inout SeededGenerator) -> [Line] {
    keys.map { key in
      let texts = [
        "", "acme", "Müller & Söhne", "one\0two",
        String(repeating: "x", count: Int.random(in: 0...3000, using: &random)),
      ]
      return Line(
        key: Int64(key), number: Bool.random(using: &random) ? Int64.random(in: .min ... .max, using: &random) : nil,
        real: Bool.random(using: &random) ? Double.random(in: -1e9...1e9, using: &random) : nil,
        text: texts.randomElement(using: &random).flatMap { Bool.random(using: &random) ? $0 : nil },
        blob: (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
  }

  private func add(_ lines: [Line], with insert: borrowing HotInsert) throws {
    for line in lines {
      insert.bind(1, line.key)
      insert.bind(2, line.number)
      insert.bind(3, line.real)
      insert.bind(4, line.text)
      insert.bind(5, blob: line.blob)
      try insert.add()
    }
  }

  private func stored() throws -> [Line] {
    try database.read { db in
      try Row.fetchAll(db, sql: "SELECT key, number, real, CAST(text AS BLOB), blob FROM line ORDER BY key").map {
        row in
        // GRDB ends a text at its first NUL.
        let text = (row[3] as Data?).map { String(decoding: $0, as: UTF8.self) }
        return Line(key: row[0], number: row[1], real: row[2], text: text, blob: (row[4] as Data).map { $0 })
      }
    }
  }

  @Test(arguments: [0, 1, 15, 16, 17, 255, 256, 257, 700]) func `all rows are stored as they were given`(count: Int)
    throws
  {
    var random = SeededGenerator(seed: UInt64(count))
    let given = lines(0..<count, &random)
    try database.write { db in
      let insert = try HotInsert(db, "INSERT OR FAIL INTO line", columns: 5)
      insert.begin()
      try add(given, with: insert)
      try insert.finish()
    }
    #expect(try stored() == given)
  }

  @Test(arguments: [1, 2, 3] as [UInt64]) func `rows that are there are replaced, or joined, whichever way they go`(
    seed: UInt64
  ) throws {
    var random = SeededGenerator(seed: seed)
    let size = seed == 1 ? 5 : 300
    var expected: [Int64: Line] = [:]
    for _ in 0..<6 {
      let given = lines((0..<400).shuffled(using: &random).prefix(size), &random)
      try database.write { db in
        let insert = try HotInsert(db, "INSERT OR REPLACE INTO line", columns: 5)
        insert.begin()
        try add(given, with: insert)
        try insert.finish()
      }
      for line in given { expected[line.key] = line }
    }
    try database.write { db in
      let joined = try HotInsert(
        db, "INSERT INTO line", columns: 5,
        upsert: "ON CONFLICT (key) DO UPDATE SET text = ifnull(text, '') || excluded.text")
      joined.begin()
      let more = (0..<400).map { Line(key: $0, number: nil, real: nil, text: "+", blob: []) }
      try add(more, with: joined)
      try joined.finish()
      for line in more {
        expected[line.key] =
          expected[line.key].map {
            var old = $0
            old.text = (old.text ?? "") + "+"
            return old
          } ?? line
      }
    }
    #expect(try stored() == expected.values.sorted { $0.key < $1.key })
  }

  @Test(arguments: [3, 40, 300]) func `what failed is forgotten, and the same rows can be given again`(count: Int)
    throws
  {
    var random = SeededGenerator(seed: 7)
    let given = lines(0..<count, &random)
    try database.write { db in
      let insert = try HotInsert(db, "INSERT OR FAIL INTO line", columns: 5)
      try db.execute(sql: "INSERT INTO line VALUES (2, NULL, NULL, NULL, x'')")
      #expect(throws: DatabaseError.self) {
        try db.inSavepoint {
          insert.begin()
          try add(given, with: insert)
          try insert.finish()
          return .commit
        }
      }
      try db.execute(sql: "DELETE FROM line")
      insert.begin()
      try add(given, with: insert)
      // Given up before it is finished.
      insert.begin()
      try db.execute(sql: "DELETE FROM line")
      try add(given, with: insert)
      try insert.finish()
    }
    #expect(try stored() == given)
  }

  @Test func `a table in the store is none`() throws {
    let temporary = try TemporaryStore()
    _ = try temporary.open()
    #expect(try temporary.rows("SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%ks_rows%'") == [["0"]])
  }
}
