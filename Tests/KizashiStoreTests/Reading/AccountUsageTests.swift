import GRDB
import KizashiCore
import TestSupport
import Testing

@testable import KizashiStore

/// One pass over an account's facts says what three views say.
@Suite struct AccountUsageTests {
  private let store: TemporaryStore

  init() throws { store = try TemporaryStore() }

  /// Facts of three accounts over 150 days, some expired, in features by pattern, by name and automatic.
  private func fill(seed: UInt64) throws -> Model {
    var random = SeededGenerator(seed: seed)
    var model = Model()
    model.features = [
      Feature(name: "reports", patterns: ["report.*"], core: true),
      Feature(name: "both", patterns: ["report.a", "login"]),
    ]
    let opened = try store.open()
    let version = try opened.register(.standard(model))
    var commit = Commit()
    commit.now = noon
    commit.accounts = NameBlock(firstID: 0, ["acme", "globex", "initech"])
    commit.eventNames = NameBlock(firstID: 0, ["report.a", "report.b", "login", "other"])
    commit.users = NameBlock(firstID: 1, ["ann", "bob", "eve", "zoë"], accounts: [0, 0, 0, 1])
    for _ in 0..<400 {
      let hour = noon.tile.hour - Int32.random(in: 0..<3600, using: &random)
      let first = Int64(hour) * Tile.length + Int64.random(in: 0..<1_000_000, using: &random)
      commit.facts.append(
        Fact(
          hour: hour, account: AccountID.random(in: 0..<2, using: &random),
          event: UInt32.random(in: 0..<4, using: &random),
          user: UInt32.random(in: 0..<4, using: &random), events: Int64.random(in: 1..<9, using: &random), first: first,
          last: first + Int64.random(in: 0..<1_000_000, using: &random)))
    }
    commit.facts = Facts.combined(commit.facts)
    commit.accountRows = (0..<3).map { account in
      var row = accountRow(AccountID(account), score: 5000)
      row.firstSeen = commit.facts.filter { $0.account == account }.map(\.first).min()
      return row
    }
    try opened.write(CommitUnit(commit, version: version))
    try opened.close(clean: true)
    return model
  }

  @Test(arguments: [UInt64(1), 2, 3, 4]) func `features agree with feature_usage in every window`(seed: UInt64) throws {
    _ = try fill(seed: seed)
    let reader = try StoreReader(path: store.path)
    for account in ["acme", "globex"] {
      for window in UsageWindow.standard {
        let usage = try #require(try reader.account(account, windowHours: window.hours)).usage
        let ours = usage.features.map { use in
          [
            use.feature, "\(use.events)", "\(use.users)", "\(use.activeDays)", "\(use.previousEvents)",
            "\(use.previousUsers)", "\(use.previousActiveDays)", InstantText.text(use.firstSeen),
            InstantText.text(use.lastSeen),
          ]
        }
        let theirs = try store.rows(
          """
          SELECT feature, events, users, active_days, previous_events, previous_users, previous_active_days,
            first_seen_at, last_seen_at
          FROM feature_usage WHERE account = ? AND "window" = ?
          """, [account, window.name])
        #expect(
          ours.sorted { $0[0] < $1[0] } == theirs.sorted { $0[0] < $1[0] }, "seed \(seed), \(account), \(window.name)")
        #expect(usage.features.first?.feature == "any")
      }
    }
  }

  @Test(arguments: [UInt64(1), 2, 3, 4]) func `days and users agree with usage_daily and users`(seed: UInt64) throws {
    _ = try fill(seed: seed)
    let reader = try StoreReader(path: store.path)
    let usage = try #require(try reader.account("acme", userLimit: nil)).usage
    let days = usage.days.map {
      [InstantText.text(InstantText.civil(days: Int64($0.day.number))), "\($0.events)", "\($0.users)"]
    }
    let theirDays = try store.rows(
      "SELECT day, events, users FROM usage_daily WHERE account = 'acme' AND feature = 'any' ORDER BY day")
    #expect(days == theirDays, "seed \(seed)")
    let users = usage.users.map { [$0.user, InstantText.text($0.firstSeen), InstantText.text($0.lastSeen)] }
    let theirUsers = try store.rows("SELECT user, first_seen_at, last_seen_at FROM users WHERE account = 'acme'")
    #expect(users.sorted { $0[0] < $1[0] } == theirUsers.sorted { $0[0] < $1[0] }, "seed \(seed)")
    #expect(usage.userCount == theirUsers.count)
    #expect(usage.users.map(\.events) == usage.users.map(\.events).sorted(by: >))
    #expect(try #require(try reader.account("acme", userLimit: 2)).usage.users == Array(usage.users.prefix(2)))
  }

  @Test func `an account without usage has an empty page, an unknown one none`() throws {
    _ = try fill(seed: 9)
    let reader = try StoreReader(path: store.path)
    let detail = try #require(try reader.account("initech"))
    #expect(detail.usage.features.isEmpty && detail.usage.users.isEmpty && detail.usage.days.isEmpty)
    #expect(try reader.account("nobody") == nil)
    #expect(try reader.isAccount("acme"))
    #expect(try !reader.isAccount("ACME"))
  }

  @Test func `the near name is found`() throws {
    _ = try fill(seed: 9)
    let reader = try StoreReader(path: store.path)
    #expect(try reader.nearestAccount(to: "ACME") == "acme")
    #expect(try reader.nearestAccount(to: "globx") == "globex")
    #expect(try reader.nearestAccount(to: "ini") == "initech")
    #expect(try reader.nearestAccount(to: "umbrella") == nil)
  }

  @Test func `an account's page seeks its facts hour by hour`() throws {
    _ = try fill(seed: 9)
    let plan = try store.rows(
      """
      EXPLAIN QUERY PLAN SELECT f.hour FROM tile t CROSS JOIN fact f ON f.hour = t.hour AND f.account = 1
      WHERE t.hour >= 5 ORDER BY t.hour
      """
    ).compactMap(\.last)
    #expect(plan.contains { $0.contains("SEARCH f USING PRIMARY KEY (hour=? AND account=?)") }, "\(plan)")
    #expect(!plan.contains { $0.contains("SCAN f") || $0.contains("TEMP B-TREE") }, "\(plan)")
  }
}
