/// An alert of a rule that waited says why the rule's condition came about, which was before the wait.
///
/// The entry that told of it has moved the account's base since, so that the lines of the evaluation in which the wait ends
/// mostly say nothing. What a base was is kept from the moment it moves while a rule waits, until the wait is over.
extension Engine {
  /// What the alert of a step is explained from; nil: the account's own base.
  func waitingBase(_ step: RuleStep, among steps: [RuleStep], _ account: AccountID) -> WaitingBase? {
    guard scores.core(account).pointee.keepsBases, !step.isRetracted else { return nil }
    let waited = step.step.from == .pending || step.step.to == .ok
    if waited { return waiting[account, step.rule] }
    // What opens with one of its rules is explained as that rule is.
    guard case .composite(_, let rules) = compiled.rules[step.rule].condition else { return nil }
    for other in steps where other.step.to == .firing && rules.contains(other.rule) {
      if let base = waitingBase(other, among: steps, account) { return base }
    }
    return nil
  }

  /// The lines that add up to the score's move since a base that was kept.
  mutating func explanation(_ account: AccountID, from kept: WaitingBase, fallback: Cause) -> [ExplanationLine] {
    let own = base(of: account, since: 0)
    var base = kept
    base.add(causesOf: own)
    // The one explanation there is, on another base for so long.
    put(base, account)
    defer { put(own, account) }
    return explanation(account, fallback: fallback)
  }

  /// At the end of an evaluation: forgets the bases of waits that are over, and keeps the account's own for rules that wait.
  ///
  /// - Parameter moves: Whether the account's own base is about to move.
  mutating func keepBases(_ account: AccountID, moves: Bool) {
    let core = scores.core(account)
    guard moves || core.pointee.keepsBases else { return }
    var keeps = false
    for rule in waiting.rules {
      let since = scores.rules(account)[rule].waitsSince
      var isKept = false
      if core.pointee.keepsBases, let kept = waiting.since(account, rule) {
        isKept = kept == since
        if !isKept { waiting[account, rule] = nil }
      }
      if moves && since != .max {
        if isKept {
          waiting.add(account, rule, scores)
        } else {
          waiting[account, rule] = base(of: account, since: since)
        }
        isKept = true
      }
      if isKept { keeps = true }
    }
    core.pointee.keepsBases = keeps
  }

  /// The account's own base.
  private func base(of account: AccountID, since: Int64) -> WaitingBase {
    let adjustment = scores.adjustment(account).pointee
    return WaitingBase(
      since: since, score: scores.core(account).pointee.baseScore, uncapped: adjustment.baseUncapped,
      computed: adjustment.baseComputed, card: adjustment.baseCard, cardPoints: adjustment.cardPoints,
      cardCauses: adjustment.cardCauses, capCauses: adjustment.capCauses, overrideCauses: adjustment.overrideCauses,
      measures: compiled.measures.indices.map { index in
        StoredState.MeasureState(
          baseGrade: scores.baseGrades(account)[index], baseValue: scores.baseValues(account)[index],
          causes: scores.causes(account)[index])
      })
  }

  private func put(_ base: WaitingBase, _ account: AccountID) {
    scores.core(account).pointee.baseScore = base.score
    let adjustment = scores.adjustment(account)
    adjustment.pointee.baseUncapped = base.uncapped
    adjustment.pointee.baseComputed = base.computed
    adjustment.pointee.baseCard = base.card
    adjustment.pointee.cardPoints = base.cardPoints
    adjustment.pointee.cardCauses = base.cardCauses
    adjustment.pointee.capCauses = base.capCauses
    adjustment.pointee.overrideCauses = base.overrideCauses
    for (index, measure) in base.measures.enumerated() {
      scores.baseGrades(account)[index] = measure.baseGrade
      scores.baseValues(account)[index] = measure.baseValue
      scores.causes(account)[index] = measure.causes
    }
  }

  /// What ``enterCard(_:)`` does, for the bases that are kept.
  mutating func enterCardOfKeptBases(_ account: AccountID, _ uncapped: Int32) {
    let card = scores.core(account).pointee.card
    for rule in waiting.rules {
      guard var base = waiting[account, rule], base.card != card, base.uncapped >= 0 else { continue }
      base.card = card
      base.cardPoints = uncapped - base.uncapped
      base.cardCauses |= scores.adjustment(account).pointee.cardCauses
      for index in compiled.measures.indices {
        base.measures[index] = StoredState.MeasureState(
          baseGrade: scores.grades(account)[index], baseValue: shownValue(index, account), causes: 0)
      }
      waiting[account, rule] = base
    }
  }

  // MARK: What is stored

  func encodeWaiting(_ account: AccountID, _ out: inout ByteWriter) {
    guard scores.core(account).pointee.keepsBases else { return out.write(unsigned: 0) }
    let kept = waiting.rules.compactMap { rule in waiting[account, rule].map { (compiled.rules[rule].key, $0) } }
    out.write(unsigned: UInt64(kept.count))
    for (key, base) in kept {
      out.write(unsigned: key)
      out.write(base.since)
      out.write(base.score)
      out.write(base.uncapped)
      out.write(base.computed)
      out.write(base.card)
      out.write(base.cardPoints)
      out.write(unsigned: UInt64(base.cardCauses))
      out.write(unsigned: UInt64(base.capCauses))
      out.write(unsigned: UInt64(base.overrideCauses))
      out.write(unsigned: UInt64(base.measures.count))
      for measure in base.measures { Self.encode(measure, &out) }
    }
  }

  static func decodeWaiting(_ input: inout ByteReader) -> [(key: UInt64, base: WaitingBase)] {
    (0..<input.count()).map { _ in
      let key = input.unsigned()
      var base = WaitingBase(
        since: input.signed(), score: input.narrow(), uncapped: input.narrow(), computed: input.narrow(),
        card: input.narrow(), cardPoints: input.narrow(),
        cardCauses: UInt16(truncatingIfNeeded: input.unsigned()),
        capCauses: UInt16(truncatingIfNeeded: input.unsigned()),
        overrideCauses: UInt16(truncatingIfNeeded: input.unsigned()), measures: [])
      for _ in 0..<input.count() { base.measures.append(decodeMeasure(&input)) }
      return (key, base)
    }
  }

  mutating func takeWaiting(_ state: StoredState, _ account: AccountID) {
    for (key, base) in state.waiting where base.measures.count == compiled.measures.count {
      guard let rule = compiled.rules.firstIndex(where: { $0.key == key }) else { continue }
      waiting[account, rule] = base
      scores.core(account).pointee.keepsBases = true
    }
  }
}
