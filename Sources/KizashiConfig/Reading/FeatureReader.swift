import KizashiCore

extension Reading {
  /// `features:`; fills `features`, `featureNames` and `autoFeatures`.
  func readFeatures(_ cursor: Cursor?) {
    guard let section = cursor?.section(.features, "a mapping of feature names") else { return }
    autoFeatures = section["auto"].flatMap { $0.boolean() } ?? true
    for (name, key, value) in section.names {
      guard key.isName(name, of: "feature", reserved: ["any", "core"]) else { continue }
      featureNames.insert(name)
      guard let feature = value.section(.feature, "{events: […], core: true or false}") else { continue }
      let patterns = feature.required("events", "the names of events, * for any run of characters").flatMap {
        self.eventPatterns($0)
      }
      let core = feature["core"].map { $0.boolean() ?? false } ?? false
      let conditions = feature["where"].map { self.conditions($0) } ?? []
      if let patterns {
        features.append(Feature(name: name, patterns: patterns, core: core, conditions: conditions ?? []))
      }
    }
    filters = Set(features.flatMap(\.conditions))
    if filters.count > Model.mostFilters {
      section.cursor.fail(
        "features look for \(filters.count) different properties and values in where, and \(Model.mostFilters) are the most",
        hint: "send what tells these events apart as part of their names")
    }
  }

  /// `where:`, a property and its value each.
  func conditions(_ cursor: Cursor) -> [PropertyFilter]? {
    guard let section = cursor.section(.conditions, "{PROPERTY: VALUE}") else { return nil }
    guard !section.names.isEmpty else {
      cursor.failExpecting("at least one property and its value, such as {plan: pro}")
      return nil
    }
    return section.names.compactMap { property, key, value in
      guard key.text("the name of a property") != nil, let text = value.text("a text, a number, true or false")
      else { return nil }
      return PropertyFilter(property: property, value: text)
    }
  }

  private func eventPatterns(_ cursor: Cursor) -> [String]? {
    guard let items = cursor.itemsOrOne("a list of event names") else { return nil }
    guard !items.isEmpty else {
      cursor.failExpecting("at least one event name")
      return nil
    }
    var patterns: [String] = []
    for item in items {
      guard let pattern = item.text("the name of an event") else { continue }
      if patterns.contains(pattern) {
        item.fail("\(quoted(pattern)) stands twice here")
      } else {
        patterns.append(pattern)
      }
    }
    return patterns.isEmpty ? nil : patterns
  }

  /// `windows:`, as written and in hours.
  func windows(_ cursor: Cursor?) -> [(text: String, hours: Int)] {
    let standard = [("24h", 24), ("7d", 168), ("28d", 672), ("90d", 2160)]
    guard let cursor, !cursor.isNull, let items = cursor.items("a list of windows such as [24h, 7d, 28d, 90d]") else {
      keep(hours: 2160, nil)
      return standard
    }
    guard (1...16).contains(items.count) else {
      cursor.fail("expected 1 to 16 windows, found \(items.count)")
      return standard
    }
    var result: [(text: String, hours: Int)] = []
    for item in items {
      guard let hours = self.window(item), case .scalar(let text) = item.node.value else { continue }
      if let same = result.first(where: { $0.hours == hours }) {
        item.fail("\(quoted(text)) is the same window as \(quoted(same.text))")
      } else {
        result.append((text, hours))
      }
    }
    return result
  }
}
