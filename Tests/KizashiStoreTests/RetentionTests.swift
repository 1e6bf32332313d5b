import KizashiCore
import TestSupport
import Testing

@testable import KizashiStore

/// Usage past `store.retention`: it counts nowhere from one commit to the next, what it proves stays, and its rows go.
@Suite struct `Retention` {
  static let retention: Int64 = 40 * 86_400_000
  private static let names = ["report.created", "report.sent", "login", "team.called"]

  private let temporary: TemporaryStore
  private let model: Model
  private let zone: Zone

  init() throws {
    temporary = try TemporaryStore()
    zone = Zone.all[3]
    var model = Model(
      calendar: zone.calendar, features: [Feature(name: "reports", patterns: ["report.*"], core: true)])
    model.limits.retentionMilliseconds = Self.retention
    self.model = model
  }

  /// A fact of one of four accounts at most so many hours old.
  private func fact(_ random: inout SeededGenerator, now: Instant, hours: Int32) -> Fact {
    let hour = now.tile.hour - Int32.random(in: 0...hours, using: &random)
    let account = UInt32.random(in: 0..<4, using: &random)
    let first = min(Int64(hour) * Tile.length + Int64.random(in: 0..<3_000_000, using: &random), now.milliseconds)
    let last = min(first + Int64.random(in: 0..<500_000, using: &random), now.milliseconds)
    let user = Bool.random(using: &random) ? 0 : 1 + account * 3 + UInt32.random(in: 0..<3, using: &random)
    return Fact(
      hour: hour, account: account, event: .random(in: 0..<4, using: &random), user: user,
      events: .random(in: 1...9, using: &random), first: first, last: last)
  }

  private func opened(least: Int = 1000) throws -> Store {
    let store = try temporary.open()
    store.writer?.leastExpired = least
    _ = try store.register(.standard(model, windows: UsageViewTests.windows))
    return store
  }

  private func firstCommit(_ now: Instant) -> Commit {
    var commit = Commit()
    commit.now = now
    commit.accounts = NameBlock(firstID: 0, ["d", "a", "c", "b"])
    commit.eventNames = NameBlock(firstID: 0, Self.names)
    commit.users = NameBlock(
      firstID: 1, (0..<12).map { "u\($0)" }, accounts: (0..<12).map { UInt32($0) / 3 })
    return commit
  }

  /// What all facts ever written come to.
  private func naive(_ facts: [Fact], now: Instant) -> NaiveUsage {
    let features: [String: Set<UInt32>] = [
      "any": [0, 1, 2, 3], "core": [0, 1], "reports": [0, 1], "login": [2], "team.called": [3],
    ]
    var naive = NaiveUsage(
      facts: facts, features: features, accounts: ["d", "a", "c", "b"], zone: zone, windows: UsageViewTests.windows,
      now: now)
    // Back to the first hour of the local day that the retention ends in.
    var hour = now.advanced(by: -Self.retention).tile.hour
    let day = zone.day(hour: Int64(hour))
    while zone.day(hour: Int64(hour - 1)) == day { hour -= 1 }
    naive.keptHour = hour
    return naive
  }

  private func expectViews(_ naive: NaiveUsage, _ place: String) throws {
    #expect(Set(try temporary.rows("SELECT * FROM feature_usage")) == naive.featureUsage(), "\(place)")
    #expect(Set(try temporary.rows("SELECT * FROM usage_daily")) == naive.usageDaily(), "\(place)")
    #expect(Set(try temporary.rows("SELECT * FROM users")) == naive.users { "u\($0 - 1)" }, "\(place)")
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64]) func `what is stored says the same before, while and after rows go`(
    seed: UInt64
  ) throws {
    var random = SeededGenerator(seed: seed)
    var now = Instant(milliseconds: 1_760_000_000_000)
    var facts: [Fact] = []
    var store = try opened(least: .random(in: 1...9, using: &random))
    var steps = 0
    for round in 0..<20 {
      now = now.advanced(by: .random(in: 1...9, using: &random) * 86_400_000 + 3_333_333)
      var commit = round == 0 ? firstCommit(now) : Commit()
      commit.now = now
      commit.facts = (0..<40).map { _ in
        // One in ten comes so late that its usage has expired; of these some come in an hour that has gone.
        guard Int.random(in: 0..<10, using: &random) == 0 else { return fact(&random, now: now, hours: 200) }
        var late = fact(&random, now: now, hours: 1400)
        if let hour = facts.randomElement(using: &random)?.hour, Bool.random(using: &random) {
          (late.hour, late.first) = (hour, Int64(hour) * Tile.length)
          late.last = late.first
        }
        return late
      }
      commit.facts = Facts.combined(commit.facts)
      facts += commit.facts
      try store.write(CommitUnit(commit))
      // What comes without facts sets the pace of the steps to the least.
      var empty = Commit()
      empty.now = now
      try store.write(CommitUnit(empty))
      let naive = naive(Facts.combined(facts), now: now)
      for step in 0..<Int.random(in: 1...40, using: &random) {
        if step < 3 { try expectViews(naive, "seed \(seed), round \(round), step \(step)") }
        let before = try temporary.rows("SELECT count(*) FROM fact WHERE hour > \(UsageExpiry.traceHour)")
        try store.expireUsage(configVersion: 1)
        if before != (try temporary.rows("SELECT count(*) FROM fact WHERE hour > \(UsageExpiry.traceHour)")) {
          steps += 1
        } else {
          break
        }
      }
      try expectViews(naive, "seed \(seed), round \(round)")
      if Int.random(in: 0..<4, using: &random) == 0 {
        try store.close(clean: true)
        store = try opened(least: .random(in: 1...9, using: &random))
      }
    }
    #expect(steps > 20, "seed \(seed): hardly anything expired")
    for _ in 0..<1000 { try store.expireUsage(configVersion: 1) }
    let kept = naive(facts, now: now).keptHour
    let patience = Self.retention / 16 / Tile.length
    #expect(
      try temporary.rows(
        "SELECT count(*) FROM fact WHERE hour > ? AND hour < ?", [UsageExpiry.traceHour, Int64(kept) - patience])
        == [["0"]], "seed \(seed): something stays")
    // Traces are as many as pairs and users, not as days.
    let traces = try temporary.rows("SELECT count(*) FROM fact WHERE hour = \(UsageExpiry.traceHour)")
    #expect(try #require(Int(traces[0][0])) <= 4 * 4 + 12)
  }

  @Test(arguments: [5, 6] as [UInt64]) func `an account's page says what the views say`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let start = Instant(milliseconds: 1_760_000_000_000)
    let store = try opened(least: 5)
    var commit = firstCommit(start)
    commit.facts = Facts.combined((0..<300).map { _ in fact(&random, now: start, hours: 1400) })
    commit.accountRows = (0..<4).map { account in
      var row = accountRow(AccountID(account), score: 5000, at: start)
      row.firstSeen = commit.facts.filter { $0.account == account }.map(\.first).min()
      return row
    }
    try store.write(CommitUnit(commit))
    var empty = Commit()
    empty.now = start
    try store.write(CommitUnit(empty))
    for _ in 0..<6 {
      try store.expireUsage(configVersion: 1)
      let reader = try StoreReader(path: temporary.path)
      for account in ["d", "a", "c", "b"] {
        let usage = try #require(try reader.account(account, windowHours: 168, userLimit: nil)).usage
        let features = usage.features.map { use in
          [use.feature, "\(use.events)", InstantText.text(use.firstSeen), InstantText.text(use.lastSeen)]
        }
        #expect(
          Set(features)
            == Set(
              try temporary.rows(
                """
                SELECT feature, events, first_seen_at, last_seen_at FROM feature_usage
                WHERE account = ? AND "window" = '7d'
                """, [account])), "seed \(seed)")
        let users = usage.users.map { [$0.user, InstantText.text($0.firstSeen), InstantText.text($0.lastSeen)] }
        #expect(
          Set(users)
            == Set(
              try temporary.rows("SELECT user, first_seen_at, last_seen_at FROM users WHERE account = ?", [account])))
        let days = usage.days.map {
          [InstantText.text(InstantText.civil(days: Int64($0.day.number))), "\($0.events)", "\($0.users)"]
        }
        #expect(
          days
            == (try temporary.rows(
              """
              SELECT day, events, users FROM usage_daily WHERE account = ? AND feature = 'any' ORDER BY day
              """, [account])),
          "seed \(seed)")
      }
    }
  }

  @Test func `what an engine is restored from has no expired usage, gone or not`() throws {
    var random = SeededGenerator(seed: 7)
    let now = Instant(milliseconds: 1_760_000_000_000)
    let store = try opened()
    var commit = firstCommit(now)
    commit.facts = Facts.combined((0..<300).map { _ in fact(&random, now: now, hours: 1400) })
    let property = commit.facts[0]
    commit.amounts = [
      Amount(hour: property.hour, account: property.account, event: property.event, property: 0, micros: 5)
    ]
    var summing = model
    summing.measures = [
      Measure(
        name: "m", metric: .sum(property: "pages", feature: .any, windowHours: 24),
        grade: .points([GradePoint(value: Rational(0), points: Rational(0))]))
    ]
    let version = try store.register(.standard(summing, windows: UsageViewTests.windows, hash: "sums"))
    try store.write(CommitUnit(commit, version: version))
    let kept = naive(commit.facts, now: now).keptHour
    func counting(_ facts: [Fact]) -> [Fact] { facts.filter { $0.events > 0 } }
    let before = try store.restore(factHorizonHours: nil)
    let factsBefore = try before.facts.all()
    #expect(counting(factsBefore) == commit.facts.filter { $0.hour >= kept })
    #expect(before.amounts.isEmpty && property.hour < kept)
    var visited: [Fact] = []
    try StoredHistory.read(
      path: temporary.path,
      begin: { #expect($0.firstHour == commit.facts.map(\.hour).filter { $0 >= kept }.min()) },
      visit: { visited += $0.facts })
    #expect(Set(visited) == Set(counting(factsBefore)))
    try store.expireUsage(configVersion: version)
    let factsAfter = try store.restore(factHorizonHours: nil).facts.all()
    #expect(counting(factsAfter) == counting(factsBefore))
    #expect(try temporary.rows("SELECT count(*) FROM amount") == [["0"]])
    #expect(try temporary.rows("SELECT count(*) FROM tile WHERE hour < \(kept)") == [["1"]], "that of the traces")
    for pair in Set(commit.facts.map { [$0.account, $0.event] }) {
      func last(_ facts: [Fact]) -> Int64? { facts.filter { [$0.account, $0.event] == pair }.map(\.last).max() }
      #expect(last(factsAfter) == last(commit.facts))
    }
  }

  @Test func `an account's hour with more facts than go at a time goes at once`() throws {
    let store = try opened(least: 3)
    var commit = firstCommit(Instant(milliseconds: 1_760_000_000_000))
    let old = commit.now.advanced(by: -50 * 86_400_000)
    for place in 0..<24 as Range<UInt32> {
      let (account, event, user) = (place / 12, place % 4, place / 4)
      commit.facts.append(
        Fact(
          hour: old.tile.hour, account: account, event: event, user: user, events: 1, first: old.milliseconds,
          last: old.milliseconds))
    }
    try store.write(CommitUnit(commit))
    var empty = Commit()
    empty.now = commit.now
    try store.write(CommitUnit(empty))
    for left in [12, 0] {
      try store.expireUsage(configVersion: 1)
      #expect(try temporary.rows("SELECT count(*) FROM fact WHERE events > 0") == [["\(left)"]])
    }
  }

  @Test func `a longer retention brings nothing back, and never keeps what there is`() throws {
    var store = try opened()
    var commit = firstCommit(Instant(milliseconds: 1_760_000_000_000))
    let old = commit.now.advanced(by: -50 * 86_400_000)
    commit.facts = [
      Fact(
        hour: old.tile.hour, account: 0, event: 0, user: 0, events: 3, first: old.milliseconds, last: old.milliseconds)
    ]
    try store.write(CommitUnit(commit))
    #expect(try temporary.rows("SELECT count(*) FROM usage_daily") == [["0"]])
    try store.close(clean: true)
    store = try temporary.open()
    var longer = model
    longer.limits.retentionMilliseconds = 2 * Self.retention
    var version = try store.register(.standard(longer, windows: UsageViewTests.windows, hash: "longer"))
    var later = Commit()
    later.now = commit.now.advanced(by: 86_400_000)
    try store.write(CommitUnit(later, version: version))
    #expect(try temporary.rows("SELECT count(*) FROM usage_daily") == [["0"]])

    longer.limits.retentionMilliseconds = nil
    version = try store.register(.standard(longer, windows: UsageViewTests.windows, hash: "for good"))
    later.now = commit.now.advanced(by: 60 * 86_400_000)
    later.facts = [
      Fact(
        hour: commit.now.tile.hour, account: 0, event: 0, user: 0, events: 1, first: commit.now.milliseconds,
        last: commit.now.milliseconds)
    ]
    try store.write(CommitUnit(later, version: version))
    #expect(try temporary.rows("SELECT sum(events) FROM usage_daily WHERE feature = 'any'") == [["1"]])
  }
}
