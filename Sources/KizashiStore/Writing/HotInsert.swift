import CSQLite
import GRDB
import GRDBSQLite

/// An `INSERT` of many rows of one table: they gather, and go in some hundreds with one statement.
///
/// A row costs half of what it costs with a statement of its own (decision 0032). Begin, bind and add each row, finish: what is not finished
/// is not inserted, so that what fails can be tried again from the beginning. A few rows, which is what a daemon stores at a time,
/// take the statement of one row: it is the cheaper one for them.
struct HotInsert: ~Copyable {
  /// Rows that go with one statement, and bytes of their texts.
  private static let rowsAtOnce = 256
  private static let bytesAtOnce = 1 << 16
  /// With fewer the statement of one row is cheaper.
  private static let fewest = 16

  private let single: OpaquePointer
  private let many: OpaquePointer
  private let connection: OpaquePointer
  private let columns: Int
  private let cells: UnsafeMutablePointer<ks_cell>
  private let rows: UnsafeMutablePointer<ks_rows>
  private let texts: UnsafeMutablePointer<TextBytes>

  /// Call once for a connection, before the first insert is made.
  static func prepare(_ db: Database) throws {
    guard let connection = db.sqliteConnection else { return }
    let code = ks_sqlite_add_rows_table(connection)
    if code != SQLITE_OK { throw HotStatement.error(connection, code, nil) }
  }

  /// - Parameters:
  ///   - insert: `INSERT INTO table`, with a conflict clause if need be. An error undoes the whole transaction, so that `OR FAIL`
  ///     may save SQLite the means to undo a statement.
  ///   - columns: How many columns a row has, at most 16.
  ///   - upsert: `ON CONFLICT …`, if need be.
  init(_ db: Database, _ insert: String, columns: Int, upsert: String = "") throws {
    guard let connection = db.sqliteConnection else {
      throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the store is closed")
    }
    precondition(columns <= 16)
    func prepared(_ sql: String) throws -> OpaquePointer {
      var statement: OpaquePointer?
      let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
      guard code == SQLITE_OK, let statement else { throw HotStatement.error(connection, code, sql) }
      return statement
    }
    let names = (0..<columns).map { "c\($0)" }.joined(separator: ", ")
    let values = (0..<columns).map { _ in "?" }.joined(separator: ", ")
    let single = try prepared("\(insert) VALUES (\(values)) \(upsert)")
    do {
      // Without the condition the parser would take `ON` for that of a join.
      many = try prepared("\(insert) SELECT \(names) FROM ks_rows(?) WHERE true \(upsert)")
    } catch {
      sqlite3_finalize(single)
      throw error
    }
    self.single = single
    self.connection = connection
    self.columns = columns
    cells = .allocate(capacity: Self.rowsAtOnce * columns)
    cells.initialize(repeating: ks_cell(), count: Self.rowsAtOnce * columns)
    rows = .allocate(capacity: 1)
    rows.initialize(to: ks_rows(cells: cells, count: 0, columns: Int32(columns), bytes: nil))
    texts = .allocate(capacity: 1)
    texts.initialize(to: TextBytes())
  }

  deinit {
    sqlite3_finalize(single)
    sqlite3_finalize(many)
    cells.deallocate()
    rows.deallocate()
    texts.deinitialize(count: 1)
    texts.deallocate()
  }

  /// Forgets what an earlier attempt left.
  func begin() {
    rows.pointee.count = 0
    texts.pointee.removeAll()
  }

  /// Sets a column of the row to be added; columns are numbered from 1.
  @inline(__always)
  func bind(_ column: Int, _ value: Int64) {
    let cell = cell(column)
    cell.pointee.integer = value
    cell.pointee.kind = Int32(ks_integer)
  }

  /// Sets a column to an integer or NULL.
  @inline(__always)
  func bind(_ column: Int, _ value: Int64?) {
    if let value { bind(column, value) } else { cell(column).pointee.kind = Int32(ks_null) }
  }

  /// Sets a column to a number or NULL.
  @inline(__always)
  func bind(_ column: Int, _ value: Double?) {
    let cell = cell(column)
    guard let value else { return cell.pointee.kind = Int32(ks_null) }
    cell.pointee.real = value
    cell.pointee.kind = Int32(ks_real)
  }

  /// Sets a column to a text or NULL.
  func bind(_ column: Int, _ value: String?) {
    guard var value else { return cell(column).pointee.kind = Int32(ks_null) }
    value.withUTF8 { bind(column, text: $0) }
  }

  /// Sets a column to UTF-8 as a text.
  func bind(_ column: Int, text: UnsafeBufferPointer<UInt8>) {
    bind(column, UnsafeRawBufferPointer(text), kind: Int32(ks_text))
  }

  /// Sets a column to bytes.
  func bind(_ column: Int, blob: [UInt8]) {
    blob.withUnsafeBytes { bind(column, $0, kind: Int32(ks_blob)) }
  }

  private func bind(_ column: Int, _ value: UnsafeRawBufferPointer, kind: Int32) {
    bind(column, kind: kind) { $0.append(value) }
  }

  /// Sets a column to the text that is appended.
  @inline(__always)
  func bind(_ column: Int, kind: Int32 = Int32(ks_text), appending append: (inout TextBytes) -> Void) {
    let cell = cell(column)
    let start = texts.pointee.count
    append(&texts.pointee)
    cell.pointee.integer = Int64(start)
    cell.pointee.length = Int32(texts.pointee.count - start)
    cell.pointee.kind = kind
  }

  @inline(__always)
  private func cell(_ column: Int) -> UnsafeMutablePointer<ks_cell> {
    assert(column >= 1 && column <= columns)
    return cells + (Int(rows.pointee.count) * columns + column - 1)
  }

  /// The row is complete: all columns are set.
  @inline(__always)
  func add() throws {
    rows.pointee.count += 1
    if rows.pointee.count == Self.rowsAtOnce || texts.pointee.count >= Self.bytesAtOnce { try insert() }
  }

  /// Inserts what has been added and is not inserted yet.
  func finish() throws {
    if rows.pointee.count > 0 { try insert() }
  }

  private func insert() throws {
    defer { begin() }
    rows.pointee.bytes = UnsafeRawPointer(texts.pointee.start).assumingMemoryBound(to: CChar.self)
    if rows.pointee.count >= Self.fewest { return try run(many, binding: ks_sqlite_bind_rows(many, 1, rows)) }
    for row in 0..<rows.pointee.count { try run(single, binding: ks_sqlite_bind_row(single, rows, row)) }
  }

  private func run(_ statement: OpaquePointer, binding: Int32) throws {
    guard binding == SQLITE_OK else { throw HotStatement.error(connection, binding, nil) }
    let code = sqlite3_step(statement)
    sqlite3_reset(statement)
    if code != SQLITE_DONE { throw HotStatement.error(connection, code, nil) }
  }
}
