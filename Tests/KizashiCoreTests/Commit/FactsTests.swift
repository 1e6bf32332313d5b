import KizashiCore
import TestSupport
import Testing

/// What a commit brings of facts against a dictionary of them.
@Suite struct FactsTests {
  private struct Key: Hashable, Comparable {
    var hour: Int32
    var account, event, user: UInt32

    init(_ fact: Fact) { (hour, account, event, user) = (fact.hour, fact.account, fact.event, fact.user) }

    static func < (a: Key, b: Key) -> Bool {
      (a.hour, a.account, a.event, a.user) < (b.hour, b.account, b.event, b.user)
    }
  }

  @Test(arguments: 1...30 as ClosedRange<UInt64>)
  func `facts of one key are one, in the order of the keys, however wide these are`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    // The widest keys do not go into 64 bits.
    let most = UInt32.max >> UInt32.random(in: 0...30, using: &random)
    let hours = [0...0, -3...3, Int32.min...Int32.max].randomElement(using: &random) ?? 0...0
    let kinds = (0..<Int.random(in: 1...400, using: &random)).map { _ in
      Fact(
        hour: .random(in: hours, using: &random), account: .random(in: 0...most, using: &random),
        event: .random(in: 0...most, using: &random), user: .random(in: 0...most, using: &random), events: 0, first: 0,
        last: 0)
    }
    let facts = (0..<Int.random(in: 0...1500, using: &random)).map { _ in
      var fact = kinds.randomElement(using: &random) ?? kinds[0]
      fact.events = .random(in: 1...9, using: &random)
      fact.first = Int64(fact.hour) * Tile.length + .random(in: 0..<1000, using: &random)
      fact.last = fact.first + .random(in: 0..<1000, using: &random)
      return fact
    }
    let expected = Dictionary(grouping: facts, by: Key.init).sorted { $0.key < $1.key }.map { _, same in
      var fact = same[0]
      fact.events = same.reduce(0) { $0 + $1.events }
      fact.first = same.map(\.first).min() ?? 0
      fact.last = same.map(\.last).max() ?? 0
      return fact
    }
    #expect(Facts.combined(facts) == expected, "seed \(seed)")
  }
}
