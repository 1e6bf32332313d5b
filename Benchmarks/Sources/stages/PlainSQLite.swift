import GRDBSQLite
import Glibc
import KizashiCore

/// What SQLite alone takes for the facts of a backfill: the least that any program takes that keeps them as rows.
///
/// One table with the key of the store's, one prepared statement, rows in the order of the key, 10,000 a transaction, no view, index or
/// dictionary; journal and syncing as the store has them.
enum PlainSQLite {
  /// Facts of several commits: those of one key are one.
  static func combined(_ facts: [Fact]) -> [Fact] {
    var rows: [Fact] = []
    for fact in facts.sorted(by: { key($0) < key($1) }) {
      if let last = rows.last, key(last) == key(fact) {
        rows[rows.count - 1].events += fact.events
        rows[rows.count - 1].first = min(last.first, fact.first)
        rows[rows.count - 1].last = max(last.last, fact.last)
      } else {
        rows.append(fact)
      }
    }
    return rows
  }

  private static func key(_ fact: Fact) -> (Int32, UInt32, UInt32, UInt32) {
    (fact.hour, fact.account, fact.event, fact.user)
  }

  /// Writes the rows to a new file at `path` and removes it; to be timed.
  static func insert(_ facts: [Fact], at path: String) {
    unlink(path)
    defer { for name in [path, path + "-wal", path + "-shm"] { unlink(name) } }
    var database: OpaquePointer?
    check(sqlite3_open(path, &database))
    defer { sqlite3_close(database) }
    run(
      """
      PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;
      CREATE TABLE fact (
        hour INTEGER NOT NULL, account INTEGER NOT NULL, event INTEGER NOT NULL, user INTEGER NOT NULL,
        events INTEGER NOT NULL, first INTEGER NOT NULL, span INTEGER NOT NULL,
        PRIMARY KEY (hour, account, event, user)) WITHOUT ROWID;
      """, database)
    var statement: OpaquePointer?
    check(sqlite3_prepare_v2(database, "INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?)", -1, &statement, nil))
    defer { sqlite3_finalize(statement) }
    for start in stride(from: 0, to: facts.count, by: 10_000) {
      run("BEGIN", database)
      for fact in facts[start..<min(start + 10_000, facts.count)] {
        sqlite3_bind_int64(statement, 1, Int64(fact.hour))
        sqlite3_bind_int64(statement, 2, Int64(fact.account))
        sqlite3_bind_int64(statement, 3, Int64(fact.event))
        sqlite3_bind_int64(statement, 4, Int64(fact.user))
        sqlite3_bind_int64(statement, 5, fact.events)
        sqlite3_bind_int64(statement, 6, fact.first - Int64(fact.hour) * 3_600_000)
        sqlite3_bind_int64(statement, 7, fact.last - fact.first)
        check(sqlite3_step(statement), SQLITE_DONE)
        sqlite3_reset(statement)
      }
      run("COMMIT", database)
    }
  }

  private static func run(_ sql: String, _ database: OpaquePointer?) {
    check(sqlite3_exec(database, sql, nil, nil, nil))
  }

  private static func check(_ code: Int32, _ expected: Int32 = SQLITE_OK) {
    precondition(code == expected, "SQLite says \(code)")
  }
}
