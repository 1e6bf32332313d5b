import GRDB
import KizashiCore

/// How rows come out of the store: what is read of them, and how much of it lies in memory.
struct RowsOfStore {
  /// Rows as a connection reads them, in order.
  typealias Read<Row> = @Sendable (_ db: Database, _ body: (Row) throws -> Void) throws -> Void

  /// Nil: all at once, on a connection that is in a transaction, so that they are of one instant.
  private let later: (path: String, schema: Int)?
  private let db: Database

  /// Rows of one instant, all of them in memory.
  init(inSnapshotOf db: Database) { (self.db, later) = (db, nil) }

  /// Rows that are read when they are visited, on a connection and a thread of their own. Who visits them knows that none is written meanwhile.
  ///
  /// - Parameter schema: What the store has been brought to.
  init(of db: Database, visitedLaterAt path: String, schema: Int) { (self.db, later) = (db, (path, schema)) }

  /// - Parameter rowsPerBlock: How many are handed over at a time where they are visited later.
  func callAsFunction<Row: Sendable>(rowsPerBlock: Int = 4096, _ read: @escaping Read<Row>) throws -> StoredRows<Row> {
    guard let (path, schema) = later else {
      var rows: [Row] = []
      try read(db) { rows.append($0) }
      return StoredRows(rows)
    }
    return StoredRows { body in
      let reader = try StoreFile.openReader(path, newest: schema, nil)
      let ahead = ReadAhead<Row>(rowsPerBlock: rowsPerBlock)
      reader.asyncRead { db in ahead.fill { row in try read(db.get(), row) } }
      // What the visitor throws is no failure of the store's.
      let end = try ahead.visit(body)
      try StoreError.wrap("reading", path: path) { try end.get() }
    }
  }
}
