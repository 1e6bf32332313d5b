/// What of an account has moved since its last evaluation, a bit for each kind of thing that grades and rules rest on.
///
/// Most events and most tiles that leave a window change one or two totals, and most of what is derived from an account
/// rests on others. Each measure and rule knows what it rests on; an evaluation looks at those that something woke, and
/// leaves the others as they are. What is skipped would have come to the same, so that nothing depends on how often
/// somebody looks (measured on `config/examples/full.yaml`: see decision 0021).
struct Wake: OptionSet, BitwiseCopyable {
  let rawValue: UInt64

  /// Everything: of what is rare and reaches far (a record, a late event, another phase, another config) no details are kept.
  static let all = Wake(rawValue: .max)

  private static let leafBits = 48
  /// The total of a leaf. Leaves share a bit where there are many: one too many is looked at then, never one too few.
  @inline(__always)
  static func leaf(_ leaf: Int) -> Wake { Wake(rawValue: 1 << UInt64(leaf % leafBits)) }
  /// The local day.
  static let day = Wake(rawValue: 1 << 48)
  /// A hold or an answer came to its end, or filters have been looked for long enough: see ``Engine/nextRest(_:)``.
  static let time = Wake(rawValue: 1 << 49)
  /// How often something happened that a milestone counts.
  static let milestoneCounts = Wake(rawValue: 1 << 50)
  /// Grades.
  static let grades = Wake(rawValue: 1 << 51)
  /// The effective score.
  static let score = Wake(rawValue: 1 << 52)
  static let band = Wake(rawValue: 1 << 53)
  /// Rules opened or resolved in this evaluation.
  static let episodes = Wake(rawValue: 1 << 54)
  /// Days of a shift, or whose use makes somebody a power user.
  static let days = Wake(rawValue: 1 << 55)
  /// Sums of properties.
  static let sums = Wake(rawValue: 1 << 57)
  /// Records, circumstances, groups: always together with all the others, so that what rests on nothing else is woken, too.
  static let customer = Wake(rawValue: 1 << 56)

  /// What a metric's value rests on.
  static func metric(_ metric: CompiledMetric) -> Wake {
    switch metric {
    case .leaf(let leaf), .shareTopUser(let leaf), .effectiveUsers(let leaf): [.leaf(leaf), .time]
    case .sum: [.sums, .time]
    case .daysSince(let leaf, _): [.leaf(leaf), .day]
    case .ratio(let a, let b): Wake.metric(a).union(.metric(b))
    case .trend(let of, _, _): Wake.metric(of)
    case .attribute, .milestones: .customer
    case .survey: [.customer, .time, .day]
    }
  }

  /// What a rule's own condition rests on.
  static func rule(_ condition: CompiledRule.Condition) -> Wake {
    switch condition {
    case .bandChange, .band: .band
    case .drop: .score
    case .measure: .grades
    case .metric(let metric, _, _), .collapse(let metric, _), .adopted(let metric, _): Wake.metric(metric)
    case .silence(let leaf, _, _): .leaf(leaf)
    case .overdue, .holds, .marked: .customer
    case .abandoned(let events, let days, _, let alive):
      Wake.metric(events).union(.metric(days)).union(.metric(alive))
    // Until the next day that can bring them another answer they rest.
    case .powerUserLost, .shift: .days
    case .composite: .episodes
    }
  }
}

/// Until when a rule of an account stays as it is if nothing wakes it. Not stored: whoever does not know looks.
struct RuleRest: BitwiseCopyable {
  /// When it must be looked at again.
  var until: Int64 = .min
  /// When it moves by itself, and its account must be evaluated; `.max`: never. Not before `until`.
  var deadline: Int64 = .max

  mutating func merge(_ other: RuleRest) {
    until = min(until, other.until)
    deadline = min(deadline, other.deadline)
  }

  mutating func ends(at instant: Int64, movesThen: Bool) {
    until = min(until, instant)
    if movesThen { deadline = min(deadline, instant) }
  }
}
