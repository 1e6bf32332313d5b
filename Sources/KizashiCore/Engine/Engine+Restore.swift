/// Why an engine could not be restored.
public enum RestoreError: Error, Equatable {
  /// The stored state of an account is damaged or from another program version.
  case unreadableState(account: AccountID)
  /// A fact or row names an account, event name or user that the stored names do not hold.
  case unknownName(what: String, id: UInt32)
}

/// How much of the stored state a restored engine believes.
public enum RestoreMode: Sendable {
  /// The same config: goes on where the stored engine stopped.
  case resume
  /// Another config: everything is recomputed from facts under it; nothing opens, what is open stays open.
  case rebase
  /// Facts only, for `verify`: totals, grades and scores recomputed, stored states ignored.
  case recompute
}

extension Engine {
  /// Fills a new engine from the store. For `rebase` and `recompute`, `facts` must be all that are stored.
  public mutating func restore(_ restored: consuming Restored, mode: RestoreMode) throws(RestoreError) {
    precondition(accounts.isEmpty, "only a new engine can be restored")
    now = restored.now
    changeSequence = restored.lastChangeSequence
    recordSequence = restored.lastRecordSequence
    restoreNames(restored)
    for row in restored.sources where row.source < sources.count {
      sources[row.source].row = row
      if let watermark = row.watermark { dedup.raiseFloor(of: row.source, watermark: watermark.milliseconds) }
    }
    dedup.restore(restored.fingerprints)
    for stored in restored.records {
      guard let account = stored.account else { continue }
      guard Int(account) < accounts.count else { throw .unknownName(what: "account", id: account) }
      if stored.record.kind != .identify { _ = absorb(stored, account, report: false) }
    }
    try restoreFacts(restored.facts)
    try restoreAccounts(restored.accountRows, mode)
    guard now.milliseconds != .min else { return }
    daySteps.move(to: now.tile)
    for account in accounts.indices { resume(AccountID(account), mode) }
  }

  private mutating func restoreNames(_ restored: borrowing Restored) {
    accountNames.restore(restored.accounts)
    eventNames.restore(restored.eventNames)
    userNames.restore(restored.users)
    for _ in 0..<accountNames.count { addAccount() }
    for event in 0..<eventNames.count { usage.addEventName(eventNames.name(EventNameID(event))) }
    for _ in 0..<userNames.count { usage.addUser() }
  }

  private mutating func restoreFacts(_ facts: [Fact]) throws(RestoreError) {
    let clockHour = now.tile.hour
    for fact in facts {
      guard Int(fact.account) < accounts.count else { throw .unknownName(what: "account", id: fact.account) }
      guard Int(fact.event) < eventNames.count else { throw .unknownName(what: "event name", id: fact.event) }
      guard Int(fact.user) <= userNames.count else { throw .unknownName(what: "user", id: fact.user) }
      usage.add(
        fact.account, event: fact.event, user: fact.user, hour: fact.hour, count: fact.events, clockHour: clockHour)
    }
  }

  private mutating func restoreAccounts(_ rows: [AccountRow], _ mode: RestoreMode) throws(RestoreError) {
    for row in rows {
      let a = Int(row.account)
      guard a < accounts.count else { throw .unknownName(what: "account", id: row.account) }
      accounts[a].firstSeen = row.firstSeen ?? .max
      accounts[a].lastSeen = row.lastSeen ?? .min
      accounts[a].scoredAt = row.scoredAt?.milliseconds ?? .min
      guard let state = Engine.decodeState(row.state) else { throw .unreadableState(account: row.account) }
      if mode == .recompute {
        // What is held was once measured and is in no fact.
        for (index, hold) in state.holds.enumerated() where state.holds.count == compiled.holding.count {
          holds[a * state.holds.count + index] = hold
        }
        continue
      }
      accounts[a].evaluated = state.evaluated
      accounts[a].lastScoreEntryDay = state.lastScoreEntryDay
      accounts[a].historyDay = state.historyDay
      accounts[a].historyAt = state.historyAt
      if mode == .rebase {
        accounts[a].baseScore = Int32(row.score ?? -1)
        accounts[a].score = accounts[a].baseScore
        accounts[a].band = compiled.bands.index(named: row.band)
      } else {
        accounts[a].baseScore = state.baseScore
        accounts[a].band = state.band
        guard takeTables(state, a) else { throw .unreadableState(account: row.account) }
      }
      takeRules(state, a, mode)
    }
  }

  /// The tables whose shape the model gives; false where the stored state has another.
  private mutating func takeTables(_ state: StoredState, _ a: Int) -> Bool {
    let measures = compiled.measures.count
    let lastTiles = compiled.leaves.indices.filter { compiled.leaves[$0].kind == .lastTile }
    guard state.measures.count == measures, state.holds.count == compiled.holding.count,
      state.below.count == compiled.bands.boundCount, state.lastTiles.count == lastTiles.count
    else { return false }
    for (index, measure) in state.measures.enumerated() {
      baseGrades[a * measures + index] = measure.baseGrade
      baseValues[a * measures + index] = measure.baseValue
      causes[a * measures + index] = measure.causes
    }
    for (index, hold) in state.holds.enumerated() { holds[a * state.holds.count + index] = hold }
    for (index, since) in state.below.enumerated() { below[a * state.below.count + index] = since }
    for (index, leaf) in lastTiles.enumerated() {
      usage.restoreLastTile(AccountID(a), leaf, state.lastTiles[index])
    }
    return true
  }

  private mutating func takeRules(_ state: StoredState, _ a: Int, _ mode: RestoreMode) {
    for stored in state.rules {
      guard let index = compiled.rules.firstIndex(where: { $0.key == stored.key }) else { continue }
      rules[a * compiled.rules.count + index] = stored.state
      if case .drop(_, _, let history) = compiled.rules[index].condition, mode == .resume {
        drops[a * compiled.dropCount + history].entries = stored.drop
      }
    }
  }

  /// Grades and score at the clock, silently; under another config the account is rebased.
  private mutating func resume(_ account: AccountID, _ mode: RestoreMode) {
    let a = Int(account)
    switch mode {
    case .resume:
      guard accounts[a].evaluated else { return }
      regradeSilently(account)
      schedule(account)
    case .rebase:
      guard accounts[a].evaluated else { return }
      evaluate(account, .config)
    case .recompute:
      regradeSilently(account)
      accounts[a].band = accounts[a].covered ? compiled.bands.plain(accounts[a].score) : compiled.bands.unknown
    }
  }

  private mutating func regradeSilently(_ account: AccountID) {
    let base = Int(account) * compiled.measures.count
    for index in compiled.measures.indices {
      (grades[base + index], missing[base + index]) = effectiveGrade(index, account)
    }
    rescore(account)
  }
}
