import GRDB
import KizashiCore

/// All that is known of one account, read in one look.
package struct AccountDetail: Sendable {
  package var summary: AccountSummary
  /// Since when it has been in its band; nil: since it was first evaluated.
  package var bandSince: Instant?
  /// By name.
  package var attributes: [AccountAttribute]
  /// In config order.
  package var measures: [MeasureState]
  /// Firing ones first, then the newest resolved ones.
  package var alerts: [AlertEpisode]
  /// The newest entries of the journal, oldest first.
  package var changes: [JournalEntry]
  /// By name.
  package var milestones: [AccountMilestone]
  /// By product.
  package var contracts: [AccountContract]
  /// The newest five, newest first.
  package var notes: [AccountNote]
  package var usage: AccountUsage
  /// The last 90 rows, oldest first.
  package var scoreHistory: [ScoreDay]
}

/// A row of the view `account_attributes`.
package struct AccountAttribute: Sendable, Equatable {
  package var name: String
  package var value: String?
  package var updated: Instant
}

/// A row of the view `milestones`.
package struct AccountMilestone: Sendable, Equatable {
  package var milestone: String
  package var reached: Instant?
  package var due: Instant?
  package var count: Int64
}

/// A row of the view `contracts`.
package struct AccountContract: Sendable, Equatable {
  package var product: String
  package var state: String
  /// In minor units of the currency.
  package var mrr: Int64?
  package var currency: String?
  package var started: Instant?
  package var termEnd: String?
  package var reason: String?
}

/// A row of the view `notes`.
package struct AccountNote: Sendable, Equatable {
  package var at: Instant
  /// `override.set`, `sentiment.recorded` or `touch.recorded`.
  package var event: String
  package var kind: String?
  package var value: String?
  package var until: String?
  package var by: String?
  package var note: String?
}

/// A row of the view `measures`.
package struct MeasureState: Sendable, Equatable {
  package var measure: String
  /// Nil: only a rule looks at it.
  package var dimension: String?
  package var value: Double?
  /// 0.00–100.00; nil: excluded.
  package var grade: Double?
  /// Effective share of the score, 0…1.
  package var share: Double
  /// share × grade.
  package var points: Double
  package var missing: Bool
  package var at: Instant
}

/// A row of the view `score_history`.
package struct ScoreDay: Sendable, Equatable {
  /// `2026-11-19`.
  package var day: String
  package var at: Instant
  package var score: Double?
  package var band: String
  package var configVersion: Int
}

extension StoreReader {
  /// One account, or nil if the store has never heard of it.
  /// - Parameters:
  ///   - windowHours: the window of the usage figures.
  ///   - userLimit: how many users to name; nil: all.
  ///   - changeLimit: how many journal entries to read.
  package func account(
    _ name: String, windowHours: Int = 672, userLimit: Int? = 10, changeLimit: Int = 10
  ) throws(StoreError) -> AccountDetail? {
    try read { db in
      guard let id = try Int64.fetchOne(db, sql: "SELECT id FROM account_name WHERE name = ?", arguments: [name]),
        let summary = try summaries([id], db).first
      else { return nil }
      var open = AlertQuery()
      open.account = name
      open.limit = 10
      var journal = JournalQuery()
      journal.account = name
      journal.limit = changeLimit
      return AccountDetail(
        summary: summary, bandSince: try bandSince(id, db), attributes: try attributes(name, db),
        measures: try measures(name, db), alerts: try Self.alerts(open, db),
        changes: try Self.changes(journal, db), milestones: try milestones(name, db),
        contracts: try contracts(name, db), notes: try notes(name, db),
        usage: try AccountUsage.read(account: id, windowHours: windowHours, userLimit: userLimit, db),
        scoreHistory: try scoreHistory(name, db))
    }
  }

  /// Whether the store has ever heard of an account.
  package func isAccount(_ name: String) throws(StoreError) -> Bool {
    try read { db in
      try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM account_name WHERE name = ?)", arguments: [name])
        ?? false
    }
  }

  /// The account somebody probably meant, out of at most 20,000 whose names are about as long or begin so: those that
  /// end or begin as it does before others, because a slip changes one place.
  package func nearestAccount(to name: String) throws(StoreError) -> String? {
    let length = name.unicodeScalars.count
    let candidates = try read { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT name FROM account_name WHERE length(name) BETWEEN ?1 AND ?2 OR substr(name, 1, ?3) = ?4
          ORDER BY (substr(name, -4) = substr(?4, -4)) + (substr(name, 1, 4) = substr(?4, 1, 4)) DESC, name LIMIT 20000
          """, arguments: [length - max(1, length / 3), length + max(1, length / 2), max(3, length), name])
    }
    return NearestName.of(name, in: candidates)
  }

  private func bandSince(_ id: Int64, _ db: Database) throws -> Instant? {
    try Int64.fetchOne(
      db,
      sql: """
        SELECT c.at_ms FROM change_block b
          CROSS JOIN change_of o ON \(ChangeKey.isOf("?1", block: "b.block", key: "o.key"))
          CROSS JOIN change c ON c.seq = \(ChangeKey.number(of: "o.key"))
        WHERE c.kind = ?2 ORDER BY b.block DESC, o.key DESC LIMIT 1
        """, arguments: [id, Change.Kind.band.rawValue]
    ).map(Instant.init(milliseconds:))
  }

  private func attributes(_ name: String, _ db: Database) throws -> [AccountAttribute] {
    try Row.fetchAll(db, sql: "SELECT * FROM account_attributes WHERE account = ? ORDER BY name", arguments: [name]).map
    {
      AccountAttribute(
        name: $0["name"], value: $0["value"] as String?, updated: $0.instantOrEpoch("updated_at"))
    }
  }

  private func milestones(_ name: String, _ db: Database) throws -> [AccountMilestone] {
    try Row.fetchAll(db, sql: "SELECT * FROM milestones WHERE account = ? ORDER BY milestone", arguments: [name]).map {
      AccountMilestone(
        milestone: $0["milestone"], reached: $0.instant("reached_at"), due: $0.instant("due_at"), count: $0["count"])
    }
  }

  private func contracts(_ name: String, _ db: Database) throws -> [AccountContract] {
    try Row.fetchAll(db, sql: "SELECT * FROM contracts WHERE account = ? ORDER BY product", arguments: [name]).map {
      AccountContract(
        product: $0["product"], state: $0["state"], mrr: $0["mrr"], currency: $0["currency"],
        started: $0.instant("started_at"), termEnd: $0["term_end"], reason: $0["reason"])
    }
  }

  private func notes(_ name: String, _ db: Database) throws -> [AccountNote] {
    try Row.fetchAll(
      db, sql: "SELECT * FROM notes WHERE account = ? ORDER BY at DESC LIMIT 5", arguments: [name]
    ).map {
      AccountNote(
        at: $0.instantOrEpoch("at"), event: $0["event"], kind: $0["kind"], value: $0["value"], until: $0["until"],
        by: $0["by"], note: $0["note"])
    }
  }

  private func measures(_ name: String, _ db: Database) throws -> [MeasureState] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT v.* FROM measures v JOIN measure_name n ON n.name = v.measure JOIN current_measure c ON c.id = n.id
        WHERE v.account = ? ORDER BY c.ord
        """, arguments: [name]
    ).map { row in
      MeasureState(
        measure: row["measure"], dimension: row["dimension"], value: row["value"], grade: row["grade"],
        share: row["share"], points: row["points"], missing: row["missing"], at: row.instantOrEpoch("at"))
    }
  }

  private func scoreHistory(_ name: String, _ db: Database) throws -> [ScoreDay] {
    try Row.fetchAll(
      db, sql: "SELECT * FROM score_history WHERE account = ? ORDER BY day DESC LIMIT 90", arguments: [name]
    ).reversed().map { row in
      ScoreDay(
        day: row["day"], at: row.instantOrEpoch("at"), score: row["score"], band: row["band"],
        configVersion: row["config_version"])
    }
  }
}
