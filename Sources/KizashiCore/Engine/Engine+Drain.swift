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
    commit.accounts = accountNames.takeNew()
    commit.eventNames = eventNames.takeNew()
    commit.users = userNames.takeNew()
    (commit.fingerprints, commit.fingerprintsFrom) = dedup.takeNew()
    commit.sources = dirtySources.sorted().map { sources[$0].row }
    dirtySources.removeAll(keepingCapacity: true)
    // Ascending, so that the store appends and a dump of two runs compares.
    dirtyAccounts.sort()
    commit.accountRows.reserveCapacity(dirtyAccounts.count)
    commit.measureRows.reserveCapacity(dirtyAccounts.count * compiled.measures.count)
    for account in dirtyAccounts {
      scores.core(account).pointee.dirty = false
      scores.core(account).pointee.pendingHistory = -1
      commit.accountRows.append(row(of: account))
      appendMeasureRows(of: account, to: &commit.measureRows)
    }
    dirtyAccounts.removeAll(keepingCapacity: true)
    return commit
  }

  private func row(of account: AccountID) -> AccountRow {
    let core = scores.core(account).pointee
    let score = core.score < 0 ? nil : Int(core.score)
    return AccountRow(
      account: account, firstSeen: core.firstSeen == .max ? nil : core.firstSeen,
      lastSeen: core.lastSeen == .min ? nil : core.lastSeen, score: score, computedScore: score,
      band: core.evaluated ? compiled.bands.name(core.band) : nil,
      coverage: core.evaluated ? coverage(account) : nil,
      scoredAt: core.evaluated ? Instant(milliseconds: core.scoredAt) : nil, configVersion: configVersion,
      state: encodeState(of: account))
  }

  private func appendMeasureRows(of account: AccountID, to rows: inout [MeasureRow]) {
    let core = scores.core(account).pointee
    guard core.evaluated else { return }
    let at = Instant(milliseconds: core.scoredAt)
    let grades = scores.grades(account)
    let shares = compiled.scorecard.shares(grades)
    for index in compiled.measures.indices {
      let grade = grades[index]
      let share = shares[index].approximate
      rows.append(
        MeasureRow(
          account: account, measure: index,
          value: shownValue(index, account).approximate,
          grade: grade < 0 ? nil : Int(grade), share: share, points: grade < 0 ? 0 : share * Double(grade) / 100,
          missing: scores.missing(account)[index], at: at))
    }
  }
}
