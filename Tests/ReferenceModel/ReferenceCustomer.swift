import KizashiCore

/// Contracts, overrides and what conditions ask of an account, each time worked out from all of its lines.
extension ReferenceFacts {
  /// Records of a kind in the order of their instants; of equals the earlier in the log first.
  private func ordered(_ isWanted: (ReferenceEvent) -> Bool) -> [ReferenceEvent] {
    records.enumerated().filter { isWanted($0.element) }
      .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
  }

  private static func text(_ scalar: Scalar?) -> String? {
    switch scalar {
    case .string(let text), .number(let text): text
    case .bool, .null, nil: nil
    }
  }

  /// Product, whether it is active, and its start, of every contract there ever was.
  var contracts: [(product: String, active: Bool, start: Int64)] {
    var result: [(product: String, active: Bool, start: Int64)] = []
    for record in ordered({ $0.event.hasPrefix("contract.") }) {
      let product = Self.text(record.field("product")) ?? ""
      let index = result.firstIndex { $0.product == product }
      switch record.event {
      case "contract.started", "contract.renewed", "contract.expanded", "contract.contracted":
        if let index {
          if record.event == "contract.started" || !result[index].active { result[index].start = record.at }
          result[index].active = true
        } else {
          result.append((product, true, record.at))
        }
      case "contract.cancelled":
        if let index { result[index].active = false } else { result.append((product, false, record.at)) }
      default: break
      }
    }
    return result
  }

  private var contractState: ContractState {
    let all = contracts
    if all.isEmpty { return .none }
    return all.contains { $0.active } ? .active : .cancelled
  }

  /// When the customer began: with the contract, else with the first use.
  var start: Int64? {
    let all = contracts
    let starts = all.contains { $0.active } ? all.filter(\.active).map(\.start) : all.map(\.start)
    return starts.min() ?? usage.map(\.at).min()
  }

  /// The override in force, nil where none is.
  func override(at now: Int64, context: ReferenceContext) -> ReferenceOverride? {
    guard let record = ordered({ $0.event == "override.set" }).last else { return nil }
    var until = Int64.max
    if let text = Self.text(record.field("until")) {
      guard let end = context.end(of: text) else { return nil }
      until = end
    }
    guard now < until, let value = record.field("value"), value != .null else { return nil }
    switch (Self.text(record.field("kind")), value) {
    case ("score", .number(let text)), ("score", .string(let text)):
      return decimalNumber(text).map { .score(Int(($0 * Rational(100)).halfUp), until) }
    case ("band", .string(let name)): return .band(name, until)
    default: return nil
    }
  }

  // MARK: - Conditions

  /// Whether a condition holds. `account` has what is not in the lines: the band and what the account has reached.
  func holds(_ condition: Condition, at now: Int64, _ account: ReferenceStanding, _ context: ReferenceContext) -> Bool {
    switch condition {
    case .all(let parts): return parts.allSatisfy { holds($0, at: now, account, context) }
    case .any(let parts): return parts.contains { holds($0, at: now, account, context) }
    case .not(let part): return !holds(part, at: now, account, context)
    case .phase(let names): return account.phase.map(names.contains) ?? false
    case .touch(let names): return account.touch.map(names.contains) ?? false
    case .segment(let names): return !account.segments.isDisjoint(with: names)
    case .band(let names): return account.band.map(names.contains) ?? false
    case .contract(let states): return states.contains(contractState)
    case .product(let name, let states):
      let contract = contracts.first { $0.product == name }
      return states.contains(contract.map { $0.active ? .active : .cancelled } ?? .none)
    case .attribute(let name, let test): return passes(test, attribute(name))
    case .tenure(let range):
      guard let start else { return false }
      return range.contains(Rational(Int128(context.day(at: now) - context.day(at: start))))
    case .renewal(let range):
      guard case .string(let text)? = attribute("renewal_at"), let day = context.day(of: text) else { return false }
      return range.contains(Rational(Int128(day - context.day(at: now))))
    case .measure(let name, let range):
      guard let index = context.model.measures.firstIndex(where: { $0.name == name }),
        let grade = account.grades[index]
      else { return false }
      return range.contains(Rational(Int128(grade), 100))
    case .milestone(let name, let states):
      return states.contains(milestone(name, at: now, context))
    }
  }

  private func passes(_ test: AttributeTest, _ value: Scalar?) -> Bool {
    switch test {
    case .within(let range): return value.flatMap(number).map { range.contains($0) } ?? false
    case .oneOf(let wanted):
      return wanted.contains { wanted in
        guard let value else { return wanted == .null }
        if let a = Self.text(wanted).flatMap(decimalNumber), let b = Self.text(value).flatMap(decimalNumber) {
          return a == b
        }
        return wanted != .null && Self.shown(wanted) == Self.shown(value)
      }
    }
  }

  static func shown(_ scalar: Scalar?) -> String? {
    switch scalar {
    case .string(let text), .number(let text): text
    case .bool(let value): value ? "true" : "false"
    case .null, nil: nil
    }
  }

  // MARK: - Milestones

  func milestone(_ name: String, at now: Int64, _ context: ReferenceContext) -> MilestoneState {
    if reached[name] != nil { return .reached }
    guard let milestone = context.model.milestones.first(where: { $0.name == name }),
      let due = due(milestone)
    else { return .open }
    return now >= due ? .overdue : .open
  }

  func due(_ milestone: Milestone) -> Int64? {
    var start = self.start
    if let product = milestone.product { start = contracts.first { $0.product == product && $0.active }?.start }
    guard let length = milestone.dueMilliseconds, let start else { return nil }
    return start + length
  }

  /// Usage events that count toward a milestone.
  func events(toward milestone: Milestone, context: ReferenceContext) -> Int64 {
    guard case .events(let pattern, _) = milestone.goal else { return 0 }
    let feature = Feature(name: "", patterns: [pattern])
    let count = usage.filter { context.claims(feature, $0.event) }.reduce(Int128(0)) { $0 + Int128($1.count) }
    return Int64(clamping: count)
  }

  /// Whether the account has come to a milestone, going by its lines.
  func isReached(_ milestone: Milestone, at now: Int64, context: ReferenceContext) -> Bool {
    switch milestone.goal {
    case .events(_, let least): return events(toward: milestone, context: context) >= least
    case .metric(let metric, let least):
      return value(of: metric, at: now, context: context).map { $0 >= least } ?? false
    }
  }

  // MARK: - Power users

  /// Whether a power user has been away for as long as a rule says, or is said to be gone.
  func hasLostPowerUser(
    after span: RuleSpan, role: [TraitTest], at now: Int64, context: ReferenceContext
  ) -> Bool {
    let today = context.day(at: now)
    let core = usage.filter { context.feature(.core, includes: $0.variant) && $0.user != nil }
    let looked = core.filter {
      today - 69 <= context.day(ofHour: $0.hour) && context.day(ofHour: $0.hour) <= today - 14
    }
    let users = Set(looked.compactMap(\.user)).map { user in
      (
        name: user, events: looked.filter { $0.user == user }.reduce(0) { $0 + $1.count },
        days: Set(looked.filter { $0.user == user }.map { context.day(ofHour: $0.hour) }).count
      )
    }.sorted {
      $0.events != $1.events ? $0.events > $1.events : Array($0.name.utf8).lexicographicallyPrecedes($1.name.utf8)
    }
    let total = users.reduce(0) { $0 + $1.events }
    var sum: Int64 = 0
    for user in users where 2 * sum < total {
      sum += user.events
      if user.days >= 8, role.contains(where: { isGone(user.name, $0) }) { return true }
      guard user.days >= 8, let last = core.filter({ $0.user == user.name }).map(\.hour).max() else { continue }
      let lastDay = context.day(ofHour: last)
      switch span {
      case .businessDays(let count):
        if context.days(after: lastDay, before: today, businessOnly: true) >= count { return true }
      case .milliseconds(let length):
        if context.days(after: lastDay, before: today, businessOnly: false) >= Int(length / 86_400_000) { return true }
      }
    }
    return false
  }
}

extension ReferenceFacts {
  /// Whether the latest word on a user's trait, by instant, of equals the later in the log, says that they are gone.
  private func isGone(_ user: String, _ wanted: TraitTest) -> Bool {
    let told = identified.filter { $0.user == user && $0.field(wanted.trait) != nil }
    guard let latest = told.map(\.at).max(), let value = told.last(where: { $0.at == latest })?.field(wanted.trait)
    else { return false }
    return value != .null && passes(wanted.test, value)
  }
}

/// A person's word on a score, and until when it holds.
enum ReferenceOverride: Equatable, Sendable {
  case score(Int, Int64)
  case band(String, Int64)

  var text: String {
    switch self {
    case .score(let score, _): "score \(Rational(Int128(score), 100).text(digits: 2))"
    case .band(let name, _): "band \(name)"
    }
  }

  var until: Int64 {
    switch self {
    case .score(_, let until), .band(_, let until): until
    }
  }

  func effective(_ computed: Int?, _ model: BandModel) -> Int? {
    let bands = model.bands
    switch self {
    case .score(let score, _): return score
    case .band(let name, _):
      guard let index = bands.firstIndex(where: { $0.name == name }) else { return computed }
      let highest = index == 0 ? 10_000 : bands[index - 1].bound - 1
      let isLowest = bands[index].bound == 0
      let lowest = isLowest ? 0 : min(highest, bands[index].bound + model.clearMargin)
      return max(lowest, min(highest, computed ?? 0))
    }
  }
}

/// Where an account stands: what conditions ask for beside its lines.
package struct ReferenceStanding: Sendable {
  package var segments: Set<String> = []
  package var touch: String?
  package var phase: String?
  var band: String?
  var grades: [Int?] = []
}

extension ReferenceContext {
  /// The local day of `2027-03-01` or `2027-03-01T00:00:00Z`; nil for other texts.
  func day(of text: String) -> Int32? {
    if let day = CivilDate.parse(text) { return day.number }
    return instant(text).map { day(at: $0) }
  }

  /// The first instant after such a text.
  func end(of text: String) -> Int64? {
    guard let date = CivilDate.parse(text) else { return instant(text) }
    // The first hour of the next day, found by looking.
    var hour = Int64(date.number) * 24 - 48
    while day(ofHour: hour) <= date.number { hour += 1 }
    return hour * hourLength
  }

  /// `2027-03-01T04:05:06Z`, all that the tests write.
  private func instant(_ text: String) -> Int64? {
    let parts = text.split(separator: "T")
    guard parts.count == 2, parts[1].hasSuffix("Z"), let day = CivilDate.parse(parts[0]) else { return nil }
    let time = parts[1].dropLast().split(separator: ":").compactMap { Int64($0) }
    guard time.count == 3 else { return nil }
    return Int64(day.number) * 86_400_000 + time[0] * 3_600_000 + time[1] * 60_000 + time[2] * 1000
  }
}
