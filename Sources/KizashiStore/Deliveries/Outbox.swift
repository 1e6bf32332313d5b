import GRDB
import KizashiCore

/// The outbox of hook runs: written with the change that owes them, worked off by the hook scheduler.
extension Store {
  /// The runs that may start now, oldest first: due, and with no older open run of the same account and hook.
  package func dueDeliveries(at now: Instant, limit: Int) throws(StoreError) -> [Delivery] {
    try access("reading deliveries of") { db in
      try Row.fetchAll(
        db,
        sql: """
          \(Self.selection) WHERE \(Self.head) AND ifnull(d.next_ms, 0) <= ? ORDER BY d.seq LIMIT ?
          """, arguments: [now.milliseconds, limit]
      ).map(Delivery.init)
    }
  }

  /// When the next run may start, other than those that wait behind an older one; nil: none is open.
  package func nextDeliveryInstant() throws(StoreError) -> Instant? {
    try access("reading deliveries of") { db in
      try Int64.fetchOne(
        db,
        sql: """
          SELECT min(ifnull(d.next_ms, 0)) FROM delivery d WHERE \(Self.head)
          """
      ).map { Instant(milliseconds: $0) }
    }
  }

  /// One run by its id; nil: none of that id is stored.
  package func delivery(_ deliveryID: String) throws(StoreError) -> Delivery? {
    try access("reading deliveries of") { db in
      try Row.fetchOne(db, sql: Self.selection + " WHERE d.delivery_id = ?", arguments: [deliveryID]).map(Delivery.init)
    }
  }

  /// Records what became of runs, in one transaction. Not synced by itself: after a power cut a run may run again.
  /// - Returns: How many of them the store holds.
  @discardableResult
  package func mark(_ updates: [DeliveryUpdate]) throws(StoreError) -> Int {
    try access("marking deliveries in") { db in
      try db.inTransactionReturning { db in
        let statement = try db.cachedStatement(
          sql: """
            UPDATE delivery SET state = ?, attempts = ?, next_ms = ifnull(?, next_ms), exit_code = ifnull(?, exit_code),
              output = ifnull(?, output) WHERE delivery_id = ?
            """)
        return try updates.reduce(0) { found, update in
          try statement.execute(arguments: [
            Int64(update.state.rawValue), update.attempts, update.nextAt?.milliseconds, update.exitCode, update.output,
            update.deliveryID,
          ])
          return found + db.changesCount
        }
      }
    }
  }

  private static let selection = """
    SELECT d.seq, d.delivery_id, d.alert_id, d.account, a.name, d.hook, d.state, d.attempts, ifnull(d.next_ms, 0),
      d.payload
    FROM delivery d JOIN account_name a ON a.id = d.account
    """

  /// Owed or to be retried, and the oldest open one of its account and hook. `state < 3` is what the partial index
  /// `delivery_queue` holds: the millions of finished runs are never looked at.
  private static let head = """
    d.state < 3 AND d.state < 2 AND NOT EXISTS (
      SELECT 1 FROM delivery e WHERE e.state < 3 AND e.account = d.account AND e.hook = d.hook AND e.seq < d.seq)
    """
}

extension Delivery {
  fileprivate init(_ row: Row) {
    self.init(
      sequence: row[0], deliveryID: row[1], alertID: row[2], account: AccountID(row[3] as Int64), accountName: row[4],
      hook: row[5], state: DeliveryState(rawValue: row[6]) ?? .dead, attempts: row[7],
      nextAt: Instant(milliseconds: row[8]), payload: row[9])
  }
}
