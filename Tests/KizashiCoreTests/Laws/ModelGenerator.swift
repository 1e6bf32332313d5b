import KizashiCore
import TestSupport

/// Random configs, with every kind of metric, grade and rule.
enum ModelGenerator {
  /// 2026-03-05T00:00Z: three days before clocks change in New York.
  static let start: Int64 = 1_772_668_800_000

  static let windows = [1, 6, 24, 48, 72, 168]

  static func model(_ random: inout SeededGenerator, _ traits: Scenario.Traits) -> Model {
    var model = Model(calendar: calendar(&random), windowsHours: [24, 72])
    if random.chance(80) {
      model.features = [
        Feature(name: "api", patterns: ["api.*"], core: random.chance(30)),
        Feature(name: "reports", patterns: ["report.made", "*.put"], core: random.chance(30)),
        Feature(name: "free", patterns: ["open"]),
      ]
      model.features.removeLast(random.int(0...2))
      for index in model.features.indices where random.chance(35) {
        model.features[index].conditions = conditions(&random)
      }
    }
    model.autoFeatures = random.chance(75)
    if random.chance(85) {
      let count = random.int(1...5)
      model.measures = (0..<count).map { measure("m\($0)", &random, traits) }
      model.scorecards = [scorecard(model.measures, &random)]
    }
    model.bands = BandModel(
      bands: random.chance(70)
        ? BandModel.standard.bands
        : [Band(name: "fine", bound: random.int(1...9000)), Band(name: "poor", bound: 0)],
      clearMargin: random.pick([0, 500, 1000]),
      downForMilliseconds: random.pick([0, 90_000, 3_600_000, 7_200_000]),
      journalStep: random.pick([1, 500, 1500]))
    if random.chance(60) { CustomerGenerator.add(to: &model, &random, traits) }
    for index in 0..<random.int(0...6) { model.rules.append(rule("r\(index)", model, &random)) }
    limit(&model.limits, &random, traits)
    return model
  }

  private static func limit(
    _ limits: inout Limits, _ random: inout SeededGenerator, _ traits: Scenario.Traits
  ) {
    guard traits.orderMatters else {
      limits.dedupHorizonMilliseconds = 1_000 * 86_400_000
      return
    }
    limits.dedupHorizonMilliseconds = Int64(random.pick([1, 12, 48])) * 3_600_000
    if random.chance(20) { limits.retentionMilliseconds = Int64(random.int(2...8)) * 86_400_000 }
    if random.chance(15) { limits.accounts = random.int(1...3) }
    if random.chance(15) { limits.features = random.int(1...5) }
  }

  private static func calendar(_ random: inout SeededGenerator) -> BusinessCalendar {
    let march8 = start / 1000 + 3 * 86_400
    let holidays: Set<LocalDay> =
      random.chance(50) ? [LocalDay(number: Int32(march8 / 86_400) + 2)] : []
    func fixed(_ name: String, _ offset: Int32, weekend: Set<Int> = [0, 6]) -> BusinessCalendar {
      BusinessCalendar(
        timezone: name, transitions: [BusinessCalendar.Transition(since: .min, offset: offset)],
        weekend: weekend,
        holidays: holidays)
    }
    switch random.int(0...4) {
    case 0: return .utc
    case 1: return fixed("Asia/Tokyo", 9 * 3600)
    case 2: return fixed("Asia/Kathmandu", 5 * 3600 + 45 * 60, weekend: [6])
    case 3: return fixed("Pacific/Marquesas", -(9 * 3600 + 30 * 60), weekend: [])
    default:
      return BusinessCalendar(
        timezone: "America/New_York",
        transitions: [
          BusinessCalendar.Transition(since: .min, offset: -5 * 3600),
          BusinessCalendar.Transition(since: march8 + 7 * 3600, offset: -4 * 3600),
        ], holidays: holidays)
    }
  }

  private static func conditions(_ random: inout SeededGenerator) -> [PropertyFilter] {
    random.pick([
      [PropertyFilter(property: "plan", value: "pro")], [PropertyFilter(property: "size", value: "5")],
      [PropertyFilter(property: "trial", value: "true"), PropertyFilter(property: "plan", value: "pro")],
    ])
  }

  /// Some were looked for from the beginning, some since a config that came later.
  static func filterStarts(_ model: Model, _ random: inout SeededGenerator) -> [FilterStart] {
    model.filters.filter { _ in random.chance(50) }.map { filter in
      let hours = Int64(random.int(-100...150))
      let since = start + hours * 3_600_000 + (random.chance(50) ? 0 : Int64(random.int(1...3_599_999)))
      return FilterStart(filter: filter, since: Instant(milliseconds: since))
    }
  }

  static func sumStarts(_ model: Model, _ random: inout SeededGenerator) -> [SumStart] {
    model.summed.filter { _ in random.chance(40) }.map { property in
      let since = start + Int64(random.int(-100...150)) * 3_600_000 + Int64(random.int(0...3_599_999))
      return SumStart(property: property, since: Instant(milliseconds: since))
    }
  }

  // MARK: - Measures

  /// A feature as a metric names it: sometimes with `where`.
  private static func narrowed(_ random: inout SeededGenerator) -> FeatureReference {
    let feature = feature(&random)
    return random.chance(25) ? feature.narrowed(by: conditions(&random)) : feature
  }

  static func feature(_ random: inout SeededGenerator) -> FeatureReference {
    random.pick([.any, .core, .named("api"), .named("reports"), .named("free"), .named("other")])
  }

  private static func windowed(_ random: inout SeededGenerator) -> Metric {
    let hours = random.pick(windows)
    switch random.int(0...5) {
    case 0: return .count(feature: narrowed(&random), windowHours: hours)
    case 1: return .distinctUsers(feature: narrowed(&random), windowHours: hours)
    case 2: return .activeDays(feature: narrowed(&random), windowHours: hours)
    case 3, 4:
      return .sum(
        property: random.pick(["amount", "amount", "cost", "size"]), feature: narrowed(&random), windowHours: hours)
    default: return .featuresUsed(windowHours: hours)
    }
  }

  static func metric(_ random: inout SeededGenerator) -> Metric {
    switch random.int(0...11) {
    case 10: return .shareTopUser(feature: narrowed(&random), windowHours: random.pick(windows))
    case 11: return .effectiveUsers(feature: narrowed(&random), windowHours: random.pick(windows))
    case 0...3: return windowed(&random)
    case 4:
      return .daysSinceLast(
        feature: narrowed(&random), unit: random.chance(50) ? .days : .businessDays)
    case 5:
      return .ratio(windowed(&random), random.chance(50) ? windowed(&random) : .attribute("seats"))
    case 6, 7:
      return .trend(
        of: windowed(&random), floor: Rational(Int64(random.int(1...4))),
        minVolume: Rational(Int64(random.int(0...3))))
    case 8: return .attribute(random.pick(["seats", "level", "sentiment", "mrr"]))
    default:
      return .survey(
        name: random.pick(["nps", "ces"]), aggregate: random.pick([.latest, .mean, .netPromoter]),
        windowHours: random.chance(60) ? random.pick(windows) : nil)
    }
  }

  /// Values a metric is likely to take, in hundredths.
  private static func range(of metric: Metric) -> ClosedRange<Int> {
    switch metric {
    case .count: 0...1500
    case .sum: -1000...9000
    case .distinctUsers, .activeDays, .featuresUsed: 0...400
    case .daysSinceLast: 0...600
    case .ratio, .effectiveUsers: 0...300
    case .shareTopUser: 0...100
    case .trend: -100...200
    case .attribute: 0...10_000
    case .milestones: 0...100
    case .survey(_, .netPromoter, _): -10_000...10_000
    case .survey: 0...1000
    }
  }

  private static func measure(_ name: String, _ random: inout SeededGenerator, _ traits: Scenario.Traits)
    -> Measure
  {
    let metric = metric(&random)
    let xs = Set((0..<random.int(1...4)).map { _ in random.int(range(of: metric)) }).sorted()
    let rising = random.chance(50)
    var ys = xs.map { _ in random.int(0...10_000) }.sorted()
    if !rising { ys.reverse() }
    // Mostly where values lie; also far beyond tables of whole numbers, and finer than values are.
    let scale: Int128 = random.pick([100, 100, 100, 100, 1, 1_000_000])
    let corners = zip(xs, ys).map {
      GradePoint(value: Rational(Int128($0), scale), points: Rational(Int128($1), 100))
    }
    var missing = random.pick([MissingMode.exclude, .exclude, .zero, .neutral])
    if traits.orderMatters && random.chance(25) {
      missing = .hold(
        milliseconds: Int64(random.int(1...80)) * 1_800_000 + (random.chance(30) ? 1 : 0))
    }
    return Measure(
      name: name, metric: metric, grade: random.chance(75) ? .points(corners) : .bands(corners),
      missing: missing, decay: decay(of: metric, &random))
  }

  private static func decay(of metric: Metric, _ random: inout SeededGenerator) -> Decay? {
    switch metric {
    case .attribute, .survey:
      guard random.chance(60) else { return nil }
      let fresh = random.int(0...3)
      // Sometimes so slow that a day does not move the grade.
      return Decay(freshDays: fresh, expireDays: fresh + random.pick([1, 2, 5, 9, 3000]))
    default: return nil
    }
  }

  static func scorecard(_ measures: [Measure], _ random: inout SeededGenerator) -> Scorecard {
    var names = measures.map(\.name).shuffled(using: &random)
    // Sometimes a measure is only there for a rule.
    if names.count > 2 && random.chance(30) { names.removeLast() }
    let split = random.int(0...max(0, names.count - 1))
    let parts = [names.prefix(split), names.dropFirst(split)].filter { !$0.isEmpty }
    let minimum = random.pick([Rational(0), Rational(1, 2), Rational(4, 5)])
    return Scorecard(
      name: "card", minimumCoverage: minimum,
      dimensions: parts.enumerated().map { index, part in
        Dimension(
          name: "d\(index)", weight: random.int(1...100),
          measures: part.map { ($0, random.int(1...100)) })
      })
  }

  // MARK: - Rules

  private static func span(_ random: inout SeededGenerator, zero percent: Int) -> Int64 {
    random.chance(percent) ? 0 : random.pick([60_000, 3_600_000, 5 * 3_600_000 + 1, 86_400_000])
  }

  private static func rule(_ name: String, _ model: Model, _ random: inout SeededGenerator) -> Rule {
    Rule(
      name: name, kind: kind(model, &random), forMilliseconds: span(&random, zero: 60),
      keepFiringForMilliseconds: span(&random, zero: 50),
      cooldownMilliseconds: span(&random, zero: 60),
      when: random.chance(30) ? CustomerGenerator.condition(model, .band, &random) : .always,
      until: random.chance(10) ? CustomerGenerator.condition(model, .band, &random) : nil,
      clear: random.chance(15) ? CustomerGenerator.condition(model, .band, &random) : nil)
  }

  private static func kind(_ model: Model, _ random: inout SeededGenerator) -> RuleKind {
    let bands = model.bands.bands.map(\.name) + ["unknown"]
    switch random.int(0...22) {
    case 14:
      return .abandoned(
        feature: feature(&random), windowHours: random.pick(windows), beforeHours: random.pick(windows),
        days: random.int(1...3), aliveHours: random.pick(windows))
    case 15:
      return .powerUserLost(
        after: random.chance(50) ? .businessDays(random.int(1...9)) : .milliseconds(12 * 86_400_000),
        role: random.chance(30) ? [] : [TraitTest("left", .oneOf([.string("true")])), TraitTest("role", role(&random))])
    case 16: return .attribute(random.pick(["seats", "level", "plan"]), CustomerGenerator.test(&random))
    case 17:
      return .attributeChanged(
        random.pick(["seats", "level", "mrr"]), withinMilliseconds: Int64(random.int(1...200)) * 1_234_567)
    case 18 where model.rules.count >= 2:
      return .composite(all: random.chance(50), rules: [random.pick(model.rules).name, random.pick(model.rules).name])
    case 19 where !model.milestones.isEmpty: return .overdue(milestone: random.pick(model.milestones).name)
    case 20...22: return .shift(feature: feature(&random), shift(&random))
    case 10:
      return .persistent(bands: random.chance(50) ? [random.pick(bands)] : [random.pick(bands), random.pick(bands)])
    case 11:
      return .breadthCollapse(
        windowHours: random.pick(windows), share: Rational(Int128(random.int(0...9)), 10), least: random.int(1...3))
    case 12, 13: return .adopted(feature: feature(&random), windowHours: random.pick(windows), days: random.int(1...3))
    case 0, 1:
      return .bandChange(
        from: random.chance(60) ? [] : [random.pick(bands)],
        to: random.chance(50) ? [] : [random.pick(bands), random.pick(bands)])
    case 2, 3:
      return .drop(
        by: random.int(1...3000), withinMilliseconds: Int64(random.int(1...100)) * 1_234_567)
    case 4, 5:
      return .silence(
        feature: feature(&random),
        after: random.chance(70)
          ? .milliseconds(Int64(random.int(1...60)) * 3_600_000 + random.pick([0, 1, 1_800_000]))
          : .businessDays(random.int(1...3)),
        clear: random.pick([1, 1, 1, 3]))
    default: return threshold(model, &random)
    }
  }

  /// Weeks so short that some of them pass in a small universe, and little asked for.
  private static func shift(_ random: inout SeededGenerator) -> ShiftSettings {
    let nearest = random.int(1...2)
    return ShiftSettings(
      direction: random.pick(ShiftSettings.Direction.allCases), k: random.pick([0, 1234, 5_000]),
      h: random.pick([0, 5_000, 20_000, 40_000]), weekDays: random.pick([1, 2, 3, 7]), nearestWeek: nearest,
      farthestWeek: nearest + random.int(0...4), leastWeeks: random.int(1...2))
  }

  private static func role(_ random: inout SeededGenerator) -> AttributeTest {
    random.chance(50) ? .oneOf([.string("former"), .string("7")]) : .within(NumberRange(above: Rational(5)))
  }

  private static func threshold(_ model: Model, _ random: inout SeededGenerator) -> RuleKind {
    let subject: ThresholdSubject
    let values: ClosedRange<Int>
    if random.chance(40) {
      subject = .measure(random.pick(model.measures).name)
      values = 0...10_000
    } else {
      let metric = metric(&random)
      subject = .metric(metric)
      values = range(of: metric)
    }
    // Whole values, so that "equal to the limit" happens.
    let limit = random.int(values) / 100 * 100
    let slack =
      random.chance(30)
      ? random.int(0...(values.upperBound - values.lowerBound) / 2) / 100 * 100 : nil
    let exact = Rational(Int128(limit), 100)
    return random.chance(50)
      ? .threshold(subject, .below(exact), clear: slack.map { Rational(Int128(limit + $0), 100) })
      : .threshold(subject, .above(exact), clear: slack.map { Rational(Int128(limit - $0), 100) })
  }
}
