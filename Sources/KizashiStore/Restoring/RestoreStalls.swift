import GRDB
import KizashiCore

extension Store {
  /// The last stall of each source that had one, or its last wait behind a start, by source.
  static func stalls(_ db: Database) throws -> [StallRow] {
    let query = try HotStatement(
      db,
      """
      SELECT source, episode, is_open, is_awaited, at_ms, clock_ms, until_ms, lines, accounts, members FROM stall
      ORDER BY source
      """)
    var rows: [StallRow] = []
    try query.forEachRow { row in
      rows.append(
        StallRow(
          source: Int(row.int(0)), episode: Int(row.int(1)), isOpen: row.int(2) != 0, isAwaited: row.int(3) != 0,
          at: Instant(milliseconds: row.int(4)), clock: Instant(milliseconds: row.int(5)),
          waitsUntil: row.optionalInt(6).map { Instant(milliseconds: $0) }, lines: row.int(7),
          accounts: Int(row.int(8)), members: row.bytes(9)))
    }
    return rows
  }

  /// How far back facts are needed: accounts that wait for a stalled source are looked at as of its beginning, or later; those left
  /// behind by the clock as of before their deadline.
  static func earliestClock(_ now: Instant, _ leftBehind: Instant?, _ stalls: [StallRow]) -> Instant {
    let held = stalls.filter { $0.waitsUntil != nil }.map(\.clock).min() ?? now
    return min(now, held, leftBehind?.advanced(by: -1) ?? now)
  }
}
