/// An exact fraction. Metrics, weights and limits are rationals, so that no Double ever decides a grade or an alert.
public struct Rational: Sendable, Hashable, Comparable {
  /// Carries the sign; lowest terms are not kept, so compare values with `==` on `Rational`, not by parts.
  public let numerator: Int128
  /// Always positive.
  public let denominator: Int128

  /// - Precondition: `denominator` is not zero.
  @inlinable public init(_ numerator: Int128, _ denominator: Int128 = 1) {
    precondition(denominator != 0, "a fraction over zero")
    self.numerator = denominator < 0 ? -numerator : numerator
    self.denominator = denominator < 0 ? -denominator : denominator
  }

  /// A whole number.
  @inlinable public init(_ value: Int64) {
    numerator = Int128(value)
    denominator = 1
  }

  /// By value: 1/2 equals 2/4.
  @inlinable public static func == (a: Rational, b: Rational) -> Bool {
    if a.denominator == b.denominator { return a.numerator == b.numerator }
    let (left, leftOver) = a.numerator.multipliedReportingOverflow(by: b.denominator)
    let (right, rightOver) = b.numerator.multipliedReportingOverflow(by: a.denominator)
    guard leftOver || rightOver else { return left == right }
    return WideProduct(a.numerator, b.denominator) == WideProduct(b.numerator, a.denominator)
  }

  /// By value, exact.
  @inlinable public static func < (a: Rational, b: Rational) -> Bool {
    if a.denominator == b.denominator { return a.numerator < b.numerator }
    let (left, leftOver) = a.numerator.multipliedReportingOverflow(by: b.denominator)
    let (right, rightOver) = b.numerator.multipliedReportingOverflow(by: a.denominator)
    guard leftOver || rightOver else { return left < right }
    return WideProduct(a.numerator, b.denominator) < WideProduct(b.numerator, a.denominator)
  }

  /// Hashes the reduced fraction, to agree with `==`.
  public func hash(into hasher: inout Hasher) {
    let r = reduced
    hasher.combine(r.numerator)
    hasher.combine(r.denominator)
  }

  /// The same value in lowest terms.
  public var reduced: Rational {
    if let n = Int64(exactly: numerator), let d = Int64(exactly: denominator) {
      // What nearly every value fits, at a fraction of the cost.
      var (a, b) = (n.magnitude, d.magnitude)
      while b != 0 { (a, b) = (b, a % b) }
      return a <= 1 ? self : Rational(Int128(n / Int64(a)), Int128(d / Int64(a)))
    }
    var a = numerator.magnitude
    var b = denominator.magnitude
    while b != 0 { (a, b) = (b, a % b) }
    return a <= 1 ? self : Rational(numerator / Int128(a), denominator / Int128(a))
  }

  /// The exact sum, not reduced.
  @inlinable public static func + (a: Rational, b: Rational) -> Rational {
    a.denominator == b.denominator
      ? Rational(a.numerator + b.numerator, a.denominator)
      : Rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)
  }
  /// The exact difference, not reduced.
  @inlinable public static func - (a: Rational, b: Rational) -> Rational { a + Rational(-b.numerator, b.denominator) }
  /// The exact product, not reduced.
  @inlinable public static func * (a: Rational, b: Rational) -> Rational {
    Rational(a.numerator * b.numerator, a.denominator * b.denominator)
  }
  /// - Precondition: `b` is not zero.
  @inlinable public static func / (a: Rational, b: Rational) -> Rational {
    Rational(a.numerator * b.denominator, a.denominator * b.numerator)
  }

  /// floor(x).
  @inlinable public var floor: Int128 {
    let q = numerator / denominator
    return numerator < 0 && q * denominator != numerator ? q - 1 : q
  }

  /// floor(x + ½), the one rounding that scores and grades use.
  @inlinable public var halfUp: Int128 { Rational(2 * numerator + denominator, 2 * denominator).floor }

  /// floor(x · scale + ½), for showing: of fractions whose parts are beyond 2¹⁰⁰ the last bits take no part.
  func scaledHalfUp(_ scale: Int128) -> Int128 {
    let whole = floor
    var (rest, over) = (numerator - whole * denominator, denominator)
    while over > 1 << 100 { (rest, over) = (rest >> 1, over >> 1) }
    return whole * scale + Rational(rest * scale, over).halfUp
  }

  /// Reads plain decimal text such as `-0.05` or `12`; nil for anything else (exponents too) and for more than 30 digits.
  public init?(decimal text: some StringProtocol) {
    var numerator: Int128 = 0
    var denominator: Int128 = 1
    var digits = 0
    var seenPoint = false
    var negative = false
    for (index, byte) in text.utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "-") where index == 0: negative = true
      case UInt8(ascii: "+") where index == 0: break
      case UInt8(ascii: ".") where !seenPoint: seenPoint = true
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        digits += 1
        guard digits <= 30 else { return nil }
        numerator = numerator * 10 + Int128(byte - UInt8(ascii: "0"))
        if seenPoint { denominator *= 10 }
      default: return nil
      }
    }
    guard digits > 0 else { return nil }
    self.init(negative ? -numerator : numerator, denominator)
  }

  /// For display only.
  public var approximate: Double {
    // The conversion from 128 bits is generic and slow; nearly every value fits 64.
    if let n = Int64(exactly: numerator), let d = Int64(exactly: denominator) { return Double(n) / Double(d) }
    return Double(numerator) / Double(denominator)
  }

  /// Decimal text with exactly `digits` digits after the point, rounded half-up; for display.
  public func text(digits: Int) -> String {
    var scale: Int128 = 1
    for _ in 0..<digits { scale *= 10 }
    let units = scaledHalfUp(scale)
    let magnitude = units.magnitude
    let whole = magnitude / UInt128(scale)
    let sign = units < 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(whole)" }
    let fraction = String(magnitude % UInt128(scale))
    return "\(sign)\(whole).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
  }
}
