import KizashiCore
import ReferenceModel

/// Everything in which an engine and the reference model disagree about a scenario, in words.
struct Comparison {
  private(set) var differences: [String] = []
  private let model: Model
  private let withHistory: Bool

  /// - Parameter withHistory: Also what hangs on when things were looked at: journal, alerts, bands, instants of milestones.
  init(
    _ scenario: Scenario, _ driver: borrowing EngineDriver, _ reference: ReferenceModel, withHistory: Bool = true
  ) {
    model = scenario.model
    self.withHistory = withHistory
    compareStore(driver.world, reference)
    for account in reference.accounts {
      guard let id = driver.engine.account(named: account.name) else {
        differences.append("account \(account.name) is unknown to the engine")
        continue
      }
      compareReading(account, driver.engine.explain(id), reference)
      compareAttributes(account, id, driver.world, reference)
      compareCustomer(account, id, driver.world, reference)
      if withHistory { compareHistory(account, id, driver.world) }
    }
    for (event, features, core) in driver.engine.featureMembership(from: 0) {
      let name = driver.world.eventNames[Int(event)]
      let belonging = reference.membership(of: EventVariant(name: name))
      expect("features of \(name)", engine: features, reference: belonging.features)
      expect("whether \(name) is core", engine: core, reference: belonging.core)
    }
    for told in reference.impossibleClocks {
      differences.append("the engine's clock cannot be there: \(told)")
    }
  }

  private mutating func expect<T>(_ what: String, engine: T, reference: T) {
    let (a, b) = (String(describing: engine), String(describing: reference))
    if a != b { differences.append("\(what)\n    engine    \(a)\n    reference \(b)") }
  }

  private mutating func compareStore(_ world: StoredWorld, _ reference: ReferenceModel) {
    expect("accounts", engine: world.accounts, reference: reference.accounts.map(\.name))
    expect("clock", engine: world.now.milliseconds, reference: reference.clock ?? .min)
    for (index, counters) in reference.counters.enumerated() {
      let row = world.sources[index] ?? SourceRow(source: index)
      expect("lines of source \(index)", engine: row.lines, reference: counters.lines)
      expect("events of source \(index)", engine: row.events, reference: counters.events)
      expect(
        "duplicates of source \(index)", engine: row.duplicates, reference: counters.duplicates)
      expect(
        "undeduplicated of source \(index)", engine: row.undeduplicated,
        reference: counters.undeduplicated)
      expect(
        "watermark of source \(index)", engine: row.watermark?.milliseconds,
        reference: counters.watermark)
      for reason in RefusalReason.allCases {
        expect(
          "\(reason.name) of source \(index)", engine: row.refused[Int(reason.rawValue)],
          reference: counters.refused[reason] ?? 0)
      }
    }
    if withHistory {
      expect("facts", engine: world.namedFacts, reference: reference.facts)
      expect("sums", engine: world.namedSums, reference: reference.sums)
    } else {
      // What lines matched was asked by the config of their time.
      expect("facts", engine: Self.byEvent(world.namedFacts), reference: Self.byEvent(reference.facts))
    }
    compareLists(
      "stalls",
      world.stalls.map { told in
        let (source, clock) = (told.stall.source, told.clock.milliseconds)
        return switch told.kind {
        case .stalled, .awaited:
          "\(told.kind) \(source) at \(told.at.milliseconds) clock \(clock) accounts \(told.stall.accounts)"
        case .resumed, .retired: "ended \(source) at \(told.at.milliseconds) clock \(clock)"
        case .heldLongest: "held longest \(source) clock \(clock)"
        }
      }, reference.stallLog)
  }

  /// Facts without what their properties matched.
  private static func byEvent(_ facts: [ReferenceFact]) -> [String] {
    var sums: [String: (events: Int64, first: Int64, last: Int64)] = [:]
    for fact in facts {
      let key = "\(fact.hour) \(fact.account) \(EventVariant(name: fact.event).event) \(fact.user ?? "-")"
      let known = sums[key] ?? (0, .max, .min)
      sums[key] = (known.events + fact.events, min(known.first, fact.first), max(known.last, fact.last))
    }
    return sums.map { "\($0.key): \($0.value)" }.sorted()
  }

  private mutating func compareReading(
    _ account: ReferenceAccount, _ explanation: Explanation, _ reference: ReferenceModel
  ) {
    let name = account.name
    guard let reading = account.reading else { return }
    expect("score of \(name)", engine: explanation.score, reference: reading.score)
    expect("computed score of \(name)", engine: explanation.computedScore, reference: reading.computed)
    expect("phase of \(name)", engine: explanation.phase, reference: account.standing.phase)
    expect("touch of \(name)", engine: explanation.touch, reference: account.standing.touch)
    expect("segments of \(name)", engine: explanation.segments, reference: account.standing.segments.sorted())
    if withHistory { expect("band of \(name)", engine: explanation.band, reference: account.band) }
    expect(
      "coverage of \(name)", engine: explanation.coverage.reduced,
      reference: reading.coverage.reduced)
    for (index, measure) in explanation.measures.enumerated() {
      let what = "\(measure.name) of \(name)"
      // At the clock: the model last looked where its advance ended, which may be later.
      let value = reference.value(ofMeasure: model.measures[index], for: account)
      expect(
        "value of \(what), \(model.measures[index].metric)", engine: measure.value?.reduced,
        reference: value?.reduced)
      expect("grade of \(what)", engine: measure.grade, reference: reading.grades[index])
      expect(
        "share of \(what)", engine: measure.share.reduced, reference: reading.shares[index].reduced)
      expect("missing of \(what)", engine: measure.missing, reference: value == nil)
    }
  }

  private mutating func compareAttributes(
    _ account: ReferenceAccount, _ id: AccountID, _ world: StoredWorld, _ reference: ReferenceModel
  ) {
    for name in ["seats", "level", "plan", "sentiment", "mrr", "renewal_at"] {
      expect(
        "attribute \(name) of \(account.name)", engine: world.attributes["\(id) \(name)"]?.value,
        reference: reference.attribute(name, of: account))
    }
  }

  private mutating func compareCustomer(
    _ account: ReferenceAccount, _ id: AccountID, _ world: StoredWorld, _ reference: ReferenceModel
  ) {
    let contracts = world.contracts.values.filter { $0.account == id }.map(\.contract).map {
      "\($0.product) \($0.state == .active) \($0.startedAt)"
    }
    expect(
      "contracts of \(account.name)", engine: contracts.sorted(), reference: reference.contracts(of: account).sorted())
    for (index, milestone) in model.milestones.enumerated() {
      let row = world.milestones["\(id) \(index)"]
      let standing = reference.standing(of: milestone, account)
      let what = "\(milestone.name) of \(account.name)"
      if withHistory {
        expect("when \(what) was reached", engine: row?.reachedAt?.milliseconds, reference: standing.reached)
      }
      expect("whether \(what) was reached", engine: row?.reachedAt != nil, reference: standing.reached != nil)
      expect("when \(what) is due", engine: row?.dueAt?.milliseconds, reference: standing.due)
      expect("events of \(what)", engine: row?.count ?? 0, reference: standing.count)
    }
  }

  private mutating func compareHistory(
    _ account: ReferenceAccount, _ id: AccountID, _ world: StoredWorld
  ) {
    let name = account.name
    let changes = world.changes.filter { $0.account == id }.map { change in
      Self.line(
        ReferenceChange(
          kind: change.kind, at: change.at.milliseconds, subject: change.subject, from: change.from?.text,
          to: change.to?.text,
          delta: change.delta, cause: change.cause, because: change.because))
    }
    compareLists("journal of \(name)", changes, account.changes.map(Self.line))
    compareLists("alerts of \(name)", world.told(of: id), account.alerts.map(\.told))
    for alert in world.alerts where alert.account == id {
      guard let from = alert.scoreFrom, let to = alert.scoreTo else { continue }
      let sum = alert.because.reduce(0) { $0 + $1.points }
      expect("what the lines of \(alert.ruleName) of \(name) add up to", engine: sum, reference: to - from)
    }
    compareLists(
      "why \(name) had alerts",
      world.alerts.filter { $0.account == id }.map { Self.why($0.ruleName, $0.scoreFrom, $0.scoreTo, $0.because) },
      account.alerts.filter { $0.flapping == nil }.map { Self.why($0.rule, $0.scoreFrom, $0.scoreTo, $0.because) })
    let rows = world.history.values.filter { $0.account == id }.sorted { $0.day < $1.day }
    compareLists(
      "score history of \(name)",
      rows.map { "\($0.day.number) \($0.at.milliseconds) \($0.score as Any)" },
      account.scoreHistory.map { "\($0.day) \($0.at) \($0.score as Any)" })
  }

  private static func why(_ rule: String, _ from: Int?, _ to: Int?, _ because: [ExplanationLine]) -> String {
    "\(rule) \(from as Any)→\(to as Any) \(text(because))"
  }

  private mutating func compareLists(_ what: String, _ engine: [String], _ reference: [String]) {
    guard engine != reference else { return }
    let common = zip(engine, reference).prefix { $0 == $1 }.count
    func show(_ list: [String]) -> String {
      list.dropFirst(max(0, common - 1)).prefix(4).map { "\n      \($0)" }.joined()
    }
    differences.append(
      "\(what) from entry \(common) on\n    engine\(show(engine))\n    reference\(show(reference))")
  }

  private static func line(_ change: ReferenceChange) -> String {
    return
      "\(change.at) \(change.kind) \(change.subject) \(change.from ?? "nil")→\(change.to ?? "nil") "
      + "\(change.delta as Any) \(change.cause) \(text(change.because))"
  }

  private static func text(_ lines: [ExplanationLine]) -> String {
    "\(lines.map { "\($0.measure):\($0.points) \(text($0.from.rational))→\(text($0.to.rational)) \($0.cause)" })"
  }

  private static func text(_ value: Rational?) -> String {
    value.map { "\($0.reduced.numerator)/\($0.reduced.denominator)" } ?? "-"
  }
}

/// Runs the reference model over a scenario; the engine says where its advances left the clock.
///
/// - Parameter everyHour: Whether it looks at each hour, or only at those in which something may change.
func reference(_ scenario: Scenario, clocks: [Int64], everyHour: Bool = true) -> ReferenceModel {
  var model = ReferenceModel(
    model: scenario.model, sources: scenario.sources, filterStarts: scenario.filterStarts,
    sumStarts: scenario.sumStarts)
  model.looksAtEveryHour = everyHour
  var clocks = clocks[...]
  for input in scenario.inputs {
    if case .advance(let instant, _) = input {
      let clock = clocks.popFirst()
      model.apply(.advance(to: instant, clock: clock))
    } else {
      model.apply(input)
    }
  }
  return model
}
