import KizashiCore
import TestSupport
import Testing

@testable import KizashiStore

/// Days and changes lie in blocks; whoever reads them sees none.
@Suite struct HistoryTests {
  private static let day: Int64 = 86_400_000
  private static let names = ["acme", "globex", "initech", "umbrella", "quiet"]

  private func store(_ change: (inout Commit) -> Void) throws -> TemporaryStore {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    var commit = Commit()
    commit.now = noon
    commit.accounts = NameBlock(firstID: 0, Self.names)
    change(&commit)
    try store.write(CommitUnit(commit))
    return temporary
  }

  /// Scores of 120 days: some accounts change daily, some have not for long, one never did.
  private func history(_ random: inout SeededGenerator) -> [ScoreHistoryRow] {
    (0..<4).flatMap { account in
      let newest = Int64.random(in: 0...60, using: &random)
      let often = Int.random(in: 1...10, using: &random)
      return (newest..<120).reversed().filter { _ in Int.random(in: 0..<often, using: &random) == 0 }.map { before in
        let at = noon.advanced(by: -before * Self.day - Int64.random(in: 0...40_000_000, using: &random))
        return ScoreHistoryRow(
          account: AccountID(account), day: BusinessCalendar.utc.day(of: at.tile), at: at,
          score: Bool.random(using: &random) ? Int.random(in: 0...10_000, using: &random) : nil, band: 0)
      }
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64]) func `a trend is what the history says`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var rows = history(&random)
    rows.shuffle(using: &random)
    let own = (0..<4).map { account in rows.filter { $0.account == account }.sorted { $0.at < $1.at } }
    // One account's row is as it was before it was known since when its score is what it is.
    let temporary = try store { commit in
      commit.scoreHistory = rows
      commit.accountRows = own.enumerated().map { account, rows in
        var row = accountRow(AccountID(account), score: rows.last?.score)
        row.scoreSince = account == 3 ? nil : rows.last?.at
        return row
      }
    }
    for (account, rows) in own.enumerated() {
      let trends = [7, 28].map { (days: Int64) -> String in
        let then = rows.last { $0.at <= noon.advanced(by: -days * Self.day) }
        guard let now = rows.last?.score, let before = then?.score else { return "NULL" }
        return "\(Double(now - before) / 100)"
      }
      #expect(
        try temporary.rows("SELECT trend_7d, trend_28d FROM accounts WHERE account = ?", [Self.names[account]])
          == [trends], "seed \(seed), \(Self.names[account])")
      #expect(
        try temporary.rows("SELECT at FROM score_history WHERE account = ? ORDER BY day", [Self.names[account]])
          == rows.map { [rfc3339($0.at.milliseconds)] }, "seed \(seed), \(Self.names[account])")
    }
    #expect(try temporary.rows("SELECT count(*) FROM score_history") == [["\(rows.count)"]])
    #expect(try temporary.rows("SELECT count(*) FROM score_history WHERE account = 'quiet'") == [["0"]])
  }

  @Test func `changes are found by account and by number over all blocks`() throws {
    var random = SeededGenerator(seed: 6)
    let numbers = [1, 65_535, 65_536, 65_537, 131_071, 131_072, 400_000, (1 << 36) - 1] as [Int64]
    let accounts = numbers.map { _ in AccountID.random(in: 0..<4, using: &random) }
    let temporary = try store { commit in
      commit.changes = zip(numbers, accounts).map { number, account in
        Change(
          sequence: number, account: account, at: noon, kind: .band, subject: "", from: "green", to: "red",
          delta: -10, cause: .expiry, because: [])
      }
    }
    for (account, name) in Self.names.enumerated() {
      let own = zip(numbers, accounts).filter { Int($0.1) == account }.map { ["\($0.0)"] }
      #expect(try temporary.rows("SELECT seq FROM changes WHERE account = ? ORDER BY seq", [name]) == own)
    }
    #expect(
      try temporary.rows("SELECT seq, account FROM changes ORDER BY seq")
        == zip(numbers, accounts).map { ["\($0)", Self.names[Int($1)]] })
    #expect(try temporary.rows("SELECT seq FROM changes WHERE seq = 65536") == [["65536"]])
    var query = JournalQuery()
    query.account = Self.names[Int(accounts[7])]
    query.limit = 1
    let reader = try StoreReader(path: temporary.path)
    #expect(try reader.changes(query).map(\.sequence) == [numbers[7]])
  }

  @Test(arguments: [HistoryKey.scoreDay, .change]) func `a key and its SQL say the same`(_ key: HistoryKey) throws {
    var random = SeededGenerator(seed: 7)
    let temporary = try store { _ in }
    let accounts: [UInt32] = [0, 1, 20_000, 99_999_999]
    let most = key.offset == 0 ? (Int64(1) << 36) - 1 : (1 << 22) - 1
    let numbers = [-key.offset, 0, most] + (0..<20).map { _ in Int64.random(in: -key.offset...most, using: &random) }
    var keys: Set<Int64> = []
    for account in accounts {
      for number in numbers {
        let value = key.key(account, number)
        keys.insert(value)
        #expect(value >= 0 && key.block(of: value) == key.block(number))
        let sql = """
          SELECT \(key.key(of: "\(account)", "(\(number))")), \(key.account(of: "\(value)")),
            \(key.number(of: "\(value)")), \(key.block(of: "\(value)")), \(key.block("(\(number))")),
            \(key.isOf("\(account)", block: "\(key.block(number))", key: "\(value)")),
            \(key.isOf("\(account + 1)", block: "\(key.block(number))", key: "\(value)"))
          """
        #expect(
          try temporary.rows(sql)
            == [
              ["\(value)", "\(account)", "\(number)", "\(key.block(number))", "\(key.block(number))", "1", "0"]
            ])
      }
    }
    #expect(keys.count == accounts.count * Set(numbers).count)
  }
}
