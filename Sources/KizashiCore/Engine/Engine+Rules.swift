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
    var wasFirst = restsEnd
    var next = RuleRest(until: .max)
    var steps: [RuleStep] = []
    if let late = lateUse {
      steps = retract(account, event: late.event, at: late.instant)
      lateUse = nil
    }
    let rests = scores.rests(account)
    let fast = compiled.fastRules
    for word in 0..<compiled.ruleWakes.words {
      var due = compiled.ruleWakes.rules(word, wokenBy: wake)
      if restsEnd {
        for index in 64 * word..<min(64 * word + 64, fast.count) where now >= rests[index].until {
          due |= 1 << UInt64(index & 63)
        }
      }
      while due != 0 {
        let index = 64 * word + due.trailingZeroBitCount
        due &= due - 1
        let rule = fast.pointer(index)
        // Most of what wakes a rule is one event more of many: nothing is open, and nothing begins.
        if rule.pointee.kind.waitsForNothing && !looksAtAll && word == 0
          && core.pointee.idleRules & 1 << UInt64(index) != 0 && !(restsEnd && now >= rests[index].until)
          && !(holds(rule.pointee.when, account) && fastConditions(index, rule, account).condition)
        {
          continue
        }
        endFlapDays(rule.pointee.flap, account, isConfig: trigger.isConfig)
        // What begins to wait with a fall of the band takes the fall's base over.
        let isOfBands = !waiting.bounds.isEmpty && rule.pointee.kind.isOfBands
        let waited = isOfBands ? scores.rules(account)[index].waitsSince : .max
        let entered = scores.rules(account)[index].enteredBand
        noteBand(index, rule, account, was: bandWas, first)
        // Another band that only the config has brought about is not what it waited for.
        if trigger.isConfig, scores.rules(account)[index].enteredBand != entered {
          RuleMachine.fallBack(scores.rules(account) + index)
        }
        // What resolves while its condition holds (a band change into another band, a silence ended by late events) opens
        // again at the end of its cooldown: without one, at once.
        for _ in 0..<2 {
          guard let step = stepRule(index, account, rebases: rebases, trigger) else { break }
          steps.append(step)
          if step.step.from == .firing || step.step.to == .firing {
            // What is made of other rules stands behind them.
            wake.insert(.episodes)
            due |= compiled.ruleWakes.rules(word, wokenBy: .episodes) & UInt64.max << UInt64(index % 64 + 1)
          }
          if step.step.to != .ok || step.step.from != .firing { break }
        }
        if isOfBands && scores.rules(account)[index].waitsSince != waited { waitsForBand.append(index) }
        let rest = rest(index, rule, account)
        // Where it was the first to end, or to move, another one is now.
        let was = rests[index]
        if was.until < rest.until && was.until <= core.pointee.rulesRestUntil { wasFirst = true }
        if was.deadline < rest.deadline && was.deadline <= core.pointee.rulesDeadline { wasFirst = true }
        rests[index] = rest
        next.merge(rest)
        moved = true
        noteIdle(index, account)
      }
    }
    guard moved else { return steps }
    if wasFirst {
      for index in fast.indices { next.merge(rests[index]) }
    } else {
      next.merge(RuleRest(until: core.pointee.rulesRestUntil, deadline: core.pointee.rulesDeadline))
    }
    core.pointee.rulesRestUntil = next.until
    core.pointee.rulesDeadline = next.deadline
    return steps
  }

  /// Whether no rule of an account can have moved.
  @inline(__always)
  func areRulesAtRest(_ account: AccountID, _ wake: Wake) -> Bool {
    compiled.rules.isEmpty
      || now.milliseconds < scores.core(account).pointee.rulesRestUntil && wake.isDisjoint(with: compiled.ruleWakes.any)
  }

  /// Notes for a band_change rule which band was entered that makes it true.
  @inline(__always)
  private func noteBand(
    _ index: Int, _ rule: UnsafePointer<FastRule>, _ account: AccountID, was: Int8, _ first: Bool
  ) {
    guard rule.pointee.kind == .bandChange else { return }
    let band = scores.core(account).pointee.band
    guard let entered = enteredBand(from: rule.pointee.from, to: rule.pointee.to, was: was, is: band, first) else {
      return
    }
    let state = scores.rules(account) + index
    state.pointee.enteredBand = entered
    // Another band is another condition: what a change of config or phase made true was about the one before, and a time
    // starts anew.
    state.pointee.inhibited = false
    state.pointee.since = state.pointee.phase == .pending ? now.milliseconds : .max
  }

  mutating func stepRule(
    _ index: Int, _ account: AccountID, rebases: Bool, _ trigger: Trigger
  ) -> RuleStep? {
    let state = scores.rules(account) + index
    let rule = compiled.fastRules.pointer(index)
    let (condition, clear) = conditions(index, rule, account)
    if trigger.isConfig {
      // A change of config never opens an episode: what it made true must turn false first. What is open stays open.
      guard state.pointee.phase != .firing else {
        // Where it is over only under the new config and its condition holds all the same, for another band or side, ending
        // it would open the next.
        state.pointee.inhibited = condition && clear && !RuleMachine.waitsOn(state, rule, at: now.milliseconds)
        return nil
      }
      // What waited for a condition that has not changed was true before, and goes on.
      if condition && RuleMachine.waitsOn(state, rule, at: now.milliseconds) { return nil }
      RuleMachine.fallBack(state)
      state.pointee.inhibited = condition || rule.pointee.opensOnce && state.pointee.inhibited
      return nil
    }
    // A change of phase neither: what is pending, or waits for the end of a cooldown, was true before it, and goes on.
    if rebases && condition && state.pointee.phase == .ok && state.pointee.since == .max {
      state.pointee.inhibited = true
    }
    guard let step = RuleMachine.step(state, rule, condition: condition, clear: clear, at: now.milliseconds)
    else { return nil }
    if step.to == .firing { state.pointee.openedByLine = trigger.isLine }
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

  /// Notes that an attribute got another value, for the rules that watch it.
  mutating func markChanges(_ account: AccountID, of attribute: String) {
    guard scores.core(account).pointee.evaluated else { return }
    for (rule, name) in compiled.attributeChanges where name == attribute {
      scores.rules(account)[rule].markedAt = time(of: account).milliseconds
    }
  }

  /// Counts a usage event toward the end of open silences. One from before the opening ends none: either it shows that there was no silence
  /// (see ``retract(_:event:at:)``), or it says nothing of what has been since.
  @inline(__always)
  mutating func countTowardSilences(_ account: AccountID, event: EventNameID, at instant: Int64, count: Int64) {
    for (rule, leaf) in compiled.silences {
      let state = scores.rules(account) + rule
      guard state.pointee.phase == .firing, instant >= state.pointee.openedAt,
        usage.features.belongs(event, to: compiled.leaves[leaf].feature)
      else {
        continue
      }
      let sum = state.pointee.eventsSince.addingReportingOverflow(count)
      state.pointee.eventsSince = sum.overflow ? .max : sum.partialValue
      usage.stir(account, .leaf(leaf))
    }
  }
}
