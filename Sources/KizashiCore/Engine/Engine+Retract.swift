/// Late data can show that an episode should never have opened: its condition is looked at again, as of the opening, over
/// everything that is known now.
///
/// Done for rules whose condition follows from usage alone: silence, and thresholds, trends, `breadth_collapse` and
/// `abandoned` on usage, and composites of which `all` rules must fire. A score of the past is not computed again, nor an
/// attribute that has changed since. Where the log does not reach back as far as the condition looks, an episode stays as it is.
extension Engine {
  /// An instant of the past, and the last tile of which it has seen something.
  struct Moment {
    let at: Instant
    let lastTile: Int32

    /// - Parameter isBehindLines: Whether a line brought it about; what happens at the very instant of a deadline comes behind it.
    init(at instant: Instant, isBehindLines: Bool) {
      at = instant
      lastTile = (isBehindLines ? instant : instant.advanced(by: -1)).tile.hour
    }
  }

  /// What of an account's log a metric sees at an instant of the past.
  private struct PastUse {
    var events: Int64 = 0
    var users: Set<UserID> = []
    var days: Set<Int32> = []
    var features: Set<UInt32> = []
  }

  /// Takes back the episodes that a late event shows to be false.
  mutating func retract(_ account: AccountID, event: EventNameID, at instant: Int64) -> [RuleStep] {
    var steps: [RuleStep] = []
    let hour = Instant(milliseconds: instant).tile.hour
    for index in compiled.rules.indices {
      let state = scores.rules(account) + index
      guard state.pointee.phase == .firing, state.pointee.openedAt > instant else { continue }
      let opened = Moment(
        at: Instant(milliseconds: state.pointee.openedAt), isBehindLines: state.pointee.openedByLine)
      var isFalse = false
      // A composite stands behind the rules it is made of.
      if case .composite(true, let rules) = compiled.rules[index].condition {
        isFalse = steps.contains { rules.contains($0.rule) }
      } else {
        isFalse = self.isFalse(index, account, at: opened, event: event, hour: hour)
      }
      guard isFalse else { continue }
      endFlapDays(compiled.fastRules[index].flap, account, isConfig: false)
      RuleMachine.retract(state)
      steps.append(
        RuleStep(
          rule: index, step: RuleMachine.Step(from: .firing, to: .ok), episode: Int(state.pointee.episode),
          isRetracted: true, isSilenced: state.pointee.flaps.isSilenced, reason: "late data shows that it was not so"))
    }
    return steps
  }

  /// Whether a rule's condition did not hold at an instant of the past, as far as that can be told.
  private mutating func isFalse(
    _ index: Int, _ account: AccountID, at past: Moment, event: EventNameID, hour: Int32
  ) -> Bool {
    switch compiled.rules[index].condition {
    case .silence(let leaf, let after, _):
      // The late event alone decides: an earlier one was known, and was not enough.
      guard usage.features.belongs(event, to: compiled.leaves[leaf].feature) else { return false }
      return daySteps.silent(after: after, lastHour: hour) > past.at.milliseconds
    case .metric(let metric, let comparison, _):
      guard isKnown(metric, at: past) else { return false }
      if case .daysSince = metric, pastValue(metric, account, at: past) == nil { return false }
      return !holds(comparison, pastValue(metric, account, at: past))
    case .measure(let measure, let comparison, _):
      let compiled = compiled.measures[measure]
      guard isKnown(compiled.metric, at: past) else { return false }
      guard let value = pastValue(compiled.metric, account, at: past) else {
        // What stood in for a missing value is not recomputed.
        return false
      }
      return !holds(comparison, Rational(Int128(compiled.curve.grade(value)), 100))
    case .collapse(let trend, let most):
      guard isKnown(trend, at: past) else { return false }
      return pastValue(trend, account, at: past).map { $0 > most } ?? true
    case .abandoned(let events, let days, let least, let alive):
      guard isKnown(days, at: past), isKnown(events, at: past), isKnown(alive, at: past) else { return false }
      return
        !(pastValue(events, account, at: past) == Rational(0)
        && pastValue(days, account, at: past).map { $0 >= least } ?? false
        && pastValue(alive, account, at: past).map { $0 > Rational(0) } ?? false)
    default: return false
    }
  }

  private func holds(_ comparison: Comparison, _ value: Rational?) -> Bool {
    guard let value else { return false }
    switch comparison {
    case .above(let limit): return value > limit
    case .below(let limit): return value < limit
    }
  }

  /// Whether the log reaches back as far as a metric looks from an instant of the past, and nothing else is in it.
  private func isKnown(_ metric: CompiledMetric, at past: Moment, previous: Bool = false) -> Bool {
    switch metric {
    case .leaf(let leaf):
      let hours = Int32(compiled.leaves[leaf].windowHours) * (previous ? 2 : 1)
      return past.at.tile.hour - hours >= now.tile.hour - usage.horizon
    case .sum(let sum):
      let hours = Int32(compiled.sums[sum].windowHours) * (previous ? 2 : 1)
      return past.at.tile.hour - hours >= now.tile.hour - usage.horizon
    case .ratio(let a, let b):
      return isKnown(a, at: past, previous: previous) && isKnown(b, at: past, previous: previous)
    case .trend(let of, _, _): return isKnown(of, at: past, previous: true)
    // Where it is found in the log, it is the last there was.
    case .daysSince: return !previous
    default: return false
    }
  }

  /// A metric's value at an instant of the past.
  private func pastValue(
    _ metric: CompiledMetric, _ account: AccountID, at past: Moment, previous: Bool = false
  ) -> Rational? {
    switch metric {
    case .leaf(let leaf):
      if let from = holdsFrom[leaf], past.at.milliseconds < (previous ? from.previous : from.current) { return nil }
      return Rational(pastTotal(compiled.leaves[leaf], account, at: past, previous: previous))
    case .sum(let sum): return pastSum(sum, account, at: past, previous: previous)
    case .ratio(let a, let b):
      guard let x = pastValue(a, account, at: past, previous: previous),
        let y = pastValue(b, account, at: past, previous: previous), y.numerator != 0
      else { return nil }
      return (x.reduced / y.reduced).reduced
    case .trend(let of, let floor, let minVolume):
      guard let was = pastValue(of, account, at: past, previous: true), was >= minVolume,
        let then = pastValue(of, account, at: past)
      else { return nil }
      return ((then - was).reduced / max(was, floor).reduced).reduced
    case .daysSince(let leaf, let unit):
      guard let last = lastUse(compiled.leaves[leaf].feature, account, until: past.lastTile) else {
        return nil
      }
      return Rational(daySteps.days(from: usage.lastDay(of: last), to: daySteps.day(of: past.at.milliseconds), unit))
    default: return nil
    }
  }

  /// The last tile up to `hour` with a use of a feature; nil: the log does not reach back to one.
  private func lastUse(_ feature: FeatureReference, _ account: AccountID, until hour: Int32) -> Int32? {
    var last = now.tile.hour - usage.horizon - 1
    usage.forEachEntry(account) { entry in
      if entry.hour <= hour && entry.hour > last && usage.features.belongs(entry.event, to: feature) {
        last = entry.hour
      }
    }
    return last >= now.tile.hour - usage.horizon ? last : nil
  }

  private func pastTotal(_ leaf: Leaf, _ account: AccountID, at past: Moment, previous: Bool) -> Int64 {
    let start = past.at.tile.hour - Int32(leaf.windowHours)
    let hours = previous ? start - Int32(leaf.windowHours)...start - 1 : start...past.lastTile
    var use = PastUse()
    usage.forEachEntry(account) { entry in
      guard hours.contains(entry.hour), usage.features.belongs(entry.event, to: leaf.feature) else { return }
      use.events += Int64(entry.count)
      if entry.user != 0 { use.users.insert(entry.user) }
      use.days.insert(usage.lastDay(of: entry.hour).number)
      use.features.formUnion(usage.features.features(of: entry.event))
    }
    switch leaf.kind {
    case .count: return use.events
    case .users: return Int64(use.users.count)
    case .activeDays, .anyDays: return Int64(use.days.count)
    case .featuresUsed: return Int64(use.features.count)
    case .lastTile, .userEvents: return 0
    }
  }
}
