import GRDB
import TestSupport
import Testing

@testable import KizashiCore
@testable import KizashiStore

/// Lists of accounts, compared with lists sorted by hand from the view.
@Suite struct AccountQueryTests {
  private let store: TemporaryStore

  init() throws { store = try TemporaryStore() }
  private static let day: Int64 = 86_400_000

  /// 200 accounts with random scores, histories, attributes and alerts.
  private func fill(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var model = Model()
    model.rules = ["critical", "high", "medium", "low", "own", "info", "opportunity"].map {
      Rule(name: $0, kind: .drop(by: 1500, withinMilliseconds: Self.day), severity: $0)
    }
    let opened = try store.open()
    let version = try opened.register(.standard(model))
    var commit = Commit()
    commit.now = noon
    commit.accounts = NameBlock(firstID: 0, (0..<200).map { "account-\($0)" })
    commit.eventNames = NameBlock(firstID: 0, ["login"])
    for number in 0..<200 as Range<UInt32> {
      let score = Int.random(in: 0...9, using: &random) == 0 ? nil : Int.random(in: 0...40, using: &random) * 250
      let band = score.map { $0 >= 7000 ? "green" : $0 >= 4000 ? "yellow" : "red" } ?? "unknown"
      var row = accountRow(number, score: score, band: number == 7 ? nil : band)
      row.phase = number % 5 == 0 ? nil : ["onboarding", "retention"][Int(number % 2)]
      row.touch = ["high", "low", "tech"][Int(number % 3)]
      row.lastSeen = number == 3 ? nil : noon.milliseconds - Int64.random(in: 0..<50, using: &random) * Self.day
      commit.accountRows.append(row)
      for ago in [30, 10, 7, 2] as [Int64] where Bool.random(using: &random) {
        let at = noon.advanced(by: -ago * Self.day)
        commit.scoreHistory.append(
          ScoreHistoryRow(
            account: number, day: LocalDay(number: Int32(at.milliseconds / Self.day)), at: at,
            score: Int.random(in: 0...40, using: &random) * 250, band: 0))
      }
      for rule in model.rules.indices where Int.random(in: 0..<12, using: &random) == 0 {
        commit.alerts.append(
          AlertTransition(
            account: number, rule: rule, ruleName: model.rules[rule].name, episode: 1, state: .firing, at: noon,
            reason: "r", scoreFrom: nil, scoreTo: nil, band: "red", covered: Rational(1), because: []))
      }
      commit.attributes.append(
        AttributeRow(
          account: number, name: "csm", value: .string(Bool.random(using: &random) ? "sato" : "ito"), updatedAt: noon))
      commit.measureRows.append(
        MeasureRow(
          account: number, measure: 0, value: 1, grade: number % 9 == 0 ? nil : Int(number) * 50, share: 1, points: 1,
          missing: number % 9 == 0))
      for product in ["core", "team"] where number % 10 == 1 || number % 15 == 2 && product == "core" {
        let isActive = number % 10 == 1 && (number % 20 == 1 || product == "team")
        commit.contracts.append(
          ContractRow(
            account: number,
            contract: Contract(product: product, state: isActive ? .active : .cancelled, startedAt: 0)))
      }
      if number % 2 == 0 {
        commit.facts.append(
          Fact(
            hour: noon.tile.hour - Int32(number), account: number, event: 0, user: 0, events: Int64(number),
            first: noon.tile.start.milliseconds - Int64(number) * Tile.length,
            last: noon.tile.start.milliseconds - Int64(number) * Tile.length))
      }
    }
    try opened.write(CommitUnit(commit, version: version))
    // Some of them are over.
    var later = Commit()
    later.now = noon
    later.alerts = commit.alerts.enumerated().filter { $0.offset % 3 == 0 }.map {
      var over = $0.element
      over.state = .resolved
      return over
    }
    later.accountRows = [commit.accountRows[0]]
    try opened.write(CommitUnit(later, version: version))
    try opened.close(clean: true)
  }

  private func names(_ change: (inout AccountQuery) -> Void) throws -> [String] {
    var query = AccountQuery()
    change(&query)
    return try StoreReader(path: store.path).accounts(query).map(\.account)
  }

  @Test(arguments: [UInt64(1), 2, 3]) func `every order is the one a sort by hand gives`(seed: UInt64) throws {
    try fill(seed: seed)
    let all = try StoreReader(path: store.path).accounts(AccountQuery())
    #expect(all.count == 200)
    let ranks = ["critical": 5, "high": 4, "medium": 3, "low": 2, "own": 2, "info": 1, "opportunity": 0]
    let firing = try store.rows("SELECT account, severity FROM alerts WHERE state = 'firing'").reduce(into: [:]) {
      $0[$1[0]] = max($0[$1[0]] ?? -1, ranks[$1[1]] ?? -1)
    }
    let left = Set((0..<200).filter { $0 % 10 != 1 && $0 % 15 == 2 }.map { "account-\($0)" })
    func last<T: Comparable>(_ a: T?, _ b: T?) -> Bool? {
      if a == b { return nil }
      guard let a else { return false }
      guard let b else { return true }
      return a < b
    }
    let bands = ["red", "yellow", "unknown", "green"]
    let expected: [AccountQuery.Order: (AccountSummary, AccountSummary) -> Bool] = [
      .name: { $0.account < $1.account },
      .score: { last($0.score, $1.score) ?? ($0.account < $1.account) },
      .trend: { last($0.trend7Days, $1.trend7Days) ?? ($0.account < $1.account) },
      .lastSeen: { last($0.lastSeen, $1.lastSeen) ?? ($0.account < $1.account) },
      .attention: { a, b in
        if left.contains(a.account) != left.contains(b.account) { return left.contains(b.account) }
        let ranksOf = (firing[a.account] ?? -1, firing[b.account] ?? -1)
        if ranksOf.0 != ranksOf.1 { return ranksOf.0 > ranksOf.1 }
        let bandsOf = [a, b].map { bands.firstIndex(of: $0.band ?? "") ?? 4 }
        if bandsOf[0] != bandsOf[1] { return bandsOf[0] < bandsOf[1] }
        return last(a.trend7Days, b.trend7Days) ?? last(a.score, b.score) ?? (a.account < b.account)
      },
    ]
    for order in AccountQuery.Order.allCases {
      let byHand = all.sorted(by: try #require(expected[order])).map(\.account)
      #expect(try names { $0.order = order } == byHand, "seed \(seed), \(order)")
      for limit in [0, 1, 17, 150] {
        let some = try names {
          $0.order = order
          $0.limit = limit
        }
        #expect(some == Array(byHand.prefix(limit)), "seed \(seed), \(order), \(limit)")
      }
    }
    #expect(all.filter { $0.firingAlerts > 0 }.count == firing.count)
    #expect(all.filter { $0.severity != nil }.count == firing.count)
  }

  @Test func `filters keep exactly the rows they name`() throws {
    try fill(seed: 5)
    let all = try StoreReader(path: store.path).accounts(AccountQuery())
    let red = try names { $0.bands = ["red"] }
    #expect(Set(red) == Set(all.filter { $0.band == "red" }.map(\.account)))
    let unknown = try names { $0.bands = ["unknown"] }
    #expect(Set(unknown) == Set(all.filter { ($0.band ?? "unknown") == "unknown" }.map(\.account)))
    let sato = try names { $0.attributes = [("csm", "sato")] }
    let ito = try names { $0.attributes = [("csm", "ito")] }
    #expect(sato.count + ito.count == 200 && Set(sato).isDisjoint(with: ito))
    #expect(try names { $0.attributes = [("csm", "sato"), ("csm", "ito")] } == [])
    #expect(try names { $0.attributes = [("csm", "' OR 1=1 --")] } == [])
    let retained = try names {
      $0.phases = ["retention", "churned"]
      $0.touches = ["high", "tech"]
    }
    let byHand = all.filter { $0.phase == "retention" && $0.touch != "low" }.map(\.account)
    #expect(Set(retained) == Set(byHand) && !byHand.isEmpty)
    #expect(try names { $0.phases = ["churned"] } == [])
  }

  @Test func `low on a measure leaves out those where it is missing`() throws {
    try fill(seed: 5)
    let low = try names { $0.low = .measure("recency", below: 10) }
    #expect(Set(low) == Set((0..<20).filter { $0 % 9 != 0 }.map { "account-\($0)" }))
  }

  @Test func `low on a feature counts those who never used it`() throws {
    try fill(seed: 5)
    let low = try names { $0.low = .feature("login", hours: 100, below: 50) }
    // Even accounts used it `number` times, `number` hours ago: within the window from 50 to 100 hours.
    let used = (50...100).filter { $0 % 2 == 0 }.map { "account-\($0)" }
    #expect(Set(low) == Set((0..<200).map { "account-\($0)" }).subtracting(used))
  }

  @Test func `who is low on something has the figure that says how low`() throws {
    try fill(seed: 5)
    let reader = try StoreReader(path: store.path)
    var query = AccountQuery()
    #expect(try reader.accounts(query).allSatisfy { $0.figure == nil })
    query.low = .measure("recency", below: 10)
    for row in try reader.accounts(query) {
      let number = try #require(Double(row.account.dropFirst("account-".count)))
      #expect(row.figure == .measure(value: 1, grade: number / 2))
    }
    query.low = .feature("login", hours: 100, below: 50)
    query.limit = 150
    for row in try reader.accounts(query) {
      let number = try #require(Int64(row.account.dropFirst("account-".count)))
      // Even accounts have `number` events, `number` hours ago.
      #expect(row.figure == .feature(events: number % 2 == 0 && number <= 100 ? number : 0), "\(row.account)")
    }
  }

  @Test func `names that do not exist are told`() throws {
    try fill(seed: 5)
    let reader = try StoreReader(path: store.path)
    var query = AccountQuery()
    query.low = .measure("recensy", below: 1)
    #expect(throws: AccountQueryError.unknownMeasure("recensy", known: BuiltIn.measures.map(\.name))) {
      try reader.accounts(query)
    }
    query.low = .feature("logn", hours: 1, below: 1)
    #expect(throws: AccountQueryError.unknownFeature("logn", nearest: "login")) { try reader.accounts(query) }
  }
}
