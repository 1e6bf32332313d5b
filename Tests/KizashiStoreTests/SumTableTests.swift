import KizashiCore
import Testing

@testable import KizashiStore

/// What properties of events come to, as a store keeps it.
@Suite struct `Sums in the store` {
  private static func config(_ properties: [String], hash: String) -> ConfigRegistration {
    .standard(
      Model(
        measures: properties.map { property in
          Measure(
            name: property, metric: .sum(property: property, feature: .any, windowHours: 24),
            grade: .points([GradePoint(value: Rational(0), points: Rational(0))]))
        }), hash: hash)
  }

  private static func amount(_ property: Int, _ micros: Int128, hour: Int32 = noon.tile.hour) -> Amount {
    Amount(hour: hour, account: 0, event: 0, property: property, micros: micros)
  }

  private static func commit(_ amounts: [Amount]) -> Commit {
    var commit = Commit()
    commit.now = noon
    commit.amounts = amounts
    return commit
  }

  @Test(
    arguments: [
      [1, 2, -5], [Int128(Int64.max), Int128(Int64.max), Int128(Int64.max), 1],
      [Int128(Int64.min), Int128(Int64.min), -1],
      [(1 << 62) - 1, 1], [-1, 1], [-(1 << 62), -1, 1 << 62], [1 << 63, -1], [(1 << 100) + 12345, -(1 << 100), 7],
      [Int128(Int64.min), Int128(Int64.max), 1],
    ] as [[Int128]])
  func `are exact, however large they become and however they come`(amounts: [Int128]) throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(Self.config(["amount"], hash: "a"))
    try store.write(CommitUnit(smallCommit()))
    for micros in amounts { try store.write(CommitUnit(Self.commit([Self.amount(0, micros)]))) }
    var restored = try store.restore(factHorizonHours: nil)
    #expect(restored.amounts == [Self.amount(0, amounts.reduce(0, +))])
    // All in one commit, and in the other order.
    try store.write(CommitUnit(Self.commit(amounts.reversed().map { Self.amount(0, $0) })))
    restored = try store.restore(factHorizonHours: nil)
    #expect(restored.amounts == [Self.amount(0, 2 * amounts.reduce(0, +))])
  }

  @Test func `are read back as far as windows look`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(Self.config(["amount"], hash: "a"))
    try store.write(CommitUnit(smallCommit()))
    let hours = [noon.tile.hour - 30, noon.tile.hour - 20, noon.tile.hour]
    try store.write(CommitUnit(Self.commit(hours.map { Self.amount(0, 5, hour: $0) })))
    #expect(try store.restore(factHorizonHours: nil).amounts.map(\.hour) == hours)
    #expect(try store.restore(factHorizonHours: 20).amounts.map(\.hour) == [hours[1], hours[2]])
  }

  @Test func `keep the names of their properties, and since when each is added up`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(Self.config(["amount"], hash: "a"))
    // In a new store a property is added up from the first line on.
    #expect(
      try store.restore(factHorizonHours: nil).sumStarts
        == [SumStart(property: "amount", since: Instant(milliseconds: .min))])
    try store.write(CommitUnit(smallCommit()))
    try store.write(CommitUnit(Self.commit([Self.amount(0, 5)])))

    let version = try store.register(Self.config(["zeal", "amount", "'; --"], hash: "b"))
    // The model's properties ascend.
    try store.write(
      CommitUnit(Self.commit([Self.amount(0, 7), Self.amount(1, 1), Self.amount(2, 3)]), version: version))
    var restored = try store.restore(factHorizonHours: nil)
    #expect(
      restored.amounts.map { "\(restored.properties[$0.property]) \($0.micros)" } == ["amount 6", "'; -- 7", "zeal 3"])
    #expect(restored.sumStarts.map(\.since) == [noon, Instant(milliseconds: .min), noon])

    // What was not read in between begins anew; what was read is still there.
    _ = try store.register(Self.config(["zeal"], hash: "c"))
    #expect(try store.restore(factHorizonHours: nil).sumStarts == [SumStart(property: "zeal", since: noon)])
    _ = try store.register(Self.config(["zeal", "amount"], hash: "d"))
    restored = try store.restore(factHorizonHours: nil)
    #expect(restored.sumStarts.map(\.since) == [noon, noon])
    // Numbers are given once.
    #expect(restored.properties == ["amount", "'; --", "zeal"])
    #expect(restored.amounts.count == 3)
  }

  @Test func `are written whole or not at all with the rest of a commit`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(Self.config(["amount"], hash: "a"))
    var commit = smallCommit()
    commit.amounts = [Self.amount(0, 5), Self.amount(0, 6)]
    try store.write(CommitUnit(commit))
    // The same names again: refused, with the amounts.
    #expect(throws: StoreError.self) { try store.write(CommitUnit(commit)) }
    #expect(try temporary.rows("SELECT high, low FROM amount") == [["0", "11"]])
  }
}
