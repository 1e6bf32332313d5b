import GRDB
import KizashiCore

/// Which of the lines that are not usage an engine is restored from.
enum RecordsWanted: Equatable {
  /// Every one: what they come to is computed anew.
  case all
  /// Those whose effect is in no row of its own; `identify` lines only where traits are asked for. There may be millions of the others, of
  /// years ago: a start must not go through them.
  case notKeptElsewhere(traits: Bool)
}

extension Store {
  static func records(_ db: Database, _ wanted: RecordsWanted, _ body: (StoredRecord) throws -> Void) throws {
    guard case .notKeptElsewhere(let traits) = wanted else { return try records(db, recordQuery(of: nil), body) }
    for kind in traits ? [KizashiCore.Record.Kind.track, .identify] : [.track] {
      try records(db, recordQuery(of: kind), body)
    }
  }

  /// - Parameter kind: Any but `group`; nil: all kinds.
  static func recordQuery(of kind: KizashiCore.Record.Kind?) -> String {
    // The second condition is that of the index, in its words, or SQLite would not see that it fits.
    let condition = kind.map {
      "WHERE r.kind = \($0.rawValue) AND r.kind <> \(KizashiCore.Record.Kind.group.rawValue)"
    }
    return """
      SELECT r.seq, r.source, r.at_ms, r.account, r.user, r.id, r.kind, r.event, f.ord, f.name, f.type, f.value, r.count
      FROM record r LEFT JOIN record_field f ON f.seq = r.seq \(condition ?? "") ORDER BY r.seq, f.ord
      """
  }

  private static func records(_ db: Database, _ sql: String, _ body: (StoredRecord) throws -> Void) throws {
    let query = try HotStatement(db, sql)
    // One row a field: a record is whole when the next begins.
    var record: StoredRecord?
    try query.forEachRow { row in
      if record?.sequence != row.int(0) {
        if let record { try body(record) }
        record = try recordWithoutFields(row)
      }
      guard row.optionalInt(8) != nil else { return }
      guard let scalar = StoredScalar(type: row.int(10), text: row.optionalText(11)).scalar else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a field of record \(row.int(0)) has no value")
      }
      record?.record.fields.append((row.optionalText(9) ?? "", scalar))
    }
    if let record { try body(record) }
  }

  private static func recordWithoutFields(_ row: borrowing HotStatement) throws -> StoredRecord {
    guard let kind = Record.Kind(rawValue: UInt8(truncatingIfNeeded: row.int(6))) else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "record \(row.int(0)) is of no known kind")
    }
    return StoredRecord(
      sequence: row.int(0), source: Int(row.int(1)), at: Instant(milliseconds: row.int(2)),
      account: row.optionalInt(3).map { AccountID(truncatingIfNeeded: $0) }, user: row.optionalText(4),
      id: row.optionalText(5), count: row.int(12),
      record: Record(kind: kind, event: row.optionalText(7) ?? "", fields: [], line: ""))
  }

  /// By account and name; none where the records say it all.
  static func attributes(_ wanted: RecordsWanted, _ rows: RowsOfStore) throws -> StoredRows<AttributeRow> {
    wanted == .all ? StoredRows([]) : try rows(attributeRows)
  }

  static func attributeRows(_ db: Database, _ body: (AttributeRow) throws -> Void) throws {
    let query = try HotStatement(
      db, "SELECT account, name, type, value, updated_ms FROM attribute ORDER BY account, name")
    try query.forEachRow { row in
      guard let scalar = StoredScalar(type: row.int(2), text: row.optionalText(3)).scalar else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "an attribute of account \(row.int(0)) has no value")
      }
      try body(
        AttributeRow(
          account: AccountID(truncatingIfNeeded: row.int(0)), name: row.optionalText(1) ?? "",
          value: scalar == .null ? nil : scalar, updatedAt: Instant(milliseconds: row.int(4))))
    }
  }

  /// By source and user; none where the records say it all.
  static func userAccounts(_ wanted: RecordsWanted, _ rows: RowsOfStore) throws -> StoredRows<UserAccountRow> {
    wanted == .all ? StoredRows([]) : try rows(userAccountRows)
  }

  static func userAccountRows(_ db: Database, _ body: (UserAccountRow) throws -> Void) throws {
    let query = try HotStatement(db, "SELECT source, user, account FROM user_account ORDER BY source, user")
    try query.forEachRow { row in
      try body(
        UserAccountRow(
          source: Int(row.int(0)), user: row.optionalText(1) ?? "", account: AccountID(truncatingIfNeeded: row.int(2))))
    }
  }
}
