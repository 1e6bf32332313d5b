/// A running total kept per account because a measure or rule reads it.
struct Leaf {
  enum Kind {
    /// Events in the window.
    case count
    /// Events of users in the window, and how they are shared among them; has no window before.
    case userEvents
    /// Distinct users in the window.
    case users
    /// Distinct local days in the window.
    case activeDays
    /// The same for `any`, where the neighbours in the log tell whether a day is there already.
    case anyDays
    /// Features used in the window.
    case featuresUsed
    /// The last tile with an event; windowless.
    case lastTile

    /// Whether its total is a number of events.
    var addsEvents: Bool { self == .count || self == .userEvents }
  }
  var kind: Kind
  var feature: FeatureReference
  /// 0 for `lastTile`.
  var windowHours: Int
  /// Whether anything reads its total in the window before.
  var needsPrevious: Bool
}

/// A running sum kept per account because a measure or rule reads it; its number is its place among such.
struct SumLeaf {
  var property: String
  var feature: FeatureReference
  var windowHours: Int
  /// Whether anything reads its total in the window before.
  var needsPrevious: Bool
}

/// A window in use and whether anything reads the one before it.
struct Window {
  var hours: Int32
  var needsPrevious: Bool
  /// Whether an account must be looked at when a tile leaves it, and when one leaves the window before.
  var leaving = Leaving.always
  var leavingPrevious = Leaving.always
}

/// A metric with its leaves resolved to indices.
indirect enum CompiledMetric {
  case leaf(Int)
  /// Index of a ``SumLeaf``.
  case sum(Int)
  case shareTopUser(leaf: Int)
  case effectiveUsers(leaf: Int)
  case daysSince(leaf: Int, unit: DayUnit)
  case ratio(CompiledMetric, CompiledMetric)
  case trend(of: CompiledMetric, floor: Rational, minVolume: Rational)
  case attribute(String)
  /// Indices into the model's milestones.
  case milestones([Int])
  case survey(name: String, aggregate: SurveyAggregate, windowHours: Int?)
}

/// What can move a metric without an event.
struct TimeSensitivity {
  var windowed = false
  var dayStep = false
  var attribute = false
  var survey = false
  var decays = false
  /// It may have no value for a while because filters or properties were named late.
  var filtered = false
}

/// Collects the leaves that a model's measures and rules read.
struct LeafCompiler {
  private(set) var leaves: [Leaf] = []
  private(set) var sums: [SumLeaf] = []
  private(set) var windows: [Window] = []
  /// Names of the model's milestones.
  private let milestones: [String]

  init(milestones: [String]) { self.milestones = milestones }

  mutating func compile(_ metric: Metric, previous: Bool = false) -> CompiledMetric {
    switch metric {
    case .count(let feature, let hours): .leaf(leaf(.count, feature, hours, previous))
    case .distinctUsers(let feature, let hours): .leaf(leaf(.users, feature, hours, previous))
    case .activeDays(let feature, let hours):
      .leaf(leaf(feature == .any && !previous ? .anyDays : .activeDays, feature, hours, previous))
    case .featuresUsed(let hours): .leaf(leaf(.featuresUsed, .any, hours, previous))
    case .sum(let property, let feature, let hours): .sum(sum(property, feature, hours, previous))
    case .shareTopUser(let feature, let hours): .shareTopUser(leaf: leaf(.userEvents, feature, hours, false))
    case .effectiveUsers(let feature, let hours): .effectiveUsers(leaf: leaf(.userEvents, feature, hours, false))
    case .daysSinceLast(let feature, let unit): .daysSince(leaf: lastTile(of: feature), unit: unit)
    case .ratio(let a, let b): .ratio(compile(a, previous: previous), compile(b, previous: previous))
    case .trend(let of, let floor, let minVolume):
      .trend(of: compile(of, previous: true), floor: floor, minVolume: minVolume)
    case .attribute(let name): .attribute(name)
    case .milestones(let names):
      .milestones(
        names.map { name in
          guard let index = milestones.firstIndex(of: name) else {
            preconditionFailure("a metric names a milestone that is not there: \(name)")
          }
          return index
        })
    case .survey(let name, let aggregate, let hours):
      .survey(name: name, aggregate: aggregate, windowHours: hours)
    }
  }

  mutating func lastTile(of feature: FeatureReference) -> Int { leaf(.lastTile, feature, 0, false) }

  private mutating func leaf(_ kind: Leaf.Kind, _ feature: FeatureReference, _ hours: Int, _ previous: Bool) -> Int {
    if kind != .lastTile { use(window: hours, previous) }
    let known = leaves.firstIndex { $0.kind == kind && $0.feature == feature && $0.windowHours == hours }
    if let known {
      leaves[known].needsPrevious = leaves[known].needsPrevious || previous
      return known
    }
    leaves.append(Leaf(kind: kind, feature: feature, windowHours: hours, needsPrevious: previous))
    return leaves.count - 1
  }

  private mutating func sum(_ property: String, _ feature: FeatureReference, _ hours: Int, _ previous: Bool) -> Int {
    // The log of usage notes when its tiles leave: where an amount is, an event is.
    use(window: hours, previous)
    let known = sums.firstIndex { $0.property == property && $0.feature == feature && $0.windowHours == hours }
    if let known {
      sums[known].needsPrevious = sums[known].needsPrevious || previous
      return known
    }
    sums.append(SumLeaf(property: property, feature: feature, windowHours: hours, needsPrevious: previous))
    return sums.count - 1
  }

  private mutating func use(window hours: Int, _ previous: Bool) {
    if let known = windows.firstIndex(where: { $0.hours == Int32(hours) }) {
      windows[known].needsPrevious = windows[known].needsPrevious || previous
    } else {
      windows.append(Window(hours: Int32(hours), needsPrevious: previous))
    }
  }

  static func sensitivity(of metric: CompiledMetric, _ measure: Measure, _ model: Model) -> TimeSensitivity {
    var result = TimeSensitivity()
    result.decays = measure.decay != nil
    result.filtered =
      measure.metric.features.contains { !model.filters(of: $0).isEmpty } || !measure.metric.summed.isEmpty
    collect(metric, &result)
    return result
  }

  private static func collect(_ metric: CompiledMetric, _ result: inout TimeSensitivity) {
    switch metric {
    case .leaf, .sum, .shareTopUser, .effectiveUsers: result.windowed = true
    case .daysSince: result.dayStep = true
    case .ratio(let a, let b):
      collect(a, &result)
      collect(b, &result)
    case .trend(let of, _, _): collect(of, &result)
    case .attribute: result.attribute = true
    case .milestones: break
    case .survey(_, _, let hours):
      result.survey = true
      if hours != nil { result.windowed = true }
    }
  }
}
