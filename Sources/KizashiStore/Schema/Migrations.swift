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

  /// What the tables of this program's version are made with.
  private static let latestTables = Result { try Migrations().makeTables(of: Migrations().latest) }

  /// What the tables of a version are made with, by name.
  private func tables(of version: Int) throws -> [String: String] {
    version == Migrations().latest && steps.prefix(version).map(\.sql) == Migrations().steps.map(\.sql)
      ? try Self.latestTables.get() : try makeTables(of: version)
  }

  /// The same, made in memory.
  private func makeTables(of version: Int) throws -> [String: String] {
    let memory = try DatabaseQueue()
    try Migrations(steps: Array(steps.prefix(version))).apply(to: memory, programVersion: "")
    defer { try? memory.close() }
    return try memory.inDatabase(Self.tables)
  }

  /// The tables that are there, by name, with what they were made with but for how it is laid out.
  private static func tables(_ db: Database) throws -> [String: String] {
    let rows = try Row.fetchAll(
      db, sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'")
    return rows.reduce(into: [:]) { tables, row in
      tables[row["name"]] = (row["sql"] as String).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
  }

  /// What of a version's tables a database has not, or has otherwise: a build before the first release made it, under the same
  /// number. Tables that somebody else has added are no concern of ours. Nil: all is as it should be.
  func misfit(of version: Int, _ db: Database) throws -> String? {
    let found = try Self.tables(db)
    for (name, sql) in try tables(of: version).sorted(by: { $0.key < $1.key }) where found[name] != sql {
      return found[name] == nil ? "the table \(name) is missing" : "the table \(name) is another one"
    }
    return nil
  }

  /// Brings a database to ``latest``; each step is one transaction.
  func apply(to writer: some DatabaseWriter, programVersion: String) throws {
    var migrator = DatabaseMigrator()
    for step in steps {
      migrator.registerMigration("v\(step.version)", foreignKeyChecks: .immediate) { db in
        try db.execute(sql: step.sql)
        if step.version == 1 {
          try db.execute(
            sql: "INSERT INTO store_state VALUES (1, NULL, NULL, 1, 0, ?, 1, ?, NULL, 0)",
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
