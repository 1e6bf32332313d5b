/// A model with every name resolved, as the engine computes from it.
struct CompiledModel {
  struct CompiledMeasure {
    var name: String
    var metric: CompiledMetric
    var curve: Curve
    var missing: MissingMode
    var decay: Decay?
    var sensitivity: TimeSensitivity
  }

  /// A measure that is just days_since_last of a leaf.
  struct Settling {
    var leaf: Int
    var unit: DayUnit
    /// From so many days on its grade stays the same.
    var settled: Int64
  }

  let model: Model
  let leaves: [Leaf]
  let windows: [Window]
  let measures: [CompiledMeasure]
  /// The same measures for the hot path.
  let fast: FastTables
  /// Measures that are just days_since_last: their grade stays from `settled` on.
  let settling: Table<Settling>
  let scorecard: CompiledScorecard
  let bands: BandTracker
  let rules: [CompiledRule]
  let dropCount: Int
  /// Windowed leaves of features with filters.
  let filteredLeaves: [Int]
  /// The `lastTile` leaves: what restores them may lie before every stored fact.
  let lastTiles: [Int]
  /// Measures whose missing mode is `hold`.
  let holding: [Int]
  /// Measures whose grade grows old.
  let decaying: [Int]
  /// Windowed surveys, in hours: their answers leave by time.
  let surveyWindows: [Int]
  /// (rule, leaf) of silence rules: their events are counted while an episode is open.
  let silences: [(rule: Int, leaf: Int)]
  /// Threshold metrics (not measures) that step with the days.
  let dayStepMetrics: [(leaf: Int, unit: DayUnit)]

  init(_ model: Model) {
    self.model = model
    var compiler = LeafCompiler()
    measures = model.measures.map { measure in
      let metric = compiler.compile(measure.metric)
      return CompiledMeasure(
        name: measure.name, metric: metric, curve: Curve(measure.grade), missing: measure.missing,
        decay: measure.decay, sensitivity: LeafCompiler.sensitivity(of: metric, measure, model))
    }
    fast = FastTables(measures.map { ($0.metric, $0.curve, $0.missing, $0.sensitivity) })
    settling = Table(
      measures.compactMap { measure in
        guard case .daysSince(let leaf, let unit) = measure.metric else { return nil }
        return Settling(leaf: leaf, unit: unit, settled: measure.curve.settledFrom)
      })
    scorecard = CompiledScorecard(model.scorecard, measures: model.measures)
    let bands = BandTracker(model.bands)
    self.bands = bands
    var drops = 0
    var silences: [(Int, Int)] = []
    var dayStepMetrics: [(Int, DayUnit)] = []
    rules = model.rules.enumerated().map { index, rule in
      let condition: CompiledRule.Condition
      switch rule.kind {
      case .bandChange(let from, let to):
        condition = .bandChange(
          from: from.map { CompiledModel.band($0, bands) }, to: to.map { CompiledModel.band($0, bands) })
      case .drop(let by, let within):
        condition = .drop(by: Int32(by), within: within, history: drops)
        drops += 1
      case .threshold(.measure(let name), let comparison, let clear):
        guard let measure = model.measures.firstIndex(where: { $0.name == name }) else {
          preconditionFailure("rule \(rule.name) names a measure that is not there: \(name)")
        }
        condition = .measure(measure, comparison, clear: clear)
      case .threshold(.metric(let metric), let comparison, let clear):
        let compiled = compiler.compile(metric)
        CompiledModel.collectDaySteps(compiled, &dayStepMetrics)
        condition = .metric(compiled, comparison, clear: clear)
      case .persistent(let names):
        condition = .band(names.map { CompiledModel.band($0, bands) })
      case .breadthCollapse(let hours, let share, let least):
        let trend = Metric.trend(
          of: .featuresUsed(windowHours: hours), floor: Rational(1), minVolume: Rational(Int128(least)))
        condition = .collapse(compiler.compile(trend), atMost: share - Rational(1))
      case .adopted(let feature, let hours, let days):
        condition = .adopted(
          compiler.compile(.activeDays(feature: feature, windowHours: hours)), days: Rational(Int128(days)))
      case .silence(let feature, let after, let clear):
        let leaf = compiler.lastTile(of: feature)
        silences.append((index, leaf))
        condition = .silence(leaf: leaf, after: after, clear: Int64(clear))
      }
      return CompiledRule(rule: rule, condition: condition, key: FNV.hash(rule.name))
    }
    for measure in measures {
      if case .daysSince = measure.metric { continue }
      CompiledModel.collectDaySteps(measure.metric, &dayStepMetrics)
    }
    leaves = compiler.leaves
    windows = compiler.windows
    let leaves = compiler.leaves
    filteredLeaves = leaves.indices.filter {
      leaves[$0].kind != .lastTile && !model.filters(of: leaves[$0].feature).isEmpty
    }
    lastTiles = leaves.indices.filter { leaves[$0].kind == .lastTile }
    dropCount = drops
    holding = model.measures.indices.filter {
      if case .hold = model.measures[$0].missing { true } else { false }
    }
    decaying = model.measures.indices.filter { model.measures[$0].decay != nil }
    var surveyWindows: Set<Int> = []
    for metric in measures.map(\.metric) { CompiledModel.collectSurveyWindows(metric, &surveyWindows) }
    for rule in rules {
      if case .metric(let metric, _, _) = rule.condition {
        CompiledModel.collectSurveyWindows(metric, &surveyWindows)
      }
    }
    self.surveyWindows = surveyWindows.sorted()
    self.silences = silences
    self.dayStepMetrics = dayStepMetrics
  }

  private static func band(_ name: String, _ bands: BandTracker) -> Int8 {
    if name == "unknown" { return bands.unknown }
    guard let index = bands.model.bands.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("no band is called \(name)")
    }
    return Int8(index)
  }

  private static func collectDaySteps(_ metric: CompiledMetric, _ found: inout [(Int, DayUnit)]) {
    switch metric {
    case .daysSince(let leaf, let unit): found.append((leaf, unit))
    case .ratio(let a, let b):
      collectDaySteps(a, &found)
      collectDaySteps(b, &found)
    case .trend(let of, _, _): collectDaySteps(of, &found)
    case .leaf, .shareTopUser, .effectiveUsers, .attribute, .survey: break
    }
  }

  private static func collectSurveyWindows(_ metric: CompiledMetric, _ found: inout Set<Int>) {
    switch metric {
    case .survey(_, _, let hours?): found.insert(hours)
    case .ratio(let a, let b):
      collectSurveyWindows(a, &found)
      collectSurveyWindows(b, &found)
    case .trend(let of, _, _): collectSurveyWindows(of, &found)
    case .leaf, .shareTopUser, .effectiveUsers, .daysSince, .attribute, .survey: break
    }
  }
}

extension Model {
  /// How many hours of facts before the clock's tile an engine of this model must be restored from.
  public var factHorizonHours: Int {
    Int(CompiledModel(self).windows.reduce(0) { max($0, $1.needsPrevious ? 2 * $1.hours : $1.hours) }) + 1
  }
}
