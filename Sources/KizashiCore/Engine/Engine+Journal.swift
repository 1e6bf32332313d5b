extension Engine {
  /// Writes what an evaluation changed: a band or score entry, then one per rule that moved, and the alerts.
  mutating func writeJournal(
    _ account: AccountID, bandWas: Int8, first: Bool, scoreMoved: Bool, steps: [RuleStep], _ trigger: Trigger
  ) {
    let core = scores.core(account)
    let fall = first || core.pointee.band == bandWas ? nil : fall(account, from: bandWas)
    let kind = entryKind(account, bandWas: bandWas, first: first, scoreMoved: scoreMoved, trigger)
    if kind != nil || !steps.isEmpty || !noted.isEmpty {
      let score = core.pointee.score
      let base = core.pointee.baseScore
      let delta = score >= 0 && base >= 0 ? Int(score - base) : nil
      let lines = trigger.isConfig ? configLine(delta) : explanation(account, fallback: cause(trigger))
      let entryCause = common(lines) ?? cause(trigger)
      if let kind {
        let showBand = kind == .band
        append(
          Change(
            sequence: 0, account: account, at: stalls.stamp ?? now, kind: kind, subject: "",
            from: showBand ? .name(compiled.bands.name(bandWas)) : state(base),
            to: showBand ? .name(compiled.bands.name(core.pointee.band)) : state(score), delta: delta,
            cause: entryCause,
            because: lines))
      }
      for step in steps {
        append(
          Change(
            sequence: 0, account: account, at: stalls.stamp ?? now, kind: .rule,
            subject: compiled.rules[step.rule].rule.name,
            from: .name(step.step.from.name), to: .name(step.toName), delta: delta, cause: entryCause,
            because: lines))
        appendAlert(account, step, among: steps, fall: fall, lines, fallback: cause(trigger))
      }
      // Stable, by hand: sorting is not.
      if !first && !noted.isEmpty {
        for kind in [Change.Kind.phase, .milestone, .attribute, .override] {
          for change in noted where change.kind == kind { append(entry(change, account, cause(trigger))) }
        }
      }
    }
    // Under another config the base is another one, also where nothing moved.
    let moves = first || kind != nil || trigger.isConfig
    // Of before the first evaluation there is nothing to tell, and of another config's base nothing that compares.
    if !waiting.places.isEmpty {
      keepBases(account, moves: moves && !first && !trigger.isConfig, fall: fall)
      if !waitsForBand.isEmpty { waitsForBand.removeAll(keepingCapacity: true) }
    }
    if moves { rebase(account) }
    if kind == .score { core.pointee.lastScoreEntryDay = daySteps.today.number }
  }

  /// An entry that the day's limit denied waits for the next move of the score: were it written at the next evaluation,
  /// the journal would show which instants happened to be looked at.
  private func entryKind(
    _ account: AccountID, bandWas: Int8, first: Bool, scoreMoved: Bool, _ trigger: Trigger
  ) -> Change.Kind? {
    guard !first else { return nil }
    let core = scores.core(account).pointee
    if trigger.isConfig { return core.band != bandWas || core.score != core.baseScore ? .config : nil }
    if core.band != bandWas { return .band }
    guard scoreMoved, core.score >= 0, core.baseScore >= 0,
      (core.score - core.baseScore).magnitude >= UInt32(compiled.bands.model.journalStep),
      core.lastScoreEntryDay != daySteps.today.number
    else { return nil }
    return .score
  }

  private func state(_ score: Int32) -> Change.State? { score < 0 ? nil : .points(Int(score)) }

  /// The entry of something noted: it carries no lines, because the score's own entry does.
  private func entry(_ change: NotedChange, _ account: AccountID, _ cause: Cause) -> Change {
    func made(_ kind: Change.Kind, _ subject: String, _ from: String?, _ to: String?) -> Change {
      Change(
        sequence: 0, account: account, at: stalls.stamp ?? now, kind: kind, subject: subject,
        from: from.map { .name($0) },
        to: to.map { .name($0) }, delta: nil, cause: cause, because: [])
    }
    switch change {
    case .phase(let from, let to): return made(.phase, "", phaseName(from), phaseName(to))
    case .milestone(let index): return made(.milestone, compiled.model.milestones[index].name, nil, "reached")
    case .attribute(let name, let from, let to): return made(.attribute, name, from, to)
    case .override(let from, let to): return made(.override, "", from, to)
    }
  }

  func cause(_ trigger: Trigger) -> Cause {
    switch trigger {
    case .event(let late): late ? .late : .event
    case .attribute: .attribute
    case .survey: .survey
    case .deadline: .expiry
    case .config: .config
    }
  }

  private func common(_ lines: [ExplanationLine]) -> Cause? {
    guard let first = lines.first else { return nil }
    return lines.allSatisfy { $0.cause == first.cause } ? first.cause : .mixed
  }

  private mutating func append(_ change: consuming Change) {
    changeSequence += 1
    change.sequence = changeSequence
    pending.changes.append(change)
  }

  /// - Parameter lines: Those of the evaluation's own entry.
  private mutating func appendAlert(
    _ account: AccountID, _ step: RuleStep, among steps: [RuleStep], fall: Int?, _ lines: [ExplanationLine],
    fallback: Cause
  ) {
    guard step.step.from == .firing || step.step.to == .firing else { return }
    let base = waitingBase(step, among: steps, account, fall: fall)
    let lines = base.map { explanation(account, from: $0, fallback: fallback) } ?? lines
    let state = step.step.to == .firing ? AlertTransition.State.firing : step.isRetracted ? .retracted : .resolved
    var transition = alert(account, step.rule, episode: step.episode, state, step.reason, lines, from: base?.score)
    transition.isSilenced = step.isSilenced
    pending.alerts.append(transition)
  }

  /// A rule's episode with what is known of the account now.
  ///
  /// - Parameter score: What the lines explain the score from; nil: the account's own base.
  func alert(
    _ account: AccountID, _ rule: Int, episode: Int, _ state: AlertTransition.State, _ reason: String,
    _ lines: [ExplanationLine], from score: Int32? = nil
  ) -> AlertTransition {
    let core = scores.core(account).pointee
    let scoreFrom = score ?? core.baseScore
    return AlertTransition(
      account: account, rule: rule, ruleName: compiled.rules[rule].rule.name, episode: episode, state: state,
      at: stalls.stamp ?? now, reason: reason,
      scoreFrom: scoreFrom < 0 ? nil : Int(scoreFrom), scoreTo: core.score < 0 ? nil : Int(core.score),
      band: compiled.bands.name(core.band), covered: covered(account), because: lines, phase: phase(account),
      touch: touchName(account),
      attributes: attributes.words(on: account).compactMap { word in word.value.map { (word.name, $0) } })
  }

  /// The covered share of the scorecard, 0…1.
  func covered(_ account: AccountID) -> Rational {
    let core = scores.core(account).pointee
    guard core.card >= 0 else { return Rational(0) }
    return Rational(core.coverage, compiled.scorecards[Int(core.card)].coverageTotal)
  }

  /// Under another scorecard old and new measures do not compare: the whole move is the config's.
  private func configLine(_ delta: Int?) -> [ExplanationLine] {
    guard let delta, delta != 0 else { return [] }
    return [
      ExplanationLine(
        measure: ExplanationLine.configuration, points: delta, from: .missing, to: .missing, cause: .config)
    ]
  }

  /// The lines that add up to the score's move since the base; none from or to no score.
  mutating func explanation(_ account: AccountID, fallback: Cause) -> [ExplanationLine] {
    let core = scores.core(account).pointee
    guard core.score >= 0, core.baseScore >= 0 else { return [] }
    let adjustment = scores.adjustment(account).pointee
    let isAdjusted =
      core.adjusted || adjustment.baseUncapped != core.baseScore || adjustment.baseComputed != core.baseScore
    guard !isAdjusted && adjustment.baseCard == core.card && adjustment.cardPoints == 0 else {
      return adjustedExplanation(account, adjustment, fallback: fallback)
    }
    return measureLines(account, from: core.baseScore, to: core.score, fallback: fallback)
  }

  /// The lines of the measures, the scorecard, the cap and the override, largest first, of equals in this order.
  private mutating func adjustedExplanation(
    _ account: AccountID, _ adjustment: ScoreTable.Adjustment, fallback: Cause
  ) -> [ExplanationLine] {
    let core = scores.core(account).pointee
    let uncapped = core.adjusted ? adjustment.uncapped : core.score
    let computed = core.adjusted ? adjustment.computed : core.score
    var lines: [ExplanationLine] = []
    func add(_ what: Int, _ points: Int32, _ cause: Cause) {
      guard points != 0 else { return }
      lines.append(ExplanationLine(measure: what, points: Int(points), from: .missing, to: .missing, cause: cause))
    }
    let overrideCause = single(adjustment.overrideCauses) ?? fallback
    let cardCause = single(adjustment.cardCauses) ?? fallback
    guard uncapped >= 0, adjustment.baseUncapped >= 0 else {
      // Without a computed score on both sides all of it is a person's word.
      add(ExplanationLine.override, core.score - core.baseScore, overrideCause)
      return lines
    }
    if adjustment.baseCard == core.card {
      lines = measureLines(
        account, from: adjustment.baseUncapped + adjustment.cardPoints, to: uncapped, fallback: fallback)
      add(ExplanationLine.scorecard, adjustment.cardPoints, cardCause)
    } else {
      // Under another scorecard old and new measures do not compare.
      add(ExplanationLine.scorecard, uncapped - adjustment.baseUncapped, cardCause)
    }
    add(
      ExplanationLine.cap, (computed - uncapped) - (adjustment.baseComputed - adjustment.baseUncapped),
      single(adjustment.capCauses) ?? fallback)
    add(
      ExplanationLine.override, (core.score - computed) - (core.baseScore - adjustment.baseComputed), overrideCause)
    // Stable, by hand: sorting is not.
    return lines.enumerated().sorted {
      $0.element.points.magnitude != $1.element.points.magnitude
        ? $0.element.points.magnitude > $1.element.points.magnitude : $0.offset < $1.offset
    }.map(\.element)
  }

  private mutating func measureLines(
    _ account: AccountID, from old: Int32, to new: Int32, fallback: Cause
  ) -> [ExplanationLine] {
    let card = scores.core(account).pointee.card
    guard card >= 0 else { return [] }
    let baseGrades = UnsafePointer(scores.baseGrades(account))
    let grades = UnsafePointer(scores.grades(account))
    let lines = explaining.split(
      compiled.scorecards[Int(card)], from: (score: old, grades: baseGrades), to: (score: new, grades: grades))
    return lines.map { line in
      let measure = line.measure
      return ExplanationLine(
        measure: measure, points: Int(line.points), from: scores.baseValues(account)[measure],
        to: shownValue(measure, account),
        cause: baseGrades[measure] == grades[measure]
          ? .reweighted : single(scores.causes(account)[measure]) ?? fallback)
    }
  }

  /// The one cause of a set, `mixed` for several, nil for none.
  private func single(_ set: UInt16) -> Cause? {
    guard set != 0 else { return nil }
    return set.nonzeroBitCount == 1 ? Cause(rawValue: UInt8(set.trailingZeroBitCount)) : .mixed
  }

  /// Makes the present state the one the next change is explained from.
  mutating func rebase(_ account: AccountID) {
    let core = scores.core(account)
    core.pointee.baseScore = core.pointee.score
    let adjustment = scores.adjustment(account)
    adjustment.pointee.baseUncapped = core.pointee.adjusted ? adjustment.pointee.uncapped : core.pointee.score
    adjustment.pointee.baseComputed = core.pointee.adjusted ? adjustment.pointee.computed : core.pointee.score
    adjustment.pointee.baseCard = core.pointee.card
    adjustment.pointee.cardPoints = 0
    adjustment.pointee.cardCauses = 0
    adjustment.pointee.capCauses = 0
    adjustment.pointee.overrideCauses = 0
    rebaseMeasures(account)
  }

  private mutating func rebaseMeasures(_ account: AccountID) {
    for index in compiled.measures.indices {
      scores.baseGrades(account)[index] = scores.grades(account)[index]
      scores.baseValues(account)[index] = shownValue(index, account)
      scores.causes(account)[index] = 0
    }
  }

  /// At the end of an evaluation in which another scorecard came into force: what measures move from here on is theirs again, also where
  /// the change made no entry. What had moved until then is the scorecard's.
  mutating func enterCard(_ account: AccountID) {
    let core = scores.core(account).pointee
    let adjustment = scores.adjustment(account)
    let uncapped = core.adjusted ? adjustment.pointee.uncapped : core.score
    guard uncapped >= 0 else { return }
    if adjustment.pointee.baseCard != core.card {
      adjustment.pointee.baseCard = core.card
      adjustment.pointee.cardPoints = uncapped - adjustment.pointee.baseUncapped
      rebaseMeasures(account)
    }
    if core.keepsBases { enterCardOfKeptBases(account, uncapped) }
  }
}
