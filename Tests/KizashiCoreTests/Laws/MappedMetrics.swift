import KizashiCore

extension Metric {
  /// The same metric of other features and windows.
  func mapped(feature: (FeatureReference) -> FeatureReference = { $0 }, hours: (Int) -> Int = { $0 }) -> Metric {
    switch self {
    case .count(let of, let window): .count(feature: feature(of), windowHours: hours(window))
    case .distinctUsers(let of, let window): .distinctUsers(feature: feature(of), windowHours: hours(window))
    case .activeDays(let of, let window): .activeDays(feature: feature(of), windowHours: hours(window))
    case .sum(let property, let of, let window):
      .sum(property: property, feature: feature(of), windowHours: hours(window))
    case .shareTopUser(let of, let window): .shareTopUser(feature: feature(of), windowHours: hours(window))
    case .effectiveUsers(let of, let window): .effectiveUsers(feature: feature(of), windowHours: hours(window))
    case .featuresUsed(let window): .featuresUsed(windowHours: hours(window))
    case .daysSinceLast(let of, let unit): .daysSinceLast(feature: feature(of), unit: unit)
    case .ratio(let a, let b):
      .ratio(a.mapped(feature: feature, hours: hours), b.mapped(feature: feature, hours: hours))
    case .trend(let of, let floor, let least):
      .trend(of: of.mapped(feature: feature, hours: hours), floor: floor, minVolume: least)
    case .survey(let name, let aggregate, let window):
      .survey(name: name, aggregate: aggregate, windowHours: window.map(hours))
    case .attribute, .milestones: self
    }
  }
}

extension Metric {
  /// Events in place of what they come to.
  var counted: Metric {
    switch self {
    case .sum(_, let feature, let hours): .count(feature: feature, windowHours: hours)
    case .ratio(let a, let b): .ratio(a.counted, b.counted)
    case .trend(let of, let floor, let least): .trend(of: of.counted, floor: floor, minVolume: least)
    default: self
    }
  }
}

extension FeatureReference {
  /// Without what its events must match.
  var broad: FeatureReference { if case .matching(let feature, _) = self { feature.broad } else { self } }
}

extension Model {
  /// Replaces every metric that something measures, reaches or watches.
  mutating func mapMetrics(_ change: (Metric) -> Metric) {
    for index in measures.indices { measures[index].metric = change(measures[index].metric) }
    for index in milestones.indices {
      if case .metric(let metric, let least) = milestones[index].goal {
        milestones[index].goal = .metric(change(metric), atLeast: least)
      }
    }
    for index in rules.indices {
      if case .threshold(.metric(let metric), let comparison, let clear) = rules[index].kind {
        rules[index].kind = .threshold(.metric(change(metric)), comparison, clear: clear)
      }
    }
  }
}
