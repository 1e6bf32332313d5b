import KizashiCore

/// Why a measure moved, in the words of somebody who looks after customers.
enum Because {
  /// `because usage of 28 days ago left the window (expiry)`.
  /// - Parameter metric: what the measure looks at, where the config is at hand; it makes the sentence say more.
  static func sentence(cause: String, metric: Metric?) -> String {
    "\(reason(cause: cause, metric: metric)) (\(cause))"
  }

  /// The same of what is no measure; nil: it is one.
  static func sentence(of other: String, cause: String) -> String? {
    switch other {
    case ExplanationLine.others[ExplanationLine.cap]:
      "because what it asks for began or ceased to be true (\(cause))"
    case ExplanationLine.others[ExplanationLine.override]:
      cause == Cause.expiry.name ? "because it ended (\(cause))" : "because somebody set or changed it (\(cause))"
    case ExplanationLine.others[ExplanationLine.scorecard] where cause == Cause.reweighted.name:
      "because time brought the account under another one (\(cause))"
    default: nil
    }
  }

  private static func reason(cause: String, metric: Metric?) -> String {
    let feature = metric.flatMap(usage).map { " of \($0)" } ?? ""
    switch cause {
    case "event": return "because of new events\(feature)"
    case "expiry":
      guard let hours = metric.flatMap(windowHours) else { return "because older usage left the window" }
      return "because usage\(feature) of \(age(hours: hours)) ago left the window"
    case "silence": return "because another day passed without \(metric.flatMap(usage) ?? "any use")"
    case "decay":
      guard case .attribute(let name) = metric else { return "because the last answer is getting old" }
      return "because the attribute \(name) is getting old"
    case "late": return "because events\(feature) arrived late"
    case "attribute":
      guard case .attribute(let name) = metric else { return "because an attribute changed" }
      return "because the attribute \(name) changed"
    case "survey": return "because of a survey answer"
    case "phase": return "because the account entered another phase"
    case "config": return "because the configuration changed"
    case "reweighted": return "because other measures came or went, so this one weighs differently"
    case "mixed": return "for more than one reason"
    default: return "for another reason"
    }
  }

  /// The feature a metric counts; nil where it is all usage or none.
  private static func usage(_ metric: Metric) -> String? {
    switch metric {
    case .count(let feature, _), .distinctUsers(let feature, _), .activeDays(let feature, _),
      .shareTopUser(let feature, _), .effectiveUsers(let feature, _), .daysSinceLast(let feature, _),
      .sum(_, let feature, _):
      usage(feature)
    case .trend(let inner, _, _): usage(inner)
    case .ratio(let inner, _): usage(inner)
    case .featuresUsed, .attribute, .milestones, .survey: nil
    }
  }

  private static func usage(_ feature: FeatureReference) -> String? {
    switch feature {
    case .any: nil
    case .core: "the core features"
    case .named(let name): name
    // What it asks for is told where the measure is described.
    case .matching(let feature, _): usage(feature)
    }
  }

  private static func windowHours(_ metric: Metric) -> Int? {
    switch metric {
    case .count(_, let hours), .distinctUsers(_, let hours), .activeDays(_, let hours), .featuresUsed(let hours),
      .shareTopUser(_, let hours), .effectiveUsers(_, let hours), .sum(_, _, let hours):
      hours
    case .trend(let inner, _, _): windowHours(inner)
    case .ratio(let a, let b): windowHours(a) ?? windowHours(b)
    case .survey(_, _, let hours): hours
    case .daysSinceLast, .attribute, .milestones: nil
    }
  }

  private static func age(hours: Int) -> String { hours % 24 == 0 ? "\(hours / 24) days" : "\(hours) hours" }
}
