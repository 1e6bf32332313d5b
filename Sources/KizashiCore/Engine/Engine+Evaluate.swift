/// What made an account be evaluated.
enum Trigger {
  case event(late: Bool)
  case attribute
  case survey
  case deadline
  case config

  var isConfig: Bool { if case .config = self { true } else { false } }
}

extension Engine {
  /// Evaluates an account at the clock: grades, score, band, journal, rules, next deadline.
  mutating func evaluate(_ account: AccountID, _ trigger: Trigger) {
    let a = Int(account)
    daySteps.move(to: now.tile)
    let moved = regrade(account, trigger)
    accounts[a].scoredAt = now.milliseconds
    touch(account)
    if !moved && accounts[a].evaluated && compiled.rules.isEmpty && !trigger.isConfig
      && queue.due[a] > now.milliseconds
    {
      // Only totals moved: nothing that is derived from them did, and no delay ended.
      schedule(account)
      return
    }
    let wasBand = accounts[a].band
    let wasScore = accounts[a].score
    let first = !accounts[a].evaluated
    if moved || first { rescore(account) }
    let band = nextBand(account, plainly: first || trigger.isConfig)
    accounts[a].band = band
    accounts[a].evaluated = true
    if first || accounts[a].score != wasScore || trigger.isConfig {
      for drop in 0..<compiled.dropCount {
        drops[a * compiled.dropCount + drop].record(accounts[a].score, at: now.milliseconds)
      }
      recordHistory(account, scoreChanged: accounts[a].score != wasScore)
    } else if band != wasBand {
      recordHistory(account, scoreChanged: false)
    }
    let steps = stepRules(account, bandWas: wasBand, first: first, trigger)
    let scoreMoved = accounts[a].score != wasScore
    writeJournal(account, bandWas: wasBand, first: first, scoreMoved: scoreMoved, steps: steps, trigger)
    schedule(account)
  }

  /// Recomputes every grade; whether one moved. Gathers causes for the explanation of the next change.
  private mutating func regrade(_ account: AccountID, _ trigger: Trigger) -> Bool {
    let base = Int(account) * compiled.measures.count
    var moved = false
    for index in compiled.measures.indices {
      let (grade, isMissing) = effectiveGrade(index, account)
      guard grade != grades[base + index] || isMissing != missing[base + index] else { continue }
      moved = true
      if grade != grades[base + index] {
        causes[base + index] |= 1 << UInt16(cause(of: trigger, compiled.measures[index].sensitivity).rawValue)
      }
      grades[base + index] = grade
      missing[base + index] = isMissing
    }
    return moved
  }

  private func cause(of trigger: Trigger, _ sensitivity: TimeSensitivity) -> Cause {
    switch trigger {
    case .event(let late): late ? .late : .event
    case .attribute: .attribute
    case .survey: .survey
    case .deadline: sensitivity.dayStep && !sensitivity.windowed ? .silence : .expiry
    case .config: .config
    }
  }

  mutating func rescore(_ account: AccountID) {
    let a = Int(account)
    let base = a * compiled.measures.count
    let result = grades.withUnsafeBufferPointer { all in
      compiled.scorecard.score(all.baseAddress! + base) { self.countsForCoverage($0, account) }
    }
    accounts[a].score = result.score
    accounts[a].coverage = result.coverage
    accounts[a].covered = compiled.scorecard.covered(result)
  }

  private mutating func nextBand(_ account: AccountID, plainly: Bool) -> Int8 {
    let a = Int(account)
    let core = accounts[a]
    let now = now.milliseconds
    let bounds = compiled.bands.boundCount
    guard bounds > 0 else { return core.covered ? 0 : compiled.bands.unknown }
    return below.withUnsafeMutableBufferPointer { all in
      let since = all.baseAddress! + a * bounds
      compiled.bands.note(core.score, at: now, since: since)
      if plainly { return core.covered ? compiled.bands.plain(core.score) : compiled.bands.unknown }
      return compiled.bands.next(from: core.band, score: core.score, covered: core.covered, at: now, since: since)
    }
  }

  /// One row per local day in which the score changed; a band that changes later that day is kept up in it.
  private mutating func recordHistory(_ account: AccountID, scoreChanged: Bool) {
    let a = Int(account)
    let today = daySteps.today
    guard scoreChanged || accounts[a].historyDay == today.number else { return }
    if scoreChanged { accounts[a].historyAt = now.milliseconds }
    let row = ScoreHistoryRow(
      account: account, day: today, at: Instant(milliseconds: accounts[a].historyAt),
      score: accounts[a].score < 0 ? nil : Int(accounts[a].score), band: compiled.bands.name(accounts[a].band),
      configVersion: configVersion)
    let index = Int(accounts[a].pendingHistory)
    if index >= 0 && accounts[a].historyDay == today.number {
      pending.scoreHistory[index] = row
    } else {
      accounts[a].pendingHistory = Int32(pending.scoreHistory.count)
      pending.scoreHistory.append(row)
    }
    accounts[a].historyDay = today.number
  }

  // MARK: Deadlines

  /// Queues the next instant at which something of the account can change without input.
  mutating func schedule(_ account: AccountID) {
    let a = Int(account)
    let now = now.milliseconds
    var next = usage.nextLeaving(account)
    next = min(next, nextDayStep(account))
    let bounds = compiled.bands.boundCount
    if bounds > 0 {
      next = min(
        next,
        below.withUnsafeBufferPointer {
          compiled.bands.deadline(accounts[a].band, after: now, since: $0.baseAddress! + a * bounds)
        })
    }
    for (slot, measure) in compiled.holding.enumerated() {
      guard case .hold(let length) = compiled.measures[measure].missing else { continue }
      let hold = holds[a * compiled.holding.count + slot]
      if hold.missingSince != .max && hold.missingSince + length > now { next = min(next, hold.missingSince + length) }
    }
    for hours in compiled.surveyWindows {
      next = min(next, records.nextLeaving(account, windowHours: hours, after: now))
    }
    if !compiled.rules.isEmpty { next = min(next, nextRuleDeadline(account)) }
    precondition(next > now, "the deadline of account \(account) does not move on: \(next) at \(now)")
    queue.set(account, next)
  }

  /// The next day at which a days_since_last that is not settled steps.
  @inline(__always)
  private func nextDayStep(_ account: AccountID) -> Int64 {
    var next = Int64.max
    for index in compiled.settling.indices {
      let (leaf, unit, settled) = compiled.settling[index]
      guard let days = daysSince(leaf, unit, account), days < settled else { continue }
      next = min(next, unit == .days ? daySteps.nextDay : daySteps.nextBusinessDay)
    }
    for (leaf, unit) in compiled.dayStepMetrics where usage.total(account, leaf, .current) != Int64(Int32.min) {
      next = min(next, unit == .days ? daySteps.nextDay : daySteps.nextBusinessDay)
    }
    return next
  }

  /// Fires every deadline at or before `limit`, earliest first; the clock becomes each one's instant.
  mutating func fireDeadlines(upTo limit: Int64) {
    while let account = queue.next(upTo: limit) {
      let due = queue.due[Int(account)]
      now = Instant(milliseconds: max(now.milliseconds, due))
      daySteps.move(to: now.tile)
      usage.expire(account, clockHour: now.tile.hour)
      evaluate(account, .deadline)
      queue.settleTop()
    }
  }

  /// Moves the clock to the last deadline at or before `instant`, firing all on the way; below the clock it does nothing.
  public mutating func advance(to instant: Instant) {
    guard instant > now else { return }
    fireDeadlines(upTo: instant.milliseconds)
  }

  /// Fires all deadlines at or before `instant` and sets the clock to it: the end of a replay `--until`.
  public mutating func settle(at instant: Instant) {
    guard instant > now else { return }
    fireDeadlines(upTo: instant.milliseconds)
    now = instant
    daySteps.move(to: now.tile)
  }

  /// The next instant at which anything can change without input; nil: never.
  public mutating func nextDeadline() -> Instant? {
    guard let account = queue.next(upTo: .max - 1) else { return nil }
    return Instant(milliseconds: queue.due[Int(account)])
  }
}
