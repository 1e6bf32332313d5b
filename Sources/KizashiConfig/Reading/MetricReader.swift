import KizashiCore

extension Reading {
  private static let largest = Rational(Int128(1_000_000_000_000))
  /// Any number the config may hold.
  static let anyNumber = Rational(Int128(-1_000_000_000_000))...largest

  /// A metric: a mapping with one key, its kind.
  func metric(_ cursor: Cursor) -> Metric? {
    guard let section = cursor.section(.metric, "a metric such as {count: {feature: any, window: 28d}}") else {
      return nil
    }
    // What an unknown or later key already said need not be said again as "is missing".
    if case .mapping(let entries) = cursor.node.value, !entries.isEmpty,
      entries.allSatisfy({ !Shape.metric.keys.contains($0.key) })
    {
      return nil
    }
    guard let (kind, value) = section.exactlyOne(of: Shape.metric.keys) else { return nil }
    switch kind {
    case "count": return self.windowed(value).map { .count(feature: $0, windowHours: $1) }
    case "distinct_users": return self.windowed(value).map { .distinctUsers(feature: $0, windowHours: $1) }
    case "active_days": return self.windowed(value).map { .activeDays(feature: $0, windowHours: $1) }
    case "sum": return self.sum(value)
    case "share_top_user": return self.windowed(value).map { .shareTopUser(feature: $0, windowHours: $1) }
    case "effective_users": return self.windowed(value).map { .effectiveUsers(feature: $0, windowHours: $1) }
    case "features_used": return featuresUsed(value)
    case "days_since_last": return daysSinceLast(value)
    case "ratio": return self.ratio(value)
    case "trend": return value.section(.trend, "{of: METRIC, floor: 1, min_volume: 1}").flatMap { self.trend($0) }
    case "attribute": return value.text("the name of an account attribute").map { .attribute($0) }
    case "milestones": return self.milestonesMetric(value)
    case "survey": return self.survey(value)
    default: preconditionFailure("a kind of metric without a reader: \(kind)")
    }
  }

  private func windowed(_ cursor: Cursor) -> (FeatureReference, Int)? {
    guard let section = cursor.section(.windowed, "{feature: NAME, window: 28d}") else { return nil }
    let feature = self.matchingFeature(section)
    let window = section.required("window", "a length of time such as 28d").flatMap { self.window($0) }
    guard let feature, let window else { return nil }
    return (feature, window)
  }

  /// `feature` and `where`.
  private func matchingFeature(_ section: Section) -> FeatureReference? {
    let feature = self.feature(section["feature"])
    guard let cursor = section["where"] else { return feature }
    guard let conditions = self.conditions(cursor), let feature else { return nil }
    let before = filters.count
    filters.formUnion(conditions)
    if before <= Model.mostFilters && filters.count > Model.mostFilters {
      cursor.fail(
        "with this, features and metrics look for more than \(Model.mostFilters) different properties and values in where",
        hint: "send what tells these events apart as part of their names")
    }
    return feature.narrowed(by: conditions)
  }

  private func sum(_ cursor: Cursor) -> Metric? {
    let example = "{feature: NAME, property: NAME, window: 28d}"
    guard let section = cursor.section(.sum, example) else { return nil }
    let feature = self.matchingFeature(section)
    let property = section.required("property", "which property of the events is added up").flatMap {
      $0.text("the name of a property")
    }
    let window = section.required("window", "a length of time such as 28d").flatMap { self.window($0) }
    guard let feature, let property, let window else { return nil }
    return .sum(property: property, feature: feature, windowHours: window)
  }

  private func featuresUsed(_ cursor: Cursor) -> Metric? {
    guard let section = cursor.section(.featuresUsed, "{window: 28d}"),
      let window = section.required("window", "a length of time such as 28d").flatMap({ self.window($0) })
    else { return nil }
    return .featuresUsed(windowHours: window)
  }

  private func daysSinceLast(_ cursor: Cursor) -> Metric? {
    guard let section = cursor.section(.daysSinceLast, "{feature: NAME, unit: days or business_days}") else {
      return nil
    }
    let feature = self.matchingFeature(section)
    let unit = section["unit"].map { $0.choice(["days", "business_days"]) } ?? "days"
    guard let feature, let unit else { return nil }
    return .daysSinceLast(feature: feature, unit: unit == "days" ? .days : .businessDays)
  }

  private func milestonesMetric(_ cursor: Cursor) -> Metric? {
    guard let items = cursor.itemsOrOne("a list of milestones") else { return nil }
    let names = items.compactMap { item in
      item.text("the name of a milestone").flatMap { milestone($0, item) ? $0 : nil }
    }
    guard names.count == items.count, !names.isEmpty else {
      if items.isEmpty { cursor.failExpecting("at least one milestone") }
      return nil
    }
    return .milestones(names)
  }

  private func ratio(_ cursor: Cursor) -> Metric? {
    guard let items = cursor.items("a list of two metrics") else { return nil }
    guard items.count == 2 else {
      cursor.fail("expected two metrics, a and b of a / b, found \(items.count)")
      return nil
    }
    let parts = items.map { part -> Metric? in
      switch self.metric(part) {
      case .ratio, .trend, .shareTopUser, .effectiveUsers:
        part.fail(
          "a ratio is of counts, sums, days, attributes and surveys, not of another ratio, a trend or shares of users")
        return nil
      case let other: return other
      }
    }
    guard let a = parts[0], let b = parts[1] else { return nil }
    return .ratio(a, b)
  }

  /// `of`, `floor` and `min_volume` of a trend metric or a trend rule.
  func trend(_ section: Section) -> Metric? {
    let of = section.required("of", "the metric whose trend it is").flatMap { self.windowedMetric($0) }
    let floor =
      section["floor"].map {
        $0.decimal("a number of at least 1", in: Rational(1)...Self.largest)
      } ?? Rational(1)
    let volume =
      section["min_volume"].map {
        $0.decimal("a number of at least 0", in: Rational(0)...Self.largest)
      } ?? Rational(1)
    guard let of, let floor, let volume else { return nil }
    return .trend(of: of, floor: floor, minVolume: volume)
  }

  private func windowedMetric(_ cursor: Cursor) -> Metric? {
    guard let metric = self.metric(cursor) else { return nil }
    switch metric {
    case .count, .distinctUsers, .activeDays, .featuresUsed, .sum: return metric
    case .shareTopUser, .effectiveUsers:
      cursor.fail(
        "a trend is of how much there was, not of how it is shared among users",
        hint: "one of count, sum, distinct_users, active_days, features_used")
      return nil
    default:
      cursor.fail(
        "a trend compares a window with the one before it, and this metric has none",
        hint: "one of count, sum, distinct_users, active_days, features_used")
      return nil
    }
  }

  private func survey(_ cursor: Cursor) -> Metric? {
    guard let section = cursor.section(.survey, "{name: nps, agg: latest, window: 90d}") else { return nil }
    let name = section.required("name", "which survey").flatMap { $0.text("the name of a survey") }
    let aggregate = section["agg"].map { $0.choice(["latest", "mean", "nps"]) } ?? "latest"
    let window = section["window"].map { self.window($0).map { Int?.some($0) } } ?? Int??.some(nil)
    guard let name, let aggregate, let window else { return nil }
    let kinds: [String: SurveyAggregate] = ["latest": .latest, "mean": .mean, "nps": .netPromoter]
    return kinds[aggregate].map { .survey(name: name, aggregate: $0, windowHours: window) }
  }
}
