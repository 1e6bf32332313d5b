import Foundation
import KizashiCore
import TestSupport
import Testing

@testable import KizashiStore

/// A zone as its offsets, and how the naive model reads it: without Core's calendar.
struct Zone: CustomTestStringConvertible, Sendable {
  var name: String
  /// (since, offset) in seconds, ascending.
  var offsets: [(Int64, Int32)]
  var testDescription: String { name }

  var calendar: BusinessCalendar {
    BusinessCalendar(
      timezone: name, transitions: offsets.map { BusinessCalendar.Transition(since: $0.0, offset: $0.1) })
  }

  func day(hour: Int64) -> String {
    var offset = offsets[0].1
    for (since, value) in offsets where since <= hour * 3600 { offset = value }
    // In UTC, moved by the offset: a formatter of its own for each day would take most of the tests' time.
    return Self.formatter.string(from: Date(timeIntervalSince1970: Double(hour * 3600 + Int64(offset))))
  }

  private static let formatter = {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(secondsFromGMT: 0)
    formatter.dateFormat = "yyyy-MM-dd"
    return formatter
  }()

  static let all = [
    Zone(name: "UTC", offsets: [(.min, 0)]), Zone(name: "Asia/Kolkata", offsets: [(.min, 19_800)]),
    Zone(name: "Asia/Tokyo", offsets: [(.min, 32_400)]),
    // Summer time ended on 2025-10-26 at 01:00 UTC.
    Zone(name: "Europe/Berlin", offsets: [(.min, 3600), (1_743_296_400, 7200), (1_761_440_400, 3600)]),
    // Summer time began on 2025-10-05 by half an hour.
    Zone(name: "Australia/Lord_Howe", offsets: [(.min, 39_600), (1_743_865_200, 37_800), (1_759_591_800, 39_600)]),
    Zone(name: "America/Los_Angeles", offsets: [(.min, -28_800), (1_741_514_400, -25_200), (1_762_074_000, -28_800)]),
  ]
}

/// Usage as a sum over every fact, with nothing clever.
struct NaiveUsage {
  var facts: [Fact]
  var features: [String: Set<UInt32>]
  var accounts: [String]
  var zone: Zone
  var windows: [UsageWindow]
  var now: Instant
  /// The first hour whose usage has not expired.
  var keptHour = Int32.min

  /// Days by hour, because a date formatter is slow.
  private func days() -> [Int32: String] {
    var days: [Int32: String] = [:]
    for hour in Set(facts.map(\.hour)) { days[hour] = zone.day(hour: Int64(hour)) }
    return days
  }

  func featureUsage() -> Set<[String]> {
    var rows: Set<[String]> = []
    let days = days()
    for (id, account) in accounts.enumerated() {
      for (feature, events) in features {
        let own = facts.filter { $0.account == id && events.contains($0.event) }
        guard !own.isEmpty else { continue }
        for window in windows {
          let since = now.tile.hour - Int32(window.hours)
          let current = own.filter { $0.hour >= since }
          let previous = own.filter { $0.hour < since && $0.hour >= since - Int32(window.hours) }
          let numbers = [current, previous].flatMap { part in
            [
              part.reduce(0) { $0 + Int($1.events) }, Set(part.map(\.user)).subtracting([0]).count,
              Set(part.map { days[$0.hour] }).count,
            ]
          }
          let seen = [own.map(\.first).min(), own.map(\.last).max()].map { rfc3339($0 ?? 0) }
          rows.insert([account, feature, window.name] + numbers.map { "\($0)" } + seen)
        }
      }
    }
    return rows
  }

  func usageDaily() -> Set<[String]> {
    var rows: Set<[String]> = []
    let days = days()
    for (id, account) in accounts.enumerated() {
      for (feature, events) in features {
        let own = facts.filter { $0.account == id && events.contains($0.event) }
        let kept = own.filter { $0.hour >= keptHour }
        for (day, part) in Dictionary(grouping: kept, by: { days[$0.hour] ?? "" }) {
          let events = part.reduce(0) { $0 + $1.events }
          rows.insert([account, feature, day, "\(events)", "\(Set(part.map(\.user)).subtracting([0]).count)"])
        }
      }
    }
    return rows
  }

  /// Users by account and name: when they were first and last seen.
  func users(_ name: (UInt32) -> String) -> Set<[String]> {
    Set(
      Dictionary(grouping: facts.filter { $0.user > 0 }, by: { [$0.account, $0.user] }).map { key, own in
        let seen = [own.map(\.first).min(), own.map(\.last).max()].map { rfc3339($0 ?? 0) }
        return [accounts[Int(key[0])], name(key[1])] + seen
      })
  }
}

func rfc3339(_ milliseconds: Int64) -> String {
  let formatter = ISO8601DateFormatter()
  formatter.timeZone = TimeZone(secondsFromGMT: 0)
  let seconds = floorDivide(milliseconds, 1000)
  let text = formatter.string(from: Date(timeIntervalSince1970: Double(seconds))).dropLast()
  return text + String(format: ".%03dZ", Int(milliseconds - seconds * 1000))
}

@Suite("Usage views agree with a naive model") struct UsageViewTests {
  static let windows = [
    UsageWindow(name: "24h", hours: 24), UsageWindow(name: "7d", hours: 168), UsageWindow(name: "100h", hours: 100),
  ]

  /// Facts of about forty days around the turns of summer time, with hours without any.
  private func facts(_ random: inout SeededGenerator, until now: Instant) -> [Fact] {
    Facts.combined(
      (0..<600).map { _ in
        let hour = now.tile.hour - Int32.random(in: 0...1000, using: &random)
        let account = UInt32.random(in: 0..<4, using: &random)
        let first = min(
          Int64(hour) * Tile.length + Int64.random(in: 0..<Tile.length, using: &random), now.milliseconds)
        // User numbers belong to one account.
        let user = Bool.random(using: &random) ? 0 : 1 + account * 3 + UInt32.random(in: 0..<3, using: &random)
        return Fact(
          hour: hour, account: account, event: .random(in: 0..<4, using: &random), user: user,
          events: .random(in: 1...9, using: &random), first: first, last: first)
      })
  }

  @Test(arguments: Zone.all, [11, 12] as [UInt64]) func `at any clock, in any zone`(zone: Zone, seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let now = Instant(milliseconds: 1_762_400_000_000 + Int64.random(in: 0..<500_000_000, using: &random))
    let temporary = try TemporaryStore()
    let model = Model(
      calendar: zone.calendar,
      features: [
        Feature(name: "reports", patterns: ["report.*"], core: true),
        Feature(name: "all-but", patterns: ["*.c*d", "x"]),
      ])
    let store = try temporary.open()
    _ = try store.register(.standard(model, windows: Self.windows))
    var commit = Commit()
    commit.now = now
    commit.accounts = NameBlock(firstID: 0, ["d", "a", "c", "b"])
    commit.eventNames = NameBlock(firstID: 0, ["report.created", "report.sent", "login", "team.called"])
    commit.users = NameBlock(
      firstID: 1, (0..<12).map { "u\($0)" }, accounts: (0..<12).map { UInt32($0) / 3 })
    commit.facts = facts(&random, until: now)
    try store.write(CommitUnit(commit))

    let naive = NaiveUsage(
      facts: commit.facts,
      features: [
        "any": [0, 1, 2, 3], "core": [0, 1], "reports": [0, 1], "all-but": [0, 3], "login": [2],
      ], accounts: ["d", "a", "c", "b"], zone: zone, windows: Self.windows, now: now)
    let expected = naive.featureUsage()
    let found = try temporary.rows("SELECT * FROM feature_usage")
    #expect(found.count == expected.count)
    #expect(Set(found) == expected, "zone \(zone.name), seed \(seed)")
    #expect(
      Set(try temporary.rows("SELECT * FROM usage_daily")) == naive.usageDaily(), "zone \(zone.name), seed \(seed)")
    let one = try temporary.rows(
      "SELECT * FROM feature_usage WHERE account = 'c' AND feature = 'any' AND window = '7d'")
    #expect(Set(one) == expected.filter { $0[0] == "c" && $0[1] == "any" && $0[2] == "7d" })
  }

  @Test func `another config changes zone, windows and features of what is stored`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    #expect(try store.register(.standard()) == 1)
    #expect(try store.register(.standard()) == 1)
    try store.write(CommitUnit(smallCommit()))
    #expect(
      try Array(temporary.rows("SELECT DISTINCT feature FROM feature_usage ORDER BY 1").joined()) == [
        "any", "core", "login", "report.created",
      ])
    let model = Model(
      calendar: Zone.all[2].calendar, features: [Feature(name: "login", patterns: ["nothing"])], autoFeatures: true)
    let window = [UsageWindow(name: "2d", hours: 48)]
    #expect(try store.register(.standard(model, windows: window, hash: "other")) == 2)
    // An event name that is a configured feature's name is no feature of its own.
    #expect(
      try temporary.rows("SELECT DISTINCT feature, window FROM feature_usage ORDER BY 1") == [
        ["any", "2d"], ["core", "2d"], ["report.created", "2d"],
      ])
    #expect(
      try Array(temporary.rows("SELECT DISTINCT day FROM usage_daily ORDER BY 1").joined()) == [
        "2025-11-18", "2025-11-19",
      ])
    #expect(try temporary.rows("SELECT config_version FROM meta") == [["2"]])
    #expect(try temporary.rows("SELECT version FROM config_versions ORDER BY 1") == [["1"], ["2"]])
  }

  @Test func `new event names join the features of the running config`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard(Model(features: [Feature(name: "f", patterns: ["x.*"])], autoFeatures: false)))
    var commit = smallCommit()
    commit.eventNames = NameBlock(firstID: 0, ["x.1", "y"])
    try store.write(CommitUnit(commit))
    #expect(
      try temporary.rows("SELECT feature, sum(events) FROM usage_daily GROUP BY 1 ORDER BY 1") == [
        ["any", "3"], ["core", "3"], ["f", "2"],
      ])
  }

  @Test func `users are seen from their first to their last event`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    try store.write(CommitUnit(smallCommit()))
    var more = Commit()
    more.now = noon
    let hour = noon.tile.hour - 2
    more.facts = [Fact(hour: hour, account: 0, event: 1, user: 1, events: 1, first: 0, last: 0)]
    more.facts[0].first = Tile(hour: hour).start.milliseconds + 7
    more.facts[0].last = more.facts[0].first
    try store.write(CommitUnit(more))
    #expect(
      try temporary.rows("SELECT * FROM users ORDER BY user") == [
        ["acme", "ann", "2025-11-19T10:00:00.007Z", "2025-11-19T12:00:00.010Z"],
        ["acme", "bob", "2025-11-17T20:00:00.000Z", "2025-11-17T20:00:00.000Z"],
      ])
  }

  @Test func `a fact whose events have expired still proves when something was seen`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    var commit = smallCommit()
    commit.facts[1].events = 0
    try store.write(CommitUnit(commit))
    #expect(
      try temporary.rows(
        "SELECT events, users, active_days, first_seen_at FROM feature_usage WHERE feature = 'login' AND window = '7d'")
        == [
          ["0", "0", "0", "2025-11-17T20:00:00.000Z"]
        ])
    #expect(try temporary.rows("SELECT count(*) FROM usage_daily WHERE feature = 'login'") == [["0"]])
  }

  @Test func `hours before 1970 have their day and time`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    var commit = smallCommit()
    commit.now = Instant(milliseconds: -1)
    commit.facts = [
      Fact(hour: -25, account: 0, event: 0, user: 0, events: 1, first: -90_000_000 + 1, last: -86_400_001)
    ]
    try store.write(CommitUnit(commit))
    #expect(
      try temporary.rows(
        """
        SELECT active_days, previous_active_days, first_seen_at, last_seen_at FROM feature_usage
        WHERE feature = 'any' AND window = '24h'
        """
      ) == [
        ["1", "0", "1969-12-30T23:00:00.001Z", "1969-12-30T23:59:59.999Z"]
      ])
    #expect(try temporary.rows("SELECT day FROM usage_daily WHERE feature = 'any'") == [["1969-12-30"]])
    #expect(try temporary.rows("SELECT now_at FROM meta") == [["1969-12-31T23:59:59.999Z"]])
    #expect(try store.restore(factHorizonHours: 24).facts.all() == commit.facts)
  }
}
