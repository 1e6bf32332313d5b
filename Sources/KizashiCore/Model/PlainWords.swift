/// Numbers and lengths of time in plain words, the same in the reasons of alerts and wherever else people read them.
public enum PlainWords {
  /// 1234567 → `1,234,567`.
  public static func grouped(_ number: Int64) -> String {
    let digits = String(number.magnitude)
    var result = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { result += "," }
      result.append(digit)
    }
    return number < 0 ? "−" + result : result
  }

  /// A window of whole hours as the config writes it: `24h`, `28d`.
  public static func window(hours: Int) -> String { hours % 24 == 0 && hours > 24 ? "\(hours / 24)d" : "\(hours)h" }
}

extension Metric {
  /// What it is, in a few words: `active days, any, 28d`.
  public var plainWords: String {
    switch self {
    case .count(let feature, let hours): "events, \(feature.plainWords), \(PlainWords.window(hours: hours))"
    case .distinctUsers(let feature, let hours): "users, \(feature.plainWords), \(PlainWords.window(hours: hours))"
    case .activeDays(let feature, let hours): "active days, \(feature.plainWords), \(PlainWords.window(hours: hours))"
    case .sum(let property, let feature, let hours):
      "sum of \(property), \(feature.plainWords), \(PlainWords.window(hours: hours))"
    case .shareTopUser(let feature, let hours):
      "share of the top user, \(feature.plainWords), \(PlainWords.window(hours: hours))"
    case .effectiveUsers(let feature, let hours):
      "effective users, \(feature.plainWords), \(PlainWords.window(hours: hours))"
    case .featuresUsed(let hours): "features used, \(PlainWords.window(hours: hours))"
    case .daysSinceLast(let feature, let unit):
      "\(unit == .days ? "days" : "business days") since last, \(feature.plainWords)"
    case .ratio(let a, let b): "\(a.plainWords) ÷ \(b.plainWords)"
    case .trend(let of, _, _): "change of \(of.plainWords)"
    case .attribute(let name): "attribute \(name)"
    case .milestones(let names): "milestones reached of \(names.joined(separator: ", "))"
    case .survey(let name, let aggregate, let hours):
      "survey \(name), \(aggregate == .netPromoter ? "nps" : String(describing: aggregate))"
        + (hours.map { ", \(PlainWords.window(hours: $0))" } ?? "")
    }
  }
}

extension FeatureReference {
  fileprivate var plainWords: String {
    switch self {
    case .any: "any"
    case .core: "core"
    case .named(let name): name
    case .matching(let feature, let filters):
      "\(feature.plainWords) where \(filters.map { "\($0.property) is \($0.value)" }.joined(separator: " and "))"
    }
  }
}
