import Foundation
import GRDB
import KizashiCore

/// A row of the view `deliveries`.
package struct DeliveryRow: Sendable, Equatable {
  package var deliveryID: String
  package var alertID: String
  package var hook: String
  package var state: String
  package var attempts: Int
  package var next: Instant?
  package var exitCode: Int?
  package var output: String?
  /// What one that is to be run waits for; nil: it runs or is over.
  package var waitsFor: DeliveryWait?
}

/// What a hook run that is owed waits for.
package enum DeliveryWait: String, Sendable {
  case snooze
  /// Another of its account and hook was owed before.
  case earlier
  case nextAttempt = "next_attempt"
  /// The end of the hook's quiet hours, or its digest.
  case hours
  /// That the hook may run once more: `concurrency`, `max_per_hour`, or the daemon.
  case turn
}

/// Which deliveries to read.
package struct DeliveryQuery: Sendable, Equatable {
  /// The wall clock: who waits for an instant waits for one after it.
  package var now = Instant(milliseconds: .max)
  /// Empty: all states.
  package var states: [String] = []
  package var hook: String?
  package var account: String?
  package var limit: Int?

  /// All deliveries.
  package init() {}
}

/// A row of the view `sources`, with what was refused from the whole source by reason.
package struct SourceStream: Sendable, Equatable {
  package var source: String
  /// Nil: the source has no stream yet, or its streams are connections.
  package var path: [UInt8]?
  package var offset: Int64?
  package var size: Int64?
  package var lagBytes: Int64?
  package var watermark: Instant?
  /// Totals of the whole source.
  package var lines: Int64
  package var events: Int64
  package var duplicates: Int64
  /// Events that were counted without looking for a duplicate: no id, or older than the dedup horizon.
  package var undeduplicated: Int64
  package var refused: Int64
  /// By reason, the most frequent first.
  package var refusals: [(reason: String, lines: Int64)]
  package var state: String
  /// Since when the source is stalled; nil: it is not.
  package var stalled: Instant?
  /// How many accounts' deadlines wait for it.
  package var waiting: Int64
  /// Why nothing can be read from the path, `unreadable` or `missing`; nil: it can, as far as is known.
  package var trouble: String?
  /// What the source remembers of its stream, as it stored it; nil: nothing more is read from that.
  package var position: [UInt8]?

  /// By value.
  package static func == (a: SourceStream, b: SourceStream) -> Bool {
    a.source == b.source && a.path == b.path && a.offset == b.offset && a.size == b.size && a.lagBytes == b.lagBytes
      && a.watermark == b.watermark && a.lines == b.lines && a.events == b.events && a.duplicates == b.duplicates
      && a.undeduplicated == b.undeduplicated && a.refused == b.refused
      && a.refusals.elementsEqual(b.refusals, by: ==) && a.state == b.state && a.stalled == b.stalled
      && a.waiting == b.waiting && a.trouble == b.trouble && a.position == b.position
  }
}

/// A row of the view `quarantine`.
package struct QuarantinedLine: Sendable, Equatable {
  package var source: String
  package var path: [UInt8]?
  package var offset: Int64
  package var reason: String
  package var seen: Instant
  /// At most the first KiB, as it was read.
  package var sample: [UInt8]
}

/// Which refused lines to read.
package struct QuarantineQuery: Sendable, Equatable {
  package var source: String?
  package var reason: String?
  package var limit: Int?

  /// All that are kept.
  package init() {}
}

extension StoreReader {
  /// SQL: what `delivery d` waits for.
  private static func wait(at now: Instant) -> String {
    func isSnoozed(_ delivery: String) -> String {
      "EXISTS (SELECT 1 FROM alert t WHERE t.alert_id = \(delivery).alert_id AND \(Snooze.isOn(delivery, "t")))"
    }
    return """
      CASE WHEN d.state NOT IN (\(DeliveryState.owed.rawValue), \(DeliveryState.retry.rawValue)) THEN NULL
        WHEN \(isSnoozed("d")) THEN '\(DeliveryWait.snooze.rawValue)'
        WHEN EXISTS (SELECT 1 FROM delivery e WHERE e.state < 3 AND e.account = d.account AND e.hook = d.hook
          AND e.seq < d.seq AND NOT \(isSnoozed("e"))) THEN '\(DeliveryWait.earlier.rawValue)'
        WHEN d.state = \(DeliveryState.retry.rawValue) THEN '\(DeliveryWait.nextAttempt.rawValue)'
        WHEN d.next_ms > \(now.milliseconds) THEN '\(DeliveryWait.hours.rawValue)'
        ELSE '\(DeliveryWait.turn.rawValue)' END
      """
  }

  /// Hook runs, the newest first.
  package func deliveries(_ query: DeliveryQuery) throws(StoreError) -> [DeliveryRow] {
    try read { db in
      var conditions = ["1"]
      var arguments = StatementArguments()
      if !query.states.isEmpty {
        let raw = DeliveryState.allCases.filter { query.states.contains($0.name) }.map { String($0.rawValue) }
        conditions.append("d.state IN (\(raw.joined(separator: ",")))")
      }
      if let hook = query.hook {
        conditions.append("d.hook = ?")
        arguments += [hook]
      }
      if let account = query.account {
        conditions.append("d.account = (SELECT id FROM account_name WHERE name = ?)")
        arguments += [account]
      }
      return try Row.fetchAll(
        db,
        sql: """
          SELECT v.*, w.waits FROM (
            SELECT d.seq, d.delivery_id, \(Self.wait(at: query.now)) AS waits
            FROM delivery d WHERE \(conditions.joined(separator: " AND "))
            ORDER BY d.seq DESC \(query.limit.map { "LIMIT \(max(0, $0))" } ?? "")) w
            CROSS JOIN deliveries v ON v.delivery_id = w.delivery_id
          ORDER BY w.seq DESC
          """, arguments: arguments
      ).map { row in
        DeliveryRow(
          deliveryID: row["delivery_id"], alertID: row["alert_id"], hook: row["hook"], state: row["state"],
          attempts: row["attempts"], next: row.instant("next_at"), exitCode: row["exit_code"], output: row["output"],
          waitsFor: (row["waits"] as String?).flatMap(DeliveryWait.init))
      }
    }
  }

  /// Every stream of every source, by source and path.
  package func sources() throws(StoreError) -> [SourceStream] {
    try read { db in
      var refusals: [String: [(reason: String, lines: Int64)]] = [:]
      for row in try Row.fetchAll(db, sql: "SELECT * FROM refusals ORDER BY source, lines DESC, reason") {
        refusals[row["source"], default: []].append((row["reason"], row["lines"]))
      }
      var positions: [StreamPlace: [UInt8]] = [:]
      var troubles: [StreamPlace: String] = [:]
      for row in try Row.fetchAll(
        db,
        sql: """
          SELECT s.name AS source, p.path, p.offset, p.body, nullif(p.state, 'following') AS trouble
          FROM stream p JOIN source s ON s.id = p.source WHERE NOT p.finished AND p.path IS NOT NULL
          """)
      {
        positions[StreamPlace(row, path: "path")] = row.bytes("body")
        troubles[StreamPlace(row, path: "path")] = row["trouble"]
      }
      return try Row.fetchAll(
        db,
        sql: """
          SELECT v.*, CAST(v.path AS BLOB) AS path_bytes, s.undeduplicated
          FROM sources v JOIN source s ON s.name = v.source ORDER BY v.source, v.path
          """
      ).map { row in
        let place = StreamPlace(row, path: "path_bytes")
        return SourceStream(
          source: row["source"], path: row.bytes("path_bytes"), offset: row["offset"], size: row["size"],
          lagBytes: row["lag_bytes"], watermark: row.instant("watermark_at"), lines: row["lines"],
          events: row["events"], duplicates: row["duplicates"], undeduplicated: row["undeduplicated"],
          refused: row["refused"], refusals: refusals[row["source"]] ?? [], state: row["state"],
          stalled: row.instant("stalled_at"), waiting: row["waiting"],
          trouble: row["state"] == "finished" ? nil : troubles[place], position: positions[place])
      }
    }
  }

  /// Refused lines, the newest first.
  package func quarantine(_ query: QuarantineQuery) throws(StoreError) -> [QuarantinedLine] {
    try read { db in
      var conditions = ["1"]
      var arguments = StatementArguments()
      if let source = query.source {
        conditions.append("s.name = ?")
        arguments += [source]
      }
      if let reason = query.reason {
        let raw = RefusalReason.allCases.first { $0.name == reason }?.rawValue ?? 0
        conditions.append("q.reason = \(raw)")
      }
      return try Row.fetchAll(
        db,
        sql: """
          SELECT s.name AS source, CAST(q.path AS BLOB) AS path, q.offset, q.reason, q.seen_ms,
            CAST(substr(q.line, 1, 1024) AS BLOB) AS sample
          FROM quarantined q JOIN source s ON s.id = q.source WHERE \(conditions.joined(separator: " AND "))
          ORDER BY q.seq DESC \(query.limit.map { "LIMIT \(max(0, $0))" } ?? "")
          """, arguments: arguments
      ).map { row in
        QuarantinedLine(
          source: row["source"], path: row.bytes("path"), offset: row["offset"],
          reason: RefusalReason(rawValue: row["reason"])?.name ?? "unknown",
          seen: Instant(milliseconds: row["seen_ms"]), sample: row.bytes("sample") ?? [])
      }
    }
  }
}

/// What a row of the view `sources` has in common with its stream. Of a file that was written anew there are several at one
/// path, of which one is still read.
private struct StreamPlace: Hashable {
  var source: String
  var path: [UInt8]?
  var offset: Int64?

  init(_ row: Row, path column: String) {
    source = row["source"]
    path = row.bytes(column)
    offset = row["offset"]
  }
}

extension Row {
  /// A column of bytes.
  fileprivate func bytes(_ column: String) -> [UInt8]? { (self[column] as Data?).map { [UInt8]($0) } }
}
