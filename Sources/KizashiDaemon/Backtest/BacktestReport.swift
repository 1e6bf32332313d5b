import KizashiCore

/// What `backtest` found.
package struct BacktestReport: Sendable {
  /// One config over the history.
  package struct Side: Sendable {
    /// Of what decides numbers.
    package var fingerprint: String
    /// Of all rules that count.
    package var total: BacktestFigures
    /// The model's bands and `unknown`.
    package var bands: [String]
    /// What the config asks of the properties of events that the store has not read in all of the period.
    package var unread: [Unread]
    /// Account-days by band, by month.
    package var months: [(month: String, days: [Int64])]

    /// Account-days by band of the whole period.
    package var days: [Int64] {
      months.reduce(into: bands.map { _ in 0 }) { sums, month in
        for (index, days) in month.days.enumerated() { sums[index] += days }
      }
    }
  }

  /// Something asked of the properties of events, and read since a time within the period, or never. What came before is missing to
  /// whatever asks for it.
  package struct Unread: Sendable, Equatable {
    package var property: String
    /// What it is compared with; nil: it is added up.
    package var value: String?
    /// Nil: never.
    package var since: Instant?
  }

  /// Episodes of one rule that would open and those that are stored.
  package struct Comparison: Sendable, Equatable {
    package var stored: Int64 = 0
    /// Episodes of the new config that were open together with a stored one, and those that were not.
    package var both: Int64 = 0
    package var onlyNew: Int64 = 0
    /// Stored episodes that were not open together with one of the new config.
    package var onlyStored: Int64 = 0
  }

  /// One rule, of either config or of the store.
  package struct RuleRow: Sendable {
    package var rule: String
    /// The new config's, else the other's; nil: only stored.
    package var severity: String?
    /// Whether its alerts are among the totals.
    package var counts: Bool
    /// Nil: the config has no such rule.
    package var new: BacktestFigures?
    package var old: BacktestFigures?
    package var comparison: Comparison
  }

  /// One episode of the period.
  package struct Episode: Sendable, Equatable {
    package enum Seen: String, Sendable, CaseIterable {
      case both
      case onlyNew = "only_new"
      case onlyStored = "only_stored"
    }
    package var rule: String
    package var account: String
    package var at: Instant
    package var resolved: Instant?
    package var seen: Seen
    package var outcome: AlertOutcome
    /// The churn it is a hit for.
    package var churned: Instant?
  }

  /// Alerts and churns of this time count.
  package var from: Instant
  package var to: Instant
  /// The store's first hour and its clock.
  package var first: Instant
  package var now: Instant
  package var facts: Int64 = 0
  package var events: Int64 = 0
  package var records: Int64 = 0
  /// Accounts that were customers at some time of the period.
  package var accounts: Int64 = 0
  package var horizon: Int64
  package var lead: Int64
  package var churn: ChurnDefinition
  /// Churns of a list that fit no customer.
  package var unmatched = 0
  package var base: BacktestBase
  package var new: Side
  /// Nil: there is none, for the reason that `baseline` says.
  package var old: Side?
  package var baseline: BacktestBaseline.Kind
  /// In the order of the new config, then the other's, then the stored ones.
  package var rules: [RuleRow]
  /// By instant; empty unless asked for.
  package var episodes: [Episode]
  package var elapsedMilliseconds: Int64 = 0
}
