import KizashiCore

/// The model with the few things looked up in it again and again.
struct ReferenceContext: Sendable {
  let model: Model
  /// Since when filters have been looked for; others always have been.
  var filterStarts: [FilterStart] = []
  /// Since when properties have been added up; others always have been.
  var sumStarts: [SumStart] = []

  /// The instant from which on a feature's figures of a window hold; nil: they always do.
  func holdsFrom(_ feature: FeatureReference, sumOf property: String?, hours: Int, previous: Bool) -> Int64? {
    let filters = filters(of: feature)
    let since =
      filterStarts.filter { filters.contains($0.filter) }.map(\.since.milliseconds)
      + sumStarts.filter { $0.property == property }.map(\.since.milliseconds)
    return since.max().map { $0 + Int64(previous ? 2 * hours : hours) * hourLength }
  }

  private func filters(of feature: FeatureReference) -> [PropertyFilter] {
    switch feature {
    case .any: []
    case .core: model.features.filter(\.core).flatMap(\.conditions)
    case .named(let name): model.features.filter { $0.name == name }.flatMap(\.conditions)
    case .matching(let feature, let more): more + filters(of: feature)
    }
  }

  /// Every metric there is, the parts of others too.
  private var metrics: [Metric] {
    var found = model.measures.map(\.metric)
    for rule in model.rules {
      if case .threshold(.metric(let metric), _, _) = rule.kind { found.append(metric) }
    }
    for milestone in model.milestones {
      if case .metric(let metric, _) = milestone.goal { found.append(metric) }
    }
    var index = 0
    while index < found.count {
      switch found[index] {
      case .ratio(let a, let b): found += [a, b]
      case .trend(let of, _, _): found.append(of)
      default: break
      }
      index += 1
    }
    return found
  }

  /// The filters that events are looked through for.
  var filters: Set<PropertyFilter> {
    let narrowed = metrics.compactMap(\.feature).flatMap { feature -> [PropertyFilter] in
      if case .matching(_, let filters) = feature { filters } else { [] }
    }
    return Set(model.features.flatMap(\.conditions) + narrowed)
  }

  /// The properties that are added up.
  var summed: Set<String> {
    Set(
      metrics.compactMap { metric in
        if case .sum(let property, _, _) = metric { property } else { nil }
      })
  }

  /// The local day of a UTC hour.
  func day(ofHour hour: Int64) -> Int32 { model.calendar.day(of: Tile(hour: Int32(hour))).number }

  /// The local day of an instant: its tile's.
  func day(at instant: Int64) -> Int32 { day(ofHour: floorDivide(instant, hourLength)) }

  /// How many (business) days d have `after < d < before`.
  func days(after: Int32, before: Int32, businessOnly: Bool) -> Int {
    guard before > after else { return 0 }
    return (after + 1..<max(after + 1, before)).count {
      !businessOnly || model.calendar.isBusinessDay(LocalDay(number: $0))
    }
  }

  // MARK: - Features

  /// Whether a configured feature claims the event name.
  func claims(_ feature: Feature, _ event: String) -> Bool {
    feature.patterns.contains { Self.matches(pattern: Array($0.utf8)[...], text: Array(event.utf8)[...]) }
  }

  private static func matches(pattern: ArraySlice<UInt8>, text: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    if first == UInt8(ascii: "*") {
      return matches(pattern: pattern.dropFirst(), text: text)
        || (!text.isEmpty && matches(pattern: pattern, text: text.dropFirst()))
    }
    return text.first == first && matches(pattern: pattern.dropFirst(), text: text.dropFirst())
  }

  /// Whether an event is one of a configured feature's: by its name and by what its properties matched.
  private func includes(_ feature: Feature, _ event: EventVariant) -> Bool {
    claims(feature, event.event) && Set(feature.conditions).isSubset(of: event.filters)
  }

  /// The names of the features an event belongs to, without `any` and `core`.
  func features(of event: EventVariant) -> [String] {
    // An event whose name a feature claims is no feature of its own, whatever its properties.
    let isFree =
      event.event != "any" && event.event != "core"
      && !model.features.contains { claims($0, event.event) || $0.name == event.event }
    let named = model.features.filter { includes($0, event) }.map(\.name)
    return model.autoFeatures && isFree ? [event.event] : named
  }

  /// Whether the feature's events include this one.
  func feature(_ feature: FeatureReference, includes event: EventVariant) -> Bool {
    switch feature {
    case .any: return true
    case .core:
      let core = model.features.filter(\.core)
      return core.isEmpty || core.contains { includes($0, event) }
    case .named(let name): return features(of: event).contains(name)
    case .matching(let feature, let filters):
      return Set(filters).isSubset(of: event.filters) && self.feature(feature, includes: event)
    }
  }

  /// Every window, in hours, that a measure or a rule looks through.
  var windowsInUse: Set<Int> {
    var result: Set<Int> = []
    for measure in model.measures { collectWindows(of: measure.metric, into: &result) }
    for rule in model.rules {
      switch rule.kind {
      case .threshold(.metric(let metric), _, _): collectWindows(of: metric, into: &result)
      case .breadthCollapse(let hours, _, _), .adopted(_, let hours, _): result.insert(hours)
      case .abandoned(_, let hours, let before, _, let alive): result.formUnion([hours, hours + before, alive])
      case .bandChange, .persistent, .drop, .threshold(.measure, _, _), .silence, .overdue, .powerUserLost, .attribute,
        .attributeChanged, .composite, .shift:
        break
      }
    }
    for milestone in model.milestones {
      if case .metric(let metric, _) = milestone.goal { collectWindows(of: metric, into: &result) }
    }
    return result
  }

  private func collectWindows(of metric: Metric, into result: inout Set<Int>) {
    switch metric {
    case .count(_, let hours), .distinctUsers(_, let hours), .activeDays(_, let hours), .featuresUsed(let hours),
      .shareTopUser(_, let hours), .effectiveUsers(_, let hours), .sum(_, _, let hours):
      result.insert(hours)
    case .survey(_, _, let hours): if let hours { result.insert(hours) }
    case .ratio(let a, let b):
      collectWindows(of: a, into: &result)
      collectWindows(of: b, into: &result)
    case .trend(let of, _, _): collectWindows(of: of, into: &result)
    case .daysSinceLast, .attribute, .milestones: break
    }
  }
}

/// Decimal text as a number: optional sign, digits, optional fraction, optional exponent of one digit; more than 6 decimals
/// are rounded half-up.
func decimalNumber(_ text: String) -> Rational? {
  let halves = text.lowercased().split(separator: "e", omittingEmptySubsequences: false)
  if halves.count == 2, let mantissa = plainNumber(String(halves[0])), let power = Int(halves[1]), abs(power) < 10 {
    let ten = (0..<abs(power)).reduce(Rational(1)) { product, _ in product * Rational(10) }
    let exact = (power < 0 ? mantissa / ten : mantissa * ten).reduced
    return Rational((exact * Rational(1_000_000)).halfUp, 1_000_000).reduced
  }
  return plainNumber(text).map { Rational(($0 * Rational(1_000_000)).halfUp, 1_000_000).reduced }
}

private func plainNumber(_ text: String) -> Rational? {
  var digits = Substring(text)
  if let sign = digits.first, sign == "-" || sign == "+" { digits = digits.dropFirst() }
  let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
  guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }) else {
    return nil
  }
  return Rational(decimal: text)
}
