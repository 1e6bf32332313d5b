/// Rows of the store, a block at a time: there may be too many to hold beside what is made of them.
public struct StoredRows<Row>: Sendable {
  private let read: @Sendable (_ body: ([Row]) throws -> Void) throws -> Void

  /// - Parameter read: Calls its argument for each block of rows, in order, and passes on what that throws; each time from the first.
  public init(reading read: @escaping @Sendable (_ body: ([Row]) throws -> Void) throws -> Void) { self.read = read }

  /// Rows that are in memory.
  public init(_ rows: [Row]) where Row: Sendable { read = { body in try body(rows) } }

  /// Visits the rows in order, some thousands at a time.
  public func forEachBlock(_ body: ([Row]) throws -> Void) throws { try read(body) }

  /// Visits the rows in order.
  public func forEach(_ body: (Row) throws -> Void) throws {
    try read { block in for row in block { try body(row) } }
  }

  /// All rows at once.
  public func all() throws -> [Row] {
    var rows: [Row] = []
    try read { rows += $0 }
    return rows
  }
}
