/// A rule's change of state in one evaluation.
struct RuleStep {
  var rule: Int
  var step: RuleMachine.Step
  /// The episode the step belongs to.
  var episode: Int
  /// Whether late data showed that the episode should never have opened.
  var isRetracted = false
  /// Whether hooks are told nothing of it.
  var isSilenced = false
  var reason: String

  /// The state it comes to, as users see it.
  var toName: String { isRetracted ? AlertTransition.State.retracted.name : step.to.name }
}

extension Engine {
  /// Steps the rules of an account that something woke, or whose time has come, at the clock, in config order.
  ///
  /// - Parameter rebases: The phase or the scorecard changed: what is true under the new one only opens nothing.
  mutating func stepRules(
    _ account: AccountID, bandWas: Int8, first: Bool, rebases: Bool, _ woken: Wake, _ trigger: Trigger
  ) -> [RuleStep] {
    guard !areRulesAtRest(account, woken) else { return [] }
    let now = now.milliseconds
    var wake = woken
    // Of what is rare everything is done in full.
    let looksAtAll = woken == .all
    let core = scores.core(account)
    // Until then no rest is over, and none need be read: they are more memory than all else of an evaluation.
    let restsEnd = now >= core.pointee.rulesRestUntil
    var moved = false
    var steps: [RuleStep] = []
    if let late = lateUse {
      steps = retract(account, event: late.event, hour: late.hour)
      lateUse = nil
    }
    let states = scores.rules(account)
    let rests = scores.rests(account)
    let fast = compiled.fastRules
    for index in fast.indices {
      let rule = fast.pointer(index)
      let restEnds = restsEnd && now >= rests[index].until
      guard restEnds || !wake.isDisjoint(with: rule.pointee.wakes) else { continue }
      // Most of what wakes a rule is one event more of many: nothing is open, and nothing begins.
      if rule.pointee.kind.waitsForNothing && rule.pointee.flap < 0 && !restEnds && !looksAtAll && index < 64
        && core.pointee.idleRules & 1 << UInt64(index) != 0 && !fastConditions(index, rule, account).condition
      {
        continue
      }
      if rule.pointee.kind == .bandChange {
        let entered = enteredBand(
          from: rule.pointee.from, to: rule.pointee.to, was: bandWas, is: scores.core(account).pointee.band, first)
        if let entered {
          states[index].enteredBand = entered
          // Another band is another condition: what a change of config or phase made true was about the one before, and a time
          // starts anew.
          states[index].inhibited = false
          if states[index].phase == .pending { states[index].since = now }
        }
      }
      // What resolves while its condition holds (a band change into another band, a silence ended by late events) opens
      // again at the end of its cooldown: without one, at once.
      for _ in 0..<2 {
        guard let step = stepRule(index, account, rebases: rebases, trigger) else { break }
        steps.append(step)
        if step.step.from == .firing || step.step.to == .firing { wake.insert(.episodes) }
        if step.step.to != .ok || step.step.from != .firing { break }
      }
      rests[index] = rest(index, rule, account)
      moved = true
      if index < 64 {
        let bit: UInt64 = 1 << UInt64(index)
        let isIdle = states[index].phase == .ok && !states[index].inhibited
        core.pointee.idleRules = isIdle ? core.pointee.idleRules | bit : core.pointee.idleRules & ~bit
      }
    }
    guard moved else { return steps }
    var next = RuleRest(until: .max)
    for index in fast.indices { next.merge(rests[index]) }
    core.pointee.rulesRestUntil = next.until
    core.pointee.rulesDeadline = next.deadline
    return steps
  }

  /// Whether no rule of an account can have moved.
  @inline(__always)
  func areRulesAtRest(_ account: AccountID, _ wake: Wake) -> Bool {
    compiled.rules.isEmpty
      || now.milliseconds < scores.core(account).pointee.rulesRestUntil && wake.isDisjoint(with: compiled.ruleWakes)
  }

  private mutating func stepRule(
    _ index: Int, _ account: AccountID, rebases: Bool, _ trigger: Trigger
  ) -> RuleStep? {
    let state = scores.rules(account) + index
    let rule = compiled.fastRules.pointer(index)
    let (condition, clear) = conditions(index, rule, account)
    if trigger.isConfig {
      // A change of config never opens an episode: what it made true must turn false first. What is open stays open.
      guard state.pointee.phase != .firing else {
        // Where it is over under the new config and its condition holds all the same, for another band or side, ending it
        // would open the next.
        state.pointee.inhibited = condition && clear
        return nil
      }
      state.pointee.phase = .ok
      state.pointee.since = .max
      state.pointee.inhibited = condition || rule.pointee.opensOnce && state.pointee.inhibited
      return nil
    }
    // A change of phase neither: what is pending was true before it, and goes on.
    if rebases && condition && state.pointee.phase == .ok { state.pointee.inhibited = true }
    guard let step = RuleMachine.step(state, rule, condition: condition, clear: clear, at: now.milliseconds)
    else { return nil }
    return RuleStep(
      rule: index, step: step, episode: Int(state.pointee.episode),
      isSilenced: isSilenced(index, account, opens: step.to == .firing), reason: reason(index, account, step))
  }

  /// The band whose entering makes a band_change rule true, -1 for none; nil where the band did not change.
  private func enteredBand(from: UInt64, to: UInt64, was: Int8, is band: Int8, _ first: Bool) -> Int8? {
    guard band != was || first else { return nil }
    // Changes into or out of `unknown` count only where a list names it.
    let unknown = compiled.bands.unknown
    let fromFits = from == 0 ? was != unknown : was >= 0 && from & 1 << UInt64(was) != 0
    let toFits = to == 0 ? band != unknown : to & 1 << UInt64(band) != 0
    return !first && fromFits && toFits ? band : -1
  }

  /// Whether a rule's condition holds, and whether its clear condition does.
  private mutating func conditions(
    _ index: Int, _ rule: UnsafePointer<FastRule>, _ account: AccountID
  ) -> (condition: Bool, clear: Bool) {
    var (condition, clear) =
      rule.pointee.kind == .general ? ownConditions(index, account) : fastConditions(index, rule, account)
    if rule.pointee.clear != FastRule.none {
      // What would end at once does not begin: else it would depend on when somebody looks next.
      clear = holds(rule.pointee.clear, account)
      condition = condition && !clear
    }
    if !holds(rule.pointee.when, account) { (condition, clear) = (false, true) }
    return (condition, clear)
  }

  /// Notes that an attribute got another value, for the rules that watch it.
  mutating func markChanges(_ account: AccountID, of attribute: String) {
    guard scores.core(account).pointee.evaluated else { return }
    for (rule, name) in compiled.attributeChanges where name == attribute {
      scores.rules(account)[rule].markedAt = time(of: account).milliseconds
    }
  }

  /// The same, of what the kind says alone, for the kinds that nearly every config has.
  private mutating func fastConditions(
    _ index: Int, _ rule: UnsafePointer<FastRule>, _ account: AccountID
  ) -> (condition: Bool, clear: Bool) {
    let state = scores.rules(account) + index
    switch rule.pointee.kind {
    case .bandChange:
      let band = scores.core(account).pointee.band
      return (state.pointee.enteredBand == band, state.pointee.openedBand != band)
    case .band:
      let band = scores.core(account).pointee.band
      return Self.plain(band >= 0 && rule.pointee.to & 1 << UInt64(band) != 0)
    case .drop:
      let slot = Int(account) * compiled.dropCount + rule.pointee.history
      drops[slot].forget(before: now.milliseconds, within: rule.pointee.within)
      let score = scores.core(account).pointee.score
      return Self.plain(score >= 0 && drops[slot].highest - score >= rule.pointee.by)
    case .silence:
      let hour = usage.total(account, rule.pointee.leaf, .current)
      guard hour != Int64(Int32.min) else { return (false, true) }
      let silent = daySteps.silent(after: rule.pointee.after, lastHour: Int32(hour))
      return (now.milliseconds >= silent, state.pointee.eventsSince >= rule.pointee.events)
    case .total:
      let total = usage.total(account, rule.pointee.leaf, .current)
      return (rule.pointee.holds.contains(total), rule.pointee.ends.contains(total))
    case .grade:
      let grade = Int64(scores.grades(account)[rule.pointee.measure])
      guard grade >= 0 else { return (false, rule.pointee.endsWithout) }
      return (rule.pointee.holds.contains(grade), rule.pointee.ends.contains(grade))
    case .collapse:
      let total = usage.totals(usage.block(account))[rule.pointee.leaf]
      guard total.previous >= rule.pointee.least else { return (false, true) }
      // Numbers of features: far below 2³¹, like the parts of the fraction.
      return Self.plain(
        (total.current - total.previous) * rule.pointee.denominator <= rule.pointee.numerator * total.previous)
    case .abandoned:
      let totals = usage.totals(usage.block(account))
      return Self.plain(
        totals[rule.pointee.leaf].current == 0 && totals[rule.pointee.aliveLeaf].current > 0
          && rule.pointee.holds.contains(totals[rule.pointee.daysLeaf].current))
    case .general: return (false, false)
    }
  }

  /// The same for all other kinds.
  private mutating func ownConditions(_ index: Int, _ account: AccountID) -> (condition: Bool, clear: Bool) {
    let state = scores.rules(account) + index
    switch compiled.rules[index].condition {
    case .bandChange, .band, .drop, .silence: preconditionFailure("rule \(index) is a fast one")
    case .measure(let measure, let comparison, let clear):
      let grade = scores.grades(account)[measure]
      return compare(grade < 0 ? nil : Rational(Int128(grade), 100), comparison, clear)
    case .metric(let metric, let comparison, let clear):
      return compare(value(metric, account), comparison, clear)
    case .collapse(let trend, let most):
      let holds = value(trend, account).map { $0 <= most } ?? false
      return (holds, !holds)
    case .adopted(let days, let least):
      let holds = value(days, account).map { $0 >= least } ?? false
      return (holds, !holds)
    case .overdue(let milestone): return Self.plain(self.state(ofMilestone: milestone, account) == .overdue)
    case .abandoned(let events, let days, let least, let alive):
      return Self.plain(
        value(events, account) == Rational(0) && value(days, account).map { $0 >= least } ?? false
          && value(alive, account).map { $0 > Rational(0) } ?? false)
    case .powerUserLost(let after, let role, let slot):
      return Self.plain(lostPowerUser(account, after: after, role: role, slot: slot) != nil)
    case .holds(let place): return Self.plain(holds(place, account))
    case .marked(let within):
      return Self.plain(state.pointee.markedAt != .min && now.milliseconds < state.pointee.markedAt + within)
    case .composite(let all, let rules):
      let states = scores.rules(account)
      return Self.plain(
        all ? rules.allSatisfy { states[$0].phase == .firing } : rules.contains { states[$0].phase == .firing })
    case .shift:
      return (state.pointee.enteredBand >= 0, state.pointee.enteredBand != state.pointee.openedBand)
    }
  }

  /// A condition whose end is its negation.
  private static func plain(_ holds: Bool) -> (condition: Bool, clear: Bool) { (holds, !holds) }

  private func compare(_ value: Rational?, _ comparison: Comparison, _ clear: Rational?) -> (Bool, Bool) {
    guard let value else { return (false, clear == nil) }
    switch comparison {
    case .above(let limit):
      let holds = value > limit
      return (holds, clear.map { value <= $0 } ?? !holds)
    case .below(let limit):
      let holds = value < limit
      return (holds, clear.map { value >= $0 } ?? !holds)
    }
  }

  /// Until when a rule that was just stepped stays as it is, and when it moves by itself.
  private mutating func rest(_ index: Int, _ rule: UnsafePointer<FastRule>, _ account: AccountID) -> RuleRest {
    let state = scores.rules(account) + index
    let now = now.milliseconds
    var rest = RuleRest(until: .max)
    rest.ends(at: RuleMachine.deadline(state, rule, after: now), movesThen: true)
    if rule.pointee.flap >= 0 { rest.ends(at: nextFlapDeadline(Int(rule.pointee.flap), account), movesThen: true) }
    switch rule.pointee.kind {
    case .silence:
      let hour = usage.total(account, rule.pointee.leaf, .current)
      guard hour != Int64(Int32.min) else { break }
      let silent = daySteps.silent(after: rule.pointee.after, lastHour: Int32(hour))
      if silent > now { rest.ends(at: silent, movesThen: state.pointee.phase == .ok) }
    case .drop where state.pointee.phase != .ok || state.pointee.inhibited:
      let slot = Int(account) * compiled.dropCount + rule.pointee.history
      let forgetting = drops[slot].nextForgetting(within: rule.pointee.within)
      if forgetting > now { rest.ends(at: forgetting, movesThen: state.pointee.phase != .ok) }
    case .drop, .bandChange, .band, .total, .grade, .collapse, .abandoned: break
    case .general: rest.ends(at: ownDeadline(index, account, state), movesThen: true)
    }
    return rest
  }

  /// The next instant at which a rule of a kind that is not a fast one moves by itself.
  private mutating func ownDeadline(
    _ index: Int, _ account: AccountID, _ state: UnsafePointer<RuleState>
  ) -> Int64 {
    switch compiled.rules[index].condition {
    case .marked(let within) where state.pointee.markedAt != .min:
      let end = state.pointee.markedAt + within
      return end > now.milliseconds ? end : .max
    case .powerUserLost(let after, let role, let slot):
      return nextPowerUserDeadline(account, after: after, role: role, slot: slot)
    case .shift(let watch): return nextShiftDeadline(watch, account)
    default: return .max
    }
  }

  /// Finds the deadlines of an account's rules as they were stored. What they rest on is looked at when it is next evaluated.
  mutating func restoreRests(_ account: AccountID) {
    var next = RuleRest(until: .max)
    for index in compiled.fastRules.indices {
      next.merge(rest(index, compiled.fastRules.pointer(index), account))
    }
    scores.core(account).pointee.rulesDeadline = next.deadline
  }

  /// Counts a usage event toward the end of open silences.
  @inline(__always)
  mutating func countTowardSilences(_ account: AccountID, event: EventNameID, count: Int64) {
    for (rule, leaf) in compiled.silences {
      let state = scores.rules(account) + rule
      guard state.pointee.phase == .firing, usage.features.belongs(event, to: compiled.leaves[leaf].feature) else {
        continue
      }
      let sum = state.pointee.eventsSince.addingReportingOverflow(count)
      state.pointee.eventsSince = sum.overflow ? .max : sum.partialValue
      usage.stir(account, .leaf(leaf))
    }
  }

  /// One sentence for people: why a rule moved.
  private mutating func reason(_ index: Int, _ account: AccountID, _ step: RuleMachine.Step) -> String {
    let a = Int(account)
    let ended = step.to == .ok
    if ended && !holds(compiled.rules[index].when, account) {
      return "the rule does not apply to this account any more"
    }
    switch compiled.rules[index].condition {
    case .bandChange:
      let band = compiled.bands.name(scores.core(account).pointee.band)
      return ended ? "the band is \(band) now" : "the band became \(band)"
    case .drop(let by, let within, let history):
      let high = drops[a * compiled.dropCount + history].highest
      let score = scores.core(account).pointee.score
      let span = ReasonText.span(within)
      guard score >= 0 else { return "there is no score any more" }
      let fall = ReasonText.points(high - score)
      return ended
        ? "the score is \(ReasonText.points(score)), no longer \(ReasonText.points(by)) below its highest of the last \(span)"
        : "the score fell \(fall) points, from \(ReasonText.points(high)) to \(ReasonText.points(score)), within \(span)"
    case .measure(let measure, let comparison, let clear):
      let grade = scores.grades(account)[measure]
      let value = grade < 0 ? nil : Rational(Int128(grade), 100)
      return ReasonText.threshold("the grade of \(compiled.measures[measure].name)", value, comparison, clear, ended)
    case .metric(let metric, let comparison, let clear):
      return ReasonText.threshold("the metric", value(metric, account), comparison, clear, ended)
    case .band(let bands):
      let band = compiled.bands.name(scores.core(account).pointee.band)
      let names = bands.map { compiled.bands.name($0) }.joined(separator: " or ")
      let length = compiled.rules[index].rule.forMilliseconds
      return ended
        ? "the band is \(band), no longer \(names)" : "the band has been \(names) for \(ReasonText.span(length))"
    case .collapse(let trend, let most):
      guard case .breadthCollapse(let hours, _, _) = compiled.rules[index].rule.kind,
        let change = value(trend, account)
      else { return "too few features were used to compare" }
      let share = ReasonText.percent(change + Rational(1))
      let limit = ReasonText.percent(most + Rational(1))
      return
        "the features used are \(share) of those of the \(ReasonText.span(hours: hours)) before, "
        + (ended ? "more than \(limit)" : "\(limit) or less")
    case .adopted(let days, let least):
      guard case .adopted(let feature, let hours, _) = compiled.rules[index].rule.kind else { return "" }
      let used = value(days, account)?.text(digits: 0) ?? "0"
      let name = ReasonText.feature(feature)
      return
        "\(name) \(ended ? "is used" : "came into use:") on \(used) days of the last \(ReasonText.span(hours: hours))"
        + (ended ? ", fewer than \(least.text(digits: 0))" : "")
    case .silence(let leaf, let after, _):
      let name = ReasonText.feature(compiled.leaves[leaf].feature)
      return ended ? "\(name) is used again" : "no event of \(name) for \(ReasonText.span(after))"
    case .overdue(let milestone):
      let name = compiled.model.milestones[milestone].name
      return ended ? "\(name) is reached" : "\(name) is not reached and was due by now"
    case .abandoned(_, let days, _, _):
      guard case .abandoned(let feature, let hours, let before, _, _) = compiled.rules[index].rule.kind else {
        return ""
      }
      let name = ReasonText.feature(feature)
      let used = value(days, account)?.text(digits: 0) ?? "0"
      return ended
        ? "\(name) is used again, or nothing else is"
        : "no event of \(name) for \(ReasonText.span(hours: hours)), after \(used) active days in the "
          + "\(ReasonText.span(hours: before)) before; the account uses other things"
    case .powerUserLost(let after, let role, let slot):
      guard !ended, let lost = lostPowerUser(account, after: after, role: role, slot: slot) else {
        return "no power user is missing any more"
      }
      return self.reason(lost, account, after: after, role: role)
    case .holds:
      guard case .attribute(let name, _) = compiled.rules[index].rule.kind else { return "" }
      let value = records.value(account, name)?.shown
      return value.map { "\(name) is \($0)" } ?? "\(name) is not set"
    case .marked(let within):
      guard case .attributeChanged(let name, _) = compiled.rules[index].rule.kind else { return "" }
      let value = records.value(account, name)?.shown
      return ended
        ? "\(name) changed \(ReasonText.span(within)) ago"
        : value.map { "\(name) became \($0)" } ?? "\(name) was removed"
    case .composite(let all, let rules):
      let states = scores.rules(account)
      let firing = rules.filter { states[$0].phase == .firing }.map { compiled.rules[$0].rule.name }
      return ended
        ? (all ? "not all of its rules fire any more" : "none of its rules fires any more")
        : "\(firing.joined(separator: " and ")) \(firing.count == 1 ? "fires" : "fire")"
    case .shift(let watch): return shiftReason(watch, account, ended: ended)
    }
  }
}

/// Words of the reasons that alerts carry.
enum ReasonText {
  static func points(_ hundredths: Int32) -> String { Rational(Int128(hundredths), 100).text(digits: 2) }

  static func feature(_ feature: FeatureReference) -> String {
    switch feature {
    case .any: "any feature"
    case .core: "the core features"
    case .named(let name): name
    case .matching(let feature, _): ReasonText.feature(feature)
    }
  }

  static func percent(_ share: Rational) -> String { "\((share * Rational(100)).text(digits: 0)) %" }

  static func span(hours: Int) -> String { span(Int64(hours) * 3_600_000) }

  static func span(_ span: RuleSpan) -> String {
    switch span {
    case .milliseconds(let length): ReasonText.span(length)
    case .businessDays(let days): days == 1 ? "1 business day" : "\(days) business days"
    }
  }

  static func span(_ milliseconds: Int64) -> String {
    for (unit, length) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
    where milliseconds >= length && milliseconds % length == 0 { return "\(milliseconds / length)\(unit)" }
    return "\(milliseconds)ms"
  }

  static func threshold(
    _ what: String, _ value: Rational?, _ comparison: Comparison, _ clear: Rational?, _ ended: Bool
  ) -> String {
    guard let value else { return "\(what) is missing" }
    let (word, limit): (String, Rational) =
      switch comparison {
      case .above(let limit): ("above", limit)
      case .below(let limit): ("below", limit)
      }
    let shown = value.text(digits: 2)
    guard ended else { return "\(what) is \(shown), \(word) \(limit.text(digits: 2))" }
    return "\(what) is \(shown), no longer \(word) \((clear ?? limit).text(digits: 2))"
  }
}
