/// The product of two 128-bit numbers, whole: what comparing fractions needs where their parts are large.
@usableFromInline
struct WideProduct: Comparable {
  @usableFromInline let high: Int128
  @usableFromInline let low: UInt128

  @usableFromInline
  init(_ a: Int128, _ b: Int128) { (high, low) = a.multipliedFullWidth(by: b) }

  @usableFromInline
  static func < (a: WideProduct, b: WideProduct) -> Bool { a.high != b.high ? a.high < b.high : a.low < b.low }
}
