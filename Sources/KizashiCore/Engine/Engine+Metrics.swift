extension Engine {
  /// A metric's value at the clock; nil: missing.
  func value(_ metric: CompiledMetric, _ account: AccountID, previous: Bool = false) -> Rational? {
    switch metric {
    case .leaf(let leaf):
      guard holds(leaf, previous: previous) else { return nil }
      return Rational(usage.total(account, leaf, previous ? .previous : .current))
    case .sum(let sum): return self.sum(sum, account, previous: previous)
    case .shareTopUser(let leaf): return previous || !holds(leaf) ? nil : usage.topUserShare(account, leaf)
    case .effectiveUsers(let leaf): return previous || !holds(leaf) ? nil : usage.effectiveUsers(account, leaf)
    case .daysSince(let leaf, let unit): return daysSince(leaf, unit, account).map { Rational($0) }
    case .ratio(let a, let b):
      guard let y = value(b, account, previous: previous), y.numerator != 0,
        let x = value(a, account, previous: previous)
      else { return nil }
      return (x.reduced / y.reduced).reduced
    case .trend(let of, let floor, let minVolume):
      guard let was = value(of, account, previous: true), let now = value(of, account), was >= minVolume else {
        return nil
      }
      return ((now - was).reduced / max(was, floor).reduced).reduced
    case .milestones(let milestones):
      if previous { return nil }
      let states = customers.milestones(account)
      return Rational(Int128(milestones.count { states[$0].reachedAt != .max }), Int128(milestones.count))
    case .attribute(let name): return hasRecords(account) ? attributes.number(account, name) : nil
    case .survey(let name, let aggregate, let hours):
      guard hasRecords(account) else { return nil }
      return answers.number(account, name, aggregate, windowHours: hours, clockHour: clockHour(of: account))
    }
  }

  @inline(__always)
  private func hasRecords(_ account: AccountID) -> Bool { scores.core(account).pointee.hasRecords }

  @inline(__always)
  func daysSince(_ leaf: Int, _ unit: DayUnit, _ account: AccountID) -> Int64? {
    let hour = usage.total(account, leaf, .current)
    guard hour != Int64(Int32.min) else { return nil }
    return daySteps.days(from: lastDay(Int32(hour)), to: today(of: account), unit)
  }

  @inline(__always)
  func lastDay(_ hour: Int32) -> LocalDay { usage.lastDay(of: hour) }

  /// The grade a measure's value gives, in hundredths; -1: no value.
  @inline(__always)
  private func ownGrade(_ index: Int, _ fast: UnsafePointer<FastMeasure>, _ account: AccountID) -> Int32 {
    switch fast.pointee.kind {
    case .leaf: return compiled.fast.grade(fast, usage.total(account, fast.pointee.leaf, .current))
    case .daysSince:
      guard let days = daysSince(fast.pointee.leaf, fast.pointee.unit, account) else { return -1 }
      return compiled.fast.grade(fast, days)
    case .trend:
      let total = usage.totals(usage.block(account))[fast.pointee.leaf]
      if total.previous < fast.pointee.minVolume { return -1 }
      let over = max(total.previous, fast.pointee.floor)
      guard total.current < 1 << 29, over < 1 << 29 else { break }
      return compiled.fast.grade(fast, total.current - total.previous, over)
    case .topUserShare:
      guard let share = usage.topUserShare(account, fast.pointee.leaf) else { return -1 }
      guard share.denominator < 1 << 29 else { break }
      return compiled.fast.grade(fast, Int64(share.numerator), Int64(share.denominator))
    case .effectiveUsers:
      // The squares' sum is at most the sum's square.
      guard let users = usage.effectiveUsers(account, fast.pointee.leaf) else { return -1 }
      guard users.numerator < 1 << 29 else { break }
      return compiled.fast.grade(fast, Int64(users.numerator), Int64(users.denominator))
    case .general: break
    }
    return generalGrade(index, account)
  }

  @inline(never)
  private func generalGrade(_ index: Int, _ account: AccountID) -> Int32 {
    if compiled.fast.measures.pointer(index).pointee.isOfRecords && !hasRecords(account) { return -1 }
    guard let value = value(compiled.measures[index].metric, account) else { return -1 }
    return decayed(compiled.measures[index].curve.grade(value), index, account)
  }

  /// A measure's value at the account's last evaluation, for display. Days are counted to that evaluation's day: the value
  /// of a measure that has settled is not looked at again, and may not depend on when it happens to be stored.
  func shownValue(_ index: Int, _ account: AccountID) -> ShownValue {
    let fast = compiled.fast.measures.pointer(index).pointee
    switch fast.kind {
    case .leaf: return ShownValue(usage.total(account, fast.leaf, .current), over: 1)
    case .daysSince:
      let last = usage.total(account, fast.leaf, .current)
      guard last != Int64(Int32.min) else { return .missing }
      let evaluated = Instant(milliseconds: scores.core(account).pointee.scoredAt).tile.hour
      return ShownValue(daySteps.days(from: lastDay(Int32(last)), to: lastDay(evaluated), fast.unit), over: 1)
    case .trend:
      let was = usage.total(account, fast.leaf, .previous)
      guard was >= fast.minVolume else { return .missing }
      return ShownValue(usage.total(account, fast.leaf, .current) - was, over: max(was, fast.floor))
    case .topUserShare: return ShownValue(unreduced: usage.topUserShare(account, fast.leaf))
    case .effectiveUsers: return ShownValue(unreduced: usage.effectiveUsers(account, fast.leaf))
    case .general:
      return fast.isOfRecords && !hasRecords(account) ? .missing : ShownValue(value(ofMeasure: index, account))
    }
  }

  /// The grade that takes part in the score: a value's, or what the missing mode says; -1: absent.
  @inline(__always)
  mutating func effectiveGrade(_ index: Int, _ account: AccountID) -> (grade: Int32, missing: Bool) {
    let fast = compiled.fast.measures.pointer(index)
    let own = ownGrade(index, fast, account)
    switch fast.pointee.missing {
    case .exclude: return (own, own < 0)
    case .zero: return (max(own, 0), own < 0)
    case .neutral: return (own < 0 ? 5000 : own, own < 0)
    case .hold: return (held(own, index, fast.pointee.holdMilliseconds, account), own < 0)
    }
  }

  private mutating func held(_ own: Int32, _ measure: Int, _ length: Int64, _ account: AccountID) -> Int32 {
    let hold = scores.holds(account) + (compiled.holding.firstIndex(of: measure) ?? 0)
    if own >= 0 {
      hold.pointee = ScoreTable.Hold(grade: own)
      return own
    }
    guard hold.pointee.grade >= 0 else { return -1 }
    if hold.pointee.missingSince == .max { hold.pointee.missingSince = now.milliseconds }
    return now.milliseconds < hold.pointee.missingSince + length ? hold.pointee.grade : -1
  }

  /// Whether a present grade counts for coverage: a held one does, one that zero or neutral stands in for does not.
  @inline(__always)
  func countsForCoverage(_ measure: Int, _ account: AccountID) -> Bool {
    guard scores.missing(account)[measure] else { return true }
    return compiled.fast.measures.pointer(measure).pointee.missing == .hold
  }
}
