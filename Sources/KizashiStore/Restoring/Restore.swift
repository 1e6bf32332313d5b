import GRDB
import KizashiCore

extension Store {
  /// Everything an engine is restored from. Names of accounts and users, records, facts and account rows are read while it is restored: until
  /// then nothing may be written.
  ///
  /// - Parameters:
  ///   - factHorizonHours: How many hours before the clock's tile facts are read from (`Model`'s `factHorizonHours`); nil: all, for
  ///     another config.
  ///   - traits: Whether the engine reads what `identify` lines say of users (`Model`'s `readsTraits`).
  /// - Returns: Facts ascending by (hour, account, event, user), with no events where their usage has expired; names by number; records, changes in log order.
  package func restore(factHorizonHours: Int?, traits: Bool = true) throws(StoreError) -> Restored {
    try access("reading") { db in
      let rows = RowsOfStore(of: db, visitedLaterAt: path, schema: schemaVersion)
      return try Self.restored(db, rows, factHorizonHours: factHorizonHours, .notKeptElsewhere(traits: traits))
    }
  }

  static func restored(
    _ db: Database, _ rows: RowsOfStore, factHorizonHours: Int?, _ records: RecordsWanted
  ) throws -> Restored {
    let now = try Instant(milliseconds: Int64.fetchOne(db, sql: "SELECT now_ms FROM store_state") ?? .min)
    let leftBehind = try Int64.fetchOne(db, sql: "SELECT due_ms FROM store_state").map { Instant(milliseconds: $0) }
    let stalls = try stalls(db)
    var from = Int64.min
    if let factHorizonHours, now.milliseconds != .min {
      from = Int64(earliestClock(now, leftBehind, stalls).tile.hour) - Int64(factHorizonHours)
    }
    let (firstFact, kept) = (from, try keptHour(db))
    return Restored(
      now: now, leftBehind: leftBehind, accounts: try rows(rowsPerBlock: 1, accountNames),
      eventNames: try eventNames(db),
      users: try rows(rowsPerBlock: 1, userNames),
      facts: try rows { db, body in try facts(db, from: firstFact, kept: kept, body) },
      amounts: try SumTable.amounts(db, from: max(from, kept)), properties: try SumTable.properties(db),
      records: try rows { db, body in try Self.records(db, records, body) }, attributes: try attributes(records, rows),
      userAccounts: try userAccounts(records, rows), fingerprints: try fingerprints(db),
      accountRows: try rows(accountRows),
      sources: try sourceRows(db), stalls: stalls, episodes: factHorizonHours == nil ? try lastEpisodes(db) : [],
      lastChangeSequence: try Int64.fetchOne(db, sql: "SELECT max(seq) FROM change") ?? 0,
      lastRecordSequence: try Int64.fetchOne(db, sql: "SELECT max(seq) FROM record") ?? 0,
      filterStarts: try FilterTable.starts(db), sumStarts: try SumTable.starts(db))
  }

  static func eventNames(_ db: Database) throws -> NameBlock {
    var block = NameBlock(firstID: 0)
    for row in try Row.fetchAll(db, sql: "SELECT id, name, conditions FROM event_name ORDER BY id") {
      guard row[0] as Int64 == Int64(block.ends.count) else {
        throw DatabaseError(
          resultCode: .SQLITE_CORRUPT, message: "an event name is missing before number \(row[0] as Int64)")
      }
      block.append(EventVariant(event: row[1], conditions: row[2] as String))
    }
    return block
  }

  /// The streams as last committed, by source and key.
  package func streams() throws(StoreError) -> [StreamRow] {
    try access("reading") { db in
      let query = try HotStatement(
        db,
        """
        SELECT source, key, path, offset, size, finished, state, body FROM stream WHERE length(body) > 0
        ORDER BY source, key
        """)
      var rows: [StreamRow] = []
      try query.forEachRow { row in
        let path = row.bytes(2)
        rows.append(
          StreamRow(
            key: StreamKey(source: Int(row.int(0)), key: row.optionalText(1) ?? ""), path: path.isEmpty ? nil : path,
            offset: row.int(3), size: row.optionalInt(4), finished: row.int(5) != 0,
            state: row.optionalText(6) ?? "", body: row.bytes(7)))
      }
      return rows
    }
  }

  static func accountNames(_ db: Database, _ body: (NameBlock) throws -> Void) throws {
    try names(db, "SELECT id, name FROM account_name ORDER BY id", firstID: 0, body)
  }

  static func userNames(_ db: Database, _ body: (NameBlock) throws -> Void) throws {
    try names(db, "SELECT id, name, account FROM user_name ORDER BY id", firstID: 1, body)
  }

  /// Names have dense numbers: a gap means that the file is not what was written.
  private static func names(
    _ db: Database, _ sql: String, firstID: UInt32, _ body: (NameBlock) throws -> Void
  ) throws {
    let query = try HotStatement(db, sql)
    var block = NameBlock(firstID: firstID)
    try query.forEachRow { row in
      guard row.int(0) == Int64(block.firstID) + Int64(block.ends.count) else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a name is missing before number \(row.int(0))")
      }
      row.withBytes(1) { block.bytes.append(contentsOf: $0) }
      block.ends.append(UInt32(block.bytes.count))
      if firstID == 1 { block.accounts.append(AccountID(truncatingIfNeeded: row.int(2))) }
      if block.ends.count == 1 << 14 {
        try body(block)
        block = NameBlock(firstID: block.firstID + UInt32(block.ends.count))
      }
    }
    try body(block)
  }

  /// The first hour whose usage has not expired.
  private static func keptHour(_ db: Database) throws -> Int64 {
    try Int64.fetchOne(db, sql: "SELECT kept_hour FROM store_state") ?? .min
  }

  /// Those of usage that has expired have no events, whether or not they have been taken out already.
  private static func facts(
    _ db: Database, from hour: Int64, kept: Int64, _ body: (Fact) throws -> Void
  ) throws {
    let query = try HotStatement(
      db,
      """
      SELECT hour, account, event, user, iif(hour < ?2, 0, events), first, span FROM fact WHERE hour >= ?1
        AND event <> \(UsageExpiry.noEvent)
      ORDER BY hour, account, event, user
      """)
    query.bind(1, hour)
    query.bind(2, kept)
    try query.forEachRow { row in
      let hour = Int32(truncatingIfNeeded: row.int(0))
      let first = Int64(hour) * Tile.length + row.int(5)
      try body(
        Fact(
          hour: hour, account: UInt32(truncatingIfNeeded: row.int(1)), event: UInt32(truncatingIfNeeded: row.int(2)),
          user: UInt32(truncatingIfNeeded: row.int(3)), events: row.int(4), first: first, last: first + row.int(6)))
    }
  }

  /// One block an hour, its commits' bytes in the order they were written.
  private static func fingerprints(_ db: Database) throws -> [FingerprintBlock] {
    let query = try HotStatement(db, "SELECT hour, bytes FROM fingerprint ORDER BY hour, seq")
    var blocks: [FingerprintBlock] = []
    try query.forEachRow { row in
      let hour = Int32(truncatingIfNeeded: row.int(0))
      blocks.append(FingerprintBlock(hour: hour, bytes: row.bytes(1)))
    }
    return blocks
  }

  private static func accountRows(_ db: Database, _ body: (AccountRow) throws -> Void) throws {
    let query = try HotStatement(
      db,
      """
      SELECT id, first_ms, last_ms, score, computed, band, coverage, phase, touch, scored_ms, config_version, state
      FROM account ORDER BY id
      """)
    try query.forEachRow { row in
      try body(
        AccountRow(
          account: AccountID(truncatingIfNeeded: row.int(0)), firstSeen: row.optionalInt(1),
          lastSeen: row.optionalInt(2), score: row.optionalInt(3).map { Int($0) },
          computedScore: row.optionalInt(4).map { Int($0) }, band: row.optionalText(5),
          coverage: row.optionalDouble(6), phase: row.optionalText(7), touch: row.optionalText(8),
          scoredAt: row.optionalInt(9).map { Instant(milliseconds: $0) }, configVersion: Int(row.int(10)),
          state: row.bytes(11)))
    }
  }

  private static func lastEpisodes(_ db: Database) throws -> [LastEpisode] {
    let query = try HotStatement(db, "SELECT rule, account, max(episode) FROM alert GROUP BY rule, account")
    var episodes: [LastEpisode] = []
    try query.forEachRow { row in
      episodes.append(
        LastEpisode(
          rule: row.optionalText(0) ?? "", account: AccountID(truncatingIfNeeded: row.int(1)), number: Int(row.int(2))))
    }
    return episodes
  }

  private static func sourceRows(_ db: Database) throws -> [SourceRow] {
    let query = try HotStatement(
      db, "SELECT id, watermark_ms, lines, events, duplicates, ignored, undeduplicated FROM source ORDER BY id")
    var rows: [SourceRow] = []
    try query.forEachRow { row in
      var source = SourceRow(source: Int(row.int(0)))
      source.watermark = row.optionalInt(1).map { Instant(milliseconds: $0) }
      source.lines = row.int(2)
      source.events = row.int(3)
      source.duplicates = row.int(4)
      source.ignored = row.int(5)
      source.undeduplicated = row.int(6)
      rows.append(source)
    }
    let refusals = try HotStatement(db, "SELECT source, reason, lines FROM refusal")
    try refusals.forEachRow { row in
      let reason = Int(row.int(1))
      guard let index = rows.firstIndex(where: { $0.source == Int(row.int(0)) }),
        rows[index].refused.indices.contains(reason)
      else { return }
      rows[index].refused[reason] = row.int(2)
    }
    return rows
  }
}
