import GRDB
import KizashiCore

/// Writes where lines came from and what became of those that are not usage: records, sources, streams, quarantine, and
/// the hook runs owed.
final class FlowWriter {
  private let record: HotInsert
  private let field: HotInsert
  private let userAccount: HotInsert
  private let source: HotStatement
  private let refusal: HotStatement
  private let stream: HotStatement
  private let forgottenStream: HotStatement
  private let quarantined: HotStatement
  private let releaseQuarantined: HotStatement
  private let trimQuarantine: HotStatement
  private let delivery: HotStatement

  init(_ db: Database) throws {
    record = try HotInsert(db, "INSERT OR FAIL INTO record", columns: 10)
    field = try HotInsert(db, "INSERT OR FAIL INTO record_field", columns: 5)
    userAccount = try HotInsert(db, "INSERT OR REPLACE INTO user_account", columns: 3)
    source = try HotStatement(
      db,
      """
      INSERT INTO source VALUES (?1, 'source-' || ?1, ?2, ?3, ?4, ?5, ?6, ?7)
      ON CONFLICT (id) DO UPDATE SET watermark_ms = ?2, lines = ?3, events = ?4, duplicates = ?5, ignored = ?6,
        undeduplicated = ?7
      """)
    refusal = try HotStatement(db, "INSERT OR REPLACE INTO refusal VALUES (?, ?, ?)")
    stream = try HotStatement(db, "INSERT OR REPLACE INTO stream VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
    forgottenStream = try HotStatement(db, "DELETE FROM stream WHERE source = ? AND key = ?")
    quarantined = try HotStatement(
      db, "INSERT INTO quarantined (source, path, offset, reason, seen_ms, line, sample) VALUES (?, ?, ?, ?, ?, ?, ?)")
    releaseQuarantined = try HotStatement(db, "DELETE FROM quarantined WHERE seq = ?")
    trimQuarantine = try HotStatement(
      db, "DELETE FROM quarantined WHERE seq <= (SELECT max(seq) FROM quarantined) - ?")
    delivery = try HotStatement(
      db,
      """
      INSERT INTO delivery (delivery_id, alert_id, account, hook, state, attempts, next_ms, output, payload)
      SELECT ?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8
      WHERE ?9 OR NOT EXISTS (SELECT 1 FROM alert WHERE alert_id = ?2 AND shadow)
      ON CONFLICT (delivery_id) DO UPDATE SET seq = (SELECT max(seq) + 1 FROM delivery), state = 0,
        next_ms = excluded.next_ms, output = NULL, payload = excluded.payload
        WHERE delivery.state = \(DeliveryState.suppressed.rawValue) AND delivery.output = '\(Suppression.flapping.rawValue)'
          AND excluded.state = \(DeliveryState.owed.rawValue)
      """)
  }

  /// Writes a unit's records, sources, streams, quarantine and deliveries.
  /// - Parameter quarantineRows: The most lines quarantine keeps; the oldest make room.
  func write(_ unit: borrowing CommitUnit, quarantineRows: Int) throws {
    record.begin()
    field.begin()
    for row in unit.commit.records { try write(row) }
    try record.finish()
    try field.finish()
    userAccount.begin()
    for row in unit.commit.userAccounts { try write(row) }
    try userAccount.finish()
    // A line that was refused may count now, and its reason be that of none any more.
    for row in unit.commit.sources { try write(row, all: !unit.releasedQuarantine.isEmpty) }
    for row in unit.streams { try write(row) }
    for key in unit.forgottenStreams {
      forgottenStream.bind(1, Int64(key.source))
      forgottenStream.bind(2, key.key)
      try forgottenStream.run()
    }
    for sequence in unit.releasedQuarantine {
      releaseQuarantined.bind(1, sequence)
      try releaseQuarantined.run()
    }
    // More than fit need not be written to be deleted again.
    for row in unit.quarantine.suffix(quarantineRows) { try write(row) }
    if !unit.quarantine.isEmpty {
      trimQuarantine.bind(1, Int64(quarantineRows))
      try trimQuarantine.run()
    }
    for row in unit.deliveries { try write(row) }
  }

  private func write(_ row: UserAccountRow) throws {
    userAccount.bind(1, Int64(row.source))
    userAccount.bind(2, row.user)
    userAccount.bind(3, Int64(row.account))
    try userAccount.add()
  }

  private func write(_ row: StoredRecord) throws {
    record.bind(1, row.sequence)
    record.bind(2, Int64(row.source))
    record.bind(3, row.at.milliseconds)
    record.bind(4, row.account.map(Int64.init))
    record.bind(5, row.user)
    record.bind(6, row.id)
    record.bind(7, row.count)
    record.bind(8, Int64(row.record.kind.rawValue))
    record.bind(9, row.record.event)
    record.bind(10, row.record.line)
    try record.add()
    for (order, entry) in row.record.fields.enumerated() {
      let stored = StoredScalar(entry.value)
      field.bind(1, row.sequence)
      field.bind(2, Int64(order))
      field.bind(3, entry.name)
      field.bind(4, stored.type)
      field.bind(5, stored.text)
      try field.add()
    }
  }

  private func write(_ row: SourceRow, all: Bool) throws {
    source.bind(1, Int64(row.source))
    source.bind(2, row.watermark?.milliseconds)
    source.bind(3, row.lines)
    source.bind(4, row.events)
    source.bind(5, row.duplicates)
    source.bind(6, row.ignored)
    source.bind(7, row.undeduplicated)
    try source.run()
    for (reason, lines) in row.refused.enumerated() where lines > 0 || all {
      refusal.bind(1, Int64(row.source))
      refusal.bind(2, Int64(reason))
      refusal.bind(3, lines)
      try refusal.run()
    }
  }

  private func write(_ row: StreamRow) throws {
    stream.bind(1, Int64(row.key.source))
    stream.bind(2, row.key.key)
    stream.bind(3, blob: row.path)
    stream.bind(4, row.offset)
    stream.bind(5, row.size)
    stream.bind(6, row.finished ? 1 : 0)
    stream.bind(7, row.state)
    stream.bind(8, blob: row.body)
    try stream.run()
  }

  private func write(_ row: QuarantineRow) throws {
    quarantined.bind(1, Int64(row.source))
    quarantined.bind(2, blob: row.path)
    quarantined.bind(3, row.offset)
    quarantined.bind(4, Int64(row.reason.rawValue))
    quarantined.bind(5, row.seenAt.milliseconds)
    let kept = QuarantineRow.longestKept
    quarantined.bind(6, blob: row.line.count > kept ? Array(row.line.prefix(kept)) : row.line)
    // Lines that are no UTF-8 are among them, and whoever reads the view may refuse text that is none.
    quarantined.bind(7, String(decoding: row.line.prefix(1024), as: UTF8.self))
    try quarantined.run()
  }

  private func write(_ row: NewDelivery) throws {
    delivery.bind(1, row.deliveryID)
    delivery.bind(2, row.alertID)
    delivery.bind(3, Int64(row.account))
    delivery.bind(4, row.hook)
    delivery.bind(5, Int64((row.suppression == nil ? DeliveryState.owed : .suppressed).rawValue))
    delivery.bind(6, row.suppression == nil ? row.nextAt.milliseconds : nil)
    delivery.bind(7, row.suppression?.rawValue)
    delivery.bind(8, row.payload)
    delivery.bind(9, row.opensEpisode ? 1 : 0)
    try delivery.run()
  }
}
