import GRDB
import KizashiCore

/// What the config looks for in the properties of events, and since when.
enum FilterTable {
  /// Makes the model's filters the current ones. One that is new is looked for from the engine's clock on; one that goes is
  /// forgotten: when it comes back, what came meanwhile was not looked at.
  static func register(_ model: Model, _ db: Database) throws {
    let filters = model.filters
    for known in try starts(db) where !filters.contains(known.filter) {
      try db.execute(
        sql: "DELETE FROM filter WHERE property = ? AND value = ?",
        arguments: [known.filter.property, known.filter.value])
    }
    for filter in filters {
      try db.execute(
        sql: "INSERT INTO filter SELECT ?, ?, now_ms FROM store_state WHERE true ON CONFLICT DO NOTHING",
        arguments: [filter.property, filter.value])
    }
  }

  /// Since when each filter has been looked for.
  static func starts(_ db: Database) throws -> [FilterStart] {
    try Row.fetchAll(db, sql: "SELECT property, value, since_ms FROM filter ORDER BY property, value").map { row in
      FilterStart(
        filter: PropertyFilter(property: row[0], value: row[1]),
        since: Instant(milliseconds: row[2] as Int64? ?? .min))
    }
  }
}

extension NameBlock {
  /// Goes through names of events: their numbers and what they say.
  func forEachEvent(_ body: (Int64, EventVariant) throws -> Void) rethrows {
    var start = 0
    for (index, end) in ends.enumerated() {
      let name = String(decoding: bytes[start..<Int(end)], as: UTF8.self)
      try body(Int64(firstID) + Int64(index), EventVariant(name: name))
      start = Int(end)
    }
  }

  /// Adds the name of an event.
  mutating func append(_ variant: EventVariant) {
    bytes.append(contentsOf: variant.name.utf8)
    ends.append(UInt32(bytes.count))
  }
}
