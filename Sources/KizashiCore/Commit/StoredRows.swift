/// Rows of the store, one at a time: there may be too many to hold beside what is made of them.
public struct StoredRows<Row>: Sendable {
  private let read: @Sendable (_ body: (Row) throws -> Void) throws -> Void

  /// - Parameter read: Calls its argument for each row, in order, and passes on what that throws; each time from the first.
  public init(reading read: @escaping @Sendable (_ body: (Row) throws -> Void) throws -> Void) { self.read = read }

  /// Rows that are in memory.
  public init(_ rows: [Row]) where Row: Sendable { read = { body in for row in rows { try body(row) } } }

  /// Visits the rows in order.
  public func forEach(_ body: (Row) throws -> Void) throws { try read(body) }

  /// All rows at once.
  public func all() throws -> [Row] {
    var rows: [Row] = []
    try read { rows.append($0) }
    return rows
  }
}
