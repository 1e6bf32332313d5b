import Foundation
import GRDB
import KizashiCore
import Testing

@testable import KizashiStore

@Suite struct `Schema` {
  @Test func `steps are numbered from 1 without gaps`() {
    #expect(Migrations().steps.map(\.version) == Array(1...Migrations().latest))
  }

  @Test func `a store of every earlier version comes forward with its data`() throws {
    for version in 1...Migrations().latest {
      let temporary = try TemporaryStore()
      let old = Migrations(steps: Array(Migrations().steps.prefix(version)))
      let store = try Store(path: temporary.path, programVersion: "old", migrations: old)
      _ = try store.register(.standard())
      try store.write(CommitUnit(smallCommit()))
      try store.close(clean: true)
      // One more step than there is, so that going forward is tested before there is a second version.
      let next = old.latest + 1
      let step = Migrations.Step(
        version: next, sql: "CREATE TABLE later (x); INSERT INTO tile VALUES (-99, 0);")
      let new = try Store(
        path: temporary.path, programVersion: "new", migrations: Migrations(steps: old.steps + [step]))
      #expect(new.schemaVersion == next)
      #expect(try new.restore(factHorizonHours: nil).facts.all() == Facts.combined(smallCommit().facts))
      #expect(
        try temporary.rowsOfAnyVersion("SELECT schema_version, program_version FROM meta") == [["\(next)", "new"]])
      try new.close(clean: true)
      #expect(throws: StoreError.self) { try Store(path: temporary.path, programVersion: "old", migrations: old) }
    }
  }

  @Test(arguments: [
    ("DROP TABLE user_account", "the table user_account is missing"),
    ("ALTER TABLE source ADD COLUMN more", "the table source is another one"),
    ("DROP TABLE store_state", "the table store_state is missing"),
  ])
  func `a store that another build made under the same number is refused, and left as it is`(
    change: String, detail: String
  ) throws {
    let temporary = try TemporaryStore()
    try temporary.open().close(clean: true)
    let shell = try DatabaseQueue(path: temporary.path)
    // A table that somebody else has added is no concern of ours.
    try shell.inDatabase { try $0.execute(sql: "CREATE TABLE my_notes (x)") }
    try temporary.open().close(clean: true)
    // A view over the table would be in the way of the change.
    try shell.inDatabase { db in
      for view in try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'view'") {
        try db.execute(sql: "DROP VIEW \"\(view)\"")
      }
      try db.execute(sql: change)
    }
    try shell.close()
    let before = try Data(contentsOf: URL(fileURLWithPath: temporary.path))
    let expected = StoreError.Reason.otherTables(version: 1)
    do {
      _ = try temporary.open()
      Issue.record("it was opened")
    } catch {
      #expect(error.reason == expected && error.detail == detail, "\(error)")
      #expect(error.description.contains("kizashi replay"), "\(error)")
    }
    do {
      _ = try StoreReader(path: temporary.path)
      Issue.record("it was opened for reading")
    } catch {
      #expect(error.reason == expected && error.detail == detail, "\(error)")
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: temporary.path)) == before)
  }

  @Test func `a step that fails changes nothing`() throws {
    let temporary = try TemporaryStore()
    try temporary.open().close(clean: true)
    let broken = Migrations.Step(version: 2, sql: "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);")
    #expect(throws: StoreError.self) {
      try Store(
        path: temporary.path, programVersion: "new", migrations: Migrations(steps: Migrations().steps + [broken]))
    }
    #expect(try temporary.rows("SELECT count(*) FROM sqlite_schema WHERE name = 'half'") == [["0"]])
    #expect(try temporary.open().schemaVersion == 1)
  }

  @Test func `views that somebody changed are put right`() throws {
    let temporary = try TemporaryStore()
    try temporary.open().close(clean: true)
    let shell = try DatabaseQueue(path: temporary.path)
    try shell.inDatabase { try $0.execute(sql: "DROP VIEW users; CREATE VIEW extra AS SELECT 1") }
    try shell.close()
    try temporary.open().close(clean: true)
    #expect(try temporary.rows("SELECT count(*) FROM users") == [["0"]])
    #expect(try temporary.rows("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'") == [["0"]])
  }

  @Test(arguments: [
    "SELECT * FROM feature_usage WHERE account = 'a'",
    "SELECT * FROM feature_usage WHERE account = 'a' AND feature = 'any' AND window = '28d'",
    "SELECT * FROM usage_daily WHERE account = 'a' ORDER BY day", "SELECT * FROM users WHERE account = 'a'",
    "SELECT * FROM usage_daily WHERE account = 'a' AND feature = 'any' AND day >= '2025-01-01'",
  ]) func `one account's usage is found by seeking`(query: String) throws {
    let plan = try plan(of: query)
    #expect(plan.contains { $0.hasPrefix("SEARCH a USING COVERING INDEX account_by_name (name=?)") }, "\(plan)")
    #expect(plan.contains("SEARCH f USING PRIMARY KEY (hour=? AND account=?)"), "\(plan)")
  }

  @Test(arguments: [
    "SELECT * FROM feature_usage", "SELECT * FROM feature_usage WHERE feature = 'any' AND window = '7d'",
    "SELECT * FROM usage_daily WHERE feature = 'any'", "SELECT * FROM users",
  ]) func `everybody's usage is found by one scan in the order of hours`(query: String) throws {
    let plan = try plan(of: query)
    #expect(plan.contains("SEARCH f USING PRIMARY KEY (hour=?)") || plan.contains("SCAN f"), "\(plan)")
  }

  @Test(arguments: [
    (
      "SELECT * FROM changes WHERE account = 'a' ORDER BY seq DESC LIMIT 20",
      "SEARCH o USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
    ),
    ("SELECT * FROM changes ORDER BY account, seq", "SEARCH o USING INTEGER PRIMARY KEY (rowid=?)"),
    ("SELECT * FROM changes WHERE seq > 5 ORDER BY seq", "SEARCH c USING INTEGER PRIMARY KEY (rowid>?)"),
    ("SELECT * FROM alerts WHERE account = 'a'", "alert_by_account"),
    ("SELECT * FROM alerts WHERE alert_id = 'a'", "sqlite_autoindex_alert_1"),
    ("SELECT * FROM measures WHERE account = 'a'", "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)"),
    ("SELECT * FROM score_history WHERE account = 'a'", "SEARCH h USING INTEGER PRIMARY KEY (rowid=?)"),
    // Everybody's: in one scan, not with a seek for each account and block.
    ("SELECT * FROM score_history ORDER BY account, day", "SCAN h"),
    ("SELECT account, max(at), score FROM score_history GROUP BY account", "SCAN h"),
    ("SELECT * FROM measures ORDER BY account", "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)"),
    ("SELECT * FROM accounts WHERE account = 'a'", "SEARCH r USING INTEGER PRIMARY KEY (rowid=?)"),
    ("SELECT * FROM account_attributes WHERE account = 'a'", "SEARCH x USING PRIMARY KEY (account=?)"),
    ("SELECT * FROM notes WHERE account = 'a'", "SEARCH r USING INDEX record_of_account (account=?)"),
  ]) func `other views seek too`(query: String, step: String) throws {
    let plan = try plan(of: query)
    #expect(plan.contains { $0.contains(step) }, "\(plan)")
  }

  @Test func `finished hook runs are not looked at for those that are due`() throws {
    let plan = try plan(
      of: """
        SELECT d.seq FROM delivery d WHERE d.state < 3 AND d.hook = 'h' AND NOT EXISTS (
          SELECT 1 FROM delivery e WHERE e.state < 3 AND e.account = d.account AND e.hook = d.hook AND e.seq < d.seq)
        """)
    #expect(plan.filter { $0.contains("INDEX delivery_queue (hook=?") }.count == 2, "\(plan)")
  }

  @Test func `a start does not go through group lines`() throws {
    let plan = try plan(of: Store.recordQuery(of: .track))
    #expect(plan.contains { $0.contains("INDEX record_not_group (kind=?)") }, "\(plan)")
    #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
  }

  private func plan(of query: String) throws -> [String] {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    return try temporary.rows("EXPLAIN QUERY PLAN \(query)").map { $0[3] }
  }
}

extension TemporaryStore {
  /// Like `rows`, for a store newer than this program.
  fileprivate func rowsOfAnyVersion(_ sql: String) throws -> [[String]] {
    var configuration = Configuration()
    configuration.readonly = true
    return try DatabaseQueue(path: path, configuration: configuration).read { db in
      try Row.fetchAll(db, sql: sql).map { row in row.map { String.fromDatabaseValue($1) ?? $1.description } }
    }
  }
}
