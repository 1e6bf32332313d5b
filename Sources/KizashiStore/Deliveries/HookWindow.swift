import GRDB
import KizashiCore

/// A hook run as its scheduler asks for it: with what the process is told beside the payload.
package struct HookRun: Sendable, Equatable {
  package var sequence: Int64
  package var deliveryID: String
  package var account: String
  package var rule: String
  /// `firing`, `resolved`, `retracted` or `flapping`.
  package var state: String
  package var severity: String
  package var attempts: Int
  package var payload: String
}

/// What a row remembers of the last time its run was begun.
package struct StartedRun: Sendable, Equatable {
  package var deliveryID: String
  package var state: DeliveryState
  package var attempts: Int
  /// When it was begun; where it is to be tried again, when that is.
  package var nextAt: Instant
}

extension Store {
  /// How far back, in deliveries, ``startedRuns(hook:since:)`` looks for runs that are over.
  static let rememberedRuns = 20_000

  /// The runs of one hook that were begun, in their order, of which the store remembers an instant from `since` on.
  package func startedRuns(hook: String, since: Instant) throws(StoreError) -> [StartedRun] {
    try access("reading deliveries of") { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT seq, delivery_id, state, attempts, next_ms FROM delivery
          WHERE state < 3 AND hook = ?1 AND attempts > 0 AND next_ms >= ?2
          UNION ALL
          SELECT * FROM (
            SELECT seq, delivery_id, state, attempts, next_ms FROM delivery
            WHERE seq > (SELECT max(seq) FROM delivery) - \(Self.rememberedRuns)
              AND state IN (3, 4) AND hook = ?1 AND attempts > 0 AND next_ms >= ?2)
          ORDER BY seq
          """, arguments: [hook, since.milliseconds]
      ).map {
        StartedRun(
          deliveryID: $0[1], state: DeliveryState(rawValue: $0[2]) ?? .dead, attempts: $0[3],
          nextAt: Instant(milliseconds: $0[4]))
      }
    }
  }

  /// The open runs of one hook that may be tried at `now`, in their order; those behind an older one of the same account
  /// that is not due are left out, because they must not overtake it. And when the next of the others becomes due.
  ///
  /// - Parameter severities: As if there were only runs of these; nil: of all.
  package func dueRuns(
    hook: String, at now: Instant, limit: Int, severities: Set<String>? = nil
  ) throws(StoreError) -> (runs: [HookRun], nextAt: Instant?) {
    // Names of severities are the program's own words.
    let wanted = severities.map { $0.sorted().map { "'\($0)'" }.joined(separator: ",") }
    let only = wanted.map { "AND t.severity IN (\($0))" } ?? ""
    let onlyOlder =
      wanted.map { "AND (SELECT u.severity FROM alert u WHERE u.alert_id = e.alert_id) IN (\($0))" } ?? ""
    return try access("reading deliveries of") { db in
      // Looked for only where there are any: what is snoozed is put off, and holds up nobody else.
      let snoozeEnd = try Self.nextSnoozeEnd(db)
      let awake = snoozeEnd == nil ? "" : "AND NOT \(Snooze.isOn("d", "t"))"
      let awakeOlder =
        snoozeEnd == nil
        ? "" : "AND NOT EXISTS (SELECT 1 FROM alert u WHERE u.alert_id = e.alert_id AND \(Snooze.isOn("e", "u")))"
      let runs = try Row.fetchAll(
        db,
        sql: """
          SELECT d.seq, d.delivery_id, ifnull(a.name, ''), t.rule, t.severity, d.attempts, d.payload
          FROM delivery d LEFT JOIN account_name a ON a.id = d.account JOIN alert t ON t.alert_id = d.alert_id
          WHERE d.state < 3 AND d.hook = ?1 AND ifnull(d.next_ms, 0) <= ?2 \(only) \(awake) AND NOT EXISTS (
            SELECT 1 FROM delivery e WHERE e.state < 3 AND e.account = d.account AND e.hook = d.hook AND e.seq < d.seq
              AND ifnull(e.next_ms, 0) > ?2 \(onlyOlder) \(awakeOlder))
          ORDER BY d.seq LIMIT ?3
          """, arguments: [hook, now.milliseconds, limit]
      ).map { row in
        let id: String = row[1]
        // `rule:account:n:state:hook`: names may hold colons, the state stands before the hook's name; a reminder's is
        // `firing.2`.
        let beforeHook = id.dropLast(hook.utf8.count + 1)
        return HookRun(
          sequence: row[0], deliveryID: id, account: row[2], rule: row[3],
          state: String(beforeHook.split(separator: ":").last?.prefix { $0 != "." } ?? ""), severity: row[4],
          attempts: row[5],
          payload: row[6])
      }
      let next = try Int64.fetchOne(
        db, sql: "SELECT min(next_ms) FROM delivery WHERE state < 3 AND hook = ? AND next_ms > ?",
        arguments: [hook, now.milliseconds])
      return (
        runs, [next, snoozeEnd].compactMap(\.self).min().map { Instant(milliseconds: max($0, now.milliseconds + 1)) }
      )
    }
  }

  /// Lets the runs of one hook that were never begun and wait at `now` for a later instant wait until another.
  package func postpone(hook: String, severity: String, waitingAt now: Instant, until: Instant) throws(StoreError) {
    try access("changing deliveries of") { db in
      try db.execute(
        sql: """
          UPDATE delivery SET next_ms = ?4 WHERE state = 0 AND attempts = 0 AND hook = ?1 AND next_ms > ?3
            AND next_ms <> ?4 AND (SELECT t.severity FROM alert t WHERE t.alert_id = delivery.alert_id) = ?2
          """, arguments: [hook, severity, now.milliseconds, until.milliseconds])
    }
  }

  /// Puts dead runs (all, or the named ones), and those named that wait to be tried again, back to be tried at `now`; gives their ids.
  package func retryDeliveries(_ ids: [String], at now: Instant) throws(StoreError) -> [String] {
    try changeDeliveries(
      ids,
      from: ids.isEmpty
        ? "state = \(DeliveryState.dead.rawValue)"
        : "state IN (\(DeliveryState.dead.rawValue), \(DeliveryState.retry.rawValue))",
      to: .retry, nextAt: now)
  }

  /// Gives up open runs by hand; gives their ids.
  package func dropDeliveries(_ ids: [String]) throws(StoreError) -> [String] {
    try changeDeliveries(ids, from: "state < 3", to: .dead, nextAt: nil)
  }

  private func changeDeliveries(
    _ ids: [String], from condition: String, to state: DeliveryState, nextAt: Instant?
  ) throws(StoreError) -> [String] {
    try access("changing deliveries of") { db in
      try db.inTransactionReturning { db in
        let candidates =
          ids.isEmpty
          ? try String.fetchAll(db, sql: "SELECT delivery_id FROM delivery WHERE \(condition) ORDER BY seq")
          : try ids.filter {
            try Bool.fetchOne(
              db, sql: "SELECT 1 FROM delivery WHERE \(condition) AND delivery_id = ?", arguments: [$0]) ?? false
          }
        for id in candidates {
          try db.execute(
            sql: """
              UPDATE delivery SET state = ?, next_ms = ifnull(?, next_ms),
                attempts = CASE WHEN ?1 = \(DeliveryState.retry.rawValue) THEN 0 ELSE attempts END
              WHERE delivery_id = ?
              """, arguments: [Int64(state.rawValue), nextAt?.milliseconds, id])
        }
        return candidates
      }
    }
  }
}
