import KizashiCore
import KizashiDecode
import ReferenceModel
import TestSupport
import Testing

/// What a decoder says of the properties of usage events: what they add up to.
@Suite struct `Sums of properties` {
  /// The amounts of each row as `row property micros`, and the reasons of refused rows.
  private static func read(
    _ text: String, _ summed: [String], _ options: DecodeOptions = DecodeOptions()
  ) -> (amounts: [String], refused: [RefusalReason]) {
    let wanted = WantedProperties(filters: [PropertyFilter(property: "f", value: "1")], summed: summed)
    var batch = EventBatch()
    _ = LineDecoder(options: options, wanted: wanted).rows(Array(text.utf8), batch: &batch)
    #expect(batch.wanted == wanted)
    return (batch.amounts.map { "\($0.row) \($0.property) \($0.micros)" }, batch.refusals.map(\.reason))
  }

  private static func line(_ properties: String, _ more: String = "") -> String {
    #"{"timestamp":0,"account":"a","event":"e","properties":\#(properties)\#(more)}"#
  }

  @Test(
    arguments: [
      ("1", 1_000_000), ("-7", -7_000_000), ("0", 0), ("12.5", 12_500_000), ("0.000001", 1), ("1e3", 1_000_000_000),
      ("1.25E-3", 1250), ("5e-1", 500_000), ("120000e-4", 12_000_000), ("9007199254740993", nil),
      // From its digits: no double holds these.
      ("0.1", 100_000), ("8036854775807.654321", 8_036_854_775_807_654_321),
      ("9007199254.740993", 9_007_199_254_740_993),
      ("0.30000000000000004", 300_000), ("1.00000000000000000000000000000000000001e0", 1_000_000),
      // Half-up is up, also below zero.
      ("0.0000005", 1), ("0.0000004999999999999999999999999", 0), ("-0.0000005", 0),
      ("-0.00000050000000000000000001", -1),
      ("1.2345675", 1_234_568), ("-1.2345675", -1_234_567), ("-1.2345676", -1_234_568), ("9.9999995", 10_000_000),
      ("0.00000049", 0), ("0.00000005", 0), ("1e-7", 0), ("5e-7", 1), ("-5e-7", 0), ("1e-400", 0), ("0e400", 0),
      // The largest and the smallest there are, and the next.
      ("9223372036854.775807", .max), ("9223372036854.775808", nil), ("9223372036854.7758074999", .max),
      ("9223372036854.7758075", nil), ("-9223372036854.775808", .min), ("-9223372036854.7758085", .min),
      ("-9223372036854.77580850001", nil), ("9223372036855", nil), ("-9223372036855", nil),
      ("9223372036854", .max - 775807),
      ("1e13", nil), ("1e12", 1_000_000_000_000_000_000), ("1e300", nil), ("18446744073709551615", nil),
      ("10000000000000.0", nil),
    ] as [(String, Int64?)])
  func `are read from the digits of a number, and of a text that is one`(number: String, micros: Int64?) {
    for text in [number, "\"\(number)\"", "\"\(number.hasPrefix("-") ? "-00" : "+00")\(number.trimmed)\""] {
      let (amounts, refused) = Self.read(Self.line(#"{"x":[1,2],"p": \#(text) ,"q":"z"}"#), ["p"])
      #expect(amounts == (micros ?? 0 == 0 ? [] : ["0 0 \(micros ?? 0)"]), "\(text)")
      #expect(refused == (micros == nil ? [.badType] : []), "\(text)")
    }
  }

  @Test func `any text means what it means to a model that moves its point`() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    func digits(_ most: Int) -> String {
      let kinds = [["0"], ["9"], ["0", "5"], ["4", "9"], (0...9).map { "\($0)" }]
      let kind = random.pick(kinds)
      return (0..<random.int(0...most)).map { _ in random.pick(kind) }.joined()
    }
    var numbers = 0
    for _ in 0..<4000 {
      var text = random.pick(["", "", "-", "+"]) + digits(16)
      if random.chance(70) { text += "." + digits(random.chance(20) ? 40 : 9) }
      if random.chance(30) {
        text += random.pick(["e", "E"]) + random.pick(["", "-", "+"]) + "\(random.int(0...random.pick([3, 25])))"
      }
      if random.chance(3) { text += random.pick([" ", "x", ".", "e"]) }
      let (amounts, refused) = Self.read(Self.line("{\"p\":\"\(text)\"}"), ["p"])
      let expected = ReferenceEvent.micros(text)
      numbers += expected == nil ? 0 : 1
      let fits = expected.map { Int64(exactly: $0) != nil } ?? true
      #expect(refused == (fits ? [] : [.badType]), "\(text), seed \(seed)")
      #expect(amounts == (fits && (expected ?? 0) != 0 ? ["0 0 \(expected ?? 0)"] : []), "\(text), seed \(seed)")
    }
    #expect(numbers > 1000, "seed \(seed)")
  }

  @Test(arguments: [
    "null", "true", "false", "\"\"", "\"five\"", "\"5 \"", "\" 5\"", "\"1,5\"", "\"5.\"", "\".5\"", "\"1e\"", "\"0x5\"",
    "\"--5\"", "\"+\"", "\"NaN\"", "\"5\\u0000\"", "\"٥\"", "[5]", "{\"p\":5}",
  ])
  func `are not made of what is no number`(value: String) {
    let (amounts, refused) = Self.read(Self.line(#"{"p":\#(value)}"#), ["p"])
    #expect(amounts.isEmpty)
    #expect(refused.isEmpty)
  }

  @Test func `count a line as so many events, each with its value`() {
    #expect(Self.read(Self.line(#"{"p":0.0000005}"#, #","count":7"#), ["p"]).amounts == ["0 0 7"])
    #expect(Self.read(Self.line(#"{"p":-2.5}"#, #","count":1000000"#), ["p"]).amounts == ["0 0 -2500000000000"])
    #expect(Self.read(Self.line(#"{"p":9223372}"#, #","count":1000000"#), ["p"]).amounts == ["0 0 9223372000000000000"])
    #expect(Self.read(Self.line(#"{"p":9223373}"#, #","count":1000000"#), ["p"]).refused == [.badType])
    #expect(Self.read(Self.line(#"{"p":0}"#, #","count":1000000"#), ["p"]).amounts.isEmpty)
  }

  @Test func `are of usage, of the properties asked for, and of the last of repeated keys`() {
    let lines = [
      Self.line(#"{"b":1,"a":2,"c":3}"#), Self.line(#"{"a":1e30}"#), Self.line(#"{"a":1,"a":2.5,"b":7,"b":null}"#),
      #"{"timestamp":0,"account":"a","event":"survey.responded","properties":{"a":1e30}}"#,
      #"{"timestamp":0,"account":"a","type":"group","traits":{"a":1e30}}"#, #"{"timestamp":0,"type":"heartbeat"}"#,
      #"{"timestamp":0,"account":"a","event":"e"}"#, Self.line(#"{"a":1e30,"a":"x","f":1}"#), "no JSON",
      Self.line(#"{"d":{"a":5},"a":"4e0"}"#),
    ].joined(separator: "\n")
    let (amounts, refused) = Self.read(lines, ["a", "b"])
    #expect(amounts == ["0 0 2000000", "0 1 1000000", "2 0 2500000", "9 0 4000000"])
    #expect(refused == [.badType, .badJSON])
    #expect(Self.read(lines, []).amounts.isEmpty)
    #expect(Self.read(lines, []).refused == [.badJSON])
  }

  @Test func `are refused behind a missing field, before a bad time`() {
    #expect(Self.read(#"{"timestamp":0,"event":"e","properties":{"p":1e30}}"#, ["p"]).refused == [.missingField])
    let badTime = #"{"timestamp":"soon","account":"a","event":"e","properties":{"p":1e30}}"#
    #expect(Self.read(badTime, ["p"]).refused == [.badType])
    let fraction = #"{"timestamp":1e99,"account":"a","event":"e","properties":{"p":1}}"#
    #expect(Self.read(fraction, ["p"]).refused == [.badTimestamp])
    #expect(Self.read(fraction, ["p"]).amounts.isEmpty)
    let nul = #"{"timestamp":0,"account":"a\u0000","event":"e","properties":{"p":1}}"#
    #expect(Self.read(nul, ["p"]).amounts.isEmpty)
  }

  @Test func `are found where a format has its properties`() {
    let properties = #"{"amount":19.99,"cost":"0.5"}"#
    let segment = #"{"type":"track","timestamp":0,"event":"e","groupId":"a","userId":"u","properties":\#(properties)}"#
    let batch = #"{"batch":[\#(segment),{"type":"alias"},\#(segment)]}"#
    let summed = ["amount", "cost"]
    let expected = ["0 0 19990000", "0 1 500000"]
    #expect(Self.read(batch, summed, reading(.segment)).amounts == expected + ["2 0 19990000", "2 1 500000"])
    let posthog = """
      {"event":"e","uuid":"1","timestamp":"2026-01-01T00:00:00Z","distinct_id":"u",\
      "properties":{"$groups":{"company":["a","b"]},"amount":19.99,"cost":"0.5"}}
      """
    var each = reading(.posthog(groupType: "company"))
    each.eachAccount = true
    #expect(Self.read(posthog, summed, each).amounts == expected + ["1 0 19990000", "1 1 500000"])
    var mapping = FieldMapping()
    mapping.unwrap = "/log"
    mapping.account = .pointers(["/a"])
    mapping.event = .constant("e")
    mapping.count = .pointers(["/n"])
    mapping.timestamp = .constant("2026-01-01T00:00:00Z")
    mapping.properties = "/details/0"
    let inner = #"{"a":"x","n":3,"details":[\#(properties)]}"#
    let thrice = ["0 0 59970000", "0 1 1500000"]
    #expect(Self.read(#"{"log":\#(inner)}"#, summed, reading(.custom(mapping))).amounts == thrice)
    #expect(Self.read(#"{"log":\#(quoted(inner))}"#, summed, reading(.custom(mapping))).amounts == thrice)
  }
}

extension String {
  /// Without a sign.
  fileprivate var trimmed: Substring { hasPrefix("-") ? dropFirst() : self[...] }
}
