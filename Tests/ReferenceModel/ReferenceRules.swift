import KizashiCore

/// One rule of one account.
struct ReferenceRuleState: Sendable {
  enum Phase: String, Sendable { case ok, pending, firing }
  var phase = Phase.ok
  var pendingSince: Int64 = 0
  var clearSince: Int64?
  var closedUntil: Int64 = .min
  var episode = 0
  /// `band_change`: the band has been what it changed to since a change that counts.
  var holdsBand = false
  /// `band_change`: the band that opened the episode.
  var openedBand: String?
  /// `silence`: events of the feature since the opening.
  var eventsSinceOpening: Int64 = 0
  /// What a change of phase made true must turn false first.
  var inhibited = false
  var openedAt: Int64?
  /// Whether a line opened it: what happened at that instant counted.
  var openedByLine = false
  /// Its condition holds, and only a cooldown keeps it from opening.
  var waitsForCooldown = false
  /// `attribute` with `changed_within`: when it last changed.
  var changedAt: Int64?
  var shift = ReferenceShift()
  /// `shift`: the side that opened the episode.
  var openedSide: ReferenceShift.Side?
  /// The base of the journal when it began to wait, and when that was.
  var waitingBase: ReferenceBase?
  var waitingBaseSince: Int64?
  var flaps = ReferenceFlaps()
}

/// What a rule looks at in one evaluation.
struct ReferenceRuleInput {
  var now: Int64
  var reading: ReferenceReading
  var band: String
  /// The change of the band at this evaluation.
  var bandChange: (from: String, to: String)?
  var scores: [ReferenceScoreSpan]
  /// The phase or the scorecard changed at this evaluation.
  var rebases = false
  /// A line is what is evaluated.
  var isOfLine = false
  var standing: ReferenceStanding
  /// By name, of the rules that stand before this one.
  var firing: Set<String> = []
  var facts: ReferenceFacts
  var context: ReferenceContext
}

/// A score and the time it was in force: from `since` until just before `until`.
struct ReferenceScoreSpan: Sendable {
  var score: Int
  var since: Int64
  var until: Int64?
}

extension ReferenceRuleInput {
  /// Whether a condition holds in this evaluation.
  func holds(_ condition: Condition) -> Bool { facts.holds(condition, at: now, standing, context) }
}

extension ReferenceRuleState {
  /// Takes the rule one evaluation further and returns the states it went through, the present one first.
  mutating func step(_ rule: Rule, _ input: ReferenceRuleInput) -> [Phase] {
    if let change = input.bandChange, case .bandChange(let from, let to) = rule.kind {
      holdsBand = Self.counts(change, from: from, to: to)
      // Another band is another condition, too.
      inhibited = false
      waitsForCooldown = false
    }
    let now = input.now
    var isAnother = input.bandChange != nil
    if case .shift(let feature, let settings) = rule.kind {
      isAnother = shift.look(feature, settings, at: now, input.facts, input.context)
      // An alarm that turns is another condition: what kept the rule shut was about the one before.
      if isAnother { (inhibited, waitsForCooldown) = (false, false) }
    }
    let applies = input.holds(rule.when) && !(rule.until.map { input.holds($0) } ?? false)
    let isCleared = rule.clear.map { input.holds($0) }
    let holds = applies && !(isCleared ?? false) && condition(rule, input)
    var path = [phase]
    if !holds { waitsForCooldown = false }
    if input.rebases && holds && phase == .ok && !waitsForCooldown { inhibited = true }
    if inhibited {
      if holds || rule.kind.opensOnce { return path }
      inhibited = false
    }
    switch phase {
    case .ok: break
    case .pending:
      if !holds {
        phase = .ok
        return path + [.ok]
      }
      // Its time starts anew with another band, too, or another side.
      switch rule.kind {
      case .bandChange, .shift: if isAnother { pendingSince = now }
      default: break
      }
      guard now >= pendingSince + rule.forMilliseconds && now >= closedUntil else { return path }
      open(input)
      return path + [.firing]
    case .firing:
      let isOver = isCleared ?? isClear(rule, input, condition: holds)
      clearSince = !applies || isOver ? clearSince ?? now : nil
      guard let clearSince, now >= clearSince + rule.keepFiringForMilliseconds else { return path }
      phase = .ok
      self.clearSince = nil
      closedUntil = now + rule.cooldownMilliseconds
      path.append(.ok)
    }
    if input.rebases && holds && path.count > 1 {
      inhibited = true
      return path
    }
    guard holds else { return path }
    if rule.forMilliseconds == 0 {
      guard now >= closedUntil else {
        waitsForCooldown = true
        return path
      }
      open(input)
    } else {
      phase = .pending
      pendingSince = now
    }
    return path + [phase]
  }

  /// Takes an open episode back that late data shows to be false; whether it did.
  mutating func retract(_ rule: Rule, _ event: ReferenceEvent, _ input: ReferenceRuleInput) -> Bool {
    guard phase == .firing, let openedAt, event.at < openedAt else { return false }
    var past = input
    past.now = openedAt
    // A deadline comes before the events of its instant, and so of its hour.
    past.facts.usage.removeAll { $0.hour > floorDivide(openedByLine ? openedAt : openedAt - 1, hourLength) }
    let horizon = Int64(input.context.model.windowHorizonHours)
    let reach = floorDivide(openedAt, hourLength) - (floorDivide(input.now, hourLength) - horizon)
    func isKnown(_ metric: Metric, _ times: Int = 1) -> Bool {
      switch metric {
      case .count(_, let hours), .distinctUsers(_, let hours), .activeDays(_, let hours), .featuresUsed(let hours),
        .sum(_, _, let hours):
        return Int64(hours * times) <= reach
      case .ratio(let a, let b): return isKnown(a, times) && isKnown(b, times)
      case .trend(let of, _, _): return isKnown(of, 2)
      case .daysSinceLast(let feature, _):
        guard times == 1, let last = past.facts.lastHour(of: feature, context: input.context) else { return false }
        return floorDivide(input.now, hourLength) - last <= horizon
      default: return false
      }
    }
    switch rule.kind {
    case .silence(let feature, _, _):
      guard input.context.feature(feature, includes: event.variant), !condition(rule, past) else { return false }
    case .threshold(.metric(let metric), _, _):
      guard isKnown(metric), !condition(rule, past) else { return false }
    case .threshold(.measure(let name), _, _):
      guard let index = input.context.model.measures.firstIndex(where: { $0.name == name }) else { return false }
      let measure = input.context.model.measures[index]
      guard isKnown(measure.metric),
        let value = past.facts.value(of: measure.metric, at: openedAt, context: input.context)
      else { return false }
      past.reading.grades[index] = measure.grade.grade(of: value)
      guard !condition(rule, past) else { return false }
    case .breadthCollapse(let hours, _, _):
      guard isKnown(.featuresUsed(windowHours: hours), 2), !condition(rule, past) else { return false }
    case .abandoned(let feature, let hours, let before, _, let alive):
      guard isKnown(.count(feature: feature, windowHours: hours + before)),
        isKnown(.count(feature: .any, windowHours: alive)), !condition(rule, past)
      else { return false }
    default: return false
    }
    return takeBack()
  }

  /// Takes an open episode back because that of a rule it is made of was; whether it did.
  mutating func retractWithAPart(_ event: ReferenceEvent) -> Bool {
    guard phase == .firing, let openedAt, event.at < openedAt else { return false }
    return takeBack()
  }

  private mutating func takeBack() -> Bool {
    phase = .ok
    clearSince = nil
    return true
  }

  private mutating func open(_ input: ReferenceRuleInput) {
    openedAt = input.now
    openedByLine = input.isOfLine
    waitsForCooldown = false
    openedBand = input.band
    openedSide = shift.side
    phase = .firing
    episode += 1
    clearSince = nil
    eventsSinceOpening = 0
  }

  private static func counts(_ change: (from: String, to: String), from: [String], to: [String]) -> Bool {
    let unknown = ReferenceBandState.unknown
    let leaves = from.isEmpty ? change.from != unknown : from.contains(change.from)
    let enters = to.isEmpty ? change.to != unknown : to.contains(change.to)
    return leaves && enters
  }

  private func isClear(_ rule: Rule, _ input: ReferenceRuleInput, condition: Bool) -> Bool {
    switch rule.kind {
    // Another band that matches is another reason: this episode's is over.
    case .bandChange: return openedBand != input.band
    case .drop, .persistent, .breadthCollapse, .overdue, .abandoned, .powerUserLost, .attribute, .attributeChanged,
      .composite:
      return !condition
    case .shift: return openedSide != shift.side
    case .adopted: return !Self.isInUse(rule, input)
    case .silence(_, _, let clear): return eventsSinceOpening >= Int64(clear)
    case .threshold(let subject, let comparison, let clear):
      guard let clear else { return !condition }
      guard let value = Self.value(of: subject, input) else { return false }
      switch comparison {
      case .above: return value <= clear
      case .below: return value >= clear
      }
    }
  }

  private func condition(_ rule: Rule, _ input: ReferenceRuleInput) -> Bool {
    switch rule.kind {
    case .bandChange: return holdsBand
    case .shift: return shift.side != nil
    case .drop(let by, let within):
      guard let score = input.reading.score else { return false }
      let inForce = input.scores.filter { $0.until.map { $0 > input.now - within } ?? true }
      return (inForce.map(\.score).max() ?? score) - score >= by
    case .threshold(let subject, let comparison, _):
      guard let value = Self.value(of: subject, input) else { return false }
      switch comparison {
      case .above(let limit): return value > limit
      case .below(let limit): return value < limit
      }
    case .persistent(let bands): return bands.contains(input.band)
    case .breadthCollapse(let hours, let share, let least):
      let used = { previous in
        input.facts.value(
          of: .featuresUsed(windowHours: hours), at: input.now, previous: previous, context: input.context)
          ?? Rational(0)
      }
      let before = used(true)
      return before >= Rational(Int128(least)) && used(false) <= share * before
    // The first time only.
    case .adopted: return (episode == 0 || phase == .firing) && Self.isInUse(rule, input)
    case .silence(let feature, let after, _):
      guard let last = input.facts.lastHour(of: feature, context: input.context) else { return false }
      switch after {
      case .milliseconds(let length): return input.now >= (last + 1) * hourLength + length
      case .businessDays(let count):
        let context = input.context
        let between = context.days(
          after: context.day(ofHour: last), before: context.day(at: input.now), businessOnly: true)
        return between >= count
      }
    case .overdue(let name):
      return input.facts.milestone(name, at: input.now, input.context) == .overdue
    case .abandoned(let feature, let hours, let before, let days, let alive):
      let value = { (metric: Metric) in
        input.facts.value(of: metric, at: input.now, context: input.context) ?? Rational(0)
      }
      // The days before the window, by their tiles.
      let windowStart = floorDivide(input.now - Int64(hours) * hourLength, hourLength)
      let active = Set(
        input.facts.usage.filter {
          input.context.feature(feature, includes: $0.variant) && windowStart - Int64(before) <= $0.hour
            && $0.hour < windowStart
        }.map { input.context.day(ofHour: $0.hour) })
      return value(.count(feature: feature, windowHours: hours)) == Rational(0) && active.count >= days
        && value(.count(feature: .any, windowHours: alive)) > Rational(0)
    case .powerUserLost(let after, let role):
      return input.facts.hasLostPowerUser(after: after, role: role, at: input.now, context: input.context)
    case .attribute(let name, let test): return input.holds(.attribute(name, test))
    case .attributeChanged(_, let within): return changedAt.map { input.now < $0 + within } ?? false
    case .composite(let all, let rules):
      return all ? rules.allSatisfy(input.firing.contains) : rules.contains(where: input.firing.contains)
    }
  }

  private static func isInUse(_ rule: Rule, _ input: ReferenceRuleInput) -> Bool {
    guard case .adopted(let feature, let hours, let days) = rule.kind else { return false }
    let used = input.facts.value(
      of: .activeDays(feature: feature, windowHours: hours), at: input.now, context: input.context)
    return used.map { $0 >= Rational(Int128(days)) } ?? false
  }

  private static func value(of subject: ThresholdSubject, _ input: ReferenceRuleInput) -> Rational? {
    switch subject {
    case .measure(let name):
      guard let index = input.context.model.measures.firstIndex(where: { $0.name == name }) else { return nil }
      return input.reading.grades[index].map { Rational(Int128($0), 100) }
    case .metric(let metric): return input.facts.value(of: metric, at: input.now, context: input.context)
    }
  }

  /// Instants, not on the hour by nature, at which the rule may change.
  func candidates(_ rule: Rule, scores: [ReferenceScoreSpan], facts: ReferenceFacts, context: ReferenceContext)
    -> [Int64]
  {
    var result = [pendingSince + rule.forMilliseconds]
    if closedUntil != .min { result.append(closedUntil) }
    if let clearSince { result.append(clearSince + rule.keepFiringForMilliseconds) }
    switch rule.kind {
    case .drop(_, let within): result += scores.compactMap { $0.until.map { $0 + within } }
    case .silence(let feature, .milliseconds(let length), _):
      if let last = facts.lastHour(of: feature, context: context) { result.append((last + 1) * hourLength + length) }
    case .attributeChanged(_, let within): if let changedAt { result.append(changedAt + within) }
    case .silence, .bandChange, .threshold, .persistent, .breadthCollapse, .adopted, .overdue, .abandoned,
      .powerUserLost, .attribute, .composite, .shift:
      break
    }
    return result
  }
}

/// An opening or a resolution of an episode.
package struct ReferenceAlert: Sendable {
  package var rule: String
  /// From 1.
  package var episode: Int
  package var state: AlertTransition.State
  package var at: Int64
  /// Hundredths.
  package var scoreFrom: Int?
  package var scoreTo: Int?
  package var because: [ExplanationLine] = []
  /// Whether hooks are told nothing of it.
  package var isSilenced = false
  /// No transition, but that the rule began or ceased to flap: then the percentage.
  package var flapping: (began: Bool, percent: String)?

  /// In words.
  package var told: String {
    flapping.map { "\(rule) \(episode) \($0.began ? "began" : "ceased") to flap at \(at), \($0.percent) %, \(state)" }
      ?? "\(rule) \(episode) \(state) \(at)\(isSilenced ? " silenced" : "")"
  }
}
