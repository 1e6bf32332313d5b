import KizashiCore

extension Reading {
  /// As many names fit the set of bits an account has for them.
  private static let mostNames = 60

  /// `milestones:`; fills `milestoneNames`.
  func milestones(_ cursor: Cursor?) -> [Milestone] {
    guard let section = cursor?.section(.milestones, "a mapping of milestone names") else { return [] }
    return section.names.compactMap { name, key, value in
      guard key.isName(name, of: "milestone") else { return nil }
      milestoneNames.append(name)
      guard let entries = value.section(.milestone, "{event: NAME, at_least: 3, due: 14d}") else { return nil }
      let goal = self.goal(entries)
      if entries["due"] != nil { datedMilestones.insert(name) }
      let due = entries["due"].map { $0.duration("a duration", in: Milliseconds.hour...Milliseconds.longest) }
      let product = entries["product"].map { $0.text("the name of a product, as contract events have it") }
      let isValue = entries["value"].map { $0.boolean() } ?? false
      guard let goal, due != .some(nil), product != .some(nil), let isValue else { return nil }
      return Milestone(name: name, goal: goal, dueMilliseconds: due ?? nil, product: product ?? nil, value: isValue)
    }
  }

  private func goal(_ section: Section) -> MilestoneGoal? {
    guard let (kind, value) = section.exactlyOne(of: ["event", "metric"]) else { return nil }
    if case .mapping(let entries) = value.node.value, entries.contains(where: { $0.key == "milestones" }) {
      value.fail("a milestone is not reached by milestones", hint: "use it in a measure")
      return nil
    }
    if kind == "event" {
      let pattern = value.text("the name of an event, * for any run of characters")
      let least = section["at_least"].map { $0.integer("a number of events 1–1000000000", in: 1...1_000_000_000) } ?? 1
      guard let pattern, let least else { return nil }
      return .events(pattern: pattern, atLeast: Int64(least))
    }
    let metric = self.metric(value)
    let least = section.required("at_least", "the value that reaches it").flatMap {
      $0.decimal("a number", in: Self.anyNumber)
    }
    guard let metric, let least else { return nil }
    return .metric(metric, atLeast: least)
  }

  /// `segments:`; fills `segmentNames`.
  func segments(_ cursor: Cursor?) -> [Segment] {
    guard let section = cursor?.section(.segments, "a mapping of segment names to conditions") else { return [] }
    var result: [Segment] = []
    for (name, key, value) in section.names where key.isName(name, of: "segment") {
      if let condition = self.condition(value, .ofSegments) { result.append(Segment(name: name, when: condition)) }
    }
    segmentNames = section.names.map(\.name)
    isFew(segmentNames, "segments", cursor)
    return result
  }

  /// `touch:`; sets `hasTouch`.
  func touch(_ cursor: Cursor?) -> TouchModel? {
    guard let cursor, let section = cursor.section(.touch, "{attribute: NAME} or conditions of high, low and tech")
    else { return nil }
    hasTouch = true
    let computed = TouchModel.names.filter { section[$0] != nil }
    if let attribute = section["attribute"] {
      if !computed.isEmpty {
        attribute.fail("touch comes from an attribute or from conditions, not from both", hint: "leave one out")
      }
      return attribute.text("the name of an account attribute").map { .attribute($0) }
    }
    guard !computed.isEmpty else {
      // What an unknown key already said need not be said again.
      if case .mapping(let entries) = cursor.node.value, !entries.isEmpty { return nil }
      cursor.failExpecting("{attribute: NAME} or conditions of high, low and tech")
      return nil
    }
    let cases = computed.compactMap { name -> (name: String, when: Condition)? in
      guard let place = section[name], let when = self.condition(place, .ofTouch) else { return nil }
      return (name, when)
    }
    return cases.count == computed.count ? .computed(cases) : nil
  }

  /// `phases:`; fills `phaseNames`.
  func phases(_ cursor: Cursor?) -> [Phase] {
    guard let section = cursor?.section(.phases, "a mapping of phase names") else { return [] }
    var result: [Phase] = []
    var isCovered = false
    for (name, key, value) in section.names where key.isName(name, of: "phase") {
      guard let entries = value.section(.phase, "{when: CONDITION}") else { continue }
      let when = entries["when"].map { self.condition($0, .ofPhases) } ?? .always
      if isCovered {
        key.warn("no account ever gets here: a phase before it takes all that come", hint: "put it first")
      }
      if when == .always { isCovered = true }
      if let when { result.append(Phase(name: name, when: when)) }
    }
    phaseNames = section.names.map(\.name)
    isFew(phaseNames, "phases", cursor)
    return result
  }

  private func isFew(_ names: [String], _ what: String, _ cursor: Cursor?) {
    if names.count > Self.mostNames { cursor?.fail("expected at most \(Self.mostNames) \(what), found \(names.count)") }
  }
}
