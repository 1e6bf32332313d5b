/// When an account is evaluated though nothing of it came in, and how the clock moves from one such instant to the next.
extension Engine {
  /// Queues the next instant at which something of the account can change without input.
  ///
  /// - Parameter wake: What moved since it was last queued.
  mutating func schedule(_ account: AccountID, _ wake: Wake) {
    let now = now.milliseconds
    let core = scores.core(account)
    if !wake.isDisjoint(with: [.day, .time, .grades]) { core.pointee.restsUntil = nextRest(account) }
    let idle = compiled.idleWindowRules
    var next = usage.nextLeaving(account, areIdle: core.pointee.idleRules & idle == idle)
    next = min(next, nextDayStep(account))
    next = min(
      next,
      compiled.bands.deadline(core.pointee.band, after: now, since: scores.below(account)))
    next = min(next, core.pointee.restsUntil)
    if compiled.customers.isNeeded { next = min(next, customers.core(account).pointee.until) }
    if !overrides.isEmpty { next = min(next, scores.adjustment(account).pointee.overrideUntil) }
    next = min(next, core.pointee.rulesDeadline)
    precondition(next > now, "the deadline of account \(account) does not move on: \(next) at \(now)")
    queue.set(account, next)
  }

  /// The next instant at which a measure changes that neither usage nor the day moves: a hold ends, an answer leaves its
  /// window or grows old, filters have been looked for long enough.
  private func nextRest(_ account: AccountID) -> Int64 {
    let now = now.milliseconds
    var next = Int64.max
    for (slot, measure) in compiled.holding.enumerated() {
      guard case .hold(let length) = compiled.measures[measure].missing else { continue }
      let hold = scores.holds(account)[slot]
      if hold.missingSince != .max && hold.missingSince + length > now { next = min(next, hold.missingSince + length) }
    }
    if !firstHolding.isEmpty, let holding = firstHolding.first(where: { $0 > now }) { next = min(next, holding) }
    if !compiled.decaying.isEmpty { next = min(next, nextDecay(account)) }
    for hours in compiled.surveyWindows where scores.core(account).pointee.hasRecords {
      next = min(next, answers.nextLeaving(account, windowHours: hours, after: now))
    }
    return next
  }

  /// The next day at which a days_since_last that is not settled steps.
  @inline(__always)
  private func nextDayStep(_ account: AccountID) -> Int64 {
    var next = Int64.max
    for index in compiled.settling.indices {
      let measure = compiled.settling[index]
      guard let days = daysSince(measure.leaf, measure.unit, account), days < measure.settled else { continue }
      next = min(next, measure.unit == .days ? daySteps.nextDay : daySteps.nextBusinessDay)
    }
    for (leaf, unit) in compiled.dayStepMetrics where usage.total(account, leaf, .current) != Int64(Int32.min) {
      next = min(next, unit == .days ? daySteps.nextDay : daySteps.nextBusinessDay)
    }
    return next
  }

  /// Takes out of an account's windows what has left them without a deadline.
  @inline(__always)
  mutating func catchUp(_ account: AccountID) {
    let time = stalls.holding && !stalls.isApart ? time(of: account) : now
    if usage.isBehind(account, at: time.milliseconds) { usage.expire(account, clockHour: time.tile.hour) }
  }

  /// Fires every deadline at or before `limit`, earliest first; the clock becomes each one's instant.
  ///
  /// - Parameter most: Where so many have fired since the last ``drain()`` it stops, perhaps amid those of one instant.
  /// - Returns: Whether all have fired.
  @discardableResult
  mutating func fireDeadlines(upTo limit: Int64, within most: Int = .max) -> Bool {
    while stalls.holding, let end = stalls.nextEnd, end.instant <= limit {
      guard fireQueued(upTo: end.instant, within: most) else { return false }
      now = max(now, Instant(milliseconds: end.instant))
      releaseHeldLongest(end.source)
    }
    return fireQueued(upTo: limit, within: most)
  }

  private mutating func fireQueued(upTo limit: Int64, within most: Int) -> Bool {
    while let account = queue.next(upTo: limit) {
      let instant = queue.deadline(of: account)
      // While accounts wait for a source nobody else may be behind.
      if firedCount >= most && (!stalls.holding || instant > now.milliseconds) { return false }
      if stalls.holding, stalls.keep(account, instant) {
        queue.set(account, .max)
        continue
      }
      firedCount += 1
      lookAheadOfDeadlines()
      if instant < now.milliseconds {
        if isBehind { fireBehind(account, at: instant) } else { fireLate(account, at: instant) }
        continue
      }
      now = Instant(milliseconds: instant)
      daySteps.move(to: now.tile)
      usage.expire(account, clockHour: now.tile.hour)
      if !sums.isEmpty { expireSums(account) }
      evaluate(account, .deadline)
    }
    return true
  }

  /// Moves the clock to the last deadline at or before `instant`, firing all on the way; below the clock it does no more than fire what
  /// was left behind.
  ///
  /// - Parameter most: Where so many have fired since the last ``drain()`` the clock stops at the deadline it has come to: days
  ///   without an event may bring more than memory holds, and one midnight more than others should wait for. Store it, and call again.
  /// - Returns: Whether the clock is there, and all has fired.
  @discardableResult
  public mutating func advance(to instant: Instant, within most: Int = .max) -> Bool {
    guard instant > now || isBehind else { return true }
    let before = now
    let isThere = fireDeadlines(upTo: max(instant, now).milliseconds, within: most)
    isBehind = !isThere && queue.next(upTo: now.milliseconds) != nil
    if now > before { logAdvance() }
    return isThere
  }

  /// Notes where among the lines the clock moved by itself.
  private mutating func logAdvance() {
    let lines = lineCount
    let advance = ClockAdvance(lines: lines, to: now)
    if pending.clockAdvances.last?.lines == lines {
      pending.clockAdvances[pending.clockAdvances.count - 1] = advance
    } else {
      pending.clockAdvances.append(advance)
    }
  }

  /// Fires all deadlines at or before `instant` and sets the clock to it: the end of a replay `--until`.
  public mutating func settle(at instant: Instant) {
    advance(to: instant)
    guard instant > now else { return }
    now = instant
    daySteps.move(to: now.tile)
    logAdvance()
  }
}
