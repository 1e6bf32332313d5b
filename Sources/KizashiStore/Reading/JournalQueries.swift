import GRDB
import KizashiCore

/// A line of an explanation as the view `changes` has it.
package struct StoredExplanation: Sendable, Equatable {
  package var measure: String
  package var points: Double
  /// The measure's value before and after, as decimal text; nil: missing.
  package var from: String?
  package var to: String?
  package var cause: String

  /// A line; `from` and `to` nil: missing.
  package init(measure: String, points: Double, from: String?, to: String?, cause: String) {
    self.measure = measure
    self.points = points
    self.from = from
    self.to = to
    self.cause = cause
  }

  /// The lines of a `because` column; what is not such a line is left out.
  static func lines(_ json: String, _ db: Database) throws -> [StoredExplanation] {
    guard json != "[]" else { return [] }
    return try Row.fetchAll(
      db,
      sql: """
        SELECT value ->> 'measure' AS measure, value ->> 'points' AS points, value ->> 'from' AS "from",
          value ->> 'to' AS "to", value ->> 'cause' AS cause
        FROM json_each(?) ORDER BY key
        """, arguments: [json]
    ).map { row in
      StoredExplanation(
        measure: row["measure"] ?? "", points: row["points"] ?? 0, from: row["from"], to: row["to"],
        cause: row["cause"] ?? "")
    }
  }
}

/// A row of the view `changes`.
package struct JournalEntry: Sendable, Equatable {
  package var sequence: Int64
  package var account: String
  package var at: Instant
  package var detected: Instant
  package var kind: String
  package var subject: String
  package var from: String?
  package var to: String?
  package var delta: Double?
  package var cause: String
  package var because: [StoredExplanation]

  /// An entry; see the properties.
  package init(
    sequence: Int64, account: String, at: Instant, detected: Instant, kind: String, subject: String, from: String?,
    to: String?, delta: Double?, cause: String, because: [StoredExplanation]
  ) {
    self.sequence = sequence
    self.account = account
    self.at = at
    self.detected = detected
    self.kind = kind
    self.subject = subject
    self.from = from
    self.to = to
    self.delta = delta
    self.cause = cause
    self.because = because
  }
}

/// Which journal entries to read.
package struct JournalQuery: Sendable, Equatable {
  package var account: String?
  /// Only entries of this kind; one of ``kinds``.
  package var kind: String?
  /// Only entries at or after this instant.
  package var since: Instant?
  /// Only entries after this one.
  package var afterSequence: Int64 = 0
  /// The newest so many; nil: all.
  package var limit: Int?
  /// With a limit: the oldest that match instead of the newest, to go through many piece by piece.
  package var fromOldest = false

  /// The names of the kinds of entries.
  package static let kinds = (UInt8.min...UInt8.max).compactMap { Change.Kind(rawValue: $0)?.name }

  /// The whole journal.
  package init() {}
}

extension StoreReader {
  /// The journal in the order it was written.
  package func changes(_ query: JournalQuery) throws(StoreError) -> [JournalEntry] {
    try read { db in try Self.changes(query, db) }
  }

  /// The number of the newest journal entry; 0: none yet.
  package func lastChangeSequence() throws(StoreError) -> Int64 {
    try read { db in try Int64.fetchOne(db, sql: "SELECT max(seq) FROM change") ?? 0 }
  }

  static func changes(_ query: JournalQuery, _ db: Database) throws -> [JournalEntry] {
    var conditions = ["c.seq > ?"]
    var arguments: StatementArguments = [query.afterSequence]
    if let account = query.account {
      conditions.append(
        """
        c.seq IN (SELECT \(ChangeKey.number(of: "o.key")) FROM account_name a CROSS JOIN change_block b
          CROSS JOIN change_of o ON \(ChangeKey.isOf("a.id", block: "b.block", key: "o.key")) WHERE a.name = ?)
        """)
      arguments += [account]
    }
    if let kind = query.kind {
      let raw = (UInt8.min...UInt8.max).first { Change.Kind(rawValue: $0)?.name == kind }
      conditions.append("c.kind = \(raw.map(Int.init) ?? -1)")
    }
    if let since = query.since {
      conditions.append("c.at_ms >= ?")
      arguments += [since.milliseconds]
    }
    let limit = query.limit.map { "LIMIT \(max(0, $0))" } ?? ""
    return try Row.fetchAll(
      db,
      sql: """
        SELECT v.* FROM changes v WHERE v.seq IN (
          SELECT c.seq FROM change c WHERE \(conditions.joined(separator: " AND "))
          ORDER BY c.seq \(query.fromOldest ? "ASC" : "DESC") \(limit))
        ORDER BY v.seq
        """, arguments: arguments
    ).map { row in
      JournalEntry(
        sequence: row["seq"], account: row["account"], at: row.instantOrEpoch("at"),
        detected: row.instantOrEpoch("detected_at"), kind: row["kind"], subject: row["subject"] ?? "",
        from: row["from_value"], to: row["to_value"], delta: row["delta"], cause: row["cause"],
        because: try StoredExplanation.lines(row["because"], db))
    }
  }
}

/// A row of the view `alerts`.
package struct AlertEpisode: Sendable, Equatable {
  package var alertID: String
  package var rule: String
  /// Nil: it is about the pipeline, not about an account.
  package var account: String?
  package var state: String
  package var severity: String
  package var at: Instant
  package var detected: Instant
  package var resolved: Instant?
  package var reason: String
  package var playbook: String?
  /// Whether it opened while its rule was in shadow, and so owes no hook run.
  package var isShadow: Bool

  init(_ row: Row) {
    alertID = row["alert_id"]
    rule = row["rule"]
    account = row["account"]
    state = row["state"]
    severity = row["severity"]
    at = row.instantOrEpoch("at")
    detected = row.instantOrEpoch("detected_at")
    resolved = row.instant("resolved_at")
    reason = row["reason"]
    playbook = row["playbook"]
    isShadow = row["shadow"]
  }
}

/// Which episodes to read.
package struct AlertQuery: Sendable, Equatable {
  package var account: String?
  package var rule: String?
  /// `firing` or `resolved`; nil: both.
  package var state: String?
  package var limit: Int?

  /// All episodes.
  package init() {}
}

extension StoreReader {
  /// Episodes: firing ones first, the newest first among each.
  package func alerts(_ query: AlertQuery) throws(StoreError) -> [AlertEpisode] {
    try read { db in try Self.alerts(query, db) }
  }

  static func alerts(_ query: AlertQuery, _ db: Database) throws -> [AlertEpisode] {
    var conditions = ["1"]
    var arguments = StatementArguments()
    if let account = query.account {
      conditions.append("e.account = (SELECT id FROM account_name WHERE name = ?)")
      arguments += [account]
    }
    if let rule = query.rule {
      conditions.append("e.rule = ?")
      arguments += [rule]
    }
    if let state = query.state {
      conditions.append("(e.state = \(AlertTransition.State.firing.rawValue)) = ?")
      arguments += [state == AlertTransition.State.firing.name]
    }
    let limit = query.limit.map { "LIMIT \(max(0, $0))" } ?? ""
    let order = "(e.state = \(AlertTransition.State.firing.rawValue)) DESC, e.at_ms DESC, e.seq DESC"
    return try Row.fetchAll(
      db,
      sql: """
        SELECT v.* FROM (
          SELECT e.alert_id, row_number() OVER (ORDER BY \(order)) AS place FROM alert e
          WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(order) \(limit)) w
          CROSS JOIN alerts v ON v.alert_id = w.alert_id
        ORDER BY w.place
        """, arguments: arguments
    ).map(AlertEpisode.init)
  }
}
