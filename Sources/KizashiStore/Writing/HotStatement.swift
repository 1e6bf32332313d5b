import GRDB
import GRDBSQLite

/// A prepared statement of the writer, on SQLite's own interface.
///
/// This and ``HotInsert`` are what calls `sqlite3_*`: a row through GRDB's cached statements costs twice as much, and the
/// rows of a commit are most of what the writer does. Statements live as long as the connection and must be released
/// before it closes.
struct HotStatement: ~Copyable {
  private let statement: OpaquePointer
  private let connection: OpaquePointer

  /// Compiles one statement.
  init(_ db: Database, _ sql: String) throws {
    guard let connection = db.sqliteConnection else {
      throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the store is closed")
    }
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    guard code == SQLITE_OK, let statement else { throw HotStatement.error(connection, code, sql) }
    self.statement = statement
    self.connection = connection
  }

  deinit { sqlite3_finalize(statement) }

  /// Binds an integer; parameters are numbered from 1.
  @inline(__always)
  func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(statement, index, value) }

  /// Binds an integer or NULL.
  @inline(__always)
  func bind(_ index: Int32, _ value: Int64?) {
    if let value { sqlite3_bind_int64(statement, index, value) } else { sqlite3_bind_null(statement, index) }
  }

  /// Binds a number or NULL.
  @inline(__always)
  func bind(_ index: Int32, _ value: Double?) {
    if let value { sqlite3_bind_double(statement, index, value) } else { sqlite3_bind_null(statement, index) }
  }

  /// Binds a text or NULL; SQLite keeps its own copy.
  func bind(_ index: Int32, _ value: String?) {
    guard var value else {
      sqlite3_bind_null(statement, index)
      return
    }
    value.withUTF8 { bind(index, text: $0) }
  }

  /// Binds UTF-8 as a text; SQLite keeps its own copy.
  @inline(__always)
  func bind(_ index: Int32, text: UnsafeBufferPointer<UInt8>) {
    // A nil address would bind NULL: an empty text is a text.
    var nothing: UInt8 = 0
    withUnsafePointer(to: &nothing) { empty in
      let address = UnsafeRawPointer(text.baseAddress ?? empty).assumingMemoryBound(to: CChar.self)
      sqlite3_bind_text(statement, index, address, Int32(text.count), HotStatement.copied)
    }
  }

  /// Binds bytes or NULL; SQLite keeps its own copy.
  func bind(_ index: Int32, blob: [UInt8]?) {
    guard let blob else {
      sqlite3_bind_null(statement, index)
      return
    }
    guard !blob.isEmpty else {
      sqlite3_bind_zeroblob(statement, index, 0)
      return
    }
    blob.withUnsafeBytes {
      _ = sqlite3_bind_blob(statement, index, $0.baseAddress, Int32($0.count), HotStatement.copied)
    }
  }

  /// Runs a statement that gives no rows and makes it ready for the next binding.
  @inline(__always)
  func run() throws {
    let code = sqlite3_step(statement)
    sqlite3_reset(statement)
    if code != SQLITE_DONE && code != SQLITE_ROW { throw HotStatement.error(connection, code, nil) }
  }

  /// Calls `row` for each row of a query; columns are read inside it.
  func forEachRow(_ row: (borrowing HotStatement) throws -> Void) throws {
    defer { sqlite3_reset(statement) }
    while true {
      let code = sqlite3_step(statement)
      guard code == SQLITE_ROW else {
        if code == SQLITE_DONE { return }
        throw HotStatement.error(connection, code, nil)
      }
      try row(self)
    }
  }

  /// A column of the current row, from 0.
  @inline(__always)
  func int(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

  /// An integer column that may be NULL.
  @inline(__always)
  func optionalInt(_ column: Int32) -> Int64? {
    sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : sqlite3_column_int64(statement, column)
  }

  /// A number column that may be NULL.
  func optionalDouble(_ column: Int32) -> Double? {
    sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : sqlite3_column_double(statement, column)
  }

  /// The bytes of a text or blob column, valid inside the closure; empty for NULL.
  @inline(__always)
  func withBytes<T>(_ column: Int32, _ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    let address = sqlite3_column_blob(statement, column)
    return try body(UnsafeRawBufferPointer(start: address, count: Int(sqlite3_column_bytes(statement, column))))
  }

  /// The bytes of a text or blob column.
  func bytes(_ column: Int32) -> [UInt8] { withBytes(column) { Array($0) } }

  /// A text column that may be NULL, whole, NUL characters included.
  func optionalText(_ column: Int32) -> String? {
    guard sqlite3_column_type(statement, column) != SQLITE_NULL else { return nil }
    return withBytes(column) { String(decoding: $0, as: UTF8.self) }
  }

  /// Rows changed by the last statement of the connection.
  var changes: Int { Int(sqlite3_changes(connection)) }

  /// SQLite is to copy what is bound (`SQLITE_TRANSIENT`, a macro Swift does not see).
  private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

  static func error(_ connection: OpaquePointer, _ code: Int32, _ sql: String?) -> DatabaseError {
    DatabaseError(
      resultCode: ResultCode(rawValue: code), message: sqlite3_errmsg(connection).map { String(cString: $0) },
      sql: sql)
  }
}

/// How many pages wait in the write-ahead log, as SQLite reports it after each commit.
final class WALGauge {
  private let pages: UnsafeMutablePointer<Int32>

  /// Replaces the connection's WAL hook, and so automatic checkpoints too.
  init(_ db: Database) {
    pages = .allocate(capacity: 1)
    pages.initialize(to: 0)
    sqlite3_wal_hook(
      db.sqliteConnection,
      { context, _, _, pages in
        context?.assumingMemoryBound(to: Int32.self).pointee = pages
        return SQLITE_OK
      }, pages)
  }

  deinit { pages.deallocate() }

  /// Pages written since the log last started over.
  var waiting: Int32 { pages.pointee }

  /// The connection must not report to this any more: call before it closes.
  func detach(_ db: Database) { sqlite3_wal_hook(db.sqliteConnection, nil, nil) }

  /// `errno` as SQLite last saw it on the connection.
  static func systemError(_ db: Database) -> Int32 {
    db.sqliteConnection.map { sqlite3_system_errno($0) } ?? 0
  }
}
