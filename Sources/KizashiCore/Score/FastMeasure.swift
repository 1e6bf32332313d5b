/// A measure as the hot path reads it: plain numbers in flat tables, no reference to retain.
///
/// Covers what nearly every scorecard is made of: whole-number metrics of one leaf, and the trend of one. Everything else is
/// `general` and goes through ``CompiledMetric``; both give the same grades, because the tables come from the same ``Curve``.
struct FastMeasure {
  enum Kind {
    case leaf
    case daysSince
    case trend
    case general
  }
  var kind = Kind.general
  var missing: MissingMode
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
}

/// The tables of all measures of a model.
struct FastTables {
  private(set) var measures: ContiguousArray<FastMeasure> = []
  private(set) var grades: ContiguousArray<Int32> = []
  private(set) var corners: ContiguousArray<(value: Int64, grade: Int64)> = []

  mutating func add(_ metric: CompiledMetric, _ curve: Curve, _ missing: MissingMode) {
    var fast = FastMeasure(missing: missing)
    switch metric {
    case .leaf(let leaf) where curve.wholeGrades != nil: (fast.kind, fast.leaf) = (.leaf, leaf)
    case .daysSince(let leaf, let unit) where curve.wholeGrades != nil:
      (fast.kind, fast.leaf, fast.unit) = (.daysSince, leaf, unit)
    case .trend(.leaf(let leaf), let floor, let minVolume)
    where curve.smallCorners != nil && floor.denominator == 1 && minVolume.denominator == 1:
      guard let floor = Int64(exactly: floor.numerator), let least = Int64(exactly: minVolume.numerator) else { break }
      (fast.kind, fast.leaf, fast.floor, fast.minVolume) = (.trend, leaf, floor, least)
    default: break
    }
    if let whole = curve.wholeGrades {
      (fast.tableStart, fast.tableCount, fast.tableFrom) = (grades.count, whole.grades.count, whole.from)
      grades.append(contentsOf: whole.grades)
    }
    if let small = curve.smallCorners {
      (fast.cornerStart, fast.cornerCount, fast.valueScale) = (corners.count, small.corners.count, small.valueScale)
      corners.append(contentsOf: small.corners)
    }
    measures.append(fast)
  }

  /// The grade of a whole number.
  @inline(__always)
  func grade(_ fast: FastMeasure, _ value: Int64) -> Int32 {
    if value < fast.tableFrom { return grades[fast.tableStart] }
    return grades[fast.tableStart + Int(min(value &- fast.tableFrom, Int64(fast.tableCount - 1)))]
  }

  /// The grade of a fraction with parts below 2³⁰: then |x·d| < 2⁴⁶ and the weighted difference < 2⁶².
  @inline(__always)
  func grade(_ fast: FastMeasure, _ numerator: Int64, _ denominator: Int64) -> Int32 {
    let scaled = numerator * fast.valueScale
    var left = corners[fast.cornerStart]
    if scaled <= left.value * denominator { return Int32(truncatingIfNeeded: left.grade) }
    for index in fast.cornerStart + 1..<fast.cornerStart + max(1, fast.cornerCount) {
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
