/// A source of chance that gives the same numbers for the same seed on every machine (SplitMix64, Steele, Lea and Flood 2014), so
/// that a failure can be repeated.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A source that begins at `seed`.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number of the range.
  public mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  /// True in `percent` of a hundred draws.
  public mutating func chance(_ percent: Int) -> Bool { int(0...99) < percent }

  /// One of the choices, of which there must be one.
  public mutating func pick<T>(_ choices: [T]) -> T { choices[int(0...choices.count - 1)] }
}
