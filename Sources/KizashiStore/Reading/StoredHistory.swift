import GRDB
import KizashiCore

/// All that is stored of one hour.
package struct HistoryHour: Sendable {
  /// Hours since the epoch, UTC.
  package var hour: Int32
  /// Ascending by (first instant, account, event, user). None whose usage has expired.
  package var facts: [Fact] = []
  /// What their events come to; ``Amount/property`` is an index into ``StoredHistory/properties``.
  package var amounts: [Amount] = []
  /// By instant, then in log order.
  package var records: [StoredRecord] = []

  /// An hour; by default nothing is stored of it.
  package init(hour: Int32, facts: [Fact] = [], amounts: [Amount] = [], records: [StoredRecord] = []) {
    self.hour = hour
    self.facts = facts
    self.amounts = amounts
    self.records = records
  }
}

/// An episode as it is stored.
package struct StoredEpisode: Sendable, Equatable {
  package var rule: String
  package var account: AccountID
  package var at: Instant
  /// Nil: it is still firing.
  package var resolved: Instant?
}

/// What is stored, to be gone through hour by hour: for `backtest`.
///
/// Memory is that of the names, the episodes and the liveliest hour, however long the history is.
package struct StoredHistory: Sendable {
  /// The store's clock; nil: nothing was ever committed.
  package var now: Instant?
  /// Nil: nothing was ever computed.
  package var config: StoredConfig?
  /// Names by number.
  package var accounts: NameBlock
  package var eventNames: NameBlock
  package var users: NameBlock
  /// Properties that are, or once were, added up.
  package var properties: [String]
  /// Since when each of those the current config names has been, and each of its filters looked for.
  package var sumStarts: [SumStart]
  package var filterStarts: [FilterStart]
  /// The first hour with a fact or a record; nil: there is none.
  package var firstHour: Int32?
  /// In the order they were stored.
  package var episodes: [StoredEpisode]

  /// Reads the store at `path` in one snapshot, without its lock: a running daemon goes on beside it, but its
  /// write-ahead log grows until this returns.
  ///
  /// - Parameters:
  ///   - begin: called first, with no hours read yet.
  ///   - visit: called for each hour that has facts or records, ascending.
  package static func read(
    path: String, begin: (StoredHistory) throws -> Void, visit: (HistoryHour) throws -> Void
  ) throws(StoreError) {
    let reader = try Store.openReader(path)
    try StoreError.wrap("reading", path: path) {
      try reader.read { db in
        try begin(head(db))
        try hours(db, visit)
      }
    }
  }

  /// SQL: the first hour whose usage has not expired.
  private static let kept = "(SELECT kept_hour FROM store_state)"

  private static func head(_ db: Database) throws -> StoredHistory {
    let firstFact = try Int64.fetchOne(db, sql: "SELECT min(hour) FROM fact WHERE hour >= \(StoredHistory.kept)")
    let firstRecord = try Int64.fetchOne(db, sql: "SELECT min(at_ms) FROM record")
      .map { Int64(Instant(milliseconds: $0).tile.hour) }
    return StoredHistory(
      now: try Int64.fetchOne(db, sql: "SELECT now_ms FROM store_state").map(Instant.init(milliseconds:)),
      config: try StoredConfig.current(db),
      accounts: try Self.whole { try Store.accountNames(db, $0) },
      eventNames: try Store.eventNames(db),
      users: try Self.whole { try Store.userNames(db, $0) },
      properties: try SumTable.properties(db), sumStarts: try SumTable.starts(db),
      filterStarts: try FilterTable.starts(db),
      firstHour: [firstFact, firstRecord].compactMap { $0 }.min().map { Int32(truncatingIfNeeded: $0) },
      episodes: try Row.fetchAll(db, sql: "SELECT rule, account, at_ms, resolved_ms FROM alert ORDER BY seq").map {
        StoredEpisode(
          rule: $0[0], account: AccountID($0[1] as Int64), at: Instant(milliseconds: $0[2]),
          resolved: ($0[3] as Int64?).map(Instant.init(milliseconds:)))
      })
  }

  /// Blocks of names one after another as one.
  private static func whole(_ read: ((NameBlock) throws -> Void) throws -> Void) throws -> NameBlock {
    var whole: NameBlock?
    try read { block in
      guard let before = whole?.bytes.count else { return whole = block }
      whole?.bytes += block.bytes
      whole?.ends += block.ends.map { $0 + UInt32(before) }
      whole?.accounts += block.accounts
    }
    return whole ?? NameBlock(firstID: 0)
  }

  private static func hours(_ db: Database, _ visit: (HistoryHour) throws -> Void) throws {
    let records = try RecordCursor(db)
    var hour = HistoryHour(hour: .min)
    let query = try HotStatement(
      db,
      """
      SELECT hour, account, event, user, events, first, span FROM fact WHERE hour >= \(kept) AND events > 0
      ORDER BY hour
      """)
    try query.forEachRow { row in
      let number = Int32(truncatingIfNeeded: row.int(0))
      if number != hour.hour {
        try records.finish(&hour, visit)
        hour.hour = number
      }
      let first = Int64(number) * Tile.length + row.int(5)
      hour.facts.append(
        Fact(
          hour: number, account: UInt32(truncatingIfNeeded: row.int(1)), event: UInt32(truncatingIfNeeded: row.int(2)),
          user: UInt32(truncatingIfNeeded: row.int(3)), events: row.int(4), first: first, last: first + row.int(6)))
    }
    try records.finish(&hour, visit)
    hour.hour = .max
    try records.finish(&hour, visit)
  }
}

/// The records in order of time, one ahead.
private final class RecordCursor {
  private let rows: RowCursor
  private let fields: HotStatement
  private let amounts: HotStatement
  private var next: StoredRecord?

  init(_ db: Database) throws {
    rows = try Row.fetchCursor(
      db, sql: "SELECT seq, source, at_ms, account, user, kind, event, count FROM record ORDER BY at_ms, seq")
    fields = try HotStatement(db, "SELECT name, type, value FROM record_field WHERE seq = ? ORDER BY ord")
    amounts = try HotStatement(
      db, "SELECT hour, account, event, property, high, low FROM amount WHERE hour = ?")
    try advance()
  }

  /// Visits the hours before `hour` that only have records, then `hour` with its own, if it has facts; its facts are gone
  /// then.
  func finish(_ hour: inout HistoryHour, _ visit: (HistoryHour) throws -> Void) throws {
    while let first = next?.at.tile.hour, first < hour.hour {
      try visit(HistoryHour(hour: first, records: try take(first)))
    }
    guard !hour.facts.isEmpty else { return }
    hour.facts.sort { a, b in
      if a.first != b.first { return a.first < b.first }
      return (a.account, a.event, a.user) < (b.account, b.event, b.user)
    }
    amounts.bind(1, Int64(hour.hour))
    hour.amounts = try SumTable.amounts(amounts)
    hour.records = try take(hour.hour)
    try visit(hour)
    hour.facts.removeAll(keepingCapacity: true)
  }

  private func take(_ hour: Int32) throws -> [StoredRecord] {
    var taken: [StoredRecord] = []
    while let record = next, record.at.tile.hour == hour {
      taken.append(record)
      try advance()
    }
    return taken
  }

  private func advance() throws {
    guard let row = try rows.next() else {
      next = nil
      return
    }
    let sequence: Int64 = row[0]
    guard let kind = Record.Kind(rawValue: UInt8(truncatingIfNeeded: row[5] as Int64)) else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "record \(sequence) is of no known kind")
    }
    var record = Record(kind: kind, event: row[6], fields: [], line: "")
    fields.bind(1, sequence)
    try fields.forEachRow { field in
      guard let scalar = StoredScalar(type: field.int(1), text: field.optionalText(2)).scalar else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a field of record \(sequence) has no value")
      }
      record.fields.append((field.optionalText(0) ?? "", scalar))
    }
    next = StoredRecord(
      sequence: sequence, source: Int(row[1] as Int64), at: Instant(milliseconds: row[2]),
      account: (row[3] as Int64?).map { AccountID(truncatingIfNeeded: $0) }, user: row[4], id: nil, count: row[7],
      record: record)
  }
}
