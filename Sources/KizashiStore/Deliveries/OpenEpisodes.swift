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

  /// Gives up the runs of hooks that the config does not have, but for one that is under way: nobody would ever begin them.
  package func giveUpRuns(exceptHooks names: [String]) throws(StoreError) {
    try access("changing deliveries of") { db in
      try db.execute(
        sql: """
          UPDATE delivery SET state = \(DeliveryState.dead.rawValue), output = 'the hook is no longer in the config'
          WHERE state IN (\(DeliveryState.owed.rawValue), \(DeliveryState.retry.rawValue))
            AND hook NOT IN (SELECT value FROM json_each(?))
          """, arguments: [try db.jsonList(names)])
    }
  }
}

/// What a change of config does to the episodes of rules that it has not any more. It is part of the first commit under the new one:
/// until then the old one is in force.
package struct RulesLeft: Sendable {
  /// The rules that there are.
  package var rules: [String]
  /// The hooks that there are.
  package var hooks: [String]
  /// Why no hook runs; nil: they do.
  package var suppression: Suppression?

  /// What there is.
  package init(rules: [String], hooks: [String], suppression: Suppression?) {
    self.rules = rules
    self.hooks = hooks
    self.suppression = suppression
  }

  /// Resolves the episodes of all other rules, inside a transaction, at the store's clock: that is when the config changed for them,
  /// in a replay as in a daemon. The hooks that were told of their beginning are owed their end.
  func resolveOthers(at now: Instant, _ db: Database) throws {
    let gone = """
      t.state = \(AlertTransition.State.firing.rawValue) AND t.account <> \(Tables.noAccount)
        AND t.rule NOT IN (SELECT value FROM json_each(?1))
      """
    let rules = try db.jsonList(rules)
    try db.execute(
      sql: Self.oweEnds + gone,
      arguments: [
        rules, try db.jsonList(hooks), Int64((suppression == nil ? DeliveryState.owed : .suppressed).rawValue),
        suppression?.rawValue, now.milliseconds,
      ])
    try db.execute(
      sql: """
        UPDATE alert AS t SET state = \(AlertTransition.State.resolved.rawValue),
          resolved_ms = (SELECT now_ms FROM store_state), resolution = '\(Self.ruleIsGone)' WHERE \(gone)
        """, arguments: [rules])
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

  private static func points(_ column: String) -> String {
    "iif(\(column) IS NULL, NULL, json(printf('%.2f', \(column) / 100.0)))"
  }
}

extension Database {
  /// Names as a JSON array, for a statement that is given them twice.
  fileprivate func jsonList(_ names: [String]) throws -> String {
    guard !names.isEmpty else { return "[]" }
    // Not `json_array`, which takes 127.
    let rows = names.map { _ in "(?)" }.joined(separator: ",")
    return try String.fetchOne(
      self, sql: "SELECT json_group_array(column1) FROM (VALUES \(rows))", arguments: StatementArguments(names)) ?? "[]"
  }
}
