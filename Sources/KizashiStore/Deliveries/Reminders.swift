import GRDB
import KizashiCore

/// A rule's hook that is told again and again while an episode stays open.
package struct Reminder: Sendable, Equatable {
  package var rule: String
  package var hook: String
  /// How long after a run began the next is owed, in milliseconds.
  package var everyMilliseconds: Int64
  /// When it may be told; nil: at once.
  package var nextAt: Instant?

  /// A rule's hook and how often it is reminded.
  package init(rule: String, hook: String, everyMilliseconds: Int64) {
    self.rule = rule
    self.hook = hook
    self.everyMilliseconds = everyMilliseconds
  }
}

extension Store {
  /// The most that are owed in one transaction.
  package static let mostReminders = 500

  /// Owes the reminders that are due at `now`: of each open episode whose last run of the hook began so long ago and is over.
  ///
  /// The first run is `episode:firing:hook`, the first reminder `episode:firing.2:hook` and so on: a reminder is the hook's
  /// n-th run about this opening. What was missed while nobody looked is made up for by one run, not by several; of an episode
  /// whose opening was suppressed (it was found by a backfill) nobody is reminded. Synced when it returns.
  ///
  /// - Returns: How many became owed; as many as ``mostReminders``: there may be more.
  package func oweReminders(_ reminders: [Reminder], at now: Instant) throws(StoreError) -> Int {
    guard !reminders.isEmpty else { return 0 }
    defer { checkpointIfDue() }
    return try access("writing reminders to") { db in
      // Nothing is written, and nothing synced, where nothing is due.
      var due: [(alert: String, reminder: Reminder, count: Int)] = []
      for reminder in reminders where due.count < Self.mostReminders {
        due += try Row.fetchAll(
          db, sql: Self.dueReminders,
          arguments: [
            reminder.rule, reminder.hook, now.milliseconds - reminder.everyMilliseconds,
            Self.mostReminders - due.count,
          ]
        ).map { ($0[0], reminder, $0[1]) }
      }
      guard !due.isEmpty else { return 0 }
      try writer?.keepRoom(db)
      try writer?.setSyncing(true, db)
      try db.inTransaction(.immediate) {
        for (alert, reminder, count) in due {
          try db.execute(
            sql: Self.oweReminder,
            arguments: [alert, reminder.hook, count + 2, count + 1, (reminder.nextAt ?? now).milliseconds])
        }
        return .commit
      }
      return due.count
    }
  }

  // Ids of one episode's runs lie side by side, so that they are found by seeking; an account whose name holds colons can
  // have others among them.
  private static let dueReminders = """
    SELECT a.alert_id, (
      SELECT count(*) FROM delivery r WHERE r.delivery_id > a.alert_id || ':firing.'
        AND r.delivery_id < a.alert_id || ':firing/' AND r.alert_id = a.alert_id AND r.hook = ?2)
    FROM alert a JOIN delivery f ON f.delivery_id = a.alert_id || ':firing:' || ?2
    WHERE a.state = 0 AND a.rule = ?1 AND f.state IN (3, 4) AND f.next_ms <= ?3 AND NOT EXISTS (
      SELECT 1 FROM delivery r WHERE r.delivery_id > a.alert_id || ':firing.'
        AND r.delivery_id < a.alert_id || ':firing/' AND r.alert_id = a.alert_id AND r.hook = ?2
        AND (r.state < 3 OR r.next_ms > ?3)) AND NOT \(Snooze.isOn("f", "a"))
    ORDER BY a.seq LIMIT ?4
    """

  private static let oweReminder = """
    INSERT INTO delivery (delivery_id, alert_id, account, hook, state, attempts, next_ms, payload)
    SELECT f.alert_id || ':firing.' || ?3 || ':' || ?2, f.alert_id, f.account, ?2, 0, 0, ?5,
      json_set(f.payload, '$.delivery_id', f.alert_id || ':firing.' || ?3 || ':' || ?2, '$.renotified', ?4)
    FROM delivery f WHERE f.delivery_id = ?1 || ':firing:' || ?2
    """
}
