/// Square roots of whole numbers, exact: no Double is asked.
enum IntegerRoot {
  /// ⌊√n⌋, by Newton's method from above.
  static func floor<T: FixedWidthInteger & UnsignedInteger>(_ n: T) -> T {
    guard n > 1 else { return n }
    // A power of two above the root: from there the steps only fall until they are at it.
    var root = T(1) << T((T.bitWidth - n.leadingZeroBitCount + 1) / 2)
    while true {
      let next = (root + n / root) / 2
      if next >= root { return root }
      root = next
    }
  }
}
