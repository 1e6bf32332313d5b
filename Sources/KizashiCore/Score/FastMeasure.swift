/// A measure as the hot path reads it: plain numbers in flat tables, no reference to retain.
///
/// Covers what nearly every scorecard is made of: metrics of one leaf that are whole numbers, or a fraction of two. Everything
/// else is `general` and goes through ``CompiledMetric``; both give the same grades, because the tables come from the same
/// ``Curve``.
struct FastMeasure {
  enum Kind {
    case leaf
    case daysSince
    case trend
    case topUserShare
    case effectiveUsers
    case general
  }
  enum Missing: UInt8 {
    case exclude
    case zero
    case neutral
    case hold
  }
  var kind = Kind.general
  /// How a missing value counts; where `hold`, how long.
  var missing: Missing
  var holdMilliseconds: Int64 = 0
  /// What its grade rests on.
  var wakes: Wake
  /// Whether it has no value where nothing was ever told of the account.
  var isOfRecords: Bool
  /// Which cause a deadline gives a change of the grade.
  var causeOfTime: Cause
  var leaf = 0
  var unit = DayUnit.days
  /// trend: whole numbers.
  var floor: Int64 = 1
  var minVolume: Int64 = 0
  /// Grades of the whole numbers `tableFrom…`, as a range of ``FastTables/grades``.
  var tableStart = 0
  var tableCount = 0
  var tableFrom: Int64 = 0
  /// Corners with values times `valueScale`, as a range of ``FastTables/corners``.
  var cornerStart = 0
  var cornerCount = 0
  var valueScale: Int64 = 1

  init(_ metric: CompiledMetric, _ curve: Curve, _ missing: MissingMode, _ sensitivity: TimeSensitivity) {
    switch missing {
    case .exclude: self.missing = .exclude
    case .zero: self.missing = .zero
    case .neutral: self.missing = .neutral
    case .hold(let length): (self.missing, holdMilliseconds) = (.hold, length)
    }
    wakes = Wake.metric(metric).union(.customer)
    // A grade that grows old steps with the days.
    if sensitivity.decays { wakes.formUnion([.day, .time]) }
    // One that stands in for what is missing ends, whatever it is of.
    if self.missing == .hold { wakes.formUnion(.time) }
    isOfRecords = Self.isOfRecords(metric)
    causeOfTime = sensitivity.decays ? .decay : sensitivity.dayStep && !sensitivity.windowed ? .silence : .expiry
    // Only what looks through a window has no value for a while.
    let holds = !sensitivity.filtered
    switch metric {
    case .leaf(let leaf) where holds && curve.wholeGrades != nil: (kind, self.leaf) = (.leaf, leaf)
    case .daysSince(let leaf, let unit) where curve.wholeGrades != nil:
      (kind, self.leaf, self.unit) = (.daysSince, leaf, unit)
    case .trend(.leaf(let leaf), let floor, let minVolume)
    where holds && curve.smallCorners != nil && floor.denominator == 1 && minVolume.denominator == 1:
      guard let floor = Int64(exactly: floor.numerator), let least = Int64(exactly: minVolume.numerator) else { break }
      (kind, self.leaf, self.floor, self.minVolume) = (.trend, leaf, floor, least)
    case .shareTopUser(let leaf) where holds && curve.smallCorners != nil: (kind, self.leaf) = (.topUserShare, leaf)
    case .effectiveUsers(let leaf) where holds && curve.smallCorners != nil: (kind, self.leaf) = (.effectiveUsers, leaf)
    default: break
    }
  }

  private static func isOfRecords(_ metric: CompiledMetric) -> Bool {
    switch metric {
    case .attribute, .survey: true
    case .ratio(let a, let b): isOfRecords(a) || isOfRecords(b)
    case .trend(let of, _, _): isOfRecords(of)
    case .leaf, .sum, .shareTopUser, .effectiveUsers, .daysSince, .milestones: false
    }
  }
}

/// The tables of all measures of a model.
struct FastTables {
  let measures: Table<FastMeasure>
  private let grades: Table<Int32>
  private let corners: Table<FastCorner>

  init(_ measures: [(metric: CompiledMetric, curve: Curve, missing: MissingMode, sensitivity: TimeSensitivity)]) {
    var fast: [FastMeasure] = []
    var grades: [Int32] = []
    var corners: [FastCorner] = []
    for measure in measures {
      var next = FastMeasure(measure.metric, measure.curve, measure.missing, measure.sensitivity)
      if let whole = measure.curve.wholeGrades {
        (next.tableStart, next.tableCount, next.tableFrom) = (grades.count, whole.grades.count, whole.from)
        grades.append(contentsOf: whole.grades)
      }
      if let small = measure.curve.smallCorners {
        (next.cornerStart, next.cornerCount, next.valueScale) = (corners.count, small.corners.count, small.valueScale)
        corners.append(contentsOf: small.corners.map { FastCorner(value: $0.value, grade: $0.grade) })
      }
      fast.append(next)
    }
    self.measures = Table(fast)
    self.grades = Table(grades)
    self.corners = Table(corners)
  }

  /// The grade of a whole number.
  @inline(__always)
  func grade(_ fast: UnsafePointer<FastMeasure>, _ value: Int64) -> Int32 {
    let place = max(0, min(value &- fast.pointee.tableFrom, Int64(fast.pointee.tableCount - 1)))
    return grades[fast.pointee.tableStart + Int(value < fast.pointee.tableFrom ? 0 : place)]
  }

  /// The grade of a fraction with parts below 2³⁰: then |x·d| < 2⁴⁶ and the weighted difference < 2⁶².
  @inline(__always)
  func grade(_ fast: UnsafePointer<FastMeasure>, _ numerator: Int64, _ denominator: Int64) -> Int32 {
    let scaled = numerator * fast.pointee.valueScale
    let start = fast.pointee.cornerStart
    var left = corners[start]
    if scaled <= left.value * denominator { return Int32(truncatingIfNeeded: left.grade) }
    for index in start + 1..<start + max(1, fast.pointee.cornerCount) {
      let right = corners[index]
      if scaled <= right.value * denominator {
        let width = (right.value - left.value) * denominator
        let rise = (scaled - left.value * denominator) * (right.grade - left.grade)
        // Half-up: floor((2·rise + width) / (2·width)).
        return Int32(truncatingIfNeeded: left.grade + floorDivide(2 * rise + width, 2 * width))
      }
      left = right
    }
    return Int32(truncatingIfNeeded: left.grade)
  }
}

/// A corner of a grade curve; the value times `valueScale`.
struct FastCorner {
  var value: Int64
  var grade: Int64
}
