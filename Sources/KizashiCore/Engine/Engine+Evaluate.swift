/// What made an account be evaluated.
enum Trigger {
  case event(late: Bool)
  case attribute
  case survey
  case deadline
  case config

  var isConfig: Bool { if case .config = self { true } else { false } }

  /// Whether something was told, and not time alone passed.
  var isLine: Bool {
    switch self {
    case .event, .attribute, .survey: true
    case .deadline, .config: false
    }
  }

  /// Whether it is usage that came in time or left a window, or time itself: what moves is noted one by one then.
  var isUse: Bool {
    switch self {
    case .event(let late): !late
    case .deadline: true
    case .attribute, .survey, .config: false
    }
  }
}

extension Engine {
  /// Evaluates an account at the clock: grades, score, band, journal, rules, next deadline.
  mutating func evaluate(_ account: AccountID, _ trigger: Trigger) {
    daySteps.move(to: now.tile)
    catchUp(account)
    if !shifts.isEmpty { judgeDays(account) }
    let core = scores.core(account)
    var wake = woken(account, trigger)
    // Before the grades, which may ask how many are reached.
    if !wake.isDisjoint(with: compiled.customers.milestoneWakes) { reachMilestones(account) }
    if !noted.isEmpty { wake = .all }
    let moved = regrade(account, wake, trigger)
    if moved { wake.insert(.grades) }
    let change = updateCustomer(account, wake, trigger)
    if change.moved { wake = .all }
    core.pointee.scoredAt = now.milliseconds
    touch(account)
    if wake.isDisjoint(with: .grades) && queue.deadline(of: account) > now.milliseconds
      && areRulesAtRest(account, wake)
    {
      // Only totals moved: nothing that is derived from them did, and no delay ended.
      schedule(account, wake)
      return
    }
    let wasBand = core.pointee.band
    let wasScore = core.pointee.score
    let first = !core.pointee.evaluated
    // Under another config the score was another's, also where no measure has a value.
    if moved || first || change.moved || trigger.isConfig { rescore(account, trigger) }
    let band = nextBand(account, plainly: first || trigger.isConfig || change.isOtherCard)
    core.pointee.band = band
    core.pointee.evaluated = true
    let scoreMoved = core.pointee.score != wasScore
    if first || trigger.isConfig || change.isOtherCard { core.pointee.movedMeasures = .max }
    if first || scoreMoved || trigger.isConfig || change.isOtherCard {
      for drop in 0..<compiled.dropCount {
        if change.isOtherCard { drops[Int(account) * compiled.dropCount + drop].entries.removeAll() }
        drops[Int(account) * compiled.dropCount + drop].record(core.pointee.score, at: now.milliseconds)
      }
      recordHistory(account, scoreChanged: scoreMoved)
    } else if band != wasBand {
      recordHistory(account, scoreChanged: false)
    }
    if scoreMoved { wake.insert(.score) }
    if band != wasBand { wake.insert(.band) }
    let steps = stepRules(account, bandWas: wasBand, first: first, rebases: change.rebases, wake, trigger)
    writeJournal(account, bandWas: wasBand, first: first, scoreMoved: scoreMoved, steps: steps, trigger)
    if change.isOtherCard && !first && !trigger.isConfig { enterCard(account) }
    if !flapped.isEmpty { tellFlapping(account, trigger) }
    if !noted.isEmpty { noted.removeAll(keepingCapacity: true) }
    // Under another config nothing opened or was over: the next look may find so, also where nothing moves.
    if trigger.isConfig { usage.stir(account, .all) }
    schedule(account, wake)
  }

  /// What an evaluation must look at.
  @inline(__always)
  private mutating func woken(_ account: AccountID, _ trigger: Trigger) -> Wake {
    var wake = usage.takeStirred(account)
    let core = scores.core(account)
    if core.pointee.day != daySteps.today.number {
      core.pointee.day = daySteps.today.number
      wake.insert(.day)
    }
    if now.milliseconds >= core.pointee.restsUntil { wake.insert(.time) }
    // In its own time, before what it may have been told at another, an account is looked at whole.
    if !trigger.isUse || !core.pointee.evaluated || stalls.holding || stalls.isApart { return .all }
    return wake
  }

  /// Recomputes the grades that rest on what was woken; whether one moved. Gathers causes for the explanation of the next
  /// change.
  private mutating func regrade(_ account: AccountID, _ wake: Wake, _ trigger: Trigger) -> Bool {
    let grades = scores.grades(account)
    let missing = scores.missing(account)
    var moved = false
    var looked: UInt64 = 0
    for index in compiled.fast.measures.indices
    where !wake.isDisjoint(with: compiled.fast.measures.pointer(index).pointee.wakes) {
      let (grade, isMissing) = effectiveGrade(index, account)
      // Its value may be another one, though its grade is not; and who takes part shares the score.
      looked |= Self.measureBit(index)
      guard grade != grades[index] || isMissing != missing[index] else { continue }
      moved = true
      if (grade < 0) != (grades[index] < 0) { looked = .max }
      if grade != grades[index] {
        scores.causes(account)[index] |= 1 << UInt16(cause(of: trigger, index, account).rawValue)
      }
      grades[index] = grade
      missing[index] = isMissing
    }
    scores.core(account).pointee.movedMeasures |= looked
    return moved
  }

  /// The bit of a measure among those whose rows may have to be stored; measures share one where there are many.
  @inline(__always)
  static func measureBit(_ measure: Int) -> UInt64 { 1 << UInt64(measure & 63) }

  private func cause(of trigger: Trigger, _ index: Int, _ account: AccountID) -> Cause {
    switch trigger {
    case .event(let late): late ? .late : .event
    case .attribute: .attribute
    case .survey: .survey
    case .deadline: causeOfTime(index, account)
    case .config: .config
    }
  }

  mutating func rescore(_ account: AccountID, _ trigger: Trigger) {
    let core = scores.core(account)
    let card = Int(core.pointee.card)
    var result = CompiledScorecard.Result(score: -1, coverage: 0)
    var covered = false
    if card >= 0 {
      result = compiled.scorecards[card].score(scores.grades(account)) { self.countsForCoverage($0, account) }
      covered = compiled.scorecards[card].covered(result)
    }
    core.pointee.coverage = result.coverage
    core.pointee.covered = covered
    let override = overrides.active(account, at: now.milliseconds)
    guard compiled.hasCaps || override != nil || core.pointee.adjusted else {
      core.pointee.score = result.score
      return
    }
    adjust(account, result.score, override, trigger)
  }

  /// Applies caps and the override to a score, and notes what made them another than before.
  private mutating func adjust(_ account: AccountID, _ uncapped: Int32, _ override: Override?, _ trigger: Trigger) {
    let core = scores.core(account)
    let adjustment = scores.adjustment(account)
    let wasCap = core.pointee.adjusted ? adjustment.pointee.computed - adjustment.pointee.uncapped : 0
    let wasOverride = core.pointee.adjusted ? core.pointee.score - adjustment.pointee.computed : 0
    var computed = uncapped
    if uncapped >= 0, core.pointee.card >= 0 {
      for cap in compiled.scorecards[Int(core.pointee.card)].caps where cap.most < computed && holds(cap.when, account)
      {
        computed = cap.most
      }
    }
    var effective = computed
    if let override {
      effective = override.effective(computed, compiled.bands.model)
      // A person vouches for it, whatever is known of the measures.
      core.pointee.covered = effective >= 0
    }
    core.pointee.score = effective
    core.pointee.adjusted = computed != uncapped || effective != computed
    adjustment.pointee.uncapped = uncapped
    adjustment.pointee.computed = computed
    let bit: UInt16 = 1 << UInt16(cause(trigger).rawValue)
    if computed - uncapped != wasCap { adjustment.pointee.capCauses |= bit }
    if effective - computed != wasOverride { adjustment.pointee.overrideCauses |= bit }
  }

  private func nextBand(_ account: AccountID, plainly: Bool) -> Int8 {
    let core = scores.core(account).pointee
    guard compiled.bands.boundCount > 0 else { return core.covered ? 0 : compiled.bands.unknown }
    let since = scores.below(account)
    compiled.bands.note(core.score, at: now.milliseconds, since: since)
    if plainly { return core.covered ? compiled.bands.plain(core.score) : compiled.bands.unknown }
    return compiled.bands.next(
      from: core.band, score: core.score, covered: core.covered, at: now.milliseconds, since: since)
  }

  /// One row per local day in which the score changed; a band that changes later that day is kept up in it.
  private mutating func recordHistory(_ account: AccountID, scoreChanged: Bool) {
    let core = scores.core(account)
    let today = daySteps.today
    guard scoreChanged || core.pointee.historyDay == today.number else { return }
    if scoreChanged { core.pointee.historyAt = now.milliseconds }
    let row = ScoreHistoryRow(
      account: account, day: today, at: Instant(milliseconds: core.pointee.historyAt),
      score: core.pointee.score < 0 ? nil : Int(core.pointee.score), band: Int(core.pointee.band))
    let index = Int(core.pointee.pendingHistory)
    if index >= 0 && core.pointee.historyDay == today.number {
      pending.scoreHistory[index] = row
    } else {
      core.pointee.pendingHistory = Int32(pending.scoreHistory.count)
      pending.scoreHistory.append(row)
    }
    core.pointee.historyDay = today.number
  }
}
