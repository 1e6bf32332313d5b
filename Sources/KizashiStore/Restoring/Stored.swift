import GRDB
import KizashiCore

/// What is stored of one instant, read beside a running daemon: for `verify`.
package struct StoredState: Sendable {
  package var restored: Restored
  /// Nil: nothing was ever computed.
  package var config: StoredConfig?
  /// The rows `restored`'s records are to come to. By (account, name).
  package var attributes: [AttributeRow]
  /// Likewise. By (source, user).
  package var userAccounts: [UserAccountRow]
  /// The newest row of each account's score history, hundredths.
  package var lastScores: [AccountID: (at: Instant, score: Int?)]
  /// By (account, measure name).
  package var measures: [(account: AccountID, measure: String, value: Double?, grade: Int?, missing: Bool)]

  /// Reads the store at `path` in one snapshot, without its lock.
  package static func read(path: String) throws(StoreError) -> StoredState {
    let reader = try Store.openReader(path)
    return try StoreError.wrap("reading", path: path) {
      try reader.read { db in
        StoredState(
          restored: try Store.restored(db, RowsOfStore(inSnapshotOf: db), factHorizonHours: nil, .all),
          config: try StoredConfig.current(db),
          attributes: try RowsOfStore(inSnapshotOf: db)(Store.attributeRows).all(),
          userAccounts: try RowsOfStore(inSnapshotOf: db)(Store.userAccountRows).all(),
          lastScores: try lastScores(db),
          measures: try Row.fetchAll(
            db,
            sql: """
              SELECT \(MeasureKey.account(of: "m.key")), n.name, m.value, m.grade, m.missing
              FROM measure m JOIN measure_name n ON n.id = \(MeasureKey.measure(of: "m.key")) ORDER BY m.key
              """
          ).map { (AccountID($0[0] as Int64), $0[1], $0[2], $0[3], ($0[4] as Int64) != 0) })
      }
    }
  }

  private static func lastScores(_ db: Database) throws -> [AccountID: (at: Instant, score: Int?)] {
    var last: [AccountID: (at: Instant, score: Int?)] = [:]
    // Blocks are of days one after another: of an account the last row is the newest.
    let days = ScoreDays.columns.joined(separator: ", ")
    let query = try HotStatement(db, "SELECT key, \(days) FROM score_days ORDER BY key")
    try query.forEachRow { row in
      let key = row.int(0)
      for place in (0..<ScoreDays.count).reversed() {
        guard let value = row.optionalInt(Int32(1 + place)) else { continue }
        last[ScoreDays.account(of: key)] = (
          ScoreDays.instant(of: value, place: place, key: key), ScoreDays.score(of: value)
        )
        break
      }
    }
    return last
  }
}
