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

  @Test func `a change's key and its SQL say the same`() throws {
    var random = SeededGenerator(seed: 7)
    let temporary = try store { _ in }
    let accounts: [UInt32] = [0, 1, 20_000, 99_999_999]
    let most = (Int64(1) << 36) - 1
    let numbers = [0, most] + (0..<20).map { _ in Int64.random(in: 0...most, using: &random) }
    var keys: Set<Int64> = []
    for account in accounts {
      for number in numbers {
        let value = ChangeKey.key(account, number)
        keys.insert(value)
        #expect(value >= 0 && ChangeKey.block(of: value) == ChangeKey.block(number))
        let sql = """
          SELECT \(ChangeKey.key(of: "\(account)", "(\(number))")), \(ChangeKey.account(of: "\(value)")),
            \(ChangeKey.number(of: "\(value)")), \(ChangeKey.block(of: "\(value)")), \(ChangeKey.block("(\(number))")),
            \(ChangeKey.isOf("\(account)", block: "\(ChangeKey.block(number))", key: "\(value)")),
            \(ChangeKey.isOf("\(account + 1)", block: "\(ChangeKey.block(number))", key: "\(value)"))
          """
        #expect(
          try temporary.rows(sql)
            == [
              [
                "\(value)", "\(account)", "\(number)", "\(ChangeKey.block(number))", "\(ChangeKey.block(number))", "1",
                "0",
              ]
            ])
      }
    }
    #expect(keys.count == accounts.count * Set(numbers).count)
  }

  @Test func `a day's value and its SQL say the same`() throws {
    var random = SeededGenerator(seed: 8)
    let temporary = try store { _ in }
    // All days that RFC 3339 can write; local days begin up to 24 hours before that of UTC, and their last hour ends 25 behind it.
    let days =
      [-719_162, -1, 0, 7, 8, 2_932_896] + (0..<20).map { _ in Int32.random(in: -719_162...2_932_896, using: &random) }
    for day in days {
      for (into, score, mark) in [
        (Int64(-24 * 3_600_000), Int?.none, Int64(0)), (49 * 3_600_000 - 1, 0, (1 << 21) - 1), (0, 10_000, 1),
        (.random(in: -86_400_000...176_399_999, using: &random), .random(in: 0...10_000, using: &random), 77),
      ] {
        let account = AccountID.random(in: 0...(1 << 31 - 1), using: &random)
        let at = Instant(milliseconds: Int64(day) * Self.day + into)
        let value = ScoreDays.value(
          ScoreHistoryRow(account: account, day: LocalDay(number: day), at: at, score: score, band: 0), mark: mark)
        let (key, place) = (ScoreDays.key(account, day), ScoreDays.place(day))
        #expect(key >= 0 && value >= 0 && ScoreDays.block(of: key) == ScoreDays.block(day))
        #expect(ScoreDays.account(of: key) == account)
        #expect(ScoreDays.score(of: value) == score)
        #expect(ScoreDays.instant(of: value, place: place, key: key) == at)
        let inSQL = ScoreDays.day(of: "\(key)", place: "\(place)")
        let block = "\(ScoreDays.block(day))"
        let sql = """
          SELECT \(ScoreDays.block("(\(day))")), \(ScoreDays.block(of: "\(key)")), \(ScoreDays.account(of: "\(key)")),
            \(ScoreDays.key(of: "\(account)", block: block)), \(inSQL), \(ScoreDays.instant(of: "\(value)", day: inSQL)),
            \(ScoreDays.score(of: "\(value)")), \(ScoreDays.mark(of: "\(value)"))
          """
        #expect(
          try temporary.rows(sql) == [
            [
              block, block, "\(account)", "\(key)", "\(day)", "\(at.milliseconds)", score.map { "\($0)" } ?? "NULL",
              "\(mark)",
            ]
          ])
      }
    }
  }

  @Test func `days of many accounts join the rows that are there`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    var random = SeededGenerator(seed: 9)
    var expected: [[String]: String] = [:]
    for commitNumber in 0..<6 {
      var commit = Commit()
      commit.now = noon
      if commitNumber == 0 { commit.accounts = NameBlock(firstID: 0, (0..<300).map { "account-\($0)" }) }
      for account in 0..<300 as Range<AccountID> {
        for _ in 0..<Int.random(in: 0...2, using: &random) {
          let day = Int32.random(in: 20_000..<20_020, using: &random)
          let score = Int.random(in: 0...2, using: &random) == 0 ? nil : Int.random(in: 0...10_000, using: &random)
          commit.scoreHistory.append(
            ScoreHistoryRow(
              account: account, day: LocalDay(number: day), at: Instant(milliseconds: Int64(day) * Self.day),
              score: score, band: 0))
          expected[["account-\(account)", rfc3339(Int64(day) * Self.day)]] =
            score.map { "\(Double($0) / 100)" } ?? "NULL"
        }
      }
      try store.write(CommitUnit(commit))
    }
    let found = try temporary.rows("SELECT account, at, score FROM score_history")
    #expect(found.count == expected.count)
    #expect(found.allSatisfy { expected[[$0[0], $0[1]]] == $0[2] })
  }

  @Test func `a day that comes again replaces itself and leaves the days beside it, under any config`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    func write(_ version: Int, _ rows: [(day: Int32, score: Int?, band: Int)], names: [String] = []) throws {
      var commit = Commit()
      commit.now = noon
      if !names.isEmpty { commit.accounts = NameBlock(firstID: 0, names) }
      commit.scoreHistory = rows.map {
        ScoreHistoryRow(
          account: 0, day: LocalDay(number: $0.day), at: Instant(milliseconds: Int64($0.day) * Self.day + 60_000),
          score: $0.score, band: $0.band)
      }
      try store.write(CommitUnit(commit, version: version))
    }
    let first = try store.register(.standard())
    // Of a day that comes twice in a commit the later row counts, whatever comes between.
    try write(first, [(19_999, 7000, 0), (20_000, 5000, 1), (20_001, 4000, 1), (20_000, 100, 2)], names: ["acme"])
    try write(first, [(20_002, nil, 3)])
    let second = try store.register(.standard(hash: "another"))
    #expect(second != first)
    try write(second, [(20_001, 8000, 0), (20_008, 9000, 0)])
    #expect(
      try temporary.rows(
        "SELECT day, score, band, config_version FROM score_history WHERE account = 'acme' ORDER BY day")
        == [
          ["2024-10-03", "70.0", "green", "\(first)"], ["2024-10-04", "1.0", "red", "\(first)"],
          ["2024-10-05", "80.0", "green", "\(second)"], ["2024-10-06", "NULL", "unknown", "\(first)"],
          ["2024-10-12", "90.0", "green", "\(second)"],
        ])
  }
}
