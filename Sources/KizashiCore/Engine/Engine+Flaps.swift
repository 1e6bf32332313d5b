/// Where flap detection meets the engine. It changes nothing that is evaluated: it decides whom an episode is told, and is a
/// function of what the rule was at the end of each local day.
///
/// Whole days are ended before the rule is next stepped: until then it stood as it does. Nothing happens in between, because
/// each day's start at which flapping could begin or end is a deadline.
extension Engine {
  /// Ends the days that are over with the state a rule has before it is stepped.
  ///
  /// - Parameter flap: Its place among the rules with `flap`; -1: it has none.
  mutating func endFlapDays(_ flap: Int32, _ account: AccountID, isConfig: Bool) {
    guard flap >= 0 else { return }
    let (rule, settings) = compiled.flapRules[Int(flap)]
    let state = scores.rules(account) + rule
    let wasFlapping = state.pointee.flaps.isFlapping
    state.pointee.flaps.end(
      before: daySteps.today.number, isFiring: state.pointee.phase == .firing, settings)
    guard state.pointee.flaps.isFlapping != wasFlapping else { return }
    // A change of config begins and ends nothing; the next day's end does.
    if isConfig { state.pointee.flaps.isFlapping = wasFlapping } else { flapped.append(rule) }
  }

  /// Whether a rule's step is kept from the hooks: whoever was told that an episode opened is told of its end.
  func isSilenced(_ rule: Int, _ account: AccountID, opens: Bool) -> Bool {
    let state = scores.rules(account) + rule
    if opens { state.pointee.flaps.isSilenced = state.pointee.flaps.isFlapping }
    return state.pointee.flaps.isSilenced
  }

  /// Says what began and ceased to flap at this evaluation.
  mutating func tellFlapping(_ account: AccountID, _ trigger: Trigger) {
    defer { flapped.removeAll(keepingCapacity: true) }
    for rule in flapped {
      let state = scores.rules(account) + rule
      let flaps = state.pointee.flaps
      let isFiring = state.pointee.phase == .firing
      let reason: String
      if flaps.isFlapping {
        let start = compiled.flapRules.first { $0.rule == rule }?.settings.start ?? 0
        reason =
          "the rule flaps: it changed on \(flaps.count) of the last 20 days, weighted \(flaps.percent) % (\(start) % or more)"
      } else {
        guard isFiring, flaps.isSilenced else { continue }
        state.pointee.flaps.isSilenced = false
        let day = ReasonText.date(daySteps.day(of: state.pointee.openedAt).number)
        reason = "the rule flaps no longer (weighted \(flaps.percent) %) and has fired since \(day)"
      }
      pending.flaps.append(
        FlapNotice(
          began: flaps.isFlapping,
          alert: alert(
            account, rule, episode: Int(state.pointee.episode), isFiring ? .firing : .resolved, reason,
            explanation(account, fallback: cause(trigger))),
          place: pending.alerts.count))
    }
  }

  /// The next instant at which a rule begins or ceases to flap by itself; `.max`: it does not.
  ///
  /// - Parameter flap: Its place among the rules with `flap`.
  mutating func nextFlapDeadline(_ flap: Int, _ account: AccountID) -> Int64 {
    let (rule, settings) = compiled.flapRules[flap]
    let state = scores.rules(account) + rule
    let change = state.pointee.flaps.nextChange(
      after: daySteps.today.number, isFiring: state.pointee.phase == .firing, settings)
    return change.map { daySteps.start(of: $0) } ?? .max
  }

  // MARK: What is stored

  func encodeFlaps(_ account: AccountID, _ out: inout ByteWriter) {
    out.write(unsigned: UInt64(compiled.flapRules.count))
    for (rule, settings) in compiled.flapRules {
      let state = scores.rules(account)[rule]
      var flaps = state.flaps
      // Whether what was over has been ended yet depends on what else asked for a look.
      flaps.end(before: scores.core(account).pointee.day, isFiring: state.phase == .firing, settings)
      out.write(unsigned: compiled.rules[rule].key)
      out.write(flaps.day)
      out.write(unsigned: UInt64(flaps.stored))
    }
  }

  static func decodeFlaps(_ input: inout ByteReader) -> [StoredState.Flaps] {
    (0..<input.count()).map { _ in
      StoredState.Flaps(
        key: input.unsigned(),
        history: FlapHistory(day: input.narrow(), bits: UInt32(truncatingIfNeeded: input.unsigned())))
    }
  }

  /// Kept under another config too, as far as the rule still has `flap`.
  mutating func takeFlaps(_ state: StoredState, _ account: AccountID) {
    for (rule, _) in compiled.flapRules {
      let key = compiled.rules[rule].key
      if let stored = state.flaps.first(where: { $0.key == key }) {
        scores.rules(account)[rule].flaps = stored.history
      }
    }
  }
}
