import GRDB
import KizashiCore

/// Writes stalls of sources, the log of them, and their alerts.
final class StallWriter {
  private let stall: HotStatement
  private let log: HotStatement
  private let firing: HotStatement
  private let resolved: HotStatement

  init(_ db: Database) throws {
    stall = try HotStatement(db, "INSERT OR REPLACE INTO stall VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
    log = try HotStatement(
      db,
      """
      INSERT INTO stall_log (lines, clock_ms, source, kind, cause, at_ms, from_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
      """)
    // `rule:source:n`, where other alerts have the account.
    let id = "'\(PipelineAlert.rule):' || (SELECT name FROM source WHERE id = ?1) || ':' || ?2"
    firing = try HotStatement(
      db,
      """
      INSERT INTO alert (alert_id, rule, account, episode, state, severity, at_ms, detected_ms, reason, band, coverage,
        shadow)
      VALUES (\(id), '\(PipelineAlert.rule)', \(Tables.noAccount), ?2, 0, '\(PipelineAlert.severity)', ?3, ?4, ?5, '', 0, 0)
      """)
    resolved = try HotStatement(
      db, "UPDATE alert SET state = 1, resolved_ms = ?3, resolution = ?4 WHERE alert_id = \(id)")
  }

  /// Writes what a unit says of stalls. Sources must have their names.
  func write(_ unit: borrowing CommitUnit) throws {
    for row in unit.commit.stalls {
      try write(row.stall)
      if row.kind == .heldLongest { continue }
      try log(row)
      if row.stall.isAwaited { continue }
      if row.kind == .stalled { try open(row, unit.detectedAt) } else { try resolve(row) }
    }
  }

  private func write(_ row: StallRow) throws {
    stall.bind(1, Int64(row.source))
    stall.bind(2, Int64(row.episode))
    stall.bind(3, row.isOpen ? 1 : 0)
    stall.bind(4, row.isAwaited ? 1 : 0)
    stall.bind(5, row.at.milliseconds)
    stall.bind(6, row.clock.milliseconds)
    stall.bind(7, row.waitsUntil?.milliseconds)
    stall.bind(8, row.lines)
    stall.bind(9, Int64(row.accounts))
    stall.bind(10, blob: row.members)
    try stall.run()
  }

  private func log(_ row: StallTransition) throws {
    log.bind(1, row.lines)
    log.bind(2, row.clock.milliseconds)
    log.bind(3, Int64(row.stall.source))
    log.bind(4, Int64(row.kind.rawValue))
    log.bind(5, Int64(row.cause.rawValue))
    log.bind(6, row.at.milliseconds)
    log.bind(7, row.from.milliseconds)
    try log.run()
  }

  private func open(_ row: StallTransition, _ detectedAt: Instant) throws {
    firing.bind(1, Int64(row.stall.source))
    firing.bind(2, Int64(row.stall.episode))
    firing.bind(3, row.at.milliseconds)
    firing.bind(4, detectedAt.milliseconds)
    firing.bind(5, row.reason)
    try firing.run()
  }

  private func resolve(_ row: StallTransition) throws {
    resolved.bind(1, Int64(row.stall.source))
    resolved.bind(2, Int64(row.stall.episode))
    resolved.bind(3, row.at.milliseconds)
    resolved.bind(4, row.reason)
    try resolved.run()
  }
}
