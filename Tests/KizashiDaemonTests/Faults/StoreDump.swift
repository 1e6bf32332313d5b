import Foundation
import GRDB
import KizashiStore

/// All a store holds, table by table, row by row, in an order of its own: what must be the same whatever happened on the way.
///
/// It reads the tables, not the views, so that nothing is hidden by a view, and it reads every table there is, so that a new
/// one takes part by itself. What is left out is listed here, each with its reason.
enum StoreDump {
  /// Columns that are not part of the promise.
  private static let leftOut: [String: Set<String>] = [
    // Outside the promise (semantics, section 1): when something was found, and how often and when a hook was tried.
    "change": ["detected_ms"], "alert": ["detected_ms"], "delivery": ["attempts", "next_ms", "payload"],
    // When a line was read, and under which of its names the file was known then.
    "quarantined": ["seen_ms", "path"],
    // When the config was first seen.
    "config_version": ["made_ms"],
    // Whether the look through the store that follows a crash was done when it was stopped: a stop does not wait for it.
    "store_state": ["clean_stop"],
    // Cut into rows where commits end; shown as a whole below.
    "fingerprint": ["seq", "bytes"],
  ]
  /// How files were found and what they are called: that they were read to the byte shows in the counts of lines. And between
  /// which lines the wall clock was looked at: what it brought about shows in all the rest.
  private static let leftOutTables: Set<String> = ["stream", "clock_advance"]

  private static let more = [
    "SELECT 'payload', seq, json_remove(nullif(payload, ''), '$.detected_at') FROM delivery",
    """
    SELECT 'fingerprints', hour, group_concat(hex(bytes), '')
    FROM (SELECT hour, bytes FROM fingerprint ORDER BY seq) GROUP BY hour
    """,
  ]

  /// The dump of a workspace's store, sorted. The workspace's own path, which the config names, is left out.
  static func of(_ place: Workspace) throws -> [String] {
    let reader = try Store.openReader(place.store)
    defer { try? reader.close() }
    return try reader.read { db in
      let tables = try String.fetchAll(
        db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      var result: [String] = []
      for table in tables where !leftOutTables.contains(table) {
        let columns = try String.fetchAll(db, sql: "SELECT name FROM pragma_table_info(?)", arguments: [table])
          .filter { leftOut[table]?.contains($0) != true }
        let list = columns.map { #""\#($0)""# }.joined(separator: ", ")
        result += try rows(db, "SELECT DISTINCT '\(table)', \(list) FROM \"\(table)\"")
      }
      for sql in more { result += try rows(db, sql) }
      return result.map { $0.replacing(place.path, with: "…") }.sorted()
    }
  }

  private static func rows(_ db: Database, _ sql: String) throws -> [String] {
    try Row.fetchAll(db, sql: sql).map { row in
      row.databaseValues.map(text).joined(separator: " | ")
    }
  }

  private static func text(_ value: DatabaseValue) -> String {
    switch value.storage {
    case .null: "-"
    case .int64(let number): "\(number)"
    case .double(let number): "\(number)"
    case .string(let text): text
    case .blob(let data): data.map { String(format: "%02x", $0) }.joined()
    }
  }
}

/// Looks how far a daemon has come. One connection for as long as it lives: opening one for each look would cost more than
/// the daemon's own work.
final class StoreWatch {
  private let path: String
  private var reader: DatabaseQueue?

  init(_ path: String) { self.path = path }

  /// Lines stored, and hook runs that are still owed; nil: there is nothing to read yet.
  func look() -> (lines: Int64, owed: Int64)? {
    if reader == nil { reader = try? Store.openReader(path) }
    let sql = """
      SELECT (SELECT ifnull(sum(lines), 0) FROM source WHERE name <> 'control'),
        (SELECT count(*) FROM delivery WHERE state < 3)
      """
    guard let row = try? reader?.read({ try Row.fetchOne($0, sql: sql) }) else {
      // One that was opened while the store was being made need not see it ever.
      close()
      return nil
    }
    return (row[0], row[1])
  }

  /// Lets the store go.
  func close() {
    try? reader?.close()
    reader = nil
  }
}
