import KizashiCore

/// A journal entry.
package struct ReferenceChange: Equatable, Sendable {
  package var kind: Change.Kind
  package var at: Int64
  package var subject: String
  package var from: String?
  package var to: String?
  /// Hundredths.
  package var delta: Int?
  package var cause: Cause
  package var because: [ExplanationLine]

  /// An entry.
  package init(
    kind: Change.Kind, at: Int64, subject: String, from: String?, to: String?, delta: Int?, cause: Cause,
    because: [ExplanationLine]
  ) {
    self.kind = kind
    self.at = at
    self.subject = subject
    self.from = from
    self.to = to
    self.delta = delta
    self.cause = cause
    self.because = because
  }
}

/// The last score of a local day.
package struct ReferenceScoreRow: Equatable, Sendable {
  package var day: Int32
  package var at: Int64
  package var score: Int?
}

/// Why an account is evaluated.
enum ReferenceTrigger: Sendable {
  /// A usage line; `late`: its tile is older than the clock's.
  case usage(late: Bool)
  /// A group line or a reserved event.
  case record(survey: Bool)
  case deadline

  var isLine: Bool { if case .deadline = self { false } else { true } }
}

/// One account: its lines, and the history the specification gives it.
package struct ReferenceAccount: Sendable {
  package let name: String
  var facts = ReferenceFacts()
  /// Up to here its deadlines have been looked for: the clock, unless it waits for a stalled source.
  var lookedTo = Int64.min

  /// The last evaluation; nil before the first.
  package private(set) var reading: ReferenceReading?
  /// In the order of detection.
  package private(set) var changes: [ReferenceChange] = []
  package private(set) var alerts: [ReferenceAlert] = []
  /// Ascending by day.
  package private(set) var scoreHistory: [ReferenceScoreRow] = []

  var bands: ReferenceBandState
  var rules: [ReferenceRuleState]
  var base: ReferenceBase?
  /// By bound: the base of the journal when the score came to be below it, and when that was.
  var boundBases: [(base: ReferenceBase?, since: Int64?)]
  private var lastScoreEntryDay: Int32?
  private var scores: [ReferenceScoreSpan] = []
  private var held: [ReferenceHeldGrade]
  package internal(set) var standing = ReferenceStanding()
  /// The override in force at the last evaluation.
  var overrideText: String?
  /// What the line at hand has changed.
  var noted: [ReferenceChange] = []
  var cardCause: Cause?
  /// The instant that entries carry.
  var telling: Int64 = 0
  /// Of the line at hand: attributes and override (where it is one) before it.
  var pendingAttributes: [(name: String, value: String?)] = []
  var pendingOverride: String??
  var pendingTrigger = ReferenceTrigger.deadline

  init(name: String, context: ReferenceContext) {
    self.name = name
    bands = ReferenceBandState(belowSince: context.model.bands.bands.map { _ in nil })
    rules = context.model.rules.map { _ in ReferenceRuleState() }
    boundBases = context.model.bands.bands.map { _ in (nil, nil) }
    held = context.model.measures.map { _ in ReferenceHeldGrade() }
  }

  /// The band's name.
  package var band: String? { bands.band }
  /// State (`ok`, `pending`, `firing`) and last episode of each rule.
  package var ruleStates: [(state: String, episode: Int)] { rules.map { ($0.phase.rawValue, $0.episode) } }

  /// Takes in an accepted line, the clock already moved by it to `now`; the account is looked at as of `time`.
  mutating func receive(_ event: ReferenceEvent, at now: Int64, time: Int64, context: ReferenceContext) {
    guard event.kind == .usage else {
      telling = now
      noteAttributes(event, at: time, context: context)
      facts.records.append(event)
      noteNewValues(at: time, context: context)
      let trigger = ReferenceTrigger.record(survey: event.event == "survey.responded")
      _ = evaluate(at: time, told: now, trigger: trigger, context: context)
      return
    }
    facts.usage.append(event)
    for (index, rule) in context.model.rules.enumerated() {
      if case .silence(let feature, _, _) = rule.kind, context.feature(feature, includes: event.variant),
        event.at >= rules[index].openedAt ?? .max
      {
        rules[index].eventsSinceOpening += event.count
      }
    }
    let isLate = event.hour < floorDivide(now, hourLength)
    _ = evaluate(at: time, told: now, trigger: .usage(late: isLate), context: context)
  }

  // MARK: - Evaluation

  /// Computes everything anew as of `now`; whether any grade, the score, the band or a rule changed. `told` is the instant
  /// that entries carry; nil: the same.
  mutating func evaluate(
    at now: Int64, told: Int64? = nil, trigger: ReferenceTrigger, context: ReferenceContext
  ) -> Bool {
    let previous = reading
    telling = told ?? now
    reachMilestones(at: now, trigger, context)
    let current = read(at: now, trigger, context: context)
    let isOtherCard = previous.map { $0.card != current.card } ?? false
    let rebases = isOtherCard || (previous != nil && noted.contains { $0.kind == .phase })
    reading = current
    let oldBand = bands.band
    let newBand = bands.update(
      score: current.score, covered: current.covered, at: now, model: context.model, plainly: isOtherCard)
    standing.band = newBand
    let bandChange = oldBand.flatMap { $0 == newBand ? nil : (from: $0, to: newBand) }
    gatherCauses(previous: previous, current: current, at: now, trigger: trigger, context: context)
    noteScore(previous: previous?.score, current: current.score, at: now, context: context)
    if isOtherCard {
      // Scores of another scorecard do not compare.
      scores = current.score.map { [ReferenceScoreSpan(score: $0, since: now)] } ?? []
    }

    let flapped = context.model.rules.indices.filter { index in
      context.model.rules[index].flap.map {
        rules[index].flaps.end(before: context.day(at: now), isFiring: rules[index].phase == .firing, $0)
      } ?? false
    }
    let baseBefore = base
    let fallenBase = fallenBase(from: oldBand, to: newBand, context)
    var paths: [[ReferenceRuleState.Phase]] = []
    var retracted: Set<Int> = []
    if case .usage(late: true) = trigger, let event = facts.usage.last, event.hour < floorDivide(now, hourLength) {
      for (index, rule) in context.model.rules.enumerated() {
        let input = ReferenceRuleInput(
          now: now, reading: current, band: newBand, bandChange: nil, scores: scores, standing: standing, facts: facts,
          context: context)
        if rules[index].retract(rule, event, input) { retracted.insert(index) }
      }
      let gone = Set(retracted.map { context.model.rules[$0].name })
      for (index, rule) in context.model.rules.enumerated() {
        guard case .composite(true, let parts) = rule.kind, !gone.isDisjoint(with: parts) else { continue }
        if rules[index].retractWithAPart(event) { retracted.insert(index) }
      }
    }
    for (index, rule) in context.model.rules.enumerated() {
      paths.append(
        rules[index].step(
          rule,
          ReferenceRuleInput(
            now: now, reading: current, band: newBand, bandChange: bandChange, scores: scores, rebases: rebases,
            isOfLine: trigger.isLine, standing: standing,
            firing: Set(zip(context.model.rules, rules).filter { $1.phase == .firing }.map(\.0.name)), facts: facts,
            context: context)))
    }
    let scoreMoved = previous?.score != current.score
    let changed =
      previous.map { $0.grades != current.grades || $0.score != current.score } ?? true
      || bandChange != nil || paths.contains { $0.count > 1 } || !retracted.isEmpty || !noted.isEmpty
      || !flapped.isEmpty
    if let baseBefore {
      if bandChange != nil || scoreMoved {
        writeScoreOrBand(
          from: baseBefore, to: current, bandChange: bandChange, at: now, told: told ?? now, trigger, context)
      }
    } else {
      base = ReferenceBase(reading: current, causes: context.model.measures.map { _ in [] })
    }
    writeRules(paths, retracted, base: baseBefore, fallenBase, current: current, at: told ?? now, trigger, context)
    keepBases(baseBefore, fallenBase, context)
    if isOtherCard { enterCard(current) }
    for index in flapped { tellFlapping(index, at: told ?? now, context) }
    if previous != nil {
      for kind in [Change.Kind.phase, .milestone, .attribute, .override] { changes += noted.filter { $0.kind == kind } }
    }
    noted = []
    return changed
  }

  private mutating func read(
    at now: Int64, _ trigger: ReferenceTrigger, context: ReferenceContext
  ) -> ReferenceReading {
    var values: [Rational?] = []
    var grades: [Int?] = []
    var present: [Bool] = []
    for (index, measure) in context.model.measures.enumerated() {
      let value = facts.value(ofMeasure: measure, at: now, context: context)
      let own = value.map { facts.grade(of: $0, by: measure, at: now, context: context) }
      let kept = held[index].update(grade: own, at: now)
      values.append(value)
      switch (own, measure.missing) {
      case (let grade?, _):
        grades.append(grade)
        present.append(true)
      case (nil, .exclude):
        grades.append(nil)
        present.append(false)
      case (nil, .zero):
        grades.append(0)
        present.append(false)
      case (nil, .neutral):
        grades.append(5000)
        present.append(false)
      case (nil, .hold(let length)):
        let grade = kept.flatMap { now < $0.missingSince + length ? $0.grade : nil }
        grades.append(grade)
        present.append(grade != nil)
      }
    }
    return score(values: values, grades: grades, present: present, at: now, trigger, context)
  }

  private mutating func gatherCauses(
    previous: ReferenceReading?, current: ReferenceReading, at now: Int64, trigger: ReferenceTrigger,
    context: ReferenceContext
  ) {
    guard let previous else { return }
    for (index, measure) in context.model.measures.enumerated() where previous.grades[index] != current.grades[index] {
      let cause: Cause
      if case .deadline = trigger, measure.decay != nil {
        cause = facts.answerLeaves(measure.metric, at: now) ? .expiry : .decay
      } else if case .deadline = trigger, measure.metric.countsDays && !measure.metric.isWindowed {
        cause = .silence
      } else {
        cause = trigger.cause
      }
      insert(cause, \.causes[index])
    }
    func part(_ a: Int?, _ b: Int?) -> Int { (a ?? -1) - (b ?? -1) }
    if part(previous.computed, previous.uncapped) != part(current.computed, current.uncapped) {
      insert(trigger.cause, \.capCauses)
    }
    if part(previous.score, previous.computed) != part(current.score, current.computed) {
      insert(trigger.cause, \.overrideCauses)
    }
    guard previous.card != current.card else { return }
    if let cardCause { insert(cardCause, \.cardCauses) }
  }

  private mutating func noteScore(previous: Int?, current: Int?, at now: Int64, context: ReferenceContext) {
    guard previous != current else { return }
    if let last = scores.indices.last, scores[last].until == nil { scores[last].until = now }
    if let current { scores.append(ReferenceScoreSpan(score: current, since: now)) }
    let day = context.day(at: now)
    if scoreHistory.last?.day == day { scoreHistory.removeLast() }
    scoreHistory.append(ReferenceScoreRow(day: day, at: now, score: current))
  }

  // MARK: - Journal

  private mutating func writeScoreOrBand(
    from base: ReferenceBase, to current: ReferenceReading, bandChange: (from: String, to: String)?, at now: Int64,
    told: Int64, _ trigger: ReferenceTrigger, _ context: ReferenceContext
  ) {
    var entry = Self.entry(.score, from: base, to: current, at: told, trigger)
    if let bandChange {
      entry.kind = .band
      entry.from = bandChange.from
      entry.to = bandChange.to
    } else {
      let day = context.day(at: now)
      guard let old = base.reading.score, let new = current.score, abs(new - old) >= context.model.bands.journalStep,
        lastScoreEntryDay != day
      else { return }
      entry.from = Rational(Int128(old), 100).text(digits: 2)
      entry.to = Rational(Int128(new), 100).text(digits: 2)
      lastScoreEntryDay = day
    }
    changes.append(entry)
    self.base = ReferenceBase(reading: current, causes: context.model.measures.map { _ in [] })
  }

  private mutating func writeRules(
    _ paths: [[ReferenceRuleState.Phase]], _ retracted: Set<Int>, base: ReferenceBase?, _ fallen: ReferenceBase?,
    current: ReferenceReading, at now: Int64,
    _ trigger: ReferenceTrigger, _ context: ReferenceContext
  ) {
    // What late data takes back comes before what follows from it.
    for index in retracted.sorted() {
      let episode = rules[index].episode - paths[index].dropFirst().count { $0 == .firing }
      write(
        index, episode, from: "firing", to: "retracted", paths, base: base, fallen, current: current, at: now, trigger,
        context)
    }
    for (index, path) in paths.enumerated() {
      var episode = rules[index].episode - path.dropFirst().count { $0 == .firing }
      for (from, to) in zip(path, path.dropFirst()) {
        if to == .firing { episode += 1 }
        write(
          index, episode, from: from.rawValue, to: to.rawValue, paths, base: base, fallen, current: current, at: now,
          trigger, context)
      }
    }
  }

  private mutating func write(
    _ rule: Int, _ episode: Int, from: String, to: String, _ paths: [[ReferenceRuleState.Phase]],
    base: ReferenceBase?, _ fallen: ReferenceBase?, current: ReferenceReading, at now: Int64,
    _ trigger: ReferenceTrigger, _ context: ReferenceContext
  ) {
    var entry = Self.entry(.rule, from: base, to: current, at: now, trigger)
    entry.subject = context.model.rules[rule].name
    entry.from = from
    entry.to = to
    changes.append(entry)
    guard to == "firing" || from == "firing" else { return }
    let state: AlertTransition.State = to == "firing" ? .firing : to == "retracted" ? .retracted : .resolved
    // Whoever was told that it opened is told that it ended.
    if state == .firing { rules[rule].flaps.isSilenced = rules[rule].flaps.isFlapping }
    let waited = waitingBase(of: rule, from: from, to: to, paths, context, fallen: fallen) ?? base
    alerts.append(
      ReferenceAlert(
        rule: entry.subject, episode: episode, state: state, at: now, scoreFrom: waited?.reading.score,
        scoreTo: current.score,
        because: waited.map { explanation(from: $0, to: current, fallback: trigger.cause) } ?? [],
        isSilenced: rules[rule].flaps.isSilenced))
  }

  private mutating func tellFlapping(_ rule: Int, at now: Int64, _ context: ReferenceContext) {
    let isFiring = rules[rule].phase == .firing
    let began = rules[rule].flaps.isFlapping
    if !began {
      guard isFiring, rules[rule].flaps.isSilenced else { return }
      rules[rule].flaps.isSilenced = false
    }
    alerts.append(
      ReferenceAlert(
        rule: context.model.rules[rule].name, episode: rules[rule].episode, state: isFiring ? .firing : .resolved,
        at: now, flapping: (began, rules[rule].flaps.percent.text(digits: 2))))
  }

  private static func entry(
    _ kind: Change.Kind, from base: ReferenceBase?, to current: ReferenceReading, at now: Int64,
    _ trigger: ReferenceTrigger
  ) -> ReferenceChange {
    let lines = base.map { explanation(from: $0, to: current, fallback: trigger.cause) } ?? []
    var delta: Int?
    if let old = base?.reading.score, let new = current.score { delta = new - old }
    return ReferenceChange(
      kind: kind, at: now, subject: "", from: nil, to: nil, delta: delta,
      cause: commonCause(of: lines, otherwise: trigger.cause), because: lines)
  }

  /// Takes back looks beyond an earlier clock, of which nothing came.
  mutating func rewind(to clock: Int64, context: ReferenceContext) {
    for index in rules.indices {
      rules[index].shift.rewind(to: clock, context)
      rules[index].flaps.rewind(to: clock, context)
    }
  }

  // MARK: - Candidate instants

  /// The next instant after `now` worth a look. Most of them change nothing.
  func nextCandidate(after now: Int64, context: ReferenceContext, everyHour: Bool) -> Int64 {
    var hour = floorDivide(now, hourLength) + 1
    if !everyHour {
      let used = Set((facts.usage + facts.records).map(\.hour))
      let windows = context.windowsInUse
      while !mayMatter(hour: hour, used, windows, context: context) { hour += 1 }
    }
    var candidates = [hour * hourLength]
    candidates += bands.candidates(model: context.model)
    candidates += context.model.milestones.compactMap { facts.due($0) }
    if let override = facts.override(at: now, context: context) { candidates.append(override.until) }
    for (index, rule) in context.model.rules.enumerated() {
      candidates += rules[index].candidates(rule, scores: scores, facts: facts, context: context)
    }
    for (index, measure) in context.model.measures.enumerated() {
      if case .hold(let length) = measure.missing, let kept = held[index].kept {
        candidates.append(kept.missingSince + length)
      }
    }
    for start in context.filterStarts.map(\.since) + context.sumStarts.map(\.since) {
      candidates += context.windowsInUse.flatMap { window in
        [1, 2].map { start.milliseconds + $0 * Int64(window) * hourLength }
      }
    }
    return candidates.filter { $0 > now }.min() ?? hour * hourLength
  }

  /// Whether a tile enters or leaves a window, or a local day begins, at the hour's first millisecond.
  private func mayMatter(hour: Int64, _ used: Set<Int64>, _ windows: Set<Int>, context: ReferenceContext) -> Bool {
    if context.day(ofHour: hour) != context.day(ofHour: hour - 1) { return true }
    return windows.contains { window in
      used.contains(hour - 1 - Int64(window)) || used.contains(hour - 1 - 2 * Int64(window))
    }
  }
}

/// The grade a `hold` measure keeps.
struct ReferenceHeldGrade: Sendable {
  private var last: Int?
  private(set) var kept: (grade: Int, missingSince: Int64)?

  /// Notes the measure's own grade; the grade to keep while there is none.
  mutating func update(grade: Int?, at now: Int64) -> (grade: Int, missingSince: Int64)? {
    if let grade {
      last = grade
      kept = nil
    } else if kept == nil, let last {
      kept = (last, now)
    }
    return kept
  }
}

extension ReferenceTrigger {
  /// What an evaluation is blamed on where nothing more precise is known.
  var cause: Cause {
    switch self {
    case .usage(let late): late ? .late : .event
    case .record(let survey): survey ? .survey : .attribute
    case .deadline: .expiry
    }
  }
}
