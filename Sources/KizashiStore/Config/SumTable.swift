import GRDB
import KizashiCore

/// The properties of events that the config adds up, and since when.
enum SumTable {
  /// Makes the model's properties the current ones and gives their store-wide numbers. One that is new is added up from the
  /// engine's clock on; one that goes is forgotten: when it comes back, what came meanwhile was not read.
  static func register(_ model: Model, _ db: Database) throws -> [Int64] {
    let properties = model.summed
    for known in try starts(db) where !properties.contains(known.property) {
      try db.execute(sql: "DELETE FROM summed WHERE property = ?", arguments: [known.property])
    }
    return try properties.map { property in
      try db.execute(
        sql: "INSERT INTO summed SELECT ?, now_ms FROM store_state WHERE true ON CONFLICT DO NOTHING",
        arguments: [property])
      try db.execute(
        sql: """
          INSERT INTO property_name VALUES ((SELECT ifnull(max(id) + 1, 0) FROM property_name), ?)
          ON CONFLICT (name) DO NOTHING
          """, arguments: [property])
      guard let id = try Int64.fetchOne(db, sql: "SELECT id FROM property_name WHERE name = ?", arguments: [property])
      else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a property's name was not kept") }
      return id
    }
  }

  /// Since when each property has been added up.
  static func starts(_ db: Database) throws -> [SumStart] {
    try Row.fetchAll(db, sql: "SELECT property, since_ms FROM summed ORDER BY property").map { row in
      SumStart(property: row[0], since: Instant(milliseconds: row[1] as Int64? ?? .min))
    }
  }

  /// Every property that is, or once was, added up: its place is its number.
  static func properties(_ db: Database) throws -> [String] {
    try String.fetchAll(db, sql: "SELECT name FROM property_name ORDER BY id")
  }

  /// What has been added up in the hours from one on, ascending by (hour, account, event, property).
  static func amounts(_ db: Database, from hour: Int64) throws -> [Amount] {
    let query = try HotStatement(
      db,
      """
      SELECT hour, account, event, property, high, low FROM amount WHERE hour >= ?
      ORDER BY hour, account, event, property
      """)
    query.bind(1, hour)
    return try amounts(query)
  }

  /// The rows of a query for `hour, account, event, property, high, low`.
  static func amounts(_ query: borrowing HotStatement) throws -> [Amount] {
    var amounts: [Amount] = []
    try query.forEachRow { row in
      amounts.append(
        Amount(
          hour: Int32(truncatingIfNeeded: row.int(0)), account: UInt32(truncatingIfNeeded: row.int(1)),
          event: UInt32(truncatingIfNeeded: row.int(2)), property: Int(row.int(3)),
          micros: Int128(row.int(4)) << lowBits + Int128(row.int(5))))
    }
    return amounts
  }

  /// Bits of an amount's lower part: two of them still fit a 64-bit integer.
  static let lowBits = 62
}
