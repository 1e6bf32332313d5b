import KizashiCore
import KizashiDecode
import TestSupport
import Testing

@Suite struct InstantTests {
  /// The instant of a `timestamp` given as JSON; nil: `bad_timestamp`.
  static func instant(_ json: String, _ zone: BusinessCalendar? = nil) -> Int64? {
    var options = DecodeOptions()
    options.naiveTimezone = zone
    guard let row = decodeOne(#"{"timestamp":\#(json),"account":"a","event":"e"}"#, options) else { return nil }
    return row.kind == .usage ? row.at : nil
  }

  static let table: [(String, Int64?)] = [
    // RFC 3339.
    (#""1970-01-01T00:00:00Z""#, 0),
    (#""2025-06-01T12:34:56Z""#, 1_748_781_296_000),
    (#""2025-06-01 12:34:56Z""#, 1_748_781_296_000),
    (#""2025-06-01t12:34:56z""#, 1_748_781_296_000),
    (#""2025-06-01T12:34:56.5Z""#, 1_748_781_296_500),
    (#""2025-06-01T12:34:56.05Z""#, 1_748_781_296_050),
    (#""2025-06-01T12:34:56.123456Z""#, 1_748_781_296_123),
    (#""2025-06-01T12:34:56.999999999999999999999999Z""#, 1_748_781_296_999),
    (#""2025-06-01T12:34:56.000000+00:00""#, 1_748_781_296_000),
    (#""2025-06-01T12:34:56-00:00""#, 1_748_781_296_000),
    (#""2025-06-01T21:34:56+09:00""#, 1_748_781_296_000),
    (#""2025-06-01T21:34:56+0900""#, 1_748_781_296_000),
    (#""2025-06-01T07:04:56.25-0530""#, 1_748_781_296_250),
    (#""2025-06-01T12:34:56\u005a""#, 1_748_781_296_000),
    (#""1969-12-31T23:59:59.9999Z""#, -1),
    (#""2024-02-29T00:00:00Z""#, 1_709_164_800_000),
    (#""2000-02-29T00:00:00Z""#, 951_782_400_000),
    (#""0000-01-01T00:00:00Z""#, -62_167_219_200_000),
    (#""9999-12-31T23:59:59.999Z""#, 253_402_300_799_999),
    (#""0000-01-01T00:00:00+00:01""#, nil),
    (#""9999-12-31T23:59:59.999-00:01""#, nil),
    (#""2025-02-29T00:00:00Z""#, nil),
    (#""1900-02-29T00:00:00Z""#, nil),
    (#""2025-04-31T00:00:00Z""#, nil),
    (#""2025-00-10T00:00:00Z""#, nil),
    (#""2025-13-10T00:00:00Z""#, nil),
    (#""2025-01-00T00:00:00Z""#, nil),
    (#""2025-01-01T24:00:00Z""#, nil),
    (#""2025-01-01T23:60:00Z""#, nil),
    (#""2016-12-31T23:59:60Z""#, nil),
    (#""2025-01-01T00:00:00""#, nil),
    (#""2025-01-01T00:00:00.5""#, nil),
    (#""2025-01-01T00:00:00.Z""#, nil),
    (#""2025-01-01T00:00:00,5Z""#, nil),
    (#""2025-01-01T00:00Z""#, nil),
    (#""2025-01-01""#, nil),
    (#""2025-01-01_00:00:00Z""#, nil),
    (#""2025-01-01T00:00:00 Z""#, nil),
    (#""2025-01-01T00:00:00Z ""#, nil),
    (#"" 2025-01-01T00:00:00Z""#, nil),
    (#""2025-01-01T00:00:00+9""#, nil),
    (#""2025-01-01T00:00:00+09""#, nil),
    (#""2025-01-01T00:00:00+24:00""#, nil),
    (#""2025-01-01T00:00:00+09:60""#, nil),
    (#""2025-01-01T00:00:00+09:0""#, nil),
    (#""2025-01-01T00:00:00+09-00""#, nil),
    (#""2025-01-01T00:00:00ZZ""#, nil),
    (#""2025-1-1T00:00:00Z""#, nil),
    (#""20250101T000000Z""#, nil),
    (#""2025-0x-01T00:00:00Z""#, nil),
    (#""+2025-01-01T00:00:00Z""#, nil),
    // Epoch numbers, told apart by size.
    ("0", 0),
    ("-0", 0),
    ("1748781296", 1_748_781_296_000),
    ("99999999999", 99_999_999_999_000),
    ("100000000000", 100_000_000_000),
    ("99999999999999", 99_999_999_999_999),
    ("100000000000000", 100_000_000_000),
    ("1748781296123456", 1_748_781_296_123),
    ("99999999999999999", 99_999_999_999_999),
    ("100000000000000000", 100_000_000_000),
    ("1748781296123456789", 1_748_781_296_123),
    ("18446744073709551615", 18_446_744_073_709),
    ("-1", -1000),
    ("-100000000000", -100_000_000_000),
    ("-100000000000001", -100_000_000_001),
    ("-1748781296123456789", -1_748_781_296_124),
    ("-9223372036854775808", -9_223_372_036_855),
    ("-62167219200", -62_167_219_200_000),
    ("-62167219201", nil),
    // Fractions: from the text, cut by floor.
    ("1748781296.123", 1_748_781_296_123),
    ("1748781296.1239999999999999999999999999", 1_748_781_296_123),
    ("1748781296.0019999999999999999999999999", 1_748_781_296_001),
    ("9007199254740.9939", 9_007_199_254_740),
    ("99999999999.9999", 99_999_999_999_999),
    ("0.0005", 0),
    ("-0.0005", -1),
    ("-0.001", -1),
    ("-0.0", 0),
    ("1.7e9", 1_700_000_000_000),
    ("1.7E+9", 1_700_000_000_000),
    ("17e8", 1_700_000_000_000),
    ("170000000000e-2", 1_700_000_000_000),
    ("1.748781296123456789e18", 1_748_781_296_123),
    ("1e-400", 0),
    ("1e21", nil),
    ("1e20", 100_000_000_000_000),
    ("1e300", nil),
    // The same as strings of digits.
    (#""1748781296""#, 1_748_781_296_000),
    (#""1748781296123""#, 1_748_781_296_123),
    (#""01748781296123""#, 1_748_781_296_123),
    (#""1748781296123456789""#, 1_748_781_296_123),
    (#""0""#, 0),
    (#""1748781296.25""#, nil),
    (#""1748781296.0""#, nil),
    (#""-1""#, nil),
    (#""-0""#, nil),
    (#""+1""#, nil),
    (#""1e9""#, nil),
    (#""1.""#, nil),
    (#"".5""#, nil),
    (#""-""#, nil),
    (#""0x10""#, nil),
    (#"" 1""#, nil),
    (#""99999999999999999999999999""#, nil),
  ]

  @Test(arguments: table)
  func `each form of timestamp gives its instant or is refused`(_ json: String, _ expected: Int64?) {
    #expect(Self.instant(json) == expected)
    if expected == nil {
      #expect(decodeOne(#"{"timestamp":\#(json),"account":"a","event":"e"}"#)?.reason == .badTimestamp)
    }
  }

  @Test func `thirty-one offsets name one instant`() {
    let offsets = [
      "-12:00", "-11:00", "-10:00", "-09:30", "-09:00", "-08:00", "-07:00", "-06:00", "-05:00", "-04:00", "-03:30",
      "-03:00", "-02:00", "-01:00", "+00:00", "+01:00", "+02:00", "+03:00", "+03:30", "+04:00", "+04:30", "+05:00",
      "+05:30", "+05:45", "+06:30", "+08:45", "+09:00", "+09:30", "+10:30", "+12:45", "+14:00",
    ]
    #expect(offsets.count == 31)
    for offset in offsets {
      let minutes = (Int(offset.dropFirst().prefix(2)) ?? 0) * 60 + (Int(offset.suffix(2)) ?? 0)
      let local = 15 * 1440 + 720 + (offset.hasPrefix("-") ? -minutes : minutes)
      let text = "2025-06-\(pad(local / 1440, 2))T\(pad(local % 1440 / 60, 2)):\(pad(local % 60, 2)):00"
      #expect(Self.instant(quoted(text + offset)) == 1_749_988_800_000, "\(offset)")
      #expect(Self.instant(quoted(text + offset.filter { $0 != ":" })) == 1_749_988_800_000, "\(offset)")
    }
  }

  @Test func `a fractional timestamp is found among escapes, nesting and repeated keys`() {
    let lines = [
      #"{"timestamp":1.5,"timestamp":1748781296.123,"account":"a","event":"e"}"#,
      #"{"time\u0073tamp":1748781296.123,"account":"a","event":"e"}"#,
      #"{"x":{"timestamp":2.5,"y":"}\"{"},"timestamp" : 1748781296.123 ,"z":[{"timestamp":3.5}],"#
        + #""account":"a","event":"e"}"#,
      #"  {"s":"\\\"timestamp\":4.5","account":"a","event":"e","timestamp":1748781296.123}  "#,
      #"{"timestamp":"never","account":"a","event":"e","timestamp":1748781296.123}"#,
    ]
    for line in lines { #expect(decodeOne(line)?.at == 1_748_781_296_123, "\(line)") }
  }

  @Test func `a line without a timestamp happened when it was read, where the source says so`() {
    var options = DecodeOptions()
    options.receiveTimeIfMissing = true
    let line = #"{"account":"a","event":"e"}"#
    #expect(decodeOne(line, options, receivedAt: 77)?.at == 77)
    #expect(decodeOne(line, receivedAt: 77)?.reason == .missingField)
    #expect(decodeOne(#"{"timestamp":null,"account":"a","event":"e"}"#, options, receivedAt: 77)?.at == 77)
    #expect(decodeOne(#"{"timestamp":"x","account":"a","event":"e"}"#, options)?.reason == .badTimestamp)
  }

  @Test func `any calendar text agrees with a model that counts days one by one`() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<4000 {
      let year = Int.random(in: 0...9999, using: &generator)
      let month = Int.random(in: 0...13, using: &generator)
      let day = Int.random(in: 0...32, using: &generator)
      let time = (0..<3).map { Int.random(in: 0...($0 == 0 ? 25 : 61), using: &generator) }
      let fraction = (0..<Int.random(in: 0...9, using: &generator)).map { _ in Int.random(in: 0...9, using: &generator)
      }
      let offset = Int.random(in: -1500...1500, using: &generator)
      let zulu = Bool.random(using: &generator)
      var text =
        "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T\(pad(time[0], 2)):\(pad(time[1], 2)):\(pad(time[2], 2))"
      if !fraction.isEmpty { text += "." + fraction.map(String.init).joined() }
      text += zulu ? "Z" : "\(offset < 0 ? "-" : "+")\(pad(abs(offset) / 60, 2)):\(pad(abs(offset) % 60, 2))"
      let expected = InstantModel.instant(
        year: year, month: month, day: day, time: time, fraction: fraction, offsetMinutes: zulu ? 0 : offset)
      #expect(Self.instant(quoted(text)) == expected, "\(text), seed \(seed)")
    }
  }

  @Test func `any number agrees with a model in exact arithmetic`() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<4000 {
      let digits = Int.random(in: 1...17, using: &generator)
      var whole = String(Int.random(in: 1...9, using: &generator))
      for _ in 1..<max(2, digits) { whole += String(Int.random(in: 0...9, using: &generator)) }
      let fraction = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
        String(Int.random(in: 0...9, using: &generator))
      }.joined()
      let exponent = Int.random(in: 0...3, using: &generator) == 0 ? Int.random(in: -6...3, using: &generator) : nil
      let sign = Bool.random(using: &generator) ? "-" : ""
      let text = sign + whole + (fraction.isEmpty ? "" : "." + fraction) + (exponent.map { "e\($0)" } ?? "")
      let expected = InstantModel.instant(
        negative: sign == "-", digits: whole + fraction, exponent: (exponent ?? 0) - fraction.utf8.count)
      #expect(Self.instant(text) == expected, "\(text), seed \(seed)")
      // In quotes it is a string of digits or nothing.
      let isDigits = sign.isEmpty && fraction.isEmpty && exponent == nil
      #expect(Self.instant(quoted(text)) == (isDigits ? expected : nil), "\(text), seed \(seed)")
    }
  }

  @Test func `a time without an offset is local where the source names a zone`() {
    // One hour ahead, two in summer from 2025-03-30T01:00Z to 2025-10-26T01:00Z.
    let summer: Int64 = 1_743_296_400
    let winter: Int64 = 1_761_440_400
    let zone = BusinessCalendar(
      timezone: "test",
      transitions: [
        .init(since: .min, offset: 3600), .init(since: summer, offset: 7200), .init(since: winter, offset: 3600),
      ])
    #expect(Self.instant(#""2025-01-01T12:00:00""#, zone) == 1_735_729_200_000)
    #expect(Self.instant(#""2025-07-01 12:00:00.25""#, zone) == 1_751_364_000_250)
    #expect(Self.instant(#""2025-07-01T12:00:00Z""#, zone) == 1_751_371_200_000)
    // 02:00–03:00 did not happen: as far behind the jump as the clock says.
    #expect(Self.instant(#""2025-03-30T01:59:59""#, zone) == summer * 1000 - 1000)
    #expect(Self.instant(#""2025-03-30T02:30:00""#, zone) == summer * 1000 + 1_800_000)
    #expect(Self.instant(#""2025-03-30T03:00:00""#, zone) == summer * 1000)
    // 02:00–03:00 happened twice: the first.
    #expect(Self.instant(#""2025-10-26T02:30:00""#, zone) == winter * 1000 - 1_800_000)
    #expect(Self.instant(#""2025-10-26T03:00:00""#, zone) == winter * 1000 + 3_600_000)
    #expect(Self.instant(#""2025-07-01T12:00:00""#, .utc) == 1_751_371_200_000)
  }
}

private func pad(_ value: Int, _ width: Int) -> String {
  let text = String(value)
  return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
}

/// The plainest thing that could be right.
enum InstantModel {
  static let first: Int64 = -62_167_219_200_000
  static let last: Int64 = 253_402_300_799_999

  static func isLeap(_ year: Int) -> Bool { year % 400 == 0 || (year % 4 == 0 && year % 100 != 0) }

  static func instant(
    year: Int, month: Int, day: Int, time: [Int], fraction: [Int], offsetMinutes: Int
  ) -> Int64? {
    let lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard (1...12).contains(month), (1...lengths[month - 1]).contains(day) else { return nil }
    guard time[0] < 24, time[1] < 60, time[2] < 60, abs(offsetMinutes) < 1440 else { return nil }
    var days = 0
    for y in min(year, 1970)..<max(year, 1970) { days += isLeap(y) ? 366 : 365 }
    if year < 1970 { days = -days }
    days += lengths.prefix(month - 1).reduce(0, +) + day - 1
    let seconds = ((days * 24 + time[0]) * 60 + time[1] - offsetMinutes) * 60 + time[2]
    let thousandths = (fraction + [0, 0, 0]).prefix(3).reduce(0) { $0 * 10 + $1 }
    let result = Int64(seconds * 1000 + thousandths)
    return (first...last).contains(result) ? result : nil
  }

  static func power(_ exponent: Int) -> Int128 { (0..<exponent).reduce(1) { value, _ in value * 10 } }

  static func instant(negative: Bool, digits: String, exponent: Int) -> Int64? {
    guard let magnitude = Int128(digits) else { return nil }
    // value = magnitude × 10^exponent = numerator / denominator
    let numerator = magnitude * power(max(0, exponent))
    let denominator = power(max(0, -exponent))
    let (up, down): (Int128, Int128) =
      if numerator < power(11) * denominator {
        (1000, 1)
      } else if numerator < power(14) * denominator {
        (1, 1)
      } else if numerator < power(17) * denominator {
        (1, 1000)
      } else {
        (1, 1_000_000)
      }
    let result = Rational((negative ? -numerator : numerator) * up, denominator * down).floor
    return result >= Int128(first) && result <= Int128(last) ? Int64(result) : nil
  }
}
