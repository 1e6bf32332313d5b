import KizashiCore

extension Reading {
  func abandoned(_ section: Section) -> RuleKind? {
    let feature = section.required("feature", "which feature, any or core").flatMap { self.feature($0) }
    let window = section["window"].map { self.window($0) } ?? 28 * 24
    let before = section["before"].map { $0.hours() } ?? 90 * 24
    let days = section["days"].map { $0.integer("a number of days 1–366", in: 1...366) } ?? 8
    let alive = section["alive"].map { self.window($0) } ?? 7 * 24
    guard let feature, let window, let before, let days, let alive else { return nil }
    keep(hours: window + before, section["before"] ?? section["window"])
    if days > before / 24 + 1 {
      (section["days"] ?? section["before"])?.fail("\(days) days do not fit the \(before / 24) days before")
      return nil
    }
    return .abandoned(feature: feature, windowHours: window, beforeHours: before, days: days, aliveHours: alive)
  }

  func overdue(_ section: Section) -> RuleKind? {
    guard let cursor = section.required("milestone", "which milestone"), let name = cursor.text("a milestone"),
      milestone(name, cursor)
    else { return nil }
    if !datedMilestones.contains(name) {
      cursor.fail("the milestone \(quoted(name)) has no due date, so it is never overdue", hint: "give it a due:")
      return nil
    }
    return .overdue(milestone: name)
  }

  func powerUserLost(_ section: Section) -> RuleKind? {
    keep(hours: 71 * 24, nil)
    let role = section["role"].map { self.role($0) } ?? []
    guard let cursor = section["after"] else { return role.map { .powerUserLost(after: .businessDays(10), role: $0) } }
    guard let after = cursor.ruleSpan(), let role else { return nil }
    // Power users are looked for over ten weeks: who has been away for longer is none of them any more.
    switch after {
    case .businessDays(let days) where days <= 40: return .powerUserLost(after: after, role: role)
    case .milliseconds(let length) where length % Milliseconds.day == 0 && length <= 56 * Milliseconds.day:
      return .powerUserLost(after: after, role: role)
    default:
      cursor.failExpecting("1bd to 40bd, or 1d to 56d")
      return nil
    }
  }

  /// `role:`, in the order of the names: which of them comes first decides only what an alert says.
  private func role(_ cursor: Cursor) -> [TraitTest]? {
    guard let section = cursor.section(.role, "traits and what they are when somebody is gone, such as {left: true}")
    else { return nil }
    guard !section.names.isEmpty else {
      cursor.failExpecting("at least one trait, such as {left: true}")
      return nil
    }
    let tests = section.names.compactMap { name, _, value -> TraitTest? in
      guard let test = attributeTest(value) else { return nil }
      if case .oneOf(let values) = test, values.contains(.null) {
        value.fail(
          "a trait that is not set tells of nobody that they are gone",
          hint: "name the values that do, such as [former]")
        return nil
      }
      return TraitTest(name, test)
    }
    return tests.count == section.names.count ? tests.sorted { $0.trait < $1.trait } : nil
  }

  func attributeRule(_ section: Section) -> RuleKind? {
    let name = section.required("attribute", "which account attribute").flatMap {
      $0.text("the name of an account attribute")
    }
    guard let (key, value) = section.exactlyOne(of: ["is", "changed_within"]) else { return nil }
    if key == "is" {
      guard let test = attributeTest(value), let name else { return nil }
      return .attribute(name, test)
    }
    let within = value.duration("a duration", in: Milliseconds.minute...Milliseconds.longest)
    guard let within, let name else { return nil }
    return .attributeChanged(name, withinMilliseconds: within)
  }

  /// - Parameter before: The names of the rules that stand before it.
  func composite(_ section: Section, before: [String]) -> RuleKind? {
    guard let (key, value) = section.exactlyOne(of: ["all", "any"]), let items = value.items("a list of rules") else {
      return nil
    }
    guard items.count >= 2 else {
      value.failExpecting("at least two rules")
      return nil
    }
    let names = items.compactMap { item -> String? in
      guard let name = item.text("the name of a rule") else { return nil }
      if before.contains(name) { return name }
      item.fail(
        "no rule before this one is named \(quoted(name)): a composite rule names rules that stand before it",
        hint: nearestName(to: name, in: before).map { "did you mean \(quoted($0))?" })
      return nil
    }
    guard names.count == items.count else { return nil }
    return .composite(all: key == "all", rules: names)
  }
}
