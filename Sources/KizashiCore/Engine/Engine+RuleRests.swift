/// Until when rules that nothing wakes stay as they are, and when they move by themselves: see ``RuleRest``.
extension Engine {
  /// Until when a rule that was just stepped stays as it is, and when it moves by itself.
  mutating func rest(_ index: Int, _ rule: UnsafePointer<FastRule>, _ account: AccountID) -> RuleRest {
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
    case .drop where !state.pointee.isIdle:
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

  /// Finds the deadlines of an account's rules as they were stored, and which stand idle. What they rest on is looked at when
  /// it is next evaluated.
  mutating func restoreRests(_ account: AccountID) {
    var next = RuleRest(until: .max)
    for index in compiled.fastRules.indices {
      next.merge(rest(index, compiled.fastRules.pointer(index), account))
      noteIdle(index, account)
    }
    scores.core(account).pointee.rulesDeadline = next.deadline
  }

  /// Notes whether a rule stands idle.
  @inline(__always)
  func noteIdle(_ index: Int, _ account: AccountID) {
    guard index < 64 else { return }
    let state = scores.rules(account) + index
    let core = scores.core(account)
    let bit: UInt64 = 1 << UInt64(index)
    core.pointee.idleRules.set(bit, to: state.pointee.isIdle)
  }
}
