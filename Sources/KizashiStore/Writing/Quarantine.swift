import Foundation
import GRDB
import KizashiCore

/// A line in quarantine.
package struct RetryableLine: Sendable, Equatable {
  /// Its row in quarantine.
  package var sequence: Int64
  package var source: Int
  package var path: [UInt8]?
  /// Where in its stream it begins.
  package var offset: Int64
  package var reason: RefusalReason
  /// When it was read first.
  package var seenAt: Instant
  /// Its bytes, as far as they were kept.
  package var line: [UInt8]

  /// Whether all of it is there: of a longer one only the beginning is kept.
  package var isWhole: Bool { reason != .oversize && line.count <= QuarantineRow.longestLine }
}

extension Store {
  /// Refused lines, oldest first.
  /// - Parameters:
  ///   - source: Only of this source.
  ///   - reason: Only with this reason.
  ///   - after: Only rows behind this one.
  ///   - last: Only rows up to this one.
  package func quarantined(
    source: String?, reason: String?, after: Int64 = 0, last: Int64 = .max, limit: Int
  ) throws(StoreError) -> [RetryableLine] {
    let code = reason.flatMap { name in RefusalReason.allCases.first { $0.name == name } }?.rawValue
    return try access("reading quarantine of") { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT q.seq, q.source, q.path, q.offset, q.reason, q.seen_ms, q.line
          FROM quarantined q JOIN source s ON s.id = q.source
          WHERE q.seq > ?4 AND q.seq <= ?5 AND (?1 IS NULL OR s.name = ?1) AND (?2 IS NULL OR q.reason = ?2)
          ORDER BY q.seq LIMIT ?3
          """, arguments: [source, code.map { Int64($0) }, limit, after, last]
      ).map { row in
        RetryableLine(
          sequence: row[0], source: row[1], path: (row[2] as Data?).map { [UInt8]($0) }, offset: row[3],
          reason: RefusalReason(rawValue: row[4]) ?? .badJSON, seenAt: Instant(milliseconds: row[5]),
          line: [UInt8](row[6] as Data))
      }
    }
  }

  /// The newest row of quarantine; 0: there is none.
  package func lastQuarantined() throws(StoreError) -> Int64 {
    try access("reading quarantine of") { db in
      try Int64.fetchOne(db, sql: "SELECT max(seq) FROM quarantined") ?? 0
    }
  }
}
