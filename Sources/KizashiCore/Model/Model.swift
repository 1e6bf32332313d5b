/// A configured feature: a name for a set of event names.
public struct Feature: Sendable, Equatable {
  /// The config's name for it, unique among features.
  public var name: String
  /// Exact event names, or with `*` for any run of characters.
  public var patterns: [String]
  /// Whether its events count as `core` use.
  public var core: Bool
  /// What the properties of its events must be, each of them (`where`). The feature claims the names of its events all the
  /// same: one whose properties do not match is no feature of its own.
  public var conditions: [PropertyFilter]
  /// Features that every config has: all usage, and that of features marked as core. No other is called so, also no event's own.
  public static let builtIn: Set<String> = ["any", "core"]
  /// Events whose names begin so say what the score needs beside usage, and are none.
  public static let reservedWords = ["survey.", "contract.", "sentiment.", "touch.", "override.", "action."]
  /// A feature; see the properties.
  public init(name: String, patterns: [String], core: Bool = false, conditions: [PropertyFilter] = []) {
    self.name = name
    self.patterns = patterns
    self.core = core
    self.conditions = conditions
  }
}

/// Where events come from, as far as counting them needs to know.
public struct SourceModel: Sendable, Equatable {
  /// The `id` the config gives the source.
  public var name: String
  /// Events older than this before the source's watermark are refused as `late`; nil: never.
  public var allowedLatenessMilliseconds: Int64?
  /// After this long without a line it is stalled; nil: never, and nothing is remembered for it.
  public var stallAfterMilliseconds: Int64?
  /// How long deadlines of its accounts wait at the most while it is stalled.
  public var maxHoldMilliseconds: Int64
  /// A source; by default no event is too late for it, and it never stalls.
  public init(
    name: String, allowedLatenessMilliseconds: Int64? = nil, stallAfterMilliseconds: Int64? = nil,
    maxHoldMilliseconds: Int64 = 86_400_000
  ) {
    self.name = name
    self.allowedLatenessMilliseconds = allowedLatenessMilliseconds
    self.stallAfterMilliseconds = stallAfterMilliseconds
    self.maxHoldMilliseconds = maxHoldMilliseconds
  }
}

/// Everything of a config that decides a number: what the engine computes from.
public struct Model: Sendable, Equatable {
  /// Which days there are and which of them are business days.
  public var calendar: BusinessCalendar
  /// The windows of the standard metrics, in hours.
  public var windowsHours: [Int]
  /// In config order.
  public var features: [Feature]
  /// Whether every event name that no feature claims is a feature of its own.
  public var autoFeatures: Bool
  /// Those a scorecard uses and those only rules use, in config order.
  public var measures: [Measure]
  /// How the measures become one score: the first whose condition holds. At least one.
  public var scorecards: [Scorecard]
  /// How the score becomes a band.
  public var bands: BandModel
  /// Groups of accounts, in config order.
  public var segments: [Segment]
  /// How accounts get their touch; nil: they have none.
  public var touch: TouchModel?
  /// In config order: the first whose condition holds.
  public var phases: [Phase]
  /// In config order.
  public var milestones: [Milestone]
  /// In config order; alerts name rules by their index here.
  public var rules: [Rule]
  /// What is refused or forgotten so that memory stays bounded.
  public var limits: Limits

  /// A model; by default that of a config of sources alone.
  public init(
    calendar: BusinessCalendar = .utc, windowsHours: [Int] = [24, 168, 672, 2160], features: [Feature] = [],
    autoFeatures: Bool = true, measures: [Measure] = BuiltIn.measures, scorecards: [Scorecard] = [BuiltIn.scorecard],
    bands: BandModel = .standard, segments: [Segment] = [], touch: TouchModel? = nil, phases: [Phase] = [],
    milestones: [Milestone] = [], rules: [Rule] = [], limits: Limits = Limits()
  ) {
    self.calendar = calendar
    self.windowsHours = windowsHours
    self.features = features
    self.autoFeatures = autoFeatures
    self.measures = measures
    self.scorecards = scorecards
    self.bands = bands
    self.segments = segments
    self.touch = touch
    self.phases = phases
    self.milestones = milestones
    self.rules = rules
    self.limits = limits
  }
}

/// Bounds on what one daemon keeps and accepts.
public struct Limits: Sendable, Equatable {
  /// How far the wall clock is trusted to be behind what producers say, in milliseconds: later events are `future`.
  public var futureToleranceMilliseconds: Int64 = 300_000
  /// How long ids are remembered, in event time before the source's watermark, in milliseconds.
  public var dedupHorizonMilliseconds: Int64 = 172_800_000
  /// How far the wall clock runs ahead of the engine's, in milliseconds, so that lines in flight arrive first.
  public var settleMilliseconds: Int64 = 2000
  /// Most event names; a line that would add one more is refused as `too_many`.
  public var features = 10_000
  /// Most accounts; a line that would add one more is refused as `too_many`.
  public var accounts = 2_000_000
  /// Usage older than this before its source's watermark is refused as `expired`; nil: never. Milliseconds.
  public var retentionMilliseconds: Int64? = 400 * 86_400_000
  /// The limits of a config that sets none.
  public init() {}
}

/// The scorecard of a config that has none.
public enum BuiltIn {
  private static func curve(_ pairs: [(Int64, Int64, Int64)]) -> GradeCurve {
    .points(pairs.map { GradePoint(value: Rational(Int128($0.0), Int128($0.1)), points: Rational($0.2)) })
  }
  /// Recency, frequency, breadth and trend of all usage.
  public static let measures = [
    Measure(
      name: "recency", metric: .daysSinceLast(feature: .any, unit: .days),
      grade: curve([(1, 1, 100), (7, 1, 70), (14, 1, 40), (30, 1, 0)])),
    Measure(
      name: "frequency", metric: .activeDays(feature: .any, windowHours: 672),
      grade: curve([(0, 1, 0), (4, 1, 40), (12, 1, 80), (20, 1, 100)])),
    Measure(
      name: "breadth", metric: .featuresUsed(windowHours: 672),
      grade: curve([(0, 1, 0), (1, 1, 30), (3, 1, 60), (8, 1, 100)])),
    Measure(
      name: "trend",
      metric: .trend(of: .count(feature: .any, windowHours: 672), floor: Rational(5), minVolume: Rational(10)),
      grade: curve([(-50, 100, 0), (-20, 100, 40), (-5, 100, 80), (0, 1, 90), (10, 100, 100)])),
  ]
  /// One dimension, `usage`.
  public static let scorecard = Scorecard(
    name: "standard",
    dimensions: [
      Dimension(
        name: "usage", weight: 100,
        measures: [("recency", 30), ("frequency", 30), ("breadth", 15), ("trend", 25)])
    ])
}
