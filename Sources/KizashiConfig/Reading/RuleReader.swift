import KizashiCore

extension Reading {
  /// `rules:`, in config order. Features, measures, bands and hooks must have been read.
  func rules(_ cursor: Cursor?, bands: BandModel) -> [Rule] {
    guard let section = cursor?.section(.rules, "a mapping of rule names") else { return [] }
    var before: [String] = []
    return section.names.compactMap { name, key, value in
      defer { before.append(name) }
      let isName = key.isName(name, of: "rule", inIds: true, reserved: [PipelineAlert.rule])
      guard let rule = self.rule(name, value, bands, before: before), isName else { return nil }
      return rule
    }
  }

  /// - Parameter before: The names of the rules that stand before it.
  private func rule(_ name: String, _ cursor: Cursor, _ bands: BandModel, before: [String]) -> Rule? {
    guard case .mapping(let entries) = cursor.node.value else {
      cursor.failExpecting("a mapping with a kind, such as {kind: drop, by: 15, within: 7d}")
      return nil
    }
    guard let entry = entries.first(where: { $0.key == "kind" }) else {
      cursor.fail("\"kind\" is missing: one of \(Shape.ruleKinds.joined(separator: ", "))")
      return nil
    }
    guard let kind = cursor.child("kind", entry.value).choice(Shape.ruleKinds),
      let section = cursor.section(.rule(kind: kind), "a rule")
    else { return nil }
    let meaning = self.kind(kind, section, bands, before: before)
    let long = 0...Milliseconds.longest
    let delay = section["for"].map { $0.duration("a duration", in: long) } ?? 0
    let keep = section["keep_firing_for"].map { $0.duration("a duration", in: long) } ?? 0
    let cooldown = section["cooldown"].map { $0.duration("a duration", in: long) } ?? 0
    let severity = section["severity"].map { $0.choice(Self.severities) } ?? "medium"
    let playbook = section["playbook"].map { $0.text("the name of a playbook") }
    let hooks = section["hooks"].map { self.hooks($0) } ?? []
    readDelivery(of: name, section)
    let when = section["when"].map { self.condition($0, .ofRules) } ?? .always
    let until = section["until"].flatMap { self.condition($0, .ofRules) }
    let clear = self.clearCondition(kind, section)
    let flap = section["flap"].flatMap { self.flap($0) }
    guard let meaning, let delay, let keep, let cooldown, let severity, let when else { return nil }
    return Rule(
      name: name, kind: meaning, forMilliseconds: delay, keepFiringForMilliseconds: keep,
      cooldownMilliseconds: cooldown, severity: severity, playbook: playbook ?? nil, hooks: hooks, when: when,
      until: until, clear: clear, flap: flap)
  }

  /// `clear:` as a condition. The kinds that end with a number or a count of events read that themselves.
  private func clearCondition(_ kind: String, _ section: Section) -> Condition? {
    guard let cursor = section["clear"] else { return nil }
    if case .mapping = cursor.node.value { return self.condition(cursor, .ofRules) }
    if !["threshold", "trend", "silence"].contains(kind) {
      cursor.failExpecting("a condition such as {band: green}")
    }
    return nil
  }

  /// `clear:` where it is not a condition.
  private func clearNumber(_ section: Section) -> Cursor? {
    section["clear"].flatMap { if case .mapping = $0.node.value { nil } else { $0 } }
  }

  private func kind(_ kind: String, _ section: Section, _ bands: BandModel, before: [String]) -> RuleKind? {
    switch kind {
    case "band_change":
      let names = bands.bands.map(\.name) + ["unknown"]
      return .bandChange(from: bandNames(section["from"], names), to: bandNames(section["to"], names))
    case "persistent":
      _ = section.required("for", "how long in that band, such as 14d")
      let names = bandNames(
        section.required("band", "a band or a list of bands"), bands.bands.map(\.name) + ["unknown"])
      return names.isEmpty ? nil : .persistent(bands: names)
    case "breadth_collapse":
      return breadthCollapse(section)
    case "adopted":
      return adopted(section)
    case "abandoned": return abandoned(section)
    case "overdue": return overdue(section)
    case "power_user_lost": return powerUserLost(section)
    case "attribute": return attributeRule(section)
    case "composite": return composite(section, before: before)
    case "drop":
      let by = section.required("by", "how many points").flatMap {
        $0.hundredths("a number of points from 0.01 to 100", in: 1...10_000)
      }
      let within = section.required("within", "in which time, such as 7d").flatMap {
        $0.duration("a duration", in: Milliseconds.minute...Milliseconds.longest)
      }
      guard let by, let within else { return nil }
      return .drop(by: by, withinMilliseconds: within)
    case "threshold":
      return self.threshold(section)
    case "trend":
      let metric = self.trend(section)
      let comparison = self.comparison(section, "a number", Self.anyNumber)
      guard let metric, let comparison else { return nil }
      return .threshold(.metric(metric), comparison.limit, clear: comparison.clear)
    case "silence":
      return self.silence(section)
    case "shift":
      return self.shift(section)
    default: preconditionFailure("a kind of rule without a reader: \(kind)")
    }
  }

  private func bandNames(_ cursor: Cursor?, _ known: [String]) -> [String] {
    guard let cursor else { return [] }
    var result: [String] = []
    for item in cursor.itemsOrOne("a band or a list of bands") ?? [] {
      guard let name = item.choice(known) else { continue }
      if result.contains(name) { item.fail("\(quoted(name)) stands twice here") } else { result.append(name) }
    }
    return result
  }

  private func threshold(_ section: Section) -> RuleKind? {
    guard let (key, value) = section.exactlyOne(of: ["measure", "metric"]) else {
      _ = self.comparison(section, "a number", Self.anyNumber)
      return nil
    }
    let subject: ThresholdSubject?
    if key == "measure" {
      subject = value.text("the name of a measure").flatMap { isMeasure($0, value) ? .measure($0) : nil }
    } else {
      subject = self.metric(value).map { .metric($0) }
    }
    let comparison =
      key == "measure"
      ? self.comparison(section, "a number of points 0–100", Rational(0)...Rational(100))
      : self.comparison(section, "a number", Self.anyNumber)
    guard let subject, let comparison else { return nil }
    return .threshold(subject, comparison.limit, clear: comparison.clear)
  }

  /// `above` or `below` with `clear` on the side where the condition is false.
  private func comparison(
    _ section: Section, _ what: String, _ range: ClosedRange<Rational>
  ) -> (limit: Comparison, clear: Rational?)? {
    let sides = section.exactlyOne(of: ["above", "below"])
    let clearPlace = clearNumber(section)
    let clear = clearPlace.map { $0.decimal(what, in: range) }
    guard let (side, value) = sides, let limit = value.decimal(what, in: range) else { return nil }
    if let clear = clear ?? nil, side == "above" ? clear > limit : clear < limit {
      let bound = decimalText(limit)
      clearPlace?.fail(
        "a rule that fires \(side) \(bound) clears at \(bound) or \(side == "above" ? "below" : "above"), "
          + "not at \(decimalText(clear))")
      return nil
    }
    if clearPlace != nil, clear == .some(nil) { return nil }
    return (side == "above" ? .above(limit) : .below(limit), clear ?? nil)
  }

  private func silence(_ section: Section) -> RuleKind? {
    let feature = section.required("feature", "which feature, any or core").flatMap { self.feature($0) }
    let after = section.required("after", "how long, such as 7d or 5bd").flatMap { $0.ruleSpan() }
    let clear = clearNumber(section).map { $0.integer("a number of events 1–1000000", in: 1...1_000_000) } ?? 1
    if case .milliseconds(let length) = after, let place = section["after"] {
      keep(hours: Int(length / Milliseconds.hour), place)
    }
    guard let feature, let after, let clear else { return nil }
    return .silence(feature: feature, after: after, clear: clear)
  }

  private static let fourWeeks = 28 * 24

  private func breadthCollapse(_ section: Section) -> RuleKind? {
    let window = section["window"].map { self.window($0) } ?? Self.fourWeeks
    let share =
      section["to"].map { $0.decimal("a share from 0 to 0.99", in: Rational(0)...Rational(99, 100)) } ?? Rational(3, 5)
    let least = section["least"].map { $0.integer("a number of features 1–1000", in: 1...1000) } ?? 5
    guard let window, let share, let least else { return nil }
    // The window before it is kept wherever a window is.
    keep(hours: window, section["window"])
    return .breadthCollapse(windowHours: window, share: share, least: least)
  }

  private func adopted(_ section: Section) -> RuleKind? {
    let feature = section.required("feature", "which feature, any or core").flatMap { self.feature($0) }
    let window = section["window"].map { self.window($0) } ?? Self.fourWeeks
    let days = section["days"].map { $0.integer("a number of days 1–366", in: 1...366) } ?? 3
    guard let feature, let window, let days else { return nil }
    keep(hours: window, section["window"])
    if days > window / 24 + 1 {
      (section["days"] ?? section["window"])?.fail("\(days) days do not fit a window of \(window / 24) days")
      return nil
    }
    return .adopted(feature: feature, windowHours: window, days: days)
  }

  /// Names of hooks that are there.
  func hooks(_ cursor: Cursor) -> [String] {
    var result: [String] = []
    for item in cursor.itemsOrOne("a list of hook names") ?? [] {
      guard let name = item.text("the name of a hook") else { continue }
      if result.contains(name) {
        item.fail("\(quoted(name)) stands twice here")
      } else if hookNames.contains(name) {
        result.append(name)
      } else {
        let near = nearestName(to: name, in: hookNames).map { "did you mean \(quoted($0))?" }
        item.fail(
          "there is no hook \(quoted(name))",
          hint: near ?? (hookNames.isEmpty ? "define it under hooks" : "hooks: \(hookNames.joined(separator: ", "))"))
      }
    }
    return result
  }
}
