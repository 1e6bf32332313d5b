/// Why an engine could not be restored.
public enum RestoreError: Error, Equatable {
  /// The stored state of an account is damaged or from another program version.
  case unreadableState(account: AccountID)
  /// A fact or row names an account, event name or user that the stored names do not hold.
  case unknownName(what: String, id: UInt32)
}

extension Engine {
  /// Fills a new engine from the store. For `rebase` and `recompute`, `facts` must be all that are stored.
  ///
  /// - Throws: ``RestoreError``, or what reading the store throws.
  public mutating func restore(_ restored: Restored, mode: RestoreMode) throws {
    precondition(scores.count == 0, "only a new engine can be restored")
    let mode = mode.limited(by: compiled.model.rules)
    now = restored.now
    changeSequence = restored.lastChangeSequence
    recordSequence = restored.lastRecordSequence
    try restoreNames(restored)
    setStarts(restored.filterStarts, restored.sumStarts)
    for row in restored.sources where row.source < sources.count {
      sources[row.source].row = row
      if let watermark = row.watermark { dedup.raiseFloor(of: row.source, watermark: watermark.milliseconds) }
    }
    restoreStalls(restored.stalls)
    stalls.delay(try restoreTimes(restored.leftBehind, restored.accountRows))
    dedup.restore(restored.fingerprints)
    try restored.records.forEach { stored in try restoreRecord(stored) }
    // Behind the records, some of which are of attributes too: the latest word on each is in its row.
    try restored.attributes.forEach { row in try restoreAttribute(row) }
    try restored.userAccounts.forEach { row in try restoreUserAccount(row) }
    try restoreFacts(restored.facts)
    try restoreAmounts(restored.amounts, of: restored.properties)
    try restoreShifts(restored.facts, mode)
    try restoreAccounts(restored.accountRows, mode)
    restoreEpisodes(restored.episodes)
    if now.milliseconds != .min {
      daySteps.move(to: now.tile)
      let changed = compiled.rules.indices.filter { !mode.keepsWait(of: compiled.rules[$0].rule) }
      for account in 0..<scores.count { resume(AccountID(account), mode, changed) }
    }
    if mode.isRecompute { return }
    stalls.delay([])
    isBehind = queue.next(upTo: now.milliseconds) != nil
    retireUnwatched()
  }

  private mutating func restoreRecord(_ stored: StoredRecord) throws {
    guard let account = stored.account else { return }
    guard Int(account) < scores.count else { throw RestoreError.unknownName(what: "account", id: account) }
    if stored.record.kind == .group, let user = stored.user {
      try restoreUserAccount(UserAccountRow(source: stored.source, user: user, account: account))
    }
    if stored.record.kind == .identify {
      _ = absorbTraits(stored, account)
    } else {
      _ = absorb(stored, account, report: false)
    }
  }

  private mutating func restoreAttribute(_ row: AttributeRow) throws {
    guard Int(row.account) < scores.count else { throw RestoreError.unknownName(what: "account", id: row.account) }
    scores.core(row.account).pointee.hasRecords = true
    _ = attributes.set(row.account, row.name, row.value, at: row.updatedAt.milliseconds)
  }

  private mutating func restoreUserAccount(_ row: UserAccountRow) throws {
    guard Int(row.account) < scores.count else { throw RestoreError.unknownName(what: "account", id: row.account) }
    var user = row.user
    user.withUTF8 { _ = userAccounts.give(UnsafeRawBufferPointer($0), source: row.source, row.account) }
  }

  private mutating func restoreNames(_ restored: Restored) throws {
    try restored.accounts.forEach { accountNames.restore($0) }
    eventNames.restore(restored.eventNames)
    try restored.users.forEach { userNames.restore($0) }
    for _ in 0..<accountNames.count { addAccount() }
    addStoredEventNames()
    for _ in 0..<userNames.count { usage.addUser() }
  }

  private mutating func restoreFacts(_ facts: StoredRows<Fact>) throws {
    try facts.forEachBlock { block in
      for fact in block { try check(fact) }
      for first in stride(from: 0, to: block.count, by: Self.rowsAhead) {
        let next = block[first..<min(first + Self.rowsAhead, block.count)]
        lookAhead(next)
        for fact in next { restoreFact(fact) }
      }
    }
  }

  /// Whether all that a fact names is known.
  private func check(_ fact: Fact) throws {
    guard Int(fact.account) < scores.count else { throw RestoreError.unknownName(what: "account", id: fact.account) }
    guard Int(fact.event) < eventNames.count else { throw RestoreError.unknownName(what: "event name", id: fact.event) }
    guard Int(fact.user) <= userNames.count else { throw RestoreError.unknownName(what: "user", id: fact.user) }
  }

  private mutating func restoreFact(_ fact: Fact) {
    guard fact.events > 0 else {
      // It has expired, and only says when something was last used.
      return usage.addLastUse(fact.account, event: fact.event, hour: Instant(milliseconds: fact.last).tile.hour)
    }
    usage.add(
      fact.account, event: fact.event, user: fact.user, hour: fact.hour, count: fact.events,
      clockHour: clockHour(of: fact.account))
    if !milestonesOfEvents.isEmpty { restoreMilestones(fact) }
  }

  /// Counts a fact toward milestones. An hour's fact does not tell when which of its events came: what was reached within it
  /// was reached with its last one.
  private mutating func restoreMilestones(_ fact: Fact) {
    countTowardMilestones(fact.account, event: fact.event, count: fact.events)
    let states = customers.milestones(fact.account)
    for place in milestoneRanges[Int(fact.event)] {
      let index = Int(milestonesOfEvents[place])
      guard case .events(_, let least) = compiled.customers.milestones[index].goal else { continue }
      if states[index].reachedAt == .max && states[index].count >= least { states[index].reachedAt = fact.last }
    }
  }

  private mutating func restoreAccounts(_ rows: StoredRows<AccountRow>, _ mode: RestoreMode) throws {
    try rows.forEach { row in try restoreAccount(row, mode) }
  }

  /// A rule that comes back goes on counting: an episode's number is never given twice.
  private func restoreEpisodes(_ episodes: [LastEpisode]) {
    let rules = Dictionary(
      compiled.rules.enumerated().map { ($1.rule.name, $0) }, uniquingKeysWith: { first, _ in first })
    for last in episodes where Int(last.account) < scores.count {
      guard let rule = rules[last.rule] else { continue }
      let state = scores.rules(last.account) + rule
      state.pointee.episode = max(state.pointee.episode, Int32(clamping: last.number))
    }
  }

  private mutating func restoreAccount(_ row: AccountRow, _ mode: RestoreMode) throws {
    let account = row.account
    guard Int(account) < scores.count else { throw RestoreError.unknownName(what: "account", id: account) }
    let core = scores.core(account)
    core.pointee.firstSeen = row.firstSeen ?? .max
    core.pointee.lastSeen = row.lastSeen ?? .min
    core.pointee.scoredAt = row.scoredAt?.milliseconds ?? .min
    if compiled.customers.isNeeded {
      customers.core(account).pointee.phase =
        compiled.model.phases.firstIndex { $0.name == row.phase }.map(Int8.init) ?? -1
    }
    guard let state = Engine.decodeState(row.state) else { throw RestoreError.unreadableState(account: account) }
    takeMilestones(state, account, mode)
    restoreDelivered(state.delivered, account)
    if mode.isRecompute {
      // What is held was once measured and is in no fact.
      for (index, hold) in state.holds.enumerated() where state.holds.count == compiled.holding.count {
        scores.holds(account)[index] = hold
      }
      core.pointee.band = state.band
      return
    }
    core.pointee.evaluated = state.evaluated
    core.pointee.lastScoreEntryDay = state.lastScoreEntryDay
    core.pointee.historyDay = state.historyDay
    core.pointee.historyAt = state.historyAt
    if mode.keepsScores {
      core.pointee.card = state.card
      scores.adjustment(account).pointee = state.adjustment
      core.pointee.baseScore = state.baseScore
      core.pointee.band = state.band
      guard takeTables(state, account, mode) else { throw RestoreError.unreadableState(account: account) }
      takeShifts(state, account, mode)
      takeWaiting(state, account)
    } else {
      core.pointee.baseScore = Int32(row.score ?? -1)
      core.pointee.score = core.pointee.baseScore
      core.pointee.band = compiled.bands.index(named: row.band)
    }
    takeRules(state, account, mode)
    takeFlaps(state, account)
  }

  /// The tables whose shape the model gives; false where the stored state has another.
  private mutating func takeTables(_ state: StoredState, _ account: AccountID, _ mode: RestoreMode) -> Bool {
    guard state.measures.count == compiled.measures.count, state.holds.count == compiled.holding.count,
      state.below.count == compiled.bands.boundCount
    else { return false }
    for (index, measure) in state.measures.enumerated() {
      scores.baseGrades(account)[index] = measure.baseGrade
      scores.baseValues(account)[index] = measure.baseValue
      scores.causes(account)[index] = measure.causes
    }
    for (index, hold) in state.holds.enumerated() { scores.holds(account)[index] = hold }
    for (index, since) in state.below.enumerated() { scores.below(account)[index] = since }
    // Other rules may ask for other features: all facts are read for them, and tell.
    guard mode.isResume else { return true }
    guard state.lastTiles.count == compiled.lastTiles.count else { return false }
    for (index, leaf) in compiled.lastTiles.enumerated() {
      usage.restoreLastTile(account, leaf, state.lastTiles[index])
    }
    return true
  }

  /// What is stored of a milestone holds, also where its facts are gone; one that is new, or means another thing now, was
  /// counted from the facts.
  private mutating func takeMilestones(_ state: StoredState, _ account: AccountID, _ mode: RestoreMode) {
    for stored in state.milestones {
      guard let index = compiled.customers.milestones.firstIndex(where: { $0.key == stored.key }) else { continue }
      customers.milestones(account)[index] = stored.state
    }
    if !compiled.customers.milestones.isEmpty { customers.core(account).pointee.milestonesDirty = mode.isRebase }
  }

  private mutating func takeRules(_ state: StoredState, _ account: AccountID, _ mode: RestoreMode) {
    for stored in state.rules {
      guard let index = compiled.rules.firstIndex(where: { $0.key == stored.key }) else { continue }
      scores.rules(account)[index] = stored.state
      let rule = compiled.rules[index].rule
      if !mode.keepsWait(of: rule) { RuleMachine.fallBack(scores.rules(account) + index) }
      if case .bandChange = compiled.rules[index].condition, !mode.keepsScores {
        // Bands of another config have other numbers: the account's own is known by name, others are just others.
        let band = scores.core(account).pointee.band
        let known = scores.rules(account) + index
        known.pointee.enteredBand = stored.state.enteredBand == state.band ? band : -1
        known.pointee.openedBand = stored.state.openedBand == state.band ? band : -1
      }
      if case .drop(_, _, let history) = compiled.rules[index].condition, mode.keepsMemory(of: rule) {
        drops[Int(account) * compiled.dropCount + history].entries = stored.drop
      }
    }
  }

  /// Grades and score at the clock, silently; under another config the account is rebased.
  ///
  /// - Parameter changed: The rules that the config before did not have as they are.
  private mutating func resume(_ account: AccountID, _ mode: RestoreMode, _ changed: [Int]) {
    let clock = now
    if stalls.holding {
      // Who waits is told at the clock; who was left behind has not come to it.
      if !stalls.isDelayed { stalls.stamp = clock }
      enter(time(of: account))
    }
    resumeHere(account, mode, changed)
    if stalls.holding { leave(to: clock) }
  }

  private mutating func resumeHere(_ account: AccountID, _ mode: RestoreMode, _ changed: [Int]) {
    let core = scores.core(account)
    switch mode {
    case .resume:
      guard core.pointee.evaluated else { return }
      regradeSilently(account, choosesCard: false)
      goOn(account)
    case .rebase(let unchanged):
      guard core.pointee.evaluated else { return }
      if unchanged.scores { return takeUpRules(account, changed) }
      tellRulesOfShifts(account, isConfig: true)
      evaluate(account, .config)
    case .recompute:
      regradeSilently(account, choosesCard: true)
      // Which of the known bands it is in is history.
      let isKnown = core.pointee.band >= 0 && core.pointee.band != compiled.bands.unknown
      if !core.pointee.covered {
        core.pointee.band = compiled.bands.unknown
      } else if !isKnown {
        core.pointee.band = compiled.bands.plain(core.pointee.score)
      }
    }
  }

  private mutating func goOn(_ account: AccountID) {
    restoreRests(account)
    schedule(account, .all)
  }

  /// Goes on under a config that has other rules and nothing else. No score moves, so that the journal has nothing to tell; those rules are
  /// shown the change, which opens nothing.
  private mutating func takeUpRules(_ account: AccountID, _ changed: [Int]) {
    regradeSilently(account, choosesCard: false)
    tellRulesOfShifts(account, isConfig: true)
    let core = scores.core(account)
    for drop in 0..<compiled.dropCount {
      drops[Int(account) * compiled.dropCount + drop].record(core.pointee.score, at: now.milliseconds)
    }
    for rule in compiled.rules.indices where isOverdue(rule, account) || changed.contains(rule) {
      _ = stepRule(rule, account, rebases: false, .config)
    }
    touch(account)
    goOn(account)
  }

  /// Whether a wait would be over by now: another config gave it less time.
  private func isOverdue(_ rule: Int, _ account: AccountID) -> Bool {
    let state = scores.rules(account) + rule
    return RuleMachine.waitEnd(state, compiled.fastRules.pointer(rule)).map { $0 <= now.milliseconds } ?? false
  }

  /// - Parameter choosesCard: Whether the scorecard is not the stored one.
  private mutating func regradeSilently(_ account: AccountID, choosesCard: Bool) {
    for index in compiled.measures.indices {
      (scores.grades(account)[index], scores.missing(account)[index]) = effectiveGrade(index, account)
    }
    regroupSilently(account)
    if choosesCard { scores.core(account).pointee.card = holdingCard(account) }
    let adjustment = scores.adjustment(account)
    let causes = (adjustment.pointee.capCauses, adjustment.pointee.overrideCauses)
    rescore(account, .deadline)
    (adjustment.pointee.capCauses, adjustment.pointee.overrideCauses) = causes
  }

  /// What follows from records and the date. The override's end is noted from the records, too.
  private mutating func regroupSilently(_ account: AccountID) {
    scores.adjustment(account).pointee.overrideUntil = overrides.active(account, at: now.milliseconds)?.until ?? .max
    guard compiled.customers.isNeeded else { return }
    let isDirty = customers.core(account).pointee.milestonesDirty
    _ = readCircumstances(account)
    customers.core(account).pointee.milestonesDirty = isDirty
    _ = findGroups(account)
  }
}
