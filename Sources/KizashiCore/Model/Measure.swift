/// One corner of a grade curve: a metric value and the grade (0…100 points) it gives.
public struct GradePoint: Sendable, Equatable {
  /// The metric's value at this corner, exact as written.
  public var value: Rational
  /// 0…100, exact as written.
  public var points: Rational
  /// A corner of a curve; see the properties.
  public init(value: Rational, points: Rational) {
    self.value = value
    self.points = points
  }
}

/// How a metric value becomes a grade.
public enum GradeCurve: Sendable, Equatable {
  /// Linear in between, clamped outside; values ascending; at least one.
  case points([GradePoint])
  /// The last entry with `from ≤ value`; below the first: the first. At least one.
  case bands([GradePoint])
}

/// What a measure without a value does.
public enum MissingMode: Sendable, Equatable {
  case exclude
  /// Grade 0; counts in the score, not in coverage.
  case zero
  /// Grade 50.00; counts in the score, not in coverage.
  case neutral
  /// The last grade for this many milliseconds from the instant it went missing, then excluded; counts as present.
  case hold(milliseconds: Int64)
}

/// A graded metric.
public struct Measure: Sendable, Equatable {
  /// The config's name for it, unique among measures.
  public var name: String
  /// The number that is graded.
  public var metric: Metric
  /// How the number becomes 0…100 points.
  public var grade: GradeCurve
  /// What the measure does while the metric has no value.
  public var missing: MissingMode
  /// How the grade grows old, of an attribute or a survey; nil: it does not.
  public var decay: Decay?
  /// A measure; see the properties.
  public init(name: String, metric: Metric, grade: GradeCurve, missing: MissingMode = .exclude, decay: Decay? = nil) {
    self.name = name
    self.metric = metric
    self.grade = grade
    self.missing = missing
    self.decay = decay
  }
}

/// A weighted group of measures.
public struct Dimension: Sendable, Equatable {
  /// The config's name for it, unique within its scorecard.
  public var name: String
  /// 1…10,000.
  public var weight: Int
  /// Measure name and weight (1…10,000), in config order.
  public var measures: [(name: String, weight: Int)]
  /// A dimension; see the properties.
  public init(name: String, weight: Int, measures: [(name: String, weight: Int)]) {
    self.name = name
    self.weight = weight
    self.measures = measures
  }
  /// Equal in every part; written out because `measures` holds tuples.
  public static func == (a: Dimension, b: Dimension) -> Bool {
    a.name == b.name && a.weight == b.weight && a.measures.elementsEqual(b.measures, by: ==)
  }
}

/// How measures become one score.
public struct Scorecard: Sendable, Equatable {
  /// The config's name for it.
  public var name: String
  /// Below this coverage (0…1) the band is `unknown`.
  public var minimumCoverage: Rational
  /// In config order.
  public var dimensions: [Dimension]
  /// Whose score it makes: the first scorecard whose condition holds. May ask for anything but the band.
  public var when: Condition
  /// Bounds on the score; the lowest that applies holds.
  public var caps: [Cap]
  /// A scorecard; by default for all accounts, and half of the weight must be covered.
  public init(
    name: String, minimumCoverage: Rational = Rational(1, 2), dimensions: [Dimension], when: Condition = .always,
    caps: [Cap] = []
  ) {
    self.name = name
    self.minimumCoverage = minimumCoverage
    self.dimensions = dimensions
    self.when = when
    self.caps = caps
  }
}

/// One band of the score, from its lower bound (inclusive) up.
public struct Band: Sendable, Equatable {
  /// The config's name for it: `green` …
  public var name: String
  /// Lower bound in hundredths of a point, 0…10,000; the lowest band has 0.
  public var bound: Int
  /// A band; see the properties.
  public init(name: String, bound: Int) {
    self.name = name
    self.bound = bound
  }
}

/// The bands and how reluctantly an account changes between them.
public struct BandModel: Sendable, Equatable {
  /// Best first; the last one's bound is 0. `unknown` is not among them.
  public var bands: [Band]
  /// How far above a bound the score must be to climb, in hundredths.
  public var clearMargin: Int
  /// How long the score must stay below a bound to fall, in milliseconds.
  public var downForMilliseconds: Int64
  /// The least move of the score that makes a `score` journal entry, in hundredths.
  public var journalStep: Int
  /// A band model; see the properties.
  public init(bands: [Band], clearMargin: Int, downForMilliseconds: Int64, journalStep: Int) {
    self.bands = bands
    self.clearMargin = clearMargin
    self.downForMilliseconds = downForMilliseconds
    self.journalStep = journalStep
  }
  /// green ≥ 70 > yellow ≥ 40 > red, 5 points to climb, two hours to fall, a journal entry each 5 points.
  public static let standard = BandModel(
    bands: [Band(name: "green", bound: 7000), Band(name: "yellow", bound: 4000), Band(name: "red", bound: 0)],
    clearMargin: 500, downForMilliseconds: 7_200_000, journalStep: 500)
}
