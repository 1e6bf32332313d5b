import KizashiCore

/// What an account is beside its measures: milestones, groups, scorecard, caps and override.
extension ReferenceAccount {
  /// Everything from given grades on: which scorecard, its score, the caps and the override.
  mutating func score(
    values: [Rational?], grades: [Int?], present: [Bool], at now: Int64, _ trigger: ReferenceTrigger,
    _ context: ReferenceContext
  ) -> ReferenceReading {
    let model = context.model
    standing.grades = grades
    let phaseWas = standing.phase
    let override = facts.override(at: now, context: context)
    var changes: [ReferenceChange] = []
    standing.segments = Set(
      model.segments.filter { facts.holds($0.when, at: now, standing, context) }.map(\.name))
    switch model.touch {
    case nil: break
    case .attribute(let name):
      let value = ReferenceFacts.shown(facts.attribute(name))
      standing.touch = value.flatMap { TouchModel.names.contains($0) ? $0 : nil }
    case .computed(let cases):
      standing.touch = cases.first { facts.holds($0.when, at: now, standing, context) }?.name
    }
    standing.phase = model.phases.first { facts.holds($0.when, at: now, standing, context) }?.name
    if standing.phase != phaseWas {
      changes.append(Self.note(.phase, "", phaseWas, standing.phase, telling, trigger))
    }
    if override?.text != overrideText, noted.allSatisfy({ $0.kind != .override }) {
      // Nobody said so: it came to its end.
      noted.insert(Self.note(.override, "", overrideText, override?.text, telling, trigger), at: 0)
    }
    overrideText = override?.text
    noted += changes
    let card = model.scorecards.indices.first { facts.holds(model.scorecards[$0].when, at: now, standing, context) }
    var reading = context.reading(values: values, grades: grades, present: present, card: card)
    let isOther = self.reading.map { $0.card != card } ?? false
    if isOther {
      cardCause =
        if standing.phase != phaseWas { .phase } else if case .deadline = trigger { .reweighted } else { trigger.cause }
    }
    if let card, let uncapped = reading.uncapped {
      let caps = model.scorecards[card].caps.filter { facts.holds($0.condition, at: now, standing, context) }
      reading.computed = min(uncapped, caps.map(\.most).min() ?? uncapped)
      reading.score = reading.computed
    }
    if let override {
      reading.score = override.effective(reading.computed, model.bands)
      reading.covered = reading.score != nil
    }
    return reading
  }

  /// Takes in an accepted `identify` line of one of its users.
  mutating func identify(_ event: ReferenceEvent, at now: Int64, time: Int64, context: ReferenceContext) {
    facts.identified.append(event)
    let asked = context.model.rules.contains { rule in
      guard case .powerUserLost(_, let role) = rule.kind else { return false }
      return role.contains { event.field($0.trait) != nil }
    }
    guard asked, event.user != nil, reading != nil else { return }
    lookedTo = time
    _ = evaluate(at: time, told: now, trigger: .record(survey: false), context: context)
  }

  /// Marks what the lines have come to.
  mutating func reachMilestones(at now: Int64, _ trigger: ReferenceTrigger, _ context: ReferenceContext) {
    for milestone in context.model.milestones where facts.reached[milestone.name] == nil {
      guard facts.isReached(milestone, at: now, context: context) else { continue }
      facts.reached[milestone.name] = now
      noted.append(Self.note(.milestone, milestone.name, nil, "reached", telling, trigger))
    }
  }

  /// The state of an attribute before the line that may change it.
  mutating func noteAttributes(_ event: ReferenceEvent, at now: Int64, context: ReferenceContext) {
    var names: [String] = []
    if event.kind == .group { names = event.fields.map(\.name) }
    if event.event == "sentiment.recorded" { names = ["sentiment"] }
    if event.event.hasPrefix("contract.") { names = ["mrr", "renewal_at"] }
    pendingAttributes = names.map { ($0, ReferenceFacts.shown(facts.attribute($0))) }
    pendingOverride = event.event == "override.set" ? .some(facts.override(at: now, context: context)?.text) : nil
    pendingTrigger = .record(survey: event.event == "survey.responded")
  }

  /// What the line has changed, once it is in.
  mutating func noteNewValues(at now: Int64, context: ReferenceContext) {
    for (name, was) in pendingAttributes {
      let value = ReferenceFacts.shown(facts.attribute(name))
      guard value != was else { continue }
      noted.append(Self.note(.attribute, name, was, value, telling, pendingTrigger))
      guard reading != nil else { continue }
      for (index, rule) in context.model.rules.enumerated() {
        if case .attributeChanged(name, _) = rule.kind { rules[index].changedAt = now }
      }
    }
    if let was = pendingOverride {
      let text = facts.override(at: now, context: context)?.text
      if text != was { noted.append(Self.note(.override, "", was, text, telling, pendingTrigger)) }
    }
  }

  private static func note(
    _ kind: Change.Kind, _ subject: String, _ from: String?, _ to: String?, _ now: Int64, _ trigger: ReferenceTrigger
  ) -> ReferenceChange {
    ReferenceChange(
      kind: kind, at: now, subject: subject, from: from, to: to, delta: nil, cause: trigger.cause, because: [])
  }
}
