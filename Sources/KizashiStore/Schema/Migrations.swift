import GRDB

/// The numbered steps from an empty file to the schema this program writes.
///
/// A step is never edited once released: a change is a new step, tested from every earlier version. `store_state` and
/// SQLite's `user_version` carry the number, so that an older program can tell that a store is too new for it.
struct Migrations {
  /// One step: the statements that lead from `version - 1` to `version`.
  struct Step {
    var version: Int
    var sql: String
  }

  /// In order, from 1, without gaps.
  var steps: [Step] = [Step(version: 1, sql: Tables.version1)]

  /// The version this program writes.
  var latest: Int { steps.last?.version ?? 0 }

  /// Brings a database to ``latest``; each step is one transaction.
  func apply(to writer: some DatabaseWriter, programVersion: String) throws {
    var migrator = DatabaseMigrator()
    for step in steps {
      migrator.registerMigration("v\(step.version)", foreignKeyChecks: .immediate) { db in
        try db.execute(sql: step.sql)
        if step.version == 1 {
          try db.execute(
            sql: "INSERT INTO store_state VALUES (1, NULL, NULL, 1, 0, ?, 1, ?, NULL)",
            arguments: [programVersion, UsageExpiry.traceHour])
          try db.execute(sql: "PRAGMA application_id = \(StoreFile.applicationID)")
        }
        try db.execute(sql: "UPDATE store_state SET schema_version = \(step.version)")
        try db.execute(sql: "PRAGMA user_version = \(step.version)")
      }
    }
    try migrator.migrate(writer)
  }
}
