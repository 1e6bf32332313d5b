import GRDB
import KizashiCore

/// What the beginning of an open episode was told as, and whom: its end is told the same, whatever the config says by then.
package struct OpenEpisode: Sendable, Equatable {
  package var alertID: String
  package var rule: String
  package var severity: String
  /// Nil: none was proposed.
  package var playbook: String?
  /// The hooks that have a run for its beginning, in the order of the runs.
  package var hooks: [String]
}

extension Store {
  /// The open episodes of accounts.
  package func openEpisodes() throws(StoreError) -> [OpenEpisode] {
    try access("reading alerts of") { db in
      var episodes = try Row.fetchAll(
        db,
        sql: """
          SELECT alert_id, rule, severity, playbook FROM alert
          WHERE state = \(AlertTransition.State.firing.rawValue) AND account <> \(Tables.noAccount)
          """
      ).map { OpenEpisode(alertID: $0[0], rule: $0[1], severity: $0[2], playbook: $0[3], hooks: []) }
      let hooks = try db.makeStatement(
        sql: """
          SELECT hook FROM delivery f WHERE f.delivery_id > ?1 || ':firing:' AND f.delivery_id < ?1 || ':firing;'
            AND f.alert_id = ?1 ORDER BY f.seq
          """)
      for index in episodes.indices {
        episodes[index].hooks = try String.fetchAll(hooks, arguments: [episodes[index].alertID])
      }
      return episodes
    }
  }

  /// Resolves the episodes of rules that a changed config no longer has, at the engine's clock: that is when the config changed for
  /// them, in a replay as in a daemon. The hooks that were told of their beginning are owed their end.
  ///
  /// - Parameters:
  ///   - hooks: Those that the config has.
  ///   - suppression: Why no hook runs; nil: they do.
  ///   - now: When it was found.
  package func resolveEpisodes(
    exceptRules names: [String], hooks: [String], suppression: Suppression?, at now: Instant
  ) throws(StoreError) {
    try access("resolving alerts in") { db in
      try db.inTransaction(.immediate) {
        let gone = """
          t.state = \(AlertTransition.State.firing.rawValue) AND t.account <> \(Tables.noAccount)
            AND t.rule NOT IN (SELECT value FROM json_each(?1))
          """
        try db.execute(
          sql: Self.oweEnds + gone,
          arguments: [
            try Self.list(names, db), try Self.list(hooks, db),
            Int64((suppression == nil ? DeliveryState.owed : .suppressed).rawValue), suppression?.rawValue,
            now.milliseconds,
          ])
        try db.execute(
          sql: """
            UPDATE alert AS t SET state = \(AlertTransition.State.resolved.rawValue),
              resolved_ms = (SELECT now_ms FROM store_state), resolution = '\(Self.ruleIsGone)' WHERE \(gone)
            """, arguments: [try Self.list(names, db)])
        return .commit
      }
    }
  }

  /// Gives up the open runs of hooks that the config does not have: nobody would ever begin them.
  package func giveUpRuns(exceptHooks names: [String]) throws(StoreError) {
    try access("changing deliveries of") { db in
      try db.execute(
        sql: """
          UPDATE delivery SET state = \(DeliveryState.dead.rawValue), output = 'the hook is no longer in the config'
          WHERE state < 3 AND hook NOT IN (SELECT value FROM json_each(?))
          """, arguments: [try Self.list(names, db)])
    }
  }

  private static let ruleIsGone = "the rule is no longer in the config"

  /// What a hook was told of the beginning is told of the end, but for what is true of that alone.
  private static let oweEnds = """
    INSERT INTO delivery (delivery_id, alert_id, account, hook, state, attempts, next_ms, output, payload)
    SELECT t.alert_id || ':resolved:' || f.hook, t.alert_id, t.account, f.hook, ?3, 0, ?5, ?4,
      CASE WHEN ?4 IS NULL THEN json_set(f.payload, '$.delivery_id', t.alert_id || ':resolved:' || f.hook,
        '$.state', 'resolved', '$.reason', '\(ruleIsGone)', '$.because', json('[]'),
        '$.score', json_object('old', \(points("r.score")), 'new', \(points("r.score")),
          'delta', iif(r.score IS NULL, NULL, json('0.00')), 'band', r.band, 'coverage', round(r.coverage, 4)),
        '$.at', \(Views.time("(SELECT now_ms FROM store_state)")), '$.detected_at', \(Views.time("?5"))) ELSE '' END
    FROM alert t JOIN delivery f ON f.delivery_id > t.alert_id || ':firing:'
        AND f.delivery_id < t.alert_id || ':firing;' AND f.alert_id = t.alert_id
      JOIN account r ON r.id = t.account
    WHERE f.state <> \(DeliveryState.suppressed.rawValue) AND f.hook IN (SELECT value FROM json_each(?2)) AND
    """ + " "

  private static func points(_ column: String) -> String { "json(printf('%.2f', \(column) / 100.0))" }

  /// Names as a JSON array, because SQLite bounds how many values a statement may be given.
  private static func list(_ names: [String], _ db: Database) throws -> String {
    let marks = names.map { _ in "?" }.joined(separator: ",")
    return try String.fetchOne(db, sql: "SELECT json_array(\(marks))", arguments: StatementArguments(names)) ?? "[]"
  }
}
