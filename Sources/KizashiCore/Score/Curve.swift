/// A grade curve made ready: integer arithmetic, with a table where the metric is a small whole number.
struct Curve {
  private let bands: Bool
  /// Corner values times `valueScale`.
  private let xs: [Int128]
  /// Corner grades (hundredths) times `gradeScale`.
  private let ys: [Int128]
  private let valueScale: Int128
  private let gradeScale: Int128
  /// Grades of the whole numbers `tableFrom…`, clamped outside; empty where the corners span too much.
  private var table: ContiguousArray<Int32> = []
  private var tableFrom: Int64 = 0
  /// Whether Int64 holds every intermediate for values whose parts stay below 2³⁰.
  private let small: Bool
  /// Values with larger parts are graded by ``wide(_:_:)``: 128 bits would not hold the intermediates.
  private let largestNumerator: Int128
  private let largestDenominator: Int128

  init(_ curve: GradeCurve) {
    let points: [GradePoint]
    switch curve {
    case .points(let p): (points, bands) = (p, false)
    case .bands(let p): (points, bands) = (p, true)
    }
    precondition(!points.isEmpty, "a grade curve needs a point")
    let scaleX = points.reduce(Int128(1)) { Curve.leastCommonMultiple($0, $1.value.reduced.denominator) }
    let scaleY = points.reduce(Int128(1)) {
      Curve.leastCommonMultiple($0, Rational($1.points.numerator * 100, $1.points.denominator).reduced.denominator)
    }
    valueScale = scaleX
    gradeScale = scaleY
    xs = points.map { $0.value.numerator * scaleX / $0.value.denominator }
    ys = points.map { $0.points.numerator * 100 * scaleY / $0.points.denominator }
    let largestX = xs.map(\.magnitude).max()! + UInt128(scaleX)
    small = largestX < 1 << 16 && ys.allSatisfy { $0.magnitude < 1 << 14 } && scaleY == 1
    largestNumerator = (1 << 120) / scaleX
    let largestY = max(ys.map(\.magnitude).max() ?? 0, UInt128(scaleY))
    largestDenominator = (1 << 120) / Int128(largestX * largestY)
    fillTable()
  }

  private static func leastCommonMultiple(_ a: Int128, _ b: Int128) -> Int128 {
    var (x, y) = (a, b)
    while y != 0 { (x, y) = (y, x % y) }
    return a / x * b
  }

  private mutating func fillTable() {
    let first = Rational(xs[0], valueScale).floor
    let last = Rational(xs[xs.count - 1], valueScale).floor + 1
    guard last - first < 4096, first > -(1 << 40), last < 1 << 40 else { return }
    tableFrom = Int64(first)
    for value in Int64(first)...Int64(last) { table.append(Int32(exact(Int128(value), 1))) }
  }

  /// From this whole value on the grade stays the same.
  var settledFrom: Int64 {
    Int64(clamping: -Rational(-xs[xs.count - 1], valueScale).floor)
  }

  /// Grades of the whole numbers from `from` on, the last one for all above; nil: the corners span too much.
  var wholeGrades: (from: Int64, grades: ContiguousArray<Int32>)? { table.isEmpty ? nil : (tableFrom, table) }

  /// The corners where 64 bits hold every intermediate for fractions whose parts stay below 2³⁰; else nil.
  var smallCorners: (corners: [(value: Int64, grade: Int64)], valueScale: Int64)? {
    guard small && !bands else { return nil }
    return (zip(xs, ys).map { (Int64($0), Int64($1)) }, Int64(valueScale))
  }

  /// The grade of a value, in hundredths.
  func grade(_ value: Rational) -> Int32 { Int32(exact(value.numerator, value.denominator)) }

  private func exact(_ n: Int128, _ d: Int128) -> Int128 {
    guard n.magnitude <= largestNumerator, d <= largestDenominator else { return wide(n, d) }
    let scaled = n * valueScale
    if bands {
      let index = xs.lastIndex { $0 * d <= scaled } ?? 0
      return Rational(ys[index], gradeScale).halfUp
    }
    if scaled <= xs[0] * d { return Rational(ys[0], gradeScale).halfUp }
    for index in xs.indices.dropFirst() where scaled <= xs[index] * d {
      let width = (xs[index] - xs[index - 1]) * d
      let rise = (scaled - xs[index - 1] * d) * (ys[index] - ys[index - 1])
      return Rational(ys[index - 1] * width + rise, width * gradeScale).halfUp
    }
    return Rational(ys[ys.count - 1], gradeScale).halfUp
  }

  /// The same for a fraction with parts of any size.
  func wide(_ n: Int128, _ d: Int128) -> Int128 {
    let value = WideProduct(n, valueScale)
    if bands {
      let index = xs.lastIndex { WideProduct($0, d) <= value } ?? 0
      return Rational(ys[index], gradeScale).halfUp
    }
    guard let right = xs.firstIndex(where: { value <= WideProduct($0, d) }) else {
      return Rational(ys[ys.count - 1], gradeScale).halfUp
    }
    guard right > 0 else { return Rational(ys[0], gradeScale).halfUp }
    let (x, y) = (xs[right - 1], ys[right - 1])
    let (width, rise) = (xs[right] - x, ys[right] - y)
    // The largest grade g with g − ½ ≤ (y + rise · (n/d · valueScale − x) / width) / gradeScale.
    var least = Rational(min(y, y + rise), gradeScale).halfUp
    var most = Rational(max(y, y + rise), gradeScale).halfUp
    let reached = WideProduct(n, 2 * rise * valueScale)
    while least < most {
      let middle = (least + most + 1) / 2
      let needed = ((2 * middle - 1) * gradeScale - 2 * y) * width + 2 * rise * x
      if WideProduct(d, needed) <= reached { least = middle } else { most = middle - 1 }
    }
    return least
  }
}
