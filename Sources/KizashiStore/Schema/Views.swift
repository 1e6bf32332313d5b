import GRDB
import KizashiCore

/// The documented, stable views: all that anybody outside reads.
///
/// They are not part of a numbered migration: a program puts its own in place when it opens a store whose views read
/// differently, and again when a config has other windows.
struct Views: Equatable {
  /// The windows `feature_usage` shows.
  var windows: [UsageWindow]

  /// A millisecond column as RFC 3339 UTC text, NULL where it is NULL.
  static func time(_ milliseconds: String) -> String {
    "strftime('%Y-%m-%dT%H:%M:%fZ', (\(milliseconds)) / 1000.0, 'unixepoch')"
  }

  /// A local-day number as a calendar date.
  static func date(_ day: String) -> String { "strftime('%Y-%m-%d', \(day) * 86400, 'unixepoch')" }

  /// A compact explanation (see ``TextBytes/append(_:measures:)``) as the documented JSON array of objects.
  static func because(_ column: String) -> String {
    """
    CASE WHEN \(column) IS NULL THEN '[]' ELSE (
      SELECT json_group_array(json_object(
        'measure', (SELECT name FROM measure_name WHERE id = l.value ->> 0),
        'points', json(printf('%.2f', (l.value ->> 1) / 100.0)), 'from', l.value ->> 2, 'to', l.value ->> 3,
        'cause', \(name("l.value ->> 4", of: Cause.allCases.map { ($0.rawValue, $0.name) }))))
      FROM json_each(\(column)) l) END
    """
  }

  /// A change's state before or after: points with two decimals, all else as it is.
  static func state(_ column: String) -> String {
    "CASE typeof(\(column)) WHEN 'integer' THEN printf('%.2f', \(column) / 100.0) ELSE \(column) END"
  }

  /// An enumeration's raw value as its name.
  static func name(_ column: String, of cases: [(UInt8, String)]) -> String {
    "CASE \(column) \(cases.map { "WHEN \($0.0) THEN '\($0.1)'" }.joined(separator: " ")) END"
  }

  /// The score of `account r` now less the score in force so many days before now, in hundredths; `s` is `store_state`.
  ///
  /// The score of most accounts in a large store has long been what it is: the history of these is not looked at.
  static func rise(days: Int) -> String {
    let then = "s.now_ms - \(days) * 86400000"
    // A local day is that of UTC or one beside it.
    let latest = ScoreDays.block("((\(then)) / 86400000 + 1)")
    return """
      (r.score - CASE WHEN r.since_ms <= \(then) THEN r.score ELSE (
        SELECT \(ScoreDays.score(of: "h.value")) FROM (
          SELECT b.block, \(ScoreDays.value(of: "h", since: "b.room")) AS value
          FROM (SELECT block, \(ScoreDays.room(inBlock: "block", at: then)) AS room FROM score_block) b
            CROSS JOIN score_days h ON h.key = \(ScoreDays.key(of: "r.id", block: "b.block"))
          WHERE b.block <= \(latest)) h
        WHERE h.value IS NOT NULL ORDER BY h.block DESC LIMIT 1) END)
      """
  }

  private static func trend(days: Int) -> String { "\(rise(days: days)) / 100.0" }

  private static let accounts = """
    SELECT a.name AS account, r.score / 100.0 AS score, r.band, round(r.coverage, 4) AS coverage,
      r.computed / 100.0 AS computed_score, \(trend(days: 7)) AS trend_7d, \(trend(days: 28)) AS trend_28d,
      r.phase, r.touch, \(time("r.first_ms")) AS first_seen_at, \(time("r.last_ms")) AS last_seen_at,
      \(time("r.scored_ms")) AS scored_at, r.config_version
    FROM account r JOIN account_name a ON a.id = r.id JOIN store_state s
    """

  private static let accountAttributes = """
    SELECT a.name AS account, x.name, x.value, \(time("x.updated_ms")) AS updated_at
    FROM attribute x JOIN account_name a ON a.id = x.account WHERE x.type <> 0
    """

  private static let measures = """
    SELECT a.name AS account, n.name AS measure, c.dimension, m.value, m.grade / 100.0 AS grade,
      round(m.share, 4) AS share, round(m.points, 2) AS points, m.missing, \(time("r.scored_ms")) AS at
    FROM account_name a CROSS JOIN account r ON r.id = a.id CROSS JOIN current_measure c
      CROSS JOIN measure m ON m.key = \(MeasureKey.key(of: "a.id", "c.id")) JOIN measure_name n ON n.id = c.id
    """

  // As with `changes`: SQLite can begin with the account, block by block, or with the days.
  private static let scoreHistory = """
    SELECT a.name AS account, \(date("h.day")) AS day, \(time(ScoreDays.instant(of: "h.value", day: "h.day"))) AS at,
      \(ScoreDays.score(of: "h.value")) / 100.0 AS score, n.name AS band, m.config_version
    FROM (
        SELECT h.key, \(ScoreDays.day(of: "h.key", place: "p.place")) AS day,
          \(ScoreDays.value(of: "h", place: "p.place")) AS value
        FROM score_days h CROSS JOIN score_place p) h
      JOIN account_name a ON a.id = \(ScoreDays.account(of: "h.key"))
      JOIN score_block b ON b.block = \(ScoreDays.block(of: "h.key"))
        AND h.key = \(ScoreDays.key(of: "a.id", block: "b.block"))
      CROSS JOIN score_mark m ON m.id = \(ScoreDays.mark(of: "h.value")) CROSS JOIN band_name n ON n.id = m.band
    """

  // `change_of` is joined by each of its conditions, so that SQLite can begin with the account or with the sequence.
  private static let changes = """
    SELECT c.seq, a.name AS account, \(time("c.at_ms")) AS at, \(time("c.detected_ms")) AS detected_at,
      \(name("c.kind", of: (0...255).compactMap { Change.Kind(rawValue: $0) }.map { ($0.rawValue, $0.name) })) AS kind,
      ifnull(c.subject, '') AS subject, \(state("c.from_value")) AS from_value,
      \(state("c.to_value")) AS to_value, c.delta / 100.0 AS delta,
      \(name("c.cause", of: Cause.allCases.map { ($0.rawValue, $0.name) })) AS cause,
      \(because("c.because")) AS because
    FROM change c JOIN account_name a ON a.id = c.account JOIN change_block b ON b.block = \(ChangeKey.block("c.seq"))
      JOIN change_of o ON \(ChangeKey.isOf("a.id", block: "b.block", key: "o.key"))
        AND o.key = \(ChangeKey.key(of: "c.account", "c.seq")) AND c.seq = \(ChangeKey.number(of: "o.key"))
    """

  private static let alerts = """
    SELECT e.alert_id, e.alert_id AS episode, e.rule, a.name AS account,
      \(name("e.state", of: [AlertTransition.State.firing, .resolved, .retracted].map { ($0.rawValue, $0.name) })) AS state,
      e.severity, \(time("e.at_ms")) AS at, \(time("e.detected_ms")) AS detected_at,
      \(time("e.resolved_ms")) AS resolved_at, e.reason, e.playbook, e.shadow
    FROM alert e LEFT JOIN account_name a ON a.id = e.account
    """

  /// When a run may start: what is snoozed not before the end of that.
  private static let nextRun = """
    CASE WHEN state = 0 THEN max(next_ms, ifnull((SELECT max(s.until_ms) FROM snooze s JOIN alert t
      WHERE t.alert_id = delivery.alert_id AND \(Snooze.covers("delivery", "t")) AND s.ended_ms IS NULL), next_ms))
      ELSE next_ms END
    """

  private static let deliveries = """
    SELECT delivery_id, alert_id, hook,
      \(name("state", of: DeliveryState.allCases.map { ($0.rawValue, $0.name) })) AS state,
      attempts, \(time(nextRun)) AS next_at, exit_code, output
    FROM delivery
    """

  /// One that is only awaited behind a start is not.
  private static let isStalled = "t.is_open AND NOT t.is_awaited"

  private static let sources = """
    SELECT s.name AS source, CAST(p.path AS TEXT) AS path, p.offset, p.size, max(p.size - p.offset, 0) AS lag_bytes,
      \(time("s.watermark_ms")) AS watermark_at, s.lines, s.events, s.duplicates,
      ifnull((SELECT sum(r.lines) FROM refusal r WHERE r.source = s.id), 0) AS refused,
      CASE WHEN \(isStalled) THEN 'stalled' WHEN p.finished THEN 'finished' ELSE ifnull(p.state, 'waiting') END AS state,
      CASE WHEN \(isStalled) THEN \(time("t.at_ms")) END AS stalled_at,
      CASE WHEN t.until_ms IS NULL THEN 0 ELSE t.accounts END AS waiting
    FROM source s LEFT JOIN stream p ON p.source = s.id LEFT JOIN stall t ON t.source = s.id
    """

  private static let reasons = name(
    "q.reason", of: RefusalReason.allCases.map { ($0.rawValue, $0.name) })

  private static let quarantine = """
    SELECT s.name AS source, CAST(q.path AS TEXT) AS path, q.offset, \(reasons) AS reason,
      \(time("q.seen_ms")) AS seen_at, q.sample
    FROM quarantined q JOIN source s ON s.id = q.source
    """

  private static let refusals = """
    SELECT s.name AS source, \(reasons) AS reason, q.lines FROM refusal q JOIN source s ON s.id = q.source
    WHERE q.lines > 0
    """

  private static let milestones = """
    SELECT a.name AS account, m.milestone, \(time("m.reached_ms")) AS reached_at, \(time("m.due_ms")) AS due_at, m.count
    FROM milestone m JOIN account_name a ON a.id = m.account
    """

  private static let contracts = """
    SELECT a.name AS account, c.product, c.state, c.mrr, c.currency, \(time("c.started_ms")) AS started_at, c.term_end,
      c.reason
    FROM contract c JOIN account_name a ON a.id = c.account
    """

  /// What people say of an account, as sent; of repeated names the last counts.
  private static let notes = """
    SELECT a.name AS account, \(time("r.at_ms")) AS at, r.event, \(field("kind")) AS kind, \(field("value")) AS value,
      \(field("until")) AS until, \(field("by")) AS by, ifnull(\(field("reason")), \(field("note"))) AS note
    FROM record r JOIN account_name a ON a.id = r.account
    WHERE r.kind = \(KizashiCore.Record.Kind.track.rawValue)
      AND r.event IN ('override.set', 'sentiment.recorded', 'touch.recorded')
    """

  private static func field(_ name: String) -> String {
    "(SELECT f.value FROM record_field f WHERE f.seq = r.seq AND f.name = '\(name)' ORDER BY f.ord DESC LIMIT 1)"
  }

  private static let actions = """
    SELECT a.name AS account, x.action, x.playbook, x.state, x.by, \(time("x.opened_ms")) AS opened_at,
      \(time("x.due_ms")) AS due_at, \(time("x.done_ms")) AS done_at, x.note
    FROM action x JOIN account_name a ON a.id = x.account
    """

  private static let meta = """
    SELECT now_ms, \(time("now_ms")) AS now_at, schema_version, config_version, program_version, clean_stop
    FROM store_state
    """

  /// What was configured when: other rows refer to it by `config_version`.
  private static let configVersions = """
    SELECT version, \(time("made_ms")) AS made_at, text FROM config_version
    """

  /// Every view and its SELECT, in an order in which they can be made.
  var definitions: [(name: String, select: String)] {
    [
      ("accounts", Self.accounts), ("account_attributes", Self.accountAttributes),
      ("feature_usage", UsageViews.featureUsage(windows: windows)), ("usage_daily", UsageViews.usageDaily),
      ("measures", Self.measures), ("score_history", Self.scoreHistory), ("changes", Self.changes),
      ("alerts", Self.alerts), ("deliveries", Self.deliveries), ("sources", Self.sources),
      ("quarantine", Self.quarantine), ("refusals", Self.refusals), ("users", UsageViews.users),
      ("milestones", Self.milestones), ("contracts", Self.contracts), ("notes", Self.notes), ("actions", Self.actions),
      ("config_versions", Self.configVersions), ("meta", Self.meta),
    ]
  }

  /// Puts these views in place of what is there, where they differ. Call it inside a transaction.
  func install(_ db: Database) throws {
    let wanted = Dictionary(
      uniqueKeysWithValues: definitions.map { ($0.name, "CREATE VIEW \($0.name) AS \($0.select)") })
    let found = try Row.fetchAll(db, sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'view'").reduce(into: [:]) {
      $0[$1["name"] as String] = $1["sql"] as String
    }
    guard found != wanted else { return }
    for name in found.keys.sorted() { try db.execute(sql: "DROP VIEW \"\(name)\"") }
    for (name, _) in definitions { try db.execute(sql: wanted[name] ?? "") }
  }
}
