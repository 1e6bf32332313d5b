import KizashiCore

/// Instants as the views write them: RFC 3339, UTC, milliseconds, `2026-11-19T03:00:00.000Z`.
package enum InstantText {
  /// A calendar day of the proleptic Gregorian calendar.
  package struct Day: Sendable, Equatable {
    /// The year; may be negative.
    package var year: Int64
    /// 1…12.
    package var month: Int
    /// 1…31.
    package var day: Int
  }

  /// The text of an instant.
  package static func text(_ instant: Instant) -> String {
    let seconds = floorDivide(instant.milliseconds, 1000)
    let milliseconds = Int(instant.milliseconds - seconds * 1000)
    let days = floorDivide(seconds, 86_400)
    let second = Int(seconds - days * 86_400)
    let time = "\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))"
    return "\(text(civil(days: days)))T\(time).\(milliseconds < 100 ? "0" : "")\(two(milliseconds))Z"
  }

  /// `2026-11-19 12:00` in a calendar's zone, for people.
  package static func local(_ instant: Instant, _ calendar: BusinessCalendar) -> String {
    let local = text(instant.advanced(by: Int64(calendar.offset(at: instant.tile)) * 1000))
    return "\(local.prefix(10)) \(local.dropFirst(11).prefix(5))"
  }

  /// `2026-11-19`.
  package static func text(_ day: Day) -> String {
    let year = String(day.year.magnitude)
    let zeros = String(repeating: "0", count: max(0, 4 - year.count))
    return "\(day.year < 0 ? "-" : "")\(zeros)\(year)-\(two(day.month))-\(two(day.day))"
  }

  /// The instant of a text of exactly that form (a fraction of any length, or none); nil for anything else.
  package static func instant(_ text: some StringProtocol) -> Instant? {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z") else { return nil }
    for (index, separator) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")] as [(Int, Unicode.Scalar)] {
      guard bytes[index] == UInt8(ascii: separator) else { return nil }
    }
    guard let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
      let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
    else { return nil }
    var milliseconds: Int64 = 0
    if bytes.count > 20 {
      guard bytes[19] == UInt8(ascii: "."), bytes.count > 21 else { return nil }
      let digits = bytes[20..<(bytes.count - 1)]
      guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
      for place in 0..<3 {
        milliseconds = milliseconds * 10 + (place < digits.count ? Int64(digits[20 + place] - 0x30) : 0)
      }
    }
    let seconds = days(year: year, month: Int(month), day: Int(day)) * 86_400 + hour * 3600 + minute * 60 + second
    return Instant(milliseconds: seconds * 1000 + milliseconds)
  }

  /// The day that is `days` after 1970-01-01 (Hinnant, “chrono-Compatible Low-Level Date Algorithms”).
  package static func civil(days: Int64) -> Day {
    let shifted = days + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return Day(
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: Int(month),
      day: Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1))
  }

  /// Days from 1970-01-01 to a day; the inverse of ``civil(days:)``.
  package static func days(year: Int64, month: Int, day: Int) -> Int64 {
    let marchYear = month <= 2 ? year - 1 : year
    let era = floorDivide(marchYear, 400)
    let yearOfEra = marchYear - era * 400
    let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
    digits.allSatisfy { (0x30...0x39).contains($0) } ? digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) } : nil
  }
}
