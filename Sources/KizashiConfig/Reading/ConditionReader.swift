import KizashiCore

/// What a condition may ask for, by what is known where it is looked at: a score follows from the scorecard, so a scorecard's
/// condition cannot ask for the band.
struct ConditionScope: OptionSet {
  var rawValue: Int
  static let segment = ConditionScope(rawValue: 1)
  static let touch = ConditionScope(rawValue: 2)
  static let phase = ConditionScope(rawValue: 4)
  static let band = ConditionScope(rawValue: 8)

  static let ofSegments: ConditionScope = []
  static let ofTouch: ConditionScope = [.segment]
  static let ofPhases: ConditionScope = [.segment, .touch]
  static let ofScorecards: ConditionScope = [.segment, .touch, .phase]
  static let ofRules: ConditionScope = [.segment, .touch, .phase, .band]
}

extension Reading {
  /// A condition: a mapping of which all keys must hold.
  func condition(_ cursor: Cursor, _ scope: ConditionScope) -> Condition? {
    guard let section = cursor.section(.condition, "a condition such as {phase: adoption, tenure: {at_least: 90d}}")
    else { return nil }
    var parts: [Condition?] = []
    for key in Shape.condition.keys {
      guard let value = section[key] else { continue }
      parts.append(part(key, value, scope))
    }
    for (name, key, value) in section.names { parts.append(named(name, key, value)) }
    let read = parts.compactMap { $0 }
    guard read.count == parts.count else { return nil }
    return read.count == 1 ? read[0] : .all(read)
  }

  private func part(_ key: String, _ value: Cursor, _ scope: ConditionScope) -> Condition? {
    switch key {
    case "any":
      guard let items = value.items("a list of conditions"), !items.isEmpty else {
        if case .list = value.node.value { value.failExpecting("at least one condition") }
        return nil
      }
      let parts = items.compactMap { condition($0, scope) }
      return parts.count == items.count ? .any(parts) : nil
    case "not": return condition(value, scope).map { .not($0) }
    case "contract": return contractStates(value).map { .contract($0) }
    case "tenure": return days(value).map { .tenure($0) }
    case "renewal": return days(value).map { .renewal($0) }
    default: return group(key, value, scope)
    }
  }

  private func group(_ key: String, _ value: Cursor, _ scope: ConditionScope) -> Condition? {
    switch key {
    case "segment":
      guard allows(scope, .segment, key, value), isDefined(segmentNames, key, "segments", value) else { return nil }
      return words(value, segmentNames).map { .segment($0) }
    case "touch":
      guard allows(scope, .touch, key, value) else { return nil }
      guard hasTouch else {
        value.fail("the config says nothing of touch, so no account has one", hint: "define touch:")
        return nil
      }
      return words(value, TouchModel.names).map { .touch($0) }
    case "phase":
      guard allows(scope, .phase, key, value), isDefined(phaseNames, key, "phases", value) else { return nil }
      return words(value, phaseNames).map { .phase($0) }
    case "band":
      guard allows(scope, .band, key, value) else { return nil }
      return words(value, bandNames + ["unknown"]).map { .band($0) }
    default: preconditionFailure("a key of conditions without a reader: \(key)")
    }
  }

  private func allows(_ scope: ConditionScope, _ wanted: ConditionScope, _ key: String, _ cursor: Cursor) -> Bool {
    if scope.contains(wanted) { return true }
    cursor.fail(
      "a condition that stands here cannot ask for the \(key)",
      hint: "the order is segments, touch, phase, scorecard, band, rules: each may ask for what comes before it")
    return false
  }

  private func isDefined(_ names: [String], _ key: String, _ section: String, _ cursor: Cursor) -> Bool {
    if !names.isEmpty { return true }
    cursor.fail("there are no \(section), so no account has a \(key)", hint: "define \(section):")
    return false
  }

  /// One word or a list of them, out of those there are.
  private func words(_ cursor: Cursor, _ known: [String]) -> [String]? {
    guard let items = cursor.itemsOrOne("one of \(known.joined(separator: ", ")), or a list of them") else {
      return nil
    }
    let words = items.compactMap { $0.choice(known) }
    guard words.count == items.count, !words.isEmpty else {
      if items.isEmpty { cursor.failExpecting("at least one of \(known.joined(separator: ", "))") }
      return nil
    }
    return words
  }

  // MARK: Measures, milestones, attributes

  private func named(_ name: String, _ key: Cursor, _ value: Cursor) -> Condition? {
    if let measure = name.suffix(after: "measure.") {
      guard isMeasure(measure, key) else { return nil }
      return range(value, Rational(0)...Rational(100), "a number of points 0–100").map { .measure(measure, $0) }
    }
    if let milestone = name.suffix(after: "milestone.") {
      guard self.milestone(milestone, key) else { return nil }
      return milestoneStates(value).map { .milestone(milestone, $0) }
    }
    if let product = name.suffix(after: "contract.") { return contractStates(value).map { .product(product, $0) } }
    let attribute = name.suffix(after: "attribute.") ?? name
    if let near = nearestName(to: attribute, in: Shape.condition.keys), attribute == name {
      key.warn("\(quoted(name)) is taken as the name of an attribute", hint: "did you mean \(quoted(near))?")
    }
    return attributeTest(value).map { .attribute(attribute, $0) }
  }

  /// Whether a milestone of this name exists; reports it if not.
  func milestone(_ name: String, _ cursor: Cursor) -> Bool {
    if milestoneNames.contains(name) { return true }
    let near = nearestName(to: name, in: milestoneNames).map { "did you mean \(quoted($0))?" }
    cursor.fail("there is no milestone \(quoted(name))", hint: near ?? "define it under milestones:")
    return false
  }

  private func contractStates(_ cursor: Cursor) -> [ContractState]? {
    words(cursor, ContractState.allCases.map(\.rawValue)).map { $0.compactMap { ContractState(rawValue: $0) } }
  }

  private func milestoneStates(_ cursor: Cursor) -> [MilestoneState]? {
    if case .scalar(let text) = cursor.node.value {
      if text == "true" { return [.reached] }
      if text == "false" { return [.open, .overdue] }
    }
    return words(cursor, MilestoneState.allCases.map(\.rawValue)).map { $0.compactMap { MilestoneState(rawValue: $0) } }
  }

  /// A value, a list of values, or a range.
  func attributeTest(_ cursor: Cursor) -> AttributeTest? {
    switch cursor.node.value {
    case .null: return .oneOf([.null])
    case .mapping: return range(cursor, Self.anyNumber, "a number").map { .within($0) }
    case .scalar: return cursor.text("a value").map { .oneOf([.string($0)]) }
    case .list:
      guard let items = cursor.items("a list of values"), !items.isEmpty else {
        cursor.failExpecting("at least one value")
        return nil
      }
      let values = items.compactMap { item -> Scalar? in
        item.isNull ? .null : item.text("a value").map { .string($0) }
      }
      return values.count == items.count ? .oneOf(values) : nil
    }
  }

  // MARK: Ranges

  private func range(_ cursor: Cursor, _ allowed: ClosedRange<Rational>, _ what: String) -> NumberRange? {
    range(cursor) { $0.decimal(what, in: allowed) }
  }

  /// A range of whole days.
  private func days(_ cursor: Cursor) -> NumberRange? {
    range(cursor) { end in
      guard let length = end.duration("whole days", in: 0...Milliseconds.longest, example: "7d") else { return nil }
      guard length % Milliseconds.day == 0 else {
        end.failExpecting("whole days such as 90d")
        return nil
      }
      return Rational(length / Milliseconds.day)
    }
  }

  private func range(_ cursor: Cursor, _ read: (Cursor) -> Rational?) -> NumberRange? {
    guard case .mapping = cursor.node.value, let section = cursor.section(.range, "a range") else {
      if case .mapping = cursor.node.value { return nil }
      cursor.failExpecting("a range such as {at_least: 10}", hint: "its ends are above, at_least, below, at_most")
      return nil
    }
    var result = NumberRange()
    var isWhole = true
    for (key, place) in [
      ("above", \NumberRange.above), ("at_least", \.atLeast), ("below", \.below), ("at_most", \.atMost),
    ] {
      guard let end = section[key] else { continue }
      result[keyPath: place] = read(end)
      if result[keyPath: place] == nil { isWhole = false }
    }
    guard isWhole else { return nil }
    // What an unknown key already said need not be said again.
    if case .mapping(let entries) = cursor.node.value, !entries.isEmpty, result == NumberRange() { return nil }
    guard result != NumberRange() else {
      cursor.failExpecting("at least one of above, at_least, below, at_most")
      return nil
    }
    return result
  }
}

extension String {
  /// What comes after a prefix that is there; nil: it is not, or nothing comes.
  func suffix(after prefix: String) -> String? {
    hasPrefix(prefix) && count > prefix.count ? String(dropFirst(prefix.count)) : nil
  }
}
