/// Whether the conditions of rules hold for an account as it stands.
extension Engine {
  /// Whether a rule's condition holds, and whether its clear condition does.
  mutating func conditions(
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

  /// The same, of what the kind says alone, for the kinds that nearly every config has.
  mutating func fastConditions(
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
    case .bandChange, .band, .drop, .silence, .measure: preconditionFailure("rule \(index) is a fast one")
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
}
