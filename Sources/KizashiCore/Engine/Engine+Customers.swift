/// Something of an account that an evaluation writes into the journal beside score, band and rules.
enum NotedChange {
  case phase(from: Int8, to: Int8)
  /// Index into the model's milestones.
  case milestone(Int)
  /// Values as users see them; nil: not set.
  case attribute(String, from: String?, to: String?)
  case override(from: String?, to: String?)

  var kind: Change.Kind {
    switch self {
    case .phase: .phase
    case .milestone: .milestone
    case .attribute: .attribute
    case .override: .override
    }
  }
}

/// What an evaluation found changed of an account's circumstances.
struct CustomerChange {
  /// Whether anything that scorecards, caps or overrides look at did.
  var moved = false
  /// Whether the phase or the scorecard is another one: what that makes true opens nothing.
  var rebases = false
  /// Whether the scorecard is another one: scores before do not compare.
  var isOtherCard = false
}

extension Engine {
  /// Brings circumstances, milestones, segments, touch, phase, override and scorecard up to the clock.
  mutating func updateCustomer(_ account: AccountID, _ wake: Wake, _ trigger: Trigger) -> CustomerChange {
    var change = CustomerChange()
    if !noted.isEmpty { change.moved = true }
    if !overrides.isEmpty, scores.adjustment(account).pointee.overrideUntil <= now.milliseconds {
      noted.append(.override(from: overrides.text(account, at: .min), to: nil))
      scores.adjustment(account).pointee.overrideUntil = .max
      change.moved = true
    }
    guard compiled.customers.isNeeded else { return change }
    let customer = customers.core(account)
    guard now.milliseconds >= customer.pointee.until || wake == .all || change.moved || wake.contains(.grades) else {
      return change
    }
    if now.milliseconds >= customer.pointee.until {
      if readCircumstances(account) { change.moved = true }
      // A due date may have passed.
      if compiled.customers.watchesDueDates { change.moved = true }
    }
    let phaseWas = customer.pointee.phase
    if findGroups(account) { change.moved = true }
    let phase = customer.pointee.phase
    let core = scores.core(account)
    let card = holdingCard(account)
    if card != core.pointee.card {
      core.pointee.card = card
      change.moved = true
      change.isOtherCard = true
      change.rebases = true
      scores.adjustment(account).pointee.cardCauses |=
        1 << UInt16(cardCause(trigger, phaseMoved: phase != phaseWas).rawValue)
    }
    if phase != phaseWas {
      change.rebases = true
      noted.append(.phase(from: phaseWas, to: phase))
    }
    if !core.pointee.evaluated { (change.rebases, change.isOtherCard) = (false, false) }
    return change
  }

  /// Why another scorecard came into force. Where time alone did that, no measure need have moved.
  private func cardCause(_ trigger: Trigger, phaseMoved: Bool) -> Cause {
    if phaseMoved { return .phase }
    if case .deadline = trigger { return .reweighted }
    return cause(trigger)
  }

  // MARK: - Circumstances

  /// Reads what records and the date say; whether a test's result changed. Notes until when all stays so.
  mutating func readCircumstances(_ account: AccountID) -> Bool {
    let (state, contractStart) = contracts.summary(account)
    let firstSeen = scores.core(account).pointee.firstSeen
    let start = contractStart ?? firstSeen
    let tests = compiled.customers.conditions.tests
    let tenure =
      start == .max ? nil : Int64(daySteps.today.number) - Int64(daySteps.day(of: start).number)
    let renewal = attributes.time(account, "renewal_at").map {
      Int64($0.day(compiled.model.calendar).number) - Int64(daySteps.today.number)
    }
    var moved = false
    var until = Int64.max
    for index in tests.indices {
      let passes: Bool
      switch tests[index] {
      case .attribute(let name, let test): passes = test.passes(attributes.value(account, name))
      case .contract(let states): passes = states.contains(state)
      case .product(let name, let states):
        passes = states.contains(contracts.contract(account, product: name)?.state ?? .none)
      case .tenure(let low, let high):
        passes = tenure.map { low <= $0 && $0 <= high } ?? false
        // It grows: the day it comes to the lower end, and the day after the upper one.
        if let tenure {
          for next in [low, high == .max ? .max : high + 1] where next > tenure {
            // Negative where the account waits for a source and another told of a contract: it begins ahead of its time.
            until = min(until, daySteps.start(inDays: next.subtractingClamped(tenure)))
          }
        }
      case .renewal(let low, let high):
        passes = renewal.map { low <= $0 && $0 <= high } ?? false
        // It falls: the day it comes to the upper end, and the day it is below the lower one.
        if let renewal {
          for next in [high, low == .min ? .min : low - 1] where next < renewal {
            until = min(until, daySteps.start(inDays: renewal.subtractingClamped(next)))
          }
        }
      }
      if customers.set(account, index, passes) { moved = true }
    }
    let customer = customers.core(account)
    if customer.pointee.start != start {
      customer.pointee.start = start
      // Due dates go by it, also of milestones nobody has come nearer to.
      customer.pointee.milestonesDirty = true
    }
    for index in compiled.customers.milestones.indices where compiled.customers.watchesDueDates {
      guard let due = due(index, account), customers.milestones(account)[index].reachedAt == .max else { continue }
      if due > now.milliseconds { until = min(until, due) }
    }
    customer.pointee.until = until
    return moved
  }

  /// When a milestone is due; nil: never.
  func due(_ milestone: Int, _ account: AccountID) -> Int64? {
    guard let length = compiled.customers.milestones[milestone].due else { return nil }
    guard let product = compiled.model.milestones[milestone].product else {
      let start = customers.core(account).pointee.start
      return start == .max ? nil : start + length
    }
    // Who does not have the product need not get anywhere with it.
    guard let contract = contracts.contract(account, product: product), contract.state == .active else { return nil }
    return contract.startedAt + length
  }

  func state(ofMilestone index: Int, _ account: AccountID) -> MilestoneState {
    if customers.milestones(account)[index].reachedAt != .max { return .reached }
    return due(index, account).map { now.milliseconds >= $0 } ?? false ? .overdue : .open
  }

  // MARK: - Milestones

  /// Counts a usage event toward the milestones its name matches.
  @inline(__always)
  mutating func countTowardMilestones(_ account: AccountID, event: EventNameID, count: Int64) {
    let range = milestoneRanges[Int(event)]
    guard !range.isEmpty else { return }
    let states = customers.milestones(account)
    for place in range {
      let state = states + Int(milestonesOfEvents[place])
      let sum = state.pointee.count.addingReportingOverflow(count)
      state.pointee.count = sum.overflow ? .max : sum.partialValue
    }
    customers.core(account).pointee.milestonesDirty = true
    usage.stir(account, .milestoneCounts)
  }

  /// Adds an event name (its number is the count so far) to the milestones it matches.
  mutating func addEventToMilestones(_ name: String) {
    let start = milestonesOfEvents.count
    for (index, milestone) in compiled.customers.milestones.enumerated() {
      if case .events(let pattern, _) = milestone.goal, Pattern.matches(name, pattern) {
        milestonesOfEvents.append(Int32(index))
      }
    }
    milestoneRanges.append(start..<milestonesOfEvents.count)
  }

  /// Marks and notes what has been reached.
  mutating func reachMilestones(_ account: AccountID) {
    let states = customers.milestones(account)
    for index in compiled.customers.milestones.indices where states[index].reachedAt == .max {
      let isReached: Bool
      switch compiled.customers.milestones[index].goal {
      case .events(_, let least): isReached = states[index].count >= least
      case .metric(let metric, let least): isReached = value(metric, account).map { $0 >= least } ?? false
      }
      guard isReached else { continue }
      states[index].reachedAt = now.milliseconds
      customers.core(account).pointee.milestonesDirty = true
      noted.append(.milestone(index))
    }
  }

  // MARK: - Segments, touch, phase

  /// Finds the account's segments, touch and phase; whether one is another than before.
  mutating func findGroups(_ account: AccountID) -> Bool {
    let customer = customers.core(account)
    let was = (customer.pointee.segments, customer.pointee.touch, customer.pointee.phase)
    var segments: UInt64 = 0
    for index in compiled.customers.segments.indices where holds(compiled.customers.segments[index], account) {
      segments |= 1 << UInt64(index)
    }
    customer.pointee.segments = segments
    switch compiled.customers.touch {
    case .none: break
    case .attribute(let name):
      let value = attributes.value(account, name)?.shown
      customer.pointee.touch = TouchModel.names.firstIndex { $0 == value }.map(Int8.init) ?? -1
    case .computed(let cases):
      customer.pointee.touch = cases.first { holds($0.when, account) }?.index ?? -1
    }
    // A phase asks for no phase: the old one is not looked at.
    customer.pointee.phase = firstHolding(compiled.customers.phases.count, account) { compiled.customers.phases[$0] }
    return was != (customer.pointee.segments, customer.pointee.touch, customer.pointee.phase)
  }

  /// The scorecard of the account; -1: none holds.
  func holdingCard(_ account: AccountID) -> Int8 {
    firstHolding(compiled.scorecards.count, account) { compiled.scorecards[$0].when }
  }

  private func firstHolding(
    _ count: Int, _ account: AccountID, _ condition: (Int) -> ConditionTable.Place
  ) -> Int8 {
    for index in 0..<count where holds(condition(index), account) { return Int8(index) }
    return -1
  }

  /// The account's phase; nil: none.
  func phase(_ account: AccountID) -> String? {
    guard compiled.customers.isNeeded else { return nil }
    return phaseName(customers.core(account).pointee.phase)
  }

  func phaseName(_ phase: Int8) -> String? { phase < 0 ? nil : compiled.model.phases[Int(phase)].name }

  /// The account's touch; nil: none.
  func touchName(_ account: AccountID) -> String? {
    guard compiled.customers.isNeeded else { return nil }
    let touch = customers.core(account).pointee.touch
    return touch < 0 ? nil : TouchModel.names[Int(touch)]
  }

  // MARK: - Conditions

  /// Whether a condition holds for the account as it stands in this evaluation.
  func holds(_ place: ConditionTable.Place, _ account: AccountID) -> Bool {
    guard place != ConditionTable.always else { return true }
    let node = compiled.customers.conditions.nodes.pointer(Int(place))
    let (start, end, mask) = (Int(node.pointee.start), Int(node.pointee.end), node.pointee.mask)
    switch node.pointee.kind {
    case .all:
      for index in start..<end where !holds(compiled.customers.conditions.children[index], account) { return false }
      return true
    case .any:
      for index in start..<end where holds(compiled.customers.conditions.children[index], account) { return true }
      return false
    case .not: return !holds(compiled.customers.conditions.children[start], account)
    case .circumstance: return customers.bit(account, node.pointee.start)
    case .phase: return Self.fits(customers.core(account).pointee.phase, mask)
    case .touch: return Self.fits(customers.core(account).pointee.touch, mask)
    case .segment: return customers.core(account).pointee.segments & mask != 0
    case .band: return Self.fits(scores.core(account).pointee.band, mask)
    case .grade:
      let grade = scores.grades(account)[start]
      return node.pointee.low <= grade && grade <= node.pointee.high
    case .milestone:
      let state = state(ofMilestone: start, account)
      return MilestoneState.allCases.firstIndex(of: state).map { mask & 1 << UInt64($0) != 0 } ?? false
    }
  }

  @inline(__always)
  private static func fits(_ index: Int8, _ mask: UInt64) -> Bool { index >= 0 && mask & 1 << UInt64(index) != 0 }
}

extension AttributeTest {
  /// Whether a value passes; nil: the attribute is not set.
  func passes(_ value: Scalar?) -> Bool {
    switch self {
    case .oneOf(let values): values.contains { Self.same($0, value) }
    case .within(let range): (value?.number).map { range.contains($0) } ?? false
    }
  }

  /// Numbers by value, `true` and `false` also as text, all else letter by letter.
  private static func same(_ wanted: Scalar, _ value: Scalar?) -> Bool {
    guard let value, value != .null else { return wanted == .null }
    if wanted == .null { return false }
    if let a = wanted.decimal, let b = value.decimal { return a == b }
    return wanted.shown == value.shown
  }
}
