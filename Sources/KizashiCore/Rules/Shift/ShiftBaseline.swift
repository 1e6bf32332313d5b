/// How far a day's use lies off what is usual for its weekday.
///
/// Counts of events spread the more the larger they are; their square roots spread alike (Anscombe 1948), so that one
/// standard deviation holds for quiet and for busy weekdays.
public enum ShiftBaseline {
  /// What y and z are counted in: parts of one.
  public static let scale: Int32 = 10_000
  /// z is cut off here, so that one strange day is not a shift.
  public static let bound: Int32 = 3 * scale
  /// The least standard deviation, as y is counted: that of a Poisson count after the root is ½.
  static let leastDeviation: Int128 = 5_000

  /// y = ⌊10⁴·√(x + ⅜)⌋ of a daily count. What a day counts ends at `UInt32.max`.
  public static func root(of count: UInt32) -> Int64 {
    Int64(IntegerRoot.floor(UInt64(count) * 100_000_000 + 37_500_000))
  }

  /// z of one day in ten-thousandths, half-up, within ±``bound``; nil where there are too few weeks to compare with.
  ///
  /// μ is the mean of y over the same weekday in weeks `nearestWeek`…`farthestWeek` back. σ is pooled: the squares around
  /// its own mean of each of the seven weekdays, over their degrees of freedom; week j back is the seven days that end
  /// 7·j days before `day`. Neither is rounded: μ and σ² are fractions, and z is rounded once.
  ///
  /// - Parameters:
  ///   - first: Days before it do not exist.
  ///   - y: Of `day` and of the ``ShiftSettings/reach`` days before it; |y| < 2³¹, of which 64 weeks of 8 days still fit 128 bits below.
  public static func z(of day: Int32, first: Int32, _ settings: ShiftSettings, y: (Int32) -> Int64) -> Int32? {
    var sums = ShiftSums()
    for weekday in 0..<Int32(settings.weekDays) {
      sums.beginWeekday()
      for week in settings.nearestWeek...settings.farthestWeek {
        let past = day - Int32(week * settings.weekDays) - weekday
        guard past >= first else { break }
        sums.add(y(past))
      }
      sums.endWeekday()
      if weekday == 0 && sums.ownWeeks < settings.leastWeeks { return nil }
    }
    return sums.z(of: y(day))
  }
}

/// Sums over the weeks before a day, the day's own weekday first.
private struct ShiftSums {
  /// Of the day's own weekday.
  private(set) var ownWeeks = 0
  private var ownSum: Int128 = 0
  /// Σ (n·Σy² − (Σy)²): n times the squares around the mean, of weekdays with as many weeks as the day's own …
  private var spreadOfFull: Int128 = 0
  /// … and of those with one week fewer. There are no others: days end at one first day.
  private var spreadOfShort: Int128 = 0
  private var freedom: Int128 = 0

  private var weeks = 0
  private var sum: Int128 = 0
  private var squares: Int128 = 0
  private var isOwn = true

  init() {}

  mutating func beginWeekday() { (weeks, sum, squares) = (0, 0, 0) }

  mutating func add(_ y: Int64) {
    weeks += 1
    sum += Int128(y)
    squares += Int128(y * y)
  }

  mutating func endWeekday() {
    if isOwn { (ownWeeks, ownSum, isOwn) = (weeks, sum, false) }
    guard weeks > 0 else { return }
    freedom += Int128(weeks - 1)
    let spread = Int128(weeks) * squares - sum * sum
    if weeks == ownWeeks { spreadOfFull += spread } else { spreadOfShort += spread }
  }

  /// (y − μ)/σ.
  func z(of y: Int64) -> Int32 {
    let n = Int128(ownWeeks)
    let off = n * Int128(y) - ownSum  // n·(y − μ)
    // σ² = squares / (over · freedom)
    let over = max(1, n * (n - 1))
    let squares = spreadOfFull * max(1, n - 1) + spreadOfShort * n
    let least = ShiftBaseline.leastDeviation
    if squares <= least * least * over * freedom || freedom == 0 {
      let exact = Rational(off * Int128(ShiftBaseline.scale), n * least)
      return Int32(clamping: exact.halfUp.clamped(to: Int128(ShiftBaseline.bound)))
    }
    // z² = part / whole
    let part = off * off * freedom * over
    let whole = n * n * squares
    if part >= 9 * whole { return off < 0 ? -ShiftBaseline.bound : ShiftBaseline.bound }
    let scale = Int128(ShiftBaseline.scale)
    let doubled = 4 * scale * scale * part
    let root = Int128(IntegerRoot.floor((doubled / whole).magnitude))
    // ⌊v + ½⌋ of v = √(doubled/whole)/2, on the side of zero where v lies.
    if off >= 0 { return Int32((root + 1) / 2) }
    let roundedUp = root * root * whole == doubled ? root : root + 1
    return -Int32(roundedUp / 2)
  }
}

extension Int128 {
  fileprivate func clamped(to bound: Int128) -> Int128 { Swift.max(-bound, Swift.min(bound, self)) }
}
