import TestSupport
import Testing

@testable import KizashiCore

/// Counters of (account, feature) against a dictionary.
@Suite struct `Counters of features` {
  private struct Pair: Hashable {
    var account: AccountID
    var feature: UInt32
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func `a pair has its counters as long as one of them is not zero, and no place after that`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let width = Int.random(in: 1...5, using: &random)
    var counts = FeatureCounts(width: width)
    var model: [Pair: [Int32]] = [:]
    // From a table that never fills to one that is mostly about full, so that pairs stand far from their places.
    let pairs = (0..<[40, 600, 3000].randomElement(using: &random)!).map { index in
      Pair(account: UInt32(index) / 7, feature: UInt32(index) % 7)
    }
    for step in 0..<30_000 {
      guard let pair = pairs.randomElement(using: &random) else { continue }
      let counter = Int.random(in: 0..<width, using: &random)
      let before = model[pair]?[counter] ?? 0
      // What rises falls again: half of all pairs are gone at any time.
      let change: Int32 = before > 0 && (before > 2 || Bool.random(using: &random)) ? -1 : 1
      var values = model[pair] ?? Array(repeating: 0, count: width)
      values[counter] += change
      model[pair] = values.allSatisfy { $0 == 0 } ? nil : values
      let value = counts.step(pair.account, pair.feature, counter: counter, by: change)
      #expect(value == before + change, "step \(step), seed \(seed)")
    }
    #expect(counts.count == model.count, "seed \(seed)")
    for pair in pairs {
      for counter in 0..<width {
        let value = model[pair]?[counter] ?? 0
        #expect(counts.step(pair.account, pair.feature, counter: counter, by: 1) == value + 1, "seed \(seed)")
        _ = counts.step(pair.account, pair.feature, counter: counter, by: -1)
      }
    }
    #expect(counts.count == model.count, "seed \(seed)")
  }
}
