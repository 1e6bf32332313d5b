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
  /// A bit for each rule that must stand idle where the leaving of a window is to wait: see ``Leaving``.
  let idleWindowRules: UInt64
  /// Running sums of properties, beside the leaves.
  let sums: [SumLeaf]
  let measures: [CompiledMeasure]
  /// The same measures for the hot path.
  let fast: FastTables
  /// Measures that are just days_since_last: their grade stays from `settled` on.
  let settling: Table<Settling>
  /// In config order: the first whose condition holds is an account's.
  let scorecards: [CompiledScorecard]
  let hasCaps: Bool
  let customers: CompiledCustomers
  let bands: BandTracker
  let rules: [CompiledRule]
  /// The same rules for the hot path.
  let fastRules: Table<FastRule>
  let ruleWakes: RuleWakes
  let dropCount: Int
  /// Whether time alone gives a measure another value, beside its window's: for display, values are those of evaluations.
  let hasValuesOfTime: Bool
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
  /// (rule, attribute) of rules that watch an attribute change.
  let attributeChanges: [(rule: Int, name: String)]
  let powerUserRuleCount: Int
  /// (rule, leaf) of silence rules: their events are counted while an episode is open.
  let silences: [(rule: Int, leaf: Int)]
  /// Rules that can flap.
  let flapRules: [(rule: Int, settings: FlapSettings)]
  /// Threshold metrics (not measures) that step with the days.
  let dayStepMetrics: [(leaf: Int, unit: DayUnit)]

  init(_ model: Model) {
    self.model = model
    var compiler = LeafCompiler(milestones: model.milestones.map(\.name))
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
    let bands = BandTracker(model.bands)
    self.bands = bands
    var conditions = ConditionCompiler(model, bands)
    scorecards = model.scorecards.map { CompiledScorecard($0, measures: model.measures, &conditions) }
    precondition(!scorecards.isEmpty, "a model has at least one scorecard")
    hasCaps = scorecards.contains { !$0.caps.isEmpty }
    var drops = 0
    var silences: [(Int, Int)] = []
    var dayStepMetrics: [(Int, DayUnit)] = []
    var attributeChanges: [(Int, String)] = []
    var powerUserRules = 0
    var shifts = 0
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
      case .overdue(let name):
        guard let milestone = model.milestones.firstIndex(where: { $0.name == name }) else {
          preconditionFailure("rule \(rule.name) names a milestone that is not there: \(name)")
        }
        condition = .overdue(milestone: milestone)
      case .abandoned(let feature, let hours, let before, let days, let alive):
        // While the window has no event, all active days of both together lie before it.
        condition = .abandoned(
          compiler.compile(.count(feature: feature, windowHours: hours)),
          days: compiler.compile(.activeDays(feature: feature, windowHours: hours + before)),
          least: Rational(Int128(days)), alive: compiler.compile(.count(feature: .any, windowHours: alive)))
      case .attribute(let name, let test):
        condition = .holds(conditions.compile(.attribute(name, test)))
      case .attributeChanged(let name, let within):
        attributeChanges.append((index, name))
        condition = .marked(within: within)
      case .composite(let all, let names):
        condition = .composite(
          all: all,
          rules: names.map { name in
            guard let other = model.rules[..<index].firstIndex(where: { $0.name == name }) else {
              preconditionFailure("rule \(rule.name) names a rule that does not stand before it: \(name)")
            }
            return other
          })
      case .powerUserLost(let after, let role):
        // The log must reach back far enough; the window's total is not read.
        _ = compiler.compile(.count(feature: .core, windowHours: PowerUsers.hours))
        condition = .powerUserLost(after: after, role: role, slot: powerUserRules)
        powerUserRules += 1
      case .shift:
        condition = .shift(shifts)
        shifts += 1
      }
      return CompiledRule(
        rule: rule, condition: condition,
        when: conditions.compile(rule.until.map { .all([rule.when, .not($0)]) } ?? rule.when),
        clear: rule.clear.map { conditions.compile($0) }, key: FNV.hash(rule.name))
    }
    flapRules = model.rules.enumerated().compactMap { index, rule in rule.flap.map { (index, $0) } }
    let customers = CompiledCustomers(model, &conditions, &compiler)
    self.customers = customers
    for milestone in customers.milestones {
      if case .metric(let metric, _) = milestone.goal { CompiledModel.collectDaySteps(metric, &dayStepMetrics) }
    }
    for measure in measures {
      if case .daysSince = measure.metric { continue }
      CompiledModel.collectDaySteps(measure.metric, &dayStepMetrics)
    }
    leaves = compiler.leaves
    sums = compiler.sums
    let leaves = compiler.leaves
    let filtered = leaves.indices.filter {
      leaves[$0].kind != .lastTile && !model.filters(of: leaves[$0].feature).isEmpty
    }
    filteredLeaves = filtered
    var fastRules = rules.map { FastRule($0, filtered: Set(filtered)) }
    for (place, flap) in flapRules.enumerated() { fastRules[flap.rule].flap = Int32(place) }
    self.fastRules = Table(fastRules)
    ruleWakes = RuleWakes(rules.map { $0.wakes(customers.conditions) })
    var leavings = LeavingCompiler(leaves: leaves, sums: sums)
    for measure in measures { leavings.add(measure.metric) }
    for milestone in customers.milestones {
      if case .metric(let metric, _) = milestone.goal { leavings.add(metric) }
    }
    for (index, rule) in rules.enumerated() { leavings.add(rule.condition, fastRules[index], index) }
    (windows, idleWindowRules) = leavings.windows(compiler.windows)
    lastTiles = leaves.indices.filter { leaves[$0].kind == .lastTile }
    dropCount = drops
    let fastMeasures = fast.measures
    let sensitivities = measures.map(\.sensitivity)
    hasValuesOfTime = sensitivities.enumerated().contains { index, sensitivity in
      fastMeasures[index].kind == .general
        && (sensitivity.dayStep || sensitivity.survey || sensitivity.decays || sensitivity.filtered)
    }
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
    for milestone in customers.milestones {
      if case .metric(let metric, _) = milestone.goal {
        CompiledModel.collectSurveyWindows(metric, &surveyWindows)
      }
    }
    self.surveyWindows = surveyWindows.sorted()
    self.attributeChanges = attributeChanges
    powerUserRuleCount = powerUserRules
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
    case .leaf, .sum, .shareTopUser, .effectiveUsers, .attribute, .milestones, .survey: break
    }
  }

  private static func collectSurveyWindows(_ metric: CompiledMetric, _ found: inout Set<Int>) {
    switch metric {
    case .survey(_, _, let hours?): found.insert(hours)
    case .ratio(let a, let b):
      collectSurveyWindows(a, &found)
      collectSurveyWindows(b, &found)
    case .trend(let of, _, _): collectSurveyWindows(of, &found)
    case .leaf, .sum, .shareTopUser, .effectiveUsers, .daysSince, .attribute, .milestones, .survey: break
    }
  }
}

extension Model {
  /// How many hours of facts before the clock's tile an engine of this model must be restored from.
  public var factHorizonHours: Int { max(windowHorizonHours + 1, ShiftTable(rules).horizonHours) }

  /// Whether a rule asks what `identify` lines say of users.
  public var readsTraits: Bool { !TraitBook(rules).isEmpty }

  /// How many hours back the longest window in use looks, with the window before it where something reads that.
  public var windowHorizonHours: Int {
    Int(CompiledModel(self).windows.reduce(0) { max($0, $1.needsPrevious ? 2 * $1.hours : $1.hours) })
  }
}
