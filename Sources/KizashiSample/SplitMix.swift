/// A small seeded source of random bits (SplitMix64, Steele, Lea and Flood 2014).
///
/// Written out here because the standard library's generator cannot be seeded, and the sample must be the same bytes on
/// every machine and in every version.
struct SplitMix: Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  @inline(__always) mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return SplitMix.mix(state)
  }

  /// Scatters the bits of a value. One to one, so that different values stay different: event ids rely on it.
  @inline(__always) static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z &>> 31)
  }

  /// A number in 0..<bound made of 32 random bits, without a division.
  @inline(__always) static func scaled(_ bits: UInt32, below bound: Int) -> Int {
    Int(truncatingIfNeeded: (UInt64(bits) &* UInt64(truncatingIfNeeded: bound)) &>> 32)
  }
}
