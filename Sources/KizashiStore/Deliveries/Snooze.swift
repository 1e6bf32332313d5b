import GRDB
import KizashiCore

/// What is snoozed: all that a rule, an account or an episode owes, or what a rule owes of an account.
package struct SnoozeTarget: Sendable, Hashable, Codable {
  package var rule: String?
  /// The account's id as the producer wrote it.
  package var account: String?
  /// An episode's id, `rule:account:n`.
  package var episode: String?

  /// At least one of them is given.
  package init(rule: String? = nil, account: String? = nil, episode: String? = nil) {
    self.rule = rule
    self.account = account
    self.episode = episode
  }

  /// As it is said to a person: `health-drop:acme`, `health-drop`, `every rule of acme`, `episode health-drop:acme:41`.
  package var text: String {
    if let episode { return "episode \(episode)" }
    guard let rule else { return "every rule of \(account ?? "")" }
    return account.map { "\(rule):\($0)" } ?? rule
  }
}

/// A snooze as it is stored.
package struct Snooze: Sendable, Equatable {
  package var target: SnoozeTarget
  package var made: Instant
  package var until: Instant
  package var reason: String
  package var by: String
  /// When it came to its end; nil: it is in force.
  package var ended: Instant?

  /// A condition: the snooze `s` is about a delivery, of which `alert` is the alert.
  static func covers(_ delivery: String, _ alert: String) -> String {
    """
    (s.rule IS NULL OR s.rule = \(alert).rule) AND (s.account IS NULL OR s.account = \(alert).account)
      AND (s.alert_id IS NULL OR s.alert_id = \(delivery).alert_id)
    """
  }

  /// A condition: a delivery is put off.
  static func isOn(_ delivery: String, _ alert: String) -> String {
    "EXISTS (SELECT 1 FROM snooze s WHERE s.ended_ms IS NULL AND \(covers(delivery, alert)))"
  }
}

extension Store {
  /// What became of a wish to snooze.
  package enum SnoozeAnswer: Sendable, Equatable {
    case done
    case noSuchAccount, noSuchEpisode
  }

  /// Puts off what a target owes until an instant; one of the same target that is in force is replaced.
  package func snooze(
    _ target: SnoozeTarget, until: Instant, reason: String, by: String, at now: Instant
  ) throws(StoreError) -> SnoozeAnswer {
    try access("writing a snooze to") { db in
      try db.inTransactionReturning { db in
        var account: Int64?
        if let name = target.account {
          account = try Int64.fetchOne(db, sql: "SELECT id FROM account_name WHERE name = ?", arguments: [name])
          if account == nil { return .noSuchAccount }
        }
        if let id = target.episode,
          try Int.fetchOne(db, sql: "SELECT 1 FROM alert WHERE alert_id = ?", arguments: [id]) == nil
        {
          return .noSuchEpisode
        }
        try db.execute(
          sql: """
            UPDATE snooze SET ended_ms = ?4
            WHERE ended_ms IS NULL AND rule IS ?1 AND account IS ?2 AND alert_id IS ?3
            """, arguments: [target.rule, account, target.episode, now.milliseconds])
        try db.execute(
          sql: """
            INSERT INTO snooze (rule, account, alert_id, made_ms, until_ms, reason, made_by)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
          arguments: [target.rule, account, target.episode, now.milliseconds, until.milliseconds, reason, by])
        return .done
      }
    }
  }

  /// Lets the snooze of a target that is in force come to its end now; false: there is none.
  package func cancelSnooze(_ target: SnoozeTarget, at now: Instant) throws(StoreError) -> Bool {
    try access("changing a snooze of") { db in
      try db.execute(
        sql: """
          UPDATE snooze SET until_ms = ?4 WHERE ended_ms IS NULL AND rule IS ?1 AND alert_id IS ?3
            AND account IS (CASE WHEN ?2 IS NULL THEN NULL ELSE (SELECT id FROM account_name WHERE name = ?2) END)
          """, arguments: [target.rule, target.account, target.episode, now.milliseconds])
      return db.changesCount > 0
    }
  }

  /// Ends the snoozes whose time has come. Of an episode that is over, and of whose opening a hook was never told, it is not
  /// told any more; all else that was put off is due, unless another snooze holds it.
  /// - Returns: Whether any ended.
  package func endSnoozes(at now: Instant) throws(StoreError) -> Bool {
    try access("ending snoozes in") { db in
      let due = "ended_ms IS NULL AND until_ms <= \(now.milliseconds)"
      guard try Int.fetchOne(db, sql: "SELECT 1 FROM snooze WHERE \(due) LIMIT 1") != nil else { return false }
      try writer?.keepRoom(db)
      try db.inTransaction(.immediate) {
        // Chosen before any is changed: the end of an episode goes by what became of its beginning.
        let over = try Int64.fetchAll(
          db,
          sql: """
            SELECT d.seq FROM delivery d JOIN alert t ON t.alert_id = d.alert_id
              JOIN delivery f ON f.delivery_id = d.alert_id || ':firing:' || d.hook
            WHERE d.state = 0 AND t.state <> \(AlertTransition.State.firing.rawValue) AND f.state = 0 AND f.attempts = 0
              AND EXISTS (SELECT 1 FROM snooze s WHERE \(due) AND \(Snooze.covers("d", "t")))
            """)
        try db.execute(sql: "UPDATE snooze SET ended_ms = ? WHERE \(due)", arguments: [now.milliseconds])
        for sequence in over {
          try db.execute(
            sql: """
              UPDATE delivery SET state = ?2, output = ?3 WHERE seq = ?1 AND NOT EXISTS (
                SELECT 1 FROM alert t WHERE t.alert_id = delivery.alert_id AND \(Snooze.isOn("delivery", "t")))
              """,
            arguments: [sequence, Int64(DeliveryState.suppressed.rawValue), Suppression.snoozed.rawValue])
        }
        return .commit
      }
      return true
    }
  }

  /// When the next snooze comes to its end; nil: none is in force.
  static func nextSnoozeEnd(_ db: Database) throws -> Int64? {
    try Int64.fetchOne(db, sql: "SELECT min(until_ms) FROM snooze WHERE ended_ms IS NULL")
  }
}

extension StoreReader {
  /// Snoozes, the next to end first; `all`: those that have ended too, the newest first behind the others.
  package func snoozes(all: Bool) throws(StoreError) -> [Snooze] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT s.rule, a.name, s.alert_id, s.made_ms, s.until_ms, s.reason, s.made_by, s.ended_ms
          FROM snooze s LEFT JOIN account_name a ON a.id = s.account WHERE s.ended_ms IS NULL OR ?
          ORDER BY s.ended_ms IS NOT NULL, s.ended_ms DESC, s.until_ms, s.id
          """, arguments: [all]
      ).map { row in
        Snooze(
          target: SnoozeTarget(rule: row[0], account: row[1], episode: row[2]), made: Instant(milliseconds: row[3]),
          until: Instant(milliseconds: row[4]), reason: row[5], by: row[6],
          ended: (row[7] as Int64?).map(Instant.init(milliseconds:)))
      }
    }
  }
}
