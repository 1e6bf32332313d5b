/// The views that are computed from facts when read, as of `meta.now_ms`, and so are never stale.
///
/// They join `fact`, `tile` and the names in whatever order the planner finds best: with an account given it seeks
/// (hour, account) once for each hour that exists; without, it scans the facts in hour order. `Tables` holds the
/// statistics that decide this, and the plan tests hold the result.
enum UsageViews {
  /// The metrics `feature_usage` shows of each window, current then previous.
  private static let metrics = ["events", "users", "active_days"]

  /// The first and last instant of a group of facts, as milliseconds.
  private static let firstInstant = "min(f.hour * 3600000 + f.first)"
  private static let lastInstant = "max(f.hour * 3600000 + f.first + f.span)"

  /// A fact, its local day, and its account's name.
  private static let factsOfAccounts = """
    FROM fact f JOIN tile t ON t.hour = f.hour JOIN account_name a ON a.id = f.account
    """
  private static let factsOfFeatures = """
    \(factsOfAccounts)
      JOIN feature_event m ON m.event = f.event JOIN feature n ON n.id = m.feature
    """

  /// The six numbers of one window as aggregates over a group of facts; `s` is `store_state`.
  ///
  /// One wide row holds all windows, instead of one row each: the facts are grouped once, not once for each window.
  private static func columns(of window: UsageWindow, at index: Int) -> [String] {
    let current = "f.hour >= s.now_hour - \(window.hours)"
    let previous = "f.hour < s.now_hour - \(window.hours) AND f.hour >= s.now_hour - \(2 * window.hours)"
    return [("", current), ("previous_", previous)].flatMap { prefix, span in
      [
        "sum(f.events) FILTER (WHERE \(span)) AS \(prefix)events_\(index)",
        "count(DISTINCT f.user) FILTER (WHERE \(span) AND f.user > 0 AND f.events > 0) AS \(prefix)users_\(index)",
        "count(DISTINCT t.day) FILTER (WHERE \(span) AND f.events > 0) AS \(prefix)active_days_\(index)",
      ]
    }
  }

  /// One row per account and feature it ever used, all windows side by side.
  private static func allWindows(_ windows: [UsageWindow]) -> String {
    let columns = windows.enumerated().flatMap { Self.columns(of: $1, at: $0) }
    return """
      SELECT a.name AS account, n.name AS feature,
        \((columns + [
          "\(firstInstant) AS first_ms", "\(lastInstant) AS last_ms", "max(n.since_ms) AS since_ms",
          "max(s.now_ms) AS now_ms",
        ]).joined(separator: ",\n  "))
      \(factsOfFeatures)
        JOIN store_state s
      GROUP BY a.name, n.name
      """
  }

  /// One row per account, feature it ever used, and configured window.
  static func featureUsage(windows: [UsageWindow]) -> String {
    let columns = [("", 1), ("previous_", 2)].flatMap { prefix, lengths in
      // Before that its filters were not looked for in all of the window.
      let begins = "u.now_ms < u.since_ms + \(lengths) * w.hours * 3600000"
      return metrics.map { metric in
        let cases = windows.indices.map { "WHEN \($0) THEN u.\(prefix)\(metric)_\($0)" }.joined(separator: " ")
        return "CASE WHEN \(begins) THEN NULL ELSE ifnull(CASE w.id \(cases) END, 0) END AS \(prefix)\(metric)"
      }
    }
    return """
      SELECT u.account, u.feature, w.name AS "window",
        \(columns.joined(separator: ",\n  ")),
        \(Views.time("u.first_ms")) AS first_seen_at, \(Views.time("u.last_ms")) AS last_seen_at
      FROM (\(allWindows(windows))) u CROSS JOIN usage_window w
      """
  }

  /// One row per account, feature and local day with usage.
  static let usageDaily = """
    SELECT a.name AS account, n.name AS feature, \(Views.date("t.day")) AS day,
      sum(f.events) AS events, count(DISTINCT f.user) FILTER (WHERE f.user > 0) AS users
    \(factsOfFeatures)
      JOIN store_state s
    WHERE f.events > 0 AND f.hour >= s.kept_hour
    GROUP BY a.name, n.name, t.day
    """

  /// One row per user of an account.
  static let users = """
    SELECT a.name AS account, p.name AS user,
      \(Views.time(firstInstant)) AS first_seen_at, \(Views.time(lastInstant)) AS last_seen_at
    \(factsOfAccounts)
      JOIN user_name p ON p.id = f.user
    GROUP BY a.name, p.name
    """
}
