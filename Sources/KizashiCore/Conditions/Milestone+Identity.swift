extension Milestone {
  /// What an account's stored state of it is found by, from one config and one version of kizashi to the next: its name
  /// and its goal. A changed due date is the same milestone.
  ///
  /// It is spelled out, and not what Swift prints of the goal, because its hash lives in stores: a renamed case would
  /// make every reached milestone a new one, to be counted from facts that may be gone.
  var identity: String {
    switch goal {
    case .events(let pattern, let least): "\(name) events \(pattern) \(least)"
    case .metric(let metric, let least): "\(name) metric \(metric.identity) \(least.identity)"
    }
  }
}

extension Metric {
  /// See ``Milestone/identity``. Different for different metrics.
  fileprivate var identity: String {
    switch self {
    case .count(let feature, let hours): "count(\(feature.identity) \(hours))"
    case .distinctUsers(let feature, let hours): "distinct_users(\(feature.identity) \(hours))"
    case .activeDays(let feature, let hours): "active_days(\(feature.identity) \(hours))"
    case .sum(let property, let feature, let hours): "sum(\(property)\u{1F}\(feature.identity) \(hours))"
    case .shareTopUser(let feature, let hours): "share_top_user(\(feature.identity) \(hours))"
    case .effectiveUsers(let feature, let hours): "effective_users(\(feature.identity) \(hours))"
    case .featuresUsed(let hours): "features_used(\(hours))"
    case .daysSinceLast(let feature, .days): "days_since_last(\(feature.identity) days)"
    case .daysSinceLast(let feature, .businessDays): "days_since_last(\(feature.identity) business_days)"
    case .ratio(let a, let b): "ratio(\(a.identity) \(b.identity))"
    case .trend(let of, let floor, let volume): "trend(\(of.identity) \(floor.identity) \(volume.identity))"
    case .attribute(let name): "attribute(\(name))"
    case .milestones(let names): "milestones(\(names.joined(separator: " ")))"
    case .survey(let name, .latest, let hours): "survey(\(name) latest \(hours ?? 0))"
    case .survey(let name, .mean, let hours): "survey(\(name) mean \(hours ?? 0))"
    case .survey(let name, .netPromoter, let hours): "survey(\(name) nps \(hours ?? 0))"
    }
  }
}

extension FeatureReference {
  fileprivate var identity: String {
    switch self {
    case .any: "any"
    case .core: "core"
    case .named(let name): "named \(name)"
    case .matching(let feature, let filters):
      "\(feature.identity) where \(EventVariant(event: "", filters: filters).conditions)"
    }
  }
}

extension Rational {
  /// Reduced: 5 and 5.0 are one goal.
  fileprivate var identity: String {
    let fraction = reduced
    return "\(fraction.numerator)/\(fraction.denominator)"
  }
}
