/// An alert behind a wait says why its condition came about, which was before the wait: that of a rule, or that of a band whose
/// bound the score was below for `down_for`.
///
/// The entry that told of it has moved the account's base since, so that the lines of the evaluation in which the wait ends
/// mostly say nothing. What a base was is kept from the moment it moves while something waits, until the wait is over.
extension Engine {
  /// What the alert of a step is explained from; nil: the account's own base.
  ///
  /// - Parameter fall: The place of the bound that the band has just fallen through, see ``fall(_:from:)``.
  func waitingBase(
    _ step: RuleStep, among steps: [RuleStep], _ account: AccountID, fall: Int?
  ) -> WaitingBase? {
    guard scores.core(account).pointee.keepsBases, !step.isRetracted else { return nil }
    let rule = compiled.fastRules.pointer(step.rule)
    let waited = step.step.from == .pending || step.step.to == .ok && rule.pointee.keepFiringForMilliseconds > 0
    if waited { return waiting[account, step.rule] }
    if let fall, rule.pointee.kind.isOfBands { return waiting[account, fall] }
    // What opens with one of its rules is explained as that rule is.
    guard step.step.to == .firing, case .composite(_, let rules) = compiled.rules[step.rule].condition else {
      return nil
    }
    for other in steps where other.step.to == .firing && rules.contains(other.rule) {
      if let base = waitingBase(other, among: steps, account, fall: fall) { return base }
    }
    return nil
  }

  /// The place of the bound through which the band has just fallen: of several, that which the score has been below for longest.
  /// Nil: the band did not fall.
  func fall(_ account: AccountID, from was: Int8) -> Int? {
    let band = scores.core(account).pointee.band
    guard !waiting.bounds.isEmpty, 0 <= was, was < band, band != compiled.bands.unknown else { return nil }
    let below = scores.below(account)
    var longest = Int(was)
    for bound in Int(was)..<Int(band) where below[bound] < below[longest] { longest = bound }
    return waiting.bounds.lowerBound + longest
  }

  /// Since when what has a place among the waits has waited; `.max`: it does not.
  private func waitsSince(_ place: Int, _ account: AccountID) -> Int64 {
    guard place >= waiting.bounds.lowerBound else { return scores.rules(account)[place].waitsSince }
    let bound = place - waiting.bounds.lowerBound
    // One that the band has fallen through, or not climbed to, is no more to be lost.
    return Int(scores.core(account).pointee.band) <= bound ? scores.below(account)[bound] : .max
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

  /// At the end of an evaluation: forgets the bases of waits that are over, and keeps the account's own for what waits.
  ///
  /// - Parameters:
  ///   - moves: Whether the account's own base is about to move.
  ///   - fall: See ``fall(_:from:)``.
  mutating func keepBases(_ account: AccountID, moves: Bool, fall: Int?) {
    let core = scores.core(account)
    guard moves || core.pointee.keepsBases else { return }
    // Rules stand before bounds: what begins to wait with a fall takes its base over before that is forgotten.
    var fallen = core.pointee.keepsBases ? fall.flatMap { waiting[account, $0] } : nil
    fallen?.add(account, scores)
    var keeps = false
    for place in waiting.places {
      let since = waitsSince(place, account)
      var isKept = false
      if core.pointee.keepsBases, let kept = waiting.since(account, place) {
        isKept = kept == since
        if !isKept { waiting[account, place] = nil }
      }
      if moves && since != .max {
        if isKept {
          waiting.add(account, place, scores)
        } else if var base = fallen, waitsForBand.contains(place) {
          base.since = since
          waiting[account, place] = base
        } else {
          waiting[account, place] = base(of: account, since: since)
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
    for place in waiting.places {
      guard var base = waiting[account, place], base.card != card, base.uncapped >= 0 else { continue }
      base.card = card
      base.cardPoints = uncapped - base.uncapped
      base.cardCauses |= scores.adjustment(account).pointee.cardCauses
      for index in compiled.measures.indices {
        base.measures[index] = StoredState.MeasureState(
          baseGrade: scores.grades(account)[index], baseValue: shownValue(index, account), causes: 0)
      }
      waiting[account, place] = base
    }
  }

  // MARK: What is stored

  /// Finds the base of a rule or a bound again. No name has that character in it.
  private func waitingKey(_ place: Int) -> UInt64 {
    guard place >= waiting.bounds.lowerBound else { return compiled.rules[place].key }
    return FNV.hash("bound\u{1F}\(place - waiting.bounds.lowerBound)")
  }

  func encodeWaiting(_ account: AccountID, _ out: inout ByteWriter) {
    guard scores.core(account).pointee.keepsBases else { return out.write(unsigned: 0) }
    let kept = waiting.places.compactMap { place in waiting[account, place].map { (waitingKey(place), $0) } }
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
      guard let place = waiting.places.first(where: { waitingKey($0) == key }) else { continue }
      waiting[account, place] = base
      scores.core(account).pointee.keepsBases = true
    }
  }
}
