/// Which usage events a metric looks at.
public enum FeatureReference: Sendable, Hashable {
  /// All usage events.
  case any
  /// The events of features marked `core`; with none marked, all usage events.
  case core
  /// A configured feature, or (with `features.auto`) the event name itself.
  case named(String)
  /// Those events of a feature that match these filters too: a metric's `where`. Made by ``narrowed(by:)``.
  indirect case matching(FeatureReference, [PropertyFilter])
}

extension FeatureReference {
  /// The feature's events that match all of `filters` too; in one spelling, whatever their order.
  public func narrowed(by filters: [PropertyFilter]) -> FeatureReference {
    filters.isEmpty ? self : .matching(self, Set(filters).sorted())
  }
}

/// The unit `days_since_last` counts in.
public enum DayUnit: Sendable, Hashable, BitwiseCopyable {
  case days
  case businessDays
}

/// How several answers to one survey become one number.
public enum SurveyAggregate: Sendable, Hashable {
  /// The answer with the latest instant; ties: later in the log.
  case latest
  case mean
  /// Share of 9–10 minus share of 0–6, times 100.
  case netPromoter
}

extension Metric {
  /// The features whose usage it looks at.
  var features: [FeatureReference] {
    switch self {
    case .count(let feature, _), .distinctUsers(let feature, _), .activeDays(let feature, _),
      .daysSinceLast(let feature, _), .sum(_, let feature, _),
      .shareTopUser(let feature, _), .effectiveUsers(let feature, _):
      [feature]
    case .ratio(let a, let b): a.features + b.features
    case .trend(let of, _, _): of.features
    case .featuresUsed, .attribute, .milestones, .survey: []
    }
  }

  /// The properties that it adds up.
  var summed: [String] {
    switch self {
    case .sum(let property, _, _): [property]
    case .ratio(let a, let b): a.summed + b.summed
    case .trend(let of, _, _): of.summed
    case .count, .distinctUsers, .activeDays, .daysSinceLast, .shareTopUser, .effectiveUsers, .featuresUsed, .attribute,
      .milestones, .survey:
      []
    }
  }
}

/// A number about one account, as the config writes it.
///
/// Windows are whole hours: at instant `t` a window of `W` hours holds the tiles `floor((t − W)/1h) … floor(t/1h)`.
public indirect enum Metric: Sendable, Hashable {
  case count(feature: FeatureReference, windowHours: Int)
  case distinctUsers(feature: FeatureReference, windowHours: Int)
  case activeDays(feature: FeatureReference, windowHours: Int)
  /// What a property of the events comes to, in millionths; events without a number there add nothing.
  case sum(property: String, feature: FeatureReference, windowHours: Int)
  /// The share of the user with the most events; events without a user take no part; missing where there is no other.
  case shareTopUser(feature: FeatureReference, windowHours: Int)
  /// 1 / Σ share² over the users: of how many users the events would be if all had equally many. Likewise.
  case effectiveUsers(feature: FeatureReference, windowHours: Int)
  /// Features other than `any` and `core` with at least one event in the window.
  case featuresUsed(windowHours: Int)
  /// (Business) days d with last < d ≤ today; missing when never seen.
  case daysSinceLast(feature: FeatureReference, unit: DayUnit)
  /// `a / b`; missing when b is 0 or either is missing.
  case ratio(Metric, Metric)
  /// `(current − previous) / max(previous, floor)`; missing when previous < minVolume. `of` must be windowed.
  case trend(of: Metric, floor: Rational, minVolume: Rational)
  /// An account attribute as a number: decimal text to 6 digits, true/false as 1/0, else missing.
  case attribute(String)
  /// How many of these milestones are reached, of how many there are. At least one.
  case milestones([String])
  /// `windowHours` nil: all answers.
  case survey(name: String, aggregate: SurveyAggregate, windowHours: Int?)
}
