/// Hashing of names: short byte strings, many millions a second.
///
/// The construction (fold of a 64×64→128-bit product) is that of wyhash (Wang Yi, public domain); the seed keeps senders
/// from choosing names that collide.
enum NameHash {
  private static let k0: UInt64 = 0xa076_1d64_78bd_642f
  private static let k1: UInt64 = 0xe703_7ed1_a0b4_28db

  @inline(__always)
  static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  /// Eight bytes that may be unaligned.
  @inline(__always)
  private static func word(_ p: UnsafeRawPointer) -> UInt64 { p.loadUnaligned(as: UInt64.self) }

  @inline(__always)
  static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var state = seed ^ k0
    let count = bytes.count
    guard count > 0, var p = bytes.baseAddress else { return fold(state ^ k1, k0) }
    var left = count
    while left > 8 {
      state = fold(state ^ word(p), k1)
      p += 8
      left -= 8
    }
    // The last one to eight bytes: read as one word where eight are there, else gathered.
    var tail: UInt64 = 0
    if count >= 8 {
      tail = word(p + left - 8)
    } else {
      for index in 0..<left { tail = (tail << 8) | UInt64(p.load(fromByteOffset: index, as: UInt8.self)) }
    }
    return fold(state ^ tail, k0 ^ UInt64(truncatingIfNeeded: count))
  }

  static func hash(_ bytes: [UInt8], seed: UInt64) -> UInt64 {
    bytes.withUnsafeBytes { hash($0, seed: seed) }
  }
}
