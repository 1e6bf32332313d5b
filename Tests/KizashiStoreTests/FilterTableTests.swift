import GRDB
import KizashiCore
import Testing

@testable import KizashiStore

/// Features with `where`: the names of events that matched, since when filters have been looked for, and what views say.
@Suite struct `Filters in the store` {
  private static let plan = PropertyFilter(property: "plan", value: "pro'; --")
  private static let seats = PropertyFilter(property: "seats", value: "5")

  private static func model(_ filters: [PropertyFilter]) -> Model {
    Model(
      features: [
        Feature(name: "paid", patterns: ["report.*"], core: true, conditions: filters),
        Feature(name: "reports", patterns: ["report.*"]),
      ])
  }

  private static func config(_ filters: [PropertyFilter], hash: String) -> ConfigRegistration {
    .standard(model(filters), hash: hash)
  }

  /// A commit at noon whose report matched the plan.
  private static func commit() -> Commit {
    var commit = smallCommit()
    commit.eventNames = NameBlock(
      firstID: 0,
      ["report.created", "login"] + [EventVariant(event: "report.created", filters: [plan]).name])
    let start = noon.tile.start.milliseconds
    commit.facts.append(
      Fact(hour: noon.tile.hour, account: 0, event: 2, user: 1, events: 3, first: start + 20, last: start + 30))
    return commit
  }

  @Test func `names and starts come back as they were`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(Self.config([Self.plan], hash: "a"))
    try store.write(CommitUnit(Self.commit()))
    var restored = try store.restore(factHorizonHours: nil)
    #expect(restored.eventNames.bytes == Self.commit().eventNames.bytes)
    #expect(restored.eventNames.ends == Self.commit().eventNames.ends)
    // In a new store a filter is looked for from the first line on.
    #expect(restored.filterStarts == [FilterStart(filter: Self.plan, since: Instant(milliseconds: .min))])

    _ = try store.register(Self.config([Self.plan, Self.seats], hash: "b"))
    restored = try store.restore(factHorizonHours: nil)
    #expect(restored.filterStarts.map(\.since) == [Instant(milliseconds: .min), noon])
    // What was not looked for in between begins anew.
    _ = try store.register(Self.config([Self.seats], hash: "c"))
    _ = try store.register(Self.config([Self.plan, Self.seats], hash: "b"))
    restored = try store.restore(factHorizonHours: nil)
    #expect(restored.filterStarts.map(\.since) == [noon, noon])
  }

  @Test func `what matched belongs to the feature, all of it to that without where`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(Self.config([Self.plan], hash: "a"))
    try store.write(CommitUnit(Self.commit()))
    let expected = [["any", "5"], ["core", "3"], ["login", "0"], ["paid", "3"], ["reports", "5"]]
    let query = """
      SELECT feature, events FROM feature_usage WHERE account = 'acme' AND window = '24h' ORDER BY feature
      """
    #expect(try temporary.rows(query) == expected)
    // The same from names that were there before the config.
    _ = try store.register(Self.config([Self.plan], hash: "b"))
    #expect(try temporary.rows(query) == expected)
  }

  @Test func `figures are missing until a window after the filter was named`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(Self.config([], hash: "a"))
    try store.write(CommitUnit(Self.commit()))
    _ = try store.register(Self.config([Self.plan], hash: "b"))
    let query = """
      SELECT feature, events, previous_events FROM feature_usage
      WHERE account = 'acme' AND window = '24h' AND feature IN ('core', 'paid', 'reports') ORDER BY feature
      """
    func after(_ hours: Int64, _ milliseconds: Int64) throws -> [[String]] {
      var commit = Commit()
      commit.now = noon.advanced(by: hours * Tile.length + milliseconds)
      try store.write(CommitUnit(commit))
      return try temporary.rows(query)
    }
    #expect(
      try after(24, -1) == [["core", "NULL", "NULL"], ["paid", "NULL", "NULL"], ["reports", "5", "0"]])
    #expect(try after(24, 0) == [["core", "3", "NULL"], ["paid", "3", "NULL"], ["reports", "5", "0"]])
    #expect(try after(48, -1) == [["core", "0", "NULL"], ["paid", "0", "NULL"], ["reports", "0", "5"]])
    #expect(try after(48, 0) == [["core", "0", "3"], ["paid", "0", "3"], ["reports", "0", "5"]])
  }
}
