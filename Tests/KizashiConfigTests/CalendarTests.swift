import Foundation
import KizashiCore
import TestSupport
import Testing

@testable import KizashiConfig

@Suite struct `The business calendar` {
  private func calendar(_ name: String) throws -> BusinessCalendar {
    BusinessCalendar(timezone: name, transitions: try ZoneDatabase(environment: [:]).transitions(of: name))
  }

  /// Seconds since the epoch of a UTC time such as `2015-08-14T15:00`.
  private func seconds(_ text: String) throws -> Int64 {
    let parts = text.split(separator: "T")
    let day = try #require(CivilDate.parse(parts[0]))
    let clock = parts[1].split(separator: ":").compactMap { Int64($0) }
    return Int64(day.number) * 86_400 + clock[0] * 3600 + clock[1] * 60
  }

  /// The offset in force at an instant, straight from the table.
  private func offset(_ calendar: BusinessCalendar, at seconds: Int64) -> Int {
    let last = calendar.transitions.last { $0.since <= seconds } ?? calendar.transitions[0]
    return Int(last.offset)
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `business days of a span are those that are counted one by one`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let weekend = Set((0..<7).filter { _ in Int.random(in: 0..<3, using: &random) == 0 })
    let holidays = Set((0..<60).map { _ in LocalDay(number: Int32.random(in: -400...400, using: &random)) })
    let calendar = BusinessCalendar(
      timezone: "UTC", transitions: BusinessCalendar.utc.transitions, weekend: weekend, holidays: holidays)
    for day in Int32(-400)...400 {
      let isOff = weekend.contains(CivilDate.weekday(days: Int(day))) || holidays.contains(LocalDay(number: day))
      #expect(calendar.isBusinessDay(LocalDay(number: day)) == !isOff, "seed \(seed), day \(day)")
    }
    for _ in 0..<200 {
      let last = Int32.random(in: -420...420, using: &random)
      let day = Int32.random(in: -420...420, using: &random)
      let counted = last < day ? (last + 1...day).count { calendar.isBusinessDay(LocalDay(number: $0)) } : 0
      let days = calendar.businessDays(after: LocalDay(number: last), through: LocalDay(number: day))
      #expect(days == Int64(counted), "seed \(seed): \(last) to \(day)")
    }
  }

  @Test(arguments: [
    // Changes that are not daylight saving, with the offsets in minutes before and after.
    ("Asia/Pyongyang", "2015-08-14T15:00", 540, 510),
    ("Asia/Pyongyang", "2018-05-04T15:00", 510, 540),
    ("Pacific/Apia", "2011-12-30T10:00", -600, 840),
    ("Pacific/Kiritimati", "1994-12-31T10:00", -600, 840),
    ("Europe/Istanbul", "2016-03-27T01:00", 120, 180),
    ("Asia/Kathmandu", "1985-12-31T18:30", 330, 345),
    ("America/Caracas", "2016-05-01T07:00", -270, -240),
    // Daylight saving, in the listed years and by the rule at the file's end.
    ("Europe/Berlin", "2026-03-29T01:00", 60, 120),
    ("Europe/Berlin", "2026-10-25T01:00", 120, 60),
    ("Europe/Berlin", "2099-10-25T01:00", 120, 60),
    ("America/New_York", "2100-03-14T07:00", -300, -240),
    ("Australia/Lord_Howe", "2060-10-02T15:30", 630, 660),
    ("America/Nuuk", "2050-03-27T01:00", -120, -60),
    // Morocco stands still in Ramadan.
    ("Africa/Casablanca", "2026-02-15T02:00", 60, 0),
    ("Africa/Casablanca", "2026-03-22T02:00", 0, 60),
  ])
  func `knows this change`(zone: String, instant: String, before: Int, after: Int) throws {
    let calendar = try calendar(zone)
    let moment = try seconds(instant)
    #expect(offset(calendar, at: moment - 1) == before * 60)
    #expect(offset(calendar, at: moment) == after * 60)
  }

  @Test func `Apia has no 30th of December 2011`() throws {
    let apia = try calendar("Pacific/Apia")
    let last = Tile(hour: Int32(try seconds("2011-12-30T09:00") / 3600))
    #expect(apia.day(of: last) == CivilDate.parse("2011-12-29"))
    #expect(apia.day(of: Tile(hour: last.hour + 1)) == CivilDate.parse("2011-12-31"))
  }

  // Foundation carries a release of the zone rules of its own. Releases differ in what is still to come, and now and then in
  // what was long ago: so only the years between are compared.
  @Test(arguments: [
    "Asia/Tokyo", "Europe/London", "Europe/Dublin", "America/Sao_Paulo", "America/St_Johns", "Asia/Tehran",
    "Asia/Kolkata", "Australia/Sydney", "Pacific/Auckland", "Pacific/Chatham", "Africa/Johannesburg", "America/Chicago",
    "America/Havana", "Asia/Jerusalem", "Europe/Moscow", "Antarctica/Troll", "Pacific/Apia", "Asia/Pyongyang",
  ])
  func `agrees with Foundation from 1980 to 2024`(zone: String) throws {
    let calendar = try calendar(zone)
    let foundation = try #require(TimeZone(identifier: zone))
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    let years = try seconds("1980-01-01T00:00")..<seconds("2025-01-01T00:00")
    var moments = (0..<500).map { _ in Int64.random(in: years, using: &generator) }
    for transition in calendar.transitions where years.contains(transition.since) {
      moments += [transition.since - 1, transition.since]
    }
    for moment in moments {
      let expected = foundation.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(moment)))
      #expect(offset(calendar, at: moment) == expected, "\(zone) at \(moment), seed \(seed)")
    }
  }

  @Test func `reads every zone of the system, ascending, with days that never go back`() throws {
    let table = try String(contentsOfFile: "/usr/share/zoneinfo/tzdata.zi", encoding: .utf8)
    let names = table.split(separator: "\n").filter { $0.hasPrefix("Z ") }.map { String($0.split(separator: " ")[1]) }
    #expect(names.count > 300)
    for name in names {
      let transitions = try calendar(name).transitions
      #expect(transitions[0].since == .min, "\(name)")
      for (a, b) in zip(transitions, transitions.dropFirst()) {
        #expect(a.since < b.since && a.offset != b.offset, "\(name)")
        // A day may be skipped; none is repeated.
        #expect(b.offset - a.offset > -86_400, "\(name)")
      }
      #expect(transitions.count < 400, "\(name)")
    }
  }

  @Test func `dates and day numbers agree with Foundation`() throws {
    var gregorian = Calendar(identifier: .gregorian)
    gregorian.timeZone = try #require(TimeZone(secondsFromGMT: 0))
    for number in stride(from: -30_000, through: 60_000, by: 37) {
      let parts = gregorian.dateComponents(
        [.year, .month, .day, .weekday], from: Date(timeIntervalSince1970: TimeInterval(number) * 86_400))
      let date = CivilDate.date(days: number)
      #expect([date.year, date.month, date.day] == [parts.year, parts.month, parts.day])
      #expect(CivilDate.days(year: date.year, month: date.month, day: date.day) == number)
      #expect(CivilDate.weekday(days: number) + 1 == parts.weekday)
      let day = LocalDay(number: Int32(number))
      #expect(CivilDate.parse(CivilDate.text(day)) == day)
    }
    for text in ["2026-2-3", "2026-13-01", "2025-02-29", "20260203", "2026-02-03x", "0000-01-01", "２０２６-02-03"] {
      #expect(CivilDate.parse(text) == nil, "\(text)")
    }
  }

  @Test func `zone rules in POSIX notation`() throws {
    let berlin = try #require(PosixZone("CET-1CEST,M3.5.0,M10.5.0/3"))
    #expect(
      berlin.changes(in: 2026).map(\.since) == [
        Int(try seconds("2026-03-29T01:00")), Int(try seconds("2026-10-25T01:00")),
      ])
    let godthab = try #require(PosixZone("<-02>2<-01>,M3.5.0/-1,M10.5.0/0"))
    #expect(godthab.changes(in: 2026).map(\.offset) == [-3600, -7200])
    let julian = try #require(PosixZone("AAA3BBB,J60/0,300"))
    #expect(julian.changes(in: 2024)[0].since == Int(try seconds("2024-03-01T03:00")))
    #expect(julian.changes(in: 2024)[1].since == Int(try seconds("2024-10-27T04:00")))
    #expect(PosixZone("<+0545>-5:45")?.standard == 20_700)
    // No farther from UTC than a day, where a score's history has room for the days.
    #expect(PosixZone("CET-24")?.standard == PosixZone.farthest)
    for text in [
      "", "A-1", "CET", "CET-1CEST", "CET-1CEST,M13.1.0,M10.5.0", "CET-1CEST,M3.5.0", "CET-200", "<+01-1",
      "CET-24:00:01",
      "CET-24CEST,M3.5.0,M10.5.0", "CET24:01",
    ] {
      #expect(PosixZone(text) == nil, "\(text)")
    }
  }

  @Test func `a damaged zone file is refused, whatever is wrong with it`() throws {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin")))
    #expect(try ZoneFile(bytes).transitions.count > 200)
    for length in stride(from: 0, to: bytes.count, by: 7) {
      #expect(throws: ZoneFile.Malformed.self, "cut to \(length)") { _ = try ZoneFile(Array(bytes[..<length])) }
    }
    // The first offset of the newer block, a day and a second from UTC.
    var far = bytes
    let block = try #require(bytes.indices.last { bytes[$0...].starts(with: Array("TZif".utf8)) })
    let times = bytes[block + 32..<block + 36].reduce(0) { $0 << 8 | Int($1) }
    let second = Int32(PosixZone.farthest + 1).bigEndian
    withUnsafeBytes(of: second) { far.replaceSubrange(block + 44 + times * 9..<block + 48 + times * 9, with: $0) }
    #expect(throws: ZoneFile.Malformed.self) { _ = try ZoneFile(far) }
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<2000 {
      // It may still be a zone; it must not crash.
      var damaged = bytes
      damaged[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      _ = try? ZoneFile(damaged)
    }
  }

  @Test func `a machine without zone files knows UTC and says what is missing for others`() throws {
    let scratch = try ScratchFolder()
    let environment = ["TZDIR": scratch.path]
    #expect(try parse("business: {timezone: UTC}", environment: environment).model.calendar.timezone == "UTC")
    do {
      _ = try parse("business: {timezone: Asia/Tokyo}", environment: environment)
      Issue.record("accepted")
    } catch ConfigurationError.problems(let problems) {
      #expect(problems[0].hint == "install tzdata, or set TZDIR to where they are")
    }
    _ = try scratch.write("Broken", "TZif")
    _ = try scratch.write("zone.tab", "XX\t+0\tBroken\n")
    do {
      _ = try parse("business: {timezone: Broken}", environment: environment)
      Issue.record("accepted")
    } catch ConfigurationError.problems(let problems) {
      #expect(problems[0].message.contains("it is no time-zone file"))
    }
  }
}
