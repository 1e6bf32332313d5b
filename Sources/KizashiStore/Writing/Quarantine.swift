import Foundation
import GRDB
import KizashiCore

/// A line in quarantine, to be read again.
package struct RetryableLine: Sendable, Equatable {
  package var sequence: Int64
  package var source: Int
  package var line: [UInt8]
}

extension Store {
  /// Refused lines, oldest first, whole as far as they were kept.
  /// - Parameters:
  ///   - source: Only of this source.
  ///   - reason: Only with this reason.
  package func quarantined(
    source: String?, reason: String?, limit: Int
  ) throws(StoreError) -> [RetryableLine] {
    let code = reason.flatMap { name in RefusalReason.allCases.first { $0.name == name } }?.rawValue
    return try access("reading quarantine of") { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT q.seq, q.source, q.line FROM quarantined q JOIN source s ON s.id = q.source
          WHERE (?1 IS NULL OR s.name = ?1) AND (?2 IS NULL OR q.reason = ?2) ORDER BY q.seq LIMIT ?3
          """, arguments: [source, code.map { Int64($0) }, limit]
      ).map { row in
        let line: Data = row[2]
        return RetryableLine(sequence: row[0], source: row[1], line: Array(line))
      }
    }
  }
}
