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

  /// The grade of a whole number, in hundredths.
  @inline(__always)
  func grade(_ value: Int64) -> Int32 {
    guard !table.isEmpty else { return Int32(exact(Int128(value), 1)) }
    let index = max(0, min(value &- tableFrom, Int64(table.count - 1)))
    return table[value < tableFrom ? 0 : Int(index)]
  }

  /// The grade of `numerator / denominator`, in hundredths. `denominator` > 0.
  @inline(__always)
  func grade(_ numerator: Int64, _ denominator: Int64) -> Int32 {
    if small && !bands && numerator.magnitude < 1 << 30 && denominator < 1 << 30 {
      return smallGrade(numerator, denominator)
    }
    return Int32(exact(Int128(numerator), Int128(denominator)))
  }

  func grade(_ value: Rational) -> Int32 { Int32(exact(value.numerator, value.denominator)) }

  /// ``exact(_:_:)`` in 64 bits: |x·d| < 2⁴⁶, the weighted difference < 2⁶².
  private func smallGrade(_ n: Int64, _ d: Int64) -> Int32 {
    let scaled = n * Int64(valueScale)
    if scaled <= Int64(xs[0]) * d { return Int32(ys[0]) }
    for index in 1..<max(1, xs.count) {
      let x1 = Int64(truncatingIfNeeded: xs[index])
      guard scaled <= x1 * d else { continue }
      let x0 = Int64(truncatingIfNeeded: xs[index - 1])
      let y0 = Int64(truncatingIfNeeded: ys[index - 1])
      let y1 = Int64(truncatingIfNeeded: ys[index])
      let width = (x1 - x0) * d
      let rise = (scaled - x0 * d) * (y1 - y0)
      // Half-up: floor((2·rise + width) / (2·width)).
      return Int32(y0 + floorDivide(2 * rise + width, 2 * width))
    }
    return Int32(ys[ys.count - 1])
  }

  private func exact(_ n: Int128, _ d: Int128) -> Int128 {
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
}
