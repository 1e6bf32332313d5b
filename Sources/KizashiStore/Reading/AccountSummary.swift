import GRDB
import KizashiCore

/// A row of the view `accounts`, with what its open alerts say.
package struct AccountSummary: Sendable, Equatable {
  package var account: String
  /// 0.00–100.00; nil: none.
  package var score: Double?
  /// Nil before the first evaluation.
  package var band: String?
  /// 0…1.
  package var coverage: Double?
  /// The score without an override.
  package var computedScore: Double?
  /// Points since seven days ago; nil where there was no score then.
  package var trend7Days: Double?
  /// Points since 28 days ago.
  package var trend28Days: Double?
  package var phase: String?
  package var touch: String?
  package var firstSeen: Instant?
  package var lastSeen: Instant?
  package var scored: Instant?
  package var configVersion: Int
  /// How many alerts are firing.
  package var firingAlerts: Int
  /// The most severe of them.
  package var severity: String?
  /// What the query asked for an account that is low on; nil where it asked for nothing.
  package var figure: AccountQuery.Figure?

  init(_ row: Row) {
    account = row["account"]
    score = row["score"]
    band = row["band"]
    coverage = row["coverage"]
    computedScore = row["computed_score"]
    trend7Days = row["trend_7d"]
    trend28Days = row["trend_28d"]
    phase = row["phase"]
    touch = row["touch"]
    firstSeen = row.instant("first_seen_at")
    lastSeen = row.instant("last_seen_at")
    scored = row.instant("scored_at")
    configVersion = row["config_version"]
    firingAlerts = row["firing_alerts"]
    severity = (row["severity_rank"] as Int?).flatMap(Severity.name) ?? row["any_severity"]
  }
}

/// How severities are ordered. The names are the config's and free; these are known, others rank with `low`.
package enum Severity {
  private static let known = ["critical": 5, "high": 4, "medium": 3, "low": 2, "info": 1, "opportunity": 0]

  /// From 0; the most severe is highest.
  package static func rank(_ name: String) -> Int { known[name] ?? 2 }

  /// The known name of a rank that only one name has.
  static func name(rank: Int) -> String? { rank == 2 ? nil : known.first { $0.value == rank }?.key }

  /// The rank of a column, in SQL.
  static func rankSQL(_ column: String) -> String {
    "CASE \(column) WHEN 'critical' THEN 5 WHEN 'high' THEN 4 WHEN 'medium' THEN 3 WHEN 'info' THEN 1 "
      + "WHEN 'opportunity' THEN 0 ELSE 2 END"
  }
}

/// Which accounts to list, and in which order.
package struct AccountQuery: Sendable, Equatable {
  /// The order of a list of accounts. Accounts that are equal in it follow by name; those without the value come last.
  package enum Order: String, Sendable, CaseIterable {
    /// Who needs somebody first: the most severe firing alert, then the worst band, then the biggest drop in seven
    /// days, then the lowest score.
    case attention
    /// Lowest first.
    case score
    case name
    /// Biggest drop in seven days first.
    case trend
    /// Silent for longest first.
    case lastSeen = "last-seen"
  }

  /// Accounts low on one thing.
  package enum Low: Sendable, Equatable {
    /// The grade of a measure (0…100) is below; accounts where it is missing are not listed: unknown is not low.
    case measure(String, below: Double)
    /// The events of a feature in the last so many hours are below; an account that never used it has none.
    case feature(String, hours: Int, below: Double)
  }

  /// What an account has of what ``Low`` asks for.
  package enum Figure: Sendable, Equatable {
    /// The value of the measure and its grade (0…100).
    case measure(value: Double?, grade: Double?)
    /// The events of the feature.
    case feature(events: Int64)
  }

  /// Only these bands; empty: all.
  package var bands: [String] = []
  /// Only these phases; empty: all.
  package var phases: [String] = []
  /// Only these touches; empty: all.
  package var touches: [String] = []
  package var low: Low?
  /// Attributes that must all have these values.
  package var attributes: [(name: String, value: String)] = []
  package var order = Order.attention
  /// For ``Order/attention``: bands from worst to best.
  package var bandsWorstFirst = ["red", "yellow", "unknown", "green"]
  /// Nil: all.
  package var limit: Int?

  /// All accounts by attention.
  package init() {}

  /// By value.
  package static func == (a: AccountQuery, b: AccountQuery) -> Bool {
    a.bands == b.bands && a.phases == b.phases && a.touches == b.touches && a.low == b.low
      && a.attributes.elementsEqual(b.attributes, by: ==) && a.order == b.order
      && a.bandsWorstFirst == b.bandsWorstFirst && a.limit == b.limit
  }
}
