import Foundation
import KizashiConfig
import KizashiCore
import TestSupport
import Testing

@testable import KizashiDaemon

/// Quiet hours against the system's own idea of local time, minute by minute through days on which clocks change.
@Suite struct `Quiet hours` {
  /// A zone, and an instant in the days around one of its changes.
  private static let places: [(zone: String, around: String)] = [
    ("Europe/Berlin", "2026-03-29T00:00:00Z"), ("Europe/Berlin", "2026-10-25T00:00:00Z"),
    ("America/New_York", "2026-03-08T07:00:00Z"), ("America/New_York", "2026-11-01T06:00:00Z"),
    // Half an hour, and a change at midnight.
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"), ("America/Santiago", "2026-09-06T04:00:00Z"),
    ("Asia/Tokyo", "2026-05-03T00:00:00Z"),
  ]

  private struct Model {
    var hours: QuietHours
    var calendar: Calendar
    var holidays: Set<String>

    init(_ hours: QuietHours, zone: String, holidays: Set<String>) throws {
      self.hours = hours
      self.holidays = holidays
      calendar = Calendar(identifier: .gregorian)
      calendar.timeZone = try #require(TimeZone(identifier: zone))
    }

    /// What goes through at an instant; nil: all.
    func letThrough(_ minute: Int64) -> Set<String>? {
      let date = Date(timeIntervalSince1970: TimeInterval(minute * 60))
      let now = calendar.dateComponents([.year, .month, .day, .weekday, .hour, .minute], from: date)
      // Dates without a zone: the day before a day is another thing than 24 hours before.
      var plain = Calendar(identifier: .gregorian)
      plain.timeZone = .gmt
      let today = plain.date(from: DateComponents(year: now.year, month: now.month, day: now.day)) ?? date
      let clock = (now.hour ?? 0) * 60 + (now.minute ?? 0)
      var result: Set<String>?
      for back in 0...1 {
        let day = plain.dateComponents([.year, .month, .day, .weekday], from: today - TimeInterval(back * 86_400))
        let name = String(format: "%04d-%02d-%02d", day.year ?? 0, day.month ?? 0, day.day ?? 0)
        for span in hours.spans
        where span.weekdays.contains((day.weekday ?? 0) - 1) || span.onHolidays && holidays.contains(name) {
          let time = clock + back * 1440
          guard time >= span.from, time < (span.to > span.from ? span.to : span.to + 1440) else { continue }
          result = result.map { $0.intersection(span.except) } ?? span.except
        }
      }
      return result
    }
  }

  private static func span(_ random: inout SeededGenerator) -> QuietHours.Span {
    // Often near the hours in which clocks change.
    let from =
      Bool.random(using: &random) ? Int.random(in: 0..<240, using: &random) : .random(in: 0..<1440, using: &random)
    var to = Int.random(in: 1...1440, using: &random)
    if to == from { to = 1440 }
    let days = (0..<7).filter { _ in Int.random(in: 0..<3, using: &random) > 0 }
    let except = ["critical", "high"].filter { _ in Bool.random(using: &random) }
    return QuietHours.Span(
      from: from, to: to, weekdays: Set(days), onHolidays: Bool.random(using: &random), except: Set(except))
  }

  @Test(arguments: places.indices, [UInt64(1), 2, 3, 4])
  func `are those of the clock on the wall, whatever it does`(index: Int, seed: UInt64) throws {
    let (zone, around) = Self.places[index]
    var random = SeededGenerator(seed: seed &* 100 &+ UInt64(index))
    let hours = QuietHours(spans: (0..<Int.random(in: 1...3, using: &random)).map { _ in Self.span(&random) })
    let holiday = String(around.prefix(10))
    let calendar = try Configuration.parse(
      text: "business: {timezone: \(zone), holidays: [\(holiday)]}", file: "", directory: ""
    ).model.calendar
    let quiet = QuietTimes(hours, calendar: calendar)
    let model = try Model(hours, zone: zone, holidays: [holiday])
    let middle = try #require(try? Date(around, strategy: .iso8601))
    let first = Int64(middle.timeIntervalSince1970) / 60 - 2160
    let expected = (first..<first + 3 * 1440).map { model.letThrough($0) }
    var wrong: [String] = []
    for (offset, letThrough) in expected.enumerated() {
      let instant = Instant(
        milliseconds: (first + Int64(offset)) * 60_000 + Int64.random(in: 0..<60_000, using: &random))
      let hold = quiet.hold(at: instant)
      if hold?.letThrough != letThrough { wrong.append("\(instant.rfc3339): \(String(describing: hold))") }
      if let hold, hold.until <= instant { wrong.append("\(instant.rfc3339): it ends before it") }
      for severity in ["critical", "low"] {
        let next = expected[offset...].firstIndex { $0?.contains(severity) ?? true }
        // What lies beyond what the model was asked for is not compared.
        guard let next else { continue }
        let opening = quiet.opening(for: severity, from: instant)
        let wanted =
          next == offset ? instant : Instant(milliseconds: (first + Int64(next)) * 60_000)
        if opening != wanted {
          wrong.append("\(instant.rfc3339) \(severity): \(opening.rfc3339), not \(wanted.rfc3339)")
        }
      }
    }
    #expect(wrong.prefix(3) == [], "seed \(seed), \(zone), \(hours)")
  }

  @Test func `of every day of a calendar without an end have one all the same`() {
    let days = Set((0..<20_000).map { LocalDay(number: Int32($0 + 20_000)) })
    let calendar = BusinessCalendar(timezone: "UTC", transitions: BusinessCalendar.utc.transitions, holidays: days)
    let hours = QuietHours(spans: [.init(from: 0, to: 1440, weekdays: [], onHolidays: true, except: [])])
    let start = Instant(milliseconds: 1_790_000_000_000)
    #expect(QuietTimes(hours, calendar: calendar).opening(for: "low", from: start) > start)
  }
}

/// What a hook with quiet hours is told, and when. No process is started here and no time passes.
@Suite struct `A hook with quiet hours` {
  typealias Bench = DeliverySchedulerTests.Bench
  /// 2026-09-21T21:30Z; the clock on the wall is UTC.
  private let evening = Instant(milliseconds: 1_790_026_200_000)
  private let hour: Int64 = 3_600_000

  private func bench(except: Set<String> = ["critical"], concurrency: Int = 4) -> Bench {
    let span = QuietHours.Span(from: 22 * 60, to: 7 * 60, weekdays: Set(0..<7), onHolidays: false, except: except)
    let quiet = QuietTimes(QuietHours(spans: [span]), calendar: .utc)
    return Bench([HookPolicy(name: "pager", concurrency: concurrency, quiet: quiet)], now: evening)
  }
  private func ids(_ launches: [DeliveryScheduler.Launch]) -> [[Int64]] {
    launches.map { $0.deliveries.map(\.sequence) }
  }

  @Test func `gets at their end what was owed in them, in order`() {
    let bench = bench()
    bench.now = evening.advanced(by: hour)
    bench.owe(delivery(1, severity: "low"), delivery(2, severity: "low"))
    #expect(bench.launches().isEmpty)
    let morning = evening.advanced(by: 9 * hour + hour / 2)
    #expect(bench.nextWake == morning)
    bench.now = morning
    let first = bench.launches()
    #expect(ids(first) == [[1]])
    bench.end(first[0])
    #expect(ids(bench.launches()) == [[2]])
  }

  @Test func `gets what they let through at once, past what they hold back`() {
    let bench = bench()
    bench.now = evening.advanced(by: hour)
    bench.owe(
      delivery(1, severity: "low"), delivery(2, severity: "critical"), delivery(3, severity: "low"),
      delivery(4, severity: "critical"))
    let first = bench.launches()
    #expect(ids(first) == [[2]])
    bench.end(first[0])
    #expect(ids(bench.launches()) == [[4]])
  }

  @Test func `starts nothing that waited for its turn when they began, and tries nothing again`() {
    let bench = bench(except: [], concurrency: 1)
    bench.owe((1...3).map { delivery($0, account: "a\($0)") })
    let first = bench.launches()
    #expect(ids(first) == [[1]])
    bench.now = evening.advanced(by: hour / 2 + 1000)
    bench.end(first[0], .exited(1))
    #expect(bench.launches().isEmpty)
    bench.now = evening.advanced(by: 5 * hour)
    #expect(bench.launches().isEmpty)
    let morning = evening.advanced(by: 9 * hour + hour / 2)
    #expect(bench.nextWake == morning)
    bench.now = morning
    #expect(ids(bench.launches()) == [[1]])
  }

  private static func config(_ quiet: String) -> String {
    """
    rules:
      busy: {kind: threshold, metric: {count: {window: 24h}}, above: 2, clear: 0, hooks: [note]}
      busier: {kind: threshold, metric: {count: {window: 24h}}, above: 3, clear: 0, severity: critical, hooks: [note]}
    hooks: {note: {run: [/bin/true]\(quiet)}}
    """
  }

  @Test func `has what it owes say when that comes, and a changed config changes it`() throws {
    let quiet = Self.config(#", quiet_hours: {from: "22:00", to: "07:00", except: critical}"#)
    // 2026-09-21T23:30 in Berlin.
    let bench = try AlertBench(quiet, at: evening.milliseconds)
    try bench.events(3)
    let due = "SELECT delivery_id, next_at FROM deliveries"
    #expect(try bench.rows(due) == [["busy:acme:1:firing:note", "2026-09-22T05:00:00.000Z"]])
    try bench.restart(Self.config(#", quiet_hours: {from: "22:00", to: "06:00", except: critical}"#))
    #expect(try bench.rows(due) == [["busy:acme:1:firing:note", "2026-09-22T04:00:00.000Z"]])
    try bench.events(1)
    #expect(try bench.runHooks() == [["busier:acme:1:firing:note"]])
    try bench.restart(Self.config(""))
    #expect(try bench.runHooks() == [["busy:acme:1:firing:note"]])
  }
}
