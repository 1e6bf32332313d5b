/// Conditions made ready: all of a model's in one flat table, without a name or a reference to look up.
struct ConditionTable {
  /// A condition's place in the table; ``always`` for one without parts.
  typealias Place = Int32
  static let always: Place = -1

  struct Node: BitwiseCopyable {
    enum Kind: UInt8 {
      case all
      case any
      case not
      /// A bit of what is known of the account from its records and the date: see ``CircumstanceTest``.
      case circumstance
      case phase
      case touch
      case segment
      case band
      case grade
      case milestone
    }
    var kind: Kind
    /// all, any, not: range of `children`; circumstance, grade, milestone: which one.
    var start: Int32 = 0
    var end: Int32 = 0
    /// phase, touch, segment, band, milestone: a bit for each index that fits.
    var mask: UInt64 = 0
    /// grade: in hundredths, both ends included.
    var low: Int32 = 0
    var high: Int32 = 0
  }

  let nodes: Table<Node>
  let children: Table<Place>
  /// What circumstances are tested, by bit.
  let tests: [CircumstanceTest]

  /// What a condition's answer rests on.
  func wakes(_ place: Place) -> Wake {
    guard place != Self.always else { return [] }
    let node = nodes[Int(place)]
    switch node.kind {
    case .all, .any: return (node.start..<node.end).reduce(into: []) { $0.formUnion(wakes(children[Int($1)])) }
    case .not: return wakes(children[Int(node.start)])
    case .band: return .band
    case .grade: return .grades
    case .circumstance, .phase, .touch, .segment, .milestone: return .customer
    }
  }
}

/// A test whose answer changes with the account's records and with the date only.
enum CircumstanceTest: Equatable {
  case attribute(String, AttributeTest)
  case contract([ContractState])
  case product(String, [ContractState])
  /// Local days, both ends included.
  case tenure(low: Int64, high: Int64)
  case renewal(low: Int64, high: Int64)
}

/// Collects the conditions of a model.
struct ConditionCompiler {
  private let model: Model
  private let bands: BandTracker
  private var nodes: [ConditionTable.Node] = []
  private var children: [ConditionTable.Place] = []
  private var tests: [CircumstanceTest] = []
  /// Whether anything asks if a milestone is overdue.
  private(set) var asksOverdue = false

  init(_ model: Model, _ bands: BandTracker) {
    self.model = model
    self.bands = bands
  }

  var table: ConditionTable {
    ConditionTable(nodes: Table(nodes), children: Table(children), tests: tests)
  }

  mutating func compile(_ condition: Condition) -> ConditionTable.Place {
    switch condition {
    case .all(let parts): return parts.isEmpty ? ConditionTable.always : group(.all, parts)
    case .any(let parts): return group(.any, parts)
    case .not(let part): return group(.not, [part])
    case .phase(let names):
      let mask = Self.mask(names, model.phases.map(\.name))
      return add(ConditionTable.Node(kind: .phase, mask: mask))
    case .touch(let names):
      let mask = Self.mask(names, TouchModel.names)
      return add(ConditionTable.Node(kind: .touch, mask: mask))
    case .segment(let names):
      let mask = Self.mask(names, model.segments.map(\.name))
      return add(ConditionTable.Node(kind: .segment, mask: mask))
    case .band(let names):
      let mask = Self.mask(names, model.bands.bands.map(\.name) + ["unknown"])
      return add(ConditionTable.Node(kind: .band, mask: mask))
    case .contract(let states): return circumstance(.contract(states))
    case .product(let name, let states): return circumstance(.product(name, states))
    case .attribute(let name, let test): return circumstance(.attribute(name, test))
    case .tenure(let range):
      let (low, high) = Self.whole(range, scale: 1)
      return circumstance(.tenure(low: low, high: high))
    case .renewal(let range):
      let (low, high) = Self.whole(range, scale: 1)
      return circumstance(.renewal(low: low, high: high))
    case .measure(let name, let range):
      guard let measure = model.measures.firstIndex(where: { $0.name == name }) else {
        preconditionFailure("a condition names a measure that is not there: \(name)")
      }
      // No grade lies outside 0…10,000, and a missing one (negative) must not fit.
      let (low, high) = Self.whole(range, scale: 100)
      return add(
        ConditionTable.Node(
          kind: .grade, start: Int32(measure), low: Int32(clamping: max(0, low)), high: Int32(clamping: high)))
    case .milestone(let name, let states):
      guard let milestone = model.milestones.firstIndex(where: { $0.name == name }) else {
        preconditionFailure("a condition names a milestone that is not there: \(name)")
      }
      // Whether one is open and not overdue depends on its due date, too.
      if states.contains(.overdue) != states.contains(.open) { asksOverdue = true }
      let mask = Self.mask(states.map(\.rawValue), MilestoneState.allCases.map(\.rawValue))
      return add(ConditionTable.Node(kind: .milestone, start: Int32(milestone), mask: mask))
    }
  }

  private mutating func group(_ kind: ConditionTable.Node.Kind, _ parts: [Condition]) -> ConditionTable.Place {
    let places = parts.map { compile($0) }
    let start = Int32(children.count)
    children += places
    return add(ConditionTable.Node(kind: kind, start: start, end: Int32(children.count)))
  }

  private mutating func circumstance(_ test: CircumstanceTest) -> ConditionTable.Place {
    let bit = tests.firstIndex(of: test) ?? tests.count
    if bit == tests.count { tests.append(test) }
    return add(ConditionTable.Node(kind: .circumstance, start: Int32(bit)))
  }

  private mutating func add(_ node: ConditionTable.Node) -> ConditionTable.Place {
    nodes.append(node)
    return ConditionTable.Place(nodes.count - 1)
  }

  private static func mask(_ names: [String], _ known: [String]) -> UInt64 {
    names.reduce(0) { mask, name in
      guard let index = known.firstIndex(of: name) else {
        preconditionFailure("a condition names what is not there: \(name)")
      }
      return mask | 1 << UInt64(index)
    }
  }

  /// The whole numbers whose `scale`th parts lie in a range.
  private static func whole(_ range: NumberRange, scale: Int64) -> (low: Int64, high: Int64) {
    var low = Int64.min
    var high = Int64.max
    let scaled = { (value: Rational) in value * Rational(scale) }
    if let above = range.above { low = max(low, Int64(clamping: scaled(above).floor + 1)) }
    if let least = range.atLeast { low = max(low, Int64(clamping: scaled(least).ceiling)) }
    if let below = range.below { high = min(high, Int64(clamping: scaled(below).ceiling - 1)) }
    if let most = range.atMost { high = min(high, Int64(clamping: scaled(most).floor)) }
    return (low, high)
  }
}

extension Rational {
  /// The least whole number that is not smaller.
  var ceiling: Int128 { -Rational(-numerator, denominator).floor }
}
