import GRDB
import KizashiCore

/// What becomes of the hook runs a commit owes; what the scheduler asks for is in `HookWindow.swift`.
extension Store {
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
    defer { checkpointIfDue() }
    return try access("marking deliveries in") { db in
      try writer?.keepRoom(db)
      return try db.inTransactionReturning { db in
        let statement = try db.cachedStatement(
          sql: """
            UPDATE delivery SET state = ?, attempts = ?, next_ms = ifnull(?, next_ms), exit_code = ifnull(?, exit_code),
              output = ifnull(?, output) WHERE delivery_id = ? AND state < 3
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
    SELECT d.seq, d.delivery_id, d.alert_id, d.account, ifnull(a.name, ''), d.hook, d.state, d.attempts, ifnull(d.next_ms, 0),
      d.payload
    FROM delivery d LEFT JOIN account_name a ON a.id = d.account
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
