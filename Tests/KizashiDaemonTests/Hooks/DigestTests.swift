import Foundation
import KizashiConfig
import KizashiCore
import TestSupport
import Testing

@testable import KizashiDaemon

@Suite struct `A digest` {
  private let hour: Int64 = 3_600_000

  /// By trying each minute with the system's own idea of local time.
  private static func expected(_ digest: Digest, _ calendar: Calendar, from instant: Int64) throws -> Int64 {
    var passed: Set<String> = []
    let first = instant / 60_000 - 3 * 1440
    for minute in first..<first + 12 * 1440 {
      let date = Date(timeIntervalSince1970: TimeInterval(minute * 60))
      let now = calendar.dateComponents([.year, .month, .day, .weekday, .hour, .minute], from: date)
      // The first minute of a day at which its clock has come to the time, or past it.
      guard (now.hour ?? 0) * 60 + (now.minute ?? 0) >= digest.at, digest.weekdays.contains((now.weekday ?? 0) - 1),
        passed.insert("\(now.year ?? 0)-\(now.month ?? 0)-\(now.day ?? 0)").inserted
      else { continue }
      if minute * 60_000 >= instant { return minute * 60_000 }
    }
    throw CancellationError()
  }

  @Test(
    arguments: [
      ("Europe/Berlin", "2026-03-29T00:00:00Z"), ("Europe/Berlin", "2026-10-25T00:00:00Z"),
      ("America/Santiago", "2026-09-06T04:00:00Z"), ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
      ("Asia/Kathmandu", "2026-05-03T00:00:00Z"),
    ], [UInt64(1), 2, 3])
  func `comes at a time of the clock on the wall, whatever that does`(place: (String, String), seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let business = try Configuration.parse(
      text: "business: {timezone: \(place.0)}", file: "", directory: ""
    ).model.calendar
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(identifier: place.0))
    let middle = Int64(try Date(place.1, strategy: .iso8601).timeIntervalSince1970) * 1000
    for _ in 0..<6 {
      // Often near the hours in which clocks change.
      let at =
        Bool.random(using: &random) ? Int.random(in: 0..<200, using: &random) : .random(in: 0..<1440, using: &random)
      var days = Set((0..<7).filter { _ in Bool.random(using: &random) })
      if days.isEmpty { days = Set(0..<7) }
      let digest = Digest(at: at, weekdays: days)
      let instant = middle + Int64.random(in: -40 * hour...40 * hour, using: &random)
      let next = DigestTimes(digest, calendar: business).next(from: Instant(milliseconds: instant))
      let wanted = try Self.expected(digest, calendar, from: instant)
      #expect(next.milliseconds == wanted, "seed \(seed), \(digest) from \(Instant(milliseconds: instant).rfc3339)")
    }
  }

  @Test func `that is now is now`() {
    let times = DigestTimes(Digest(at: 480), calendar: .utc)
    let eight = Instant(milliseconds: 1_790_064_000_000)
    #expect(times.next(from: eight) == eight)
    #expect(times.next(from: eight.advanced(by: -1)) == eight)
    #expect(times.next(from: eight.advanced(by: 1)) == eight.advanced(by: 24 * hour))
  }

  private static func config(_ digest: String, more: String = "") -> String {
    """
    rules:
      busy: {kind: threshold, metric: {count: {window: 24h}}, above: 2, hooks: [note, weekly]\(more)}
    hooks: {note: {run: [/bin/true]}, weekly: {run: [/bin/true]\(digest)}}
    """
  }
  private static let mondays = #", digest: {at: "08:00", days: [mon]}"#

  /// Lets time go by, an hour at a time; what ran for the hook with a digest, with the hours at which it did.
  private func told(_ bench: AlertBench, hours: Int) throws -> [String] {
    var result: [String] = []
    for n in 1...hours {
      try bench.pass(hour)
      for run in try bench.runHooks() where run[0].hasSuffix(":weekly") {
        result.append("\(n): \(run.map { $0.dropLast(7) }.joined(separator: " "))")
      }
    }
    return result
  }

  @Test func `holds what opens and ends until its time, and tells it in one run`() throws {
    // Monday, 2026-09-21T14:13:20Z: the next is on the 28th at 08:00 in Berlin.
    let bench = try AlertBench(Self.config(Self.mondays))
    try bench.events(3)
    try bench.events(3, account: "beta")
    #expect(try bench.runHooks() == [["busy:acme:1:firing:note"], ["busy:beta:1:firing:note"]])
    let waiting = "SELECT DISTINCT next_at, state FROM deliveries WHERE hook = 'weekly'"
    #expect(try bench.rows(waiting) == [["2026-09-28T06:00:00.000Z", "owed"]])
    #expect(try told(bench, hours: 100).isEmpty)
    try bench.restart()
    try bench.events(3, account: "gamma")
    #expect(try bench.rows(waiting) == [["2026-09-28T06:00:00.000Z", "owed"]])
    #expect(
      try told(bench, hours: 100) == [
        // What ended meanwhile is told with its end.
        "60: busy:acme:1:firing busy:beta:1:firing busy:acme:1:resolved busy:beta:1:resolved busy:gamma:1:firing "
          + "busy:gamma:1:resolved"
      ])
  }

  @Test func `is what those of tech touch come in, while those of high touch come at once`() throws {
    let bench = try AlertBench(
      """
      touch: {attribute: care}
      rules:
        high: {kind: threshold, metric: {count: {window: 7d}}, above: 2, when: {touch: high}, hooks: [note]}
        tech: {kind: threshold, metric: {count: {window: 7d}}, above: 2, when: {touch: tech}, hooks: [weekly]}
      hooks: {note: {run: [/bin/true]}, weekly: {run: [/bin/true], digest: {at: "08:00"}}}
      """)
    for (account, care) in [("acme", "high"), ("beta", "tech"), ("gamma", "tech"), ("delta", "high")] {
      bench.attribute("care", care, account: account)
      try bench.events(3, account: account)
    }
    #expect(try bench.runHooks() == [["high:acme:1:firing:note"], ["high:delta:1:firing:note"]])
    // From 16:13 to 08:00 in Berlin.
    #expect(try told(bench, hours: 24) == ["16: tech:beta:1:firing tech:gamma:1:firing"])
  }

  @Test func `of a changed config is the one that what waits is told in`() throws {
    let bench = try AlertBench(Self.config(Self.mondays))
    try bench.events(3)
    try bench.restart(Self.config(#", digest: {at: "20:00"}"#))
    #expect(
      try bench.rows("SELECT next_at FROM deliveries WHERE hook = 'weekly'") == [["2026-09-21T18:00:00.000Z"]])
    try bench.restart(Self.config(Self.mondays))
    try bench.restart(Self.config(""))
    #expect(try bench.runHooks().contains(["busy:acme:1:firing:weekly"]))
  }

  @Test func `that falls into quiet hours comes at their end`() throws {
    let quiet = #", digest: {at: "03:00"}, quiet_hours: {from: "22:00", to: "07:00"}"#
    let bench = try AlertBench(Self.config(quiet))
    try bench.events(3)
    #expect(try told(bench, hours: 30) == ["15: busy:acme:1:firing", "30: "].dropLast())
  }

  @Test func `missed while nobody was there is made up for`() throws {
    let bench = try AlertBench(Self.config(Self.mondays))
    try bench.events(3)
    try bench.pass(7 * 24 * hour)
    try bench.restart()
    #expect(
      try bench.runHooks().filter { $0[0].hasSuffix("weekly") }
        == [["busy:acme:1:firing:weekly", "busy:acme:1:resolved:weekly"]])
  }

  @Test func `has reminders, in the digest after they are due`() throws {
    let bench = try AlertBench(Self.config(#", digest: {at: "08:00"}"#, more: ", renotify: 20h"))
    try bench.events(3)
    for n in 1...3 {
      try bench.events(3)
      let told = try told(bench, hours: 24)
      #expect(told == ["16: busy:acme:1:firing\(n > 1 ? ".\(n)" : "")"], "day \(n)")
    }
  }
}
