/// A set of small numbers, a bit each.
extension UInt64 {
  /// Puts what a bit stands for in, or takes it out.
  @inline(__always)
  mutating func set(_ bit: UInt64, to isIn: Bool) { self = isIn ? self | bit : self & ~bit }
}
