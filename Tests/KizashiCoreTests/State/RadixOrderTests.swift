import TestSupport
import Testing

@testable import KizashiCore

@Suite struct `An order by digits` {
  /// Of so many bits, shifted so that the digits that differ are not always the lowest.
  private func keys(_ count: Int, _ random: inout SeededGenerator) -> [UInt64] {
    let bits = UInt64.random(in: 0..<64, using: &random)
    let shift = UInt64.random(in: 0...(63 - bits), using: &random)
    let rest = UInt64.random(in: 0...(.max), using: &random) & ~(((2 << bits) &- 1) << shift)
    return (0..<count).map { _ in UInt64.random(in: 0...((2 << bits) &- 1), using: &random) << shift | rest }
  }

  @Test(arguments: 1...60 as ClosedRange<UInt64>) func `is the one that comparing gives, and equals keep theirs`(
    seed: UInt64
  ) {
    var random = SeededGenerator(seed: seed)
    // Few are compared, at 128 digits begin.
    for count in [0, 1, 2, 127, 128, 129, Int.random(in: 130...3000, using: &random)] {
      let keys = keys(count, &random)
      var sorted = keys
      RadixOrder.sort(&sorted)
      #expect(sorted == keys.sorted(), "\(count) keys, seed \(seed)")
      let places = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
      #expect(RadixOrder.places(of: keys) == places, "\(count) keys, seed \(seed)")
    }
  }

  @Test func `has room for the largest keys`() {
    let keys: [UInt64] = (0..<500).flatMap { (number: UInt64) -> [UInt64] in [.max, 0, number << 56] }
    var sorted = keys
    RadixOrder.sort(&sorted)
    #expect(sorted == keys.sorted())
  }
}
