extension Engine {
  /// Everything that must be stored since the last call, and a fresh start for the next.
  public mutating func drain() -> Commit {
    var commit = Commit()
    swap(&commit, &pending)
    // The next commit will be about as large: no growing by copies, but nothing kept for one that was exceptional.
    if commit.facts.count < 1 << 20 { pending.facts.reserveCapacity(commit.facts.count) }
    if commit.scoreHistory.count < 1 << 20 { pending.scoreHistory.reserveCapacity(commit.scoreHistory.count) }
    if commit.changes.count < 1 << 20 { pending.changes.reserveCapacity(commit.changes.count) }
    commit.now = now
    commit.leftBehind = leftBehind()
    firedCount = 0
    commit.accounts = accountNames.takeNew()
    commit.eventNames = eventNames.takeNew()
    commit.users = userNames.takeNew()
    (commit.fingerprints, commit.fingerprintsFrom) = dedup.takeNew()
    commit.sources = dirtySources.sorted().map { sources[$0].row }
    dirtySources.removeAll(keepingCapacity: true)
    // Ascending, so that the store appends and a dump of two runs compares.
    dirtyAccounts.sort()
    commit.accountRows.reserveCapacity(dirtyAccounts.count)
    commit.measureRows.reserveCapacity(min(measureRowsBefore, dirtyAccounts.count * compiled.measures.count))
    for account in dirtyAccounts {
      scores.core(account).pointee.dirty = false
      scores.core(account).pointee.pendingHistory = -1
      commit.accountRows.append(row(of: account))
      appendMeasureRows(of: account, to: &commit.measureRows)
      appendMilestoneRows(of: account, to: &commit.milestones)
    }
    dirtyAccounts.removeAll(keepingCapacity: true)
    measureRowsBefore = commit.measureRows.count
    return commit
  }

  private func row(of account: AccountID) -> AccountRow {
    let core = scores.core(account).pointee
    let score = core.score < 0 ? nil : Int(core.score)
    return AccountRow(
      account: account, firstSeen: core.firstSeen == .max ? nil : core.firstSeen,
      lastSeen: core.lastSeen == .min ? nil : core.lastSeen, score: score, computedScore: computed(account),
      band: core.evaluated ? compiled.bands.name(core.band) : nil,
      coverage: core.evaluated ? covered(account).approximate : nil, phase: phase(account), touch: touchName(account),
      scoredAt: core.evaluated ? Instant(milliseconds: core.scoredAt) : nil,
      scoreSince: core.historyAt == .min ? nil : Instant(milliseconds: core.historyAt), configVersion: configVersion,
      state: encodeState(of: account))
  }

  /// The score without override, hundredths; nil: none.
  func computed(_ account: AccountID) -> Int? {
    let core = scores.core(account).pointee
    let score = core.adjusted ? scores.adjustment(account).pointee.computed : core.score
    return score < 0 ? nil : Int(score)
  }

  private mutating func appendMilestoneRows(of account: AccountID, to rows: inout [MilestoneRow]) {
    guard !compiled.customers.milestones.isEmpty, customers.core(account).pointee.milestonesDirty else { return }
    customers.core(account).pointee.milestonesDirty = false
    for index in compiled.customers.milestones.indices {
      let state = customers.milestones(account)[index]
      rows.append(
        MilestoneRow(
          account: account, milestone: index,
          reachedAt: state.reachedAt == .max ? nil : Instant(milliseconds: state.reachedAt),
          dueAt: due(index, account).map { Instant(milliseconds: $0) }, count: state.count))
    }
  }

  /// Values are those of the account's last evaluation, whenever they happen to be stored.
  private mutating func appendMeasureRows(of account: AccountID, to rows: inout [MeasureRow]) {
    let core = scores.core(account)
    let moved = core.pointee.movedMeasures
    guard core.pointee.evaluated, moved != 0 else { return }
    core.pointee.movedMeasures = 0
    let clock = now
    let isPast = compiled.hasValuesOfTime && core.pointee.scoredAt != clock.milliseconds && !stalls.isApart
    if isPast { enter(Instant(milliseconds: core.pointee.scoredAt)) }
    defer { if isPast { leave(to: clock) } }
    let grades = scores.grades(account)
    let shares = core.pointee.card < 0 ? nil : explaining.shares(compiled.scorecards[Int(core.pointee.card)], grades)
    for index in compiled.measures.indices where moved & Self.measureBit(index) != 0 {
      let grade = grades[index]
      let value = shownValue(index, account).approximate
      // Where nobody answers and nobody has seats most measures are absent for good, and need not be stored each time.
      let isAbsent = grade < 0 && value == nil && index < 64
      if isAbsent && core.pointee.absentMeasures & Self.measureBit(index) != 0 { continue }
      core.pointee.absentMeasures.set(Self.measureBit(index), to: isAbsent)
      let share = shares?[index].approximate ?? 0
      rows.append(
        MeasureRow(
          account: account, measure: index, value: value,
          grade: grade < 0 ? nil : Int(grade), share: share, points: grade < 0 ? 0 : share * Double(grade) / 100,
          missing: scores.missing(account)[index]))
    }
  }
}
