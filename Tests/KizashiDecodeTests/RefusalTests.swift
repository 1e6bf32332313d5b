import KizashiCore
import KizashiDecode
import Testing

@Suite struct RefusalTests {
  static let long = String(repeating: "x", count: 257)
  static let limit = String(repeating: "x", count: 256)
  static func nested(_ depth: Int) -> String {
    String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
  }

  /// A line and why it is refused; nil: it is not.
  static let table: [(String, RefusalReason?)] = [
    (#"{"timestamp":0,"account":"a","event":"e"}"#, nil),
    // What simdjson refuses.
    (#"{"timestamp":0,"account":"a","event":"e""#, .badJSON),
    (#"{"timestamp":0,"account":"a","event":"e"} {"timestamp":0,"account":"a","event":"e"}"#, .badJSON),
    (#"{"timestamp":0,"account":"a","event":"e"}x"#, .badJSON),
    (#"{"timestamp":0,"account":"a","event":"e","x":"\ud800"}"#, .badJSON),
    (#"{"timestamp":0,"account":"a","event":"e","x":1e400}"#, .badJSON),
    (#"{"timestamp":0,"account":"a","event":"e","x":18446744073709551616}"#, .badJSON),
    (#"{"timestamp":0,"account":"a","event":"e","x":NaN}"#, .badJSON),
    (#"{"timestamp":0,"account":"a","event":"e","x":{"y":[1,2,}}"#, .badJSON),
    (#"{"timestamp":0,"account":"a","event":"e","x":01}"#, .badJSON),
    ("{\"timestamp\":0,\"account\":\"a\u{1}\",\"event\":\"e\"}", .badJSON),
    (#"{'timestamp':0}"#, .badJSON),
    ("\u{FEFF}\u{FEFF}{}", .badJSON),
    // Nesting: the object itself is the first level.
    (#"{"timestamp":0,"account":"a","event":"e","x":\#(nested(999))}"#, nil),
    (#"{"timestamp":0,"account":"a","event":"e","x":\#(nested(1000))}"#, .badJSON),
    (nested(1000), .notObject),
    (nested(1001), .badJSON),
    // Valid, but no event.
    ("[]", .notObject),
    ("1", .notObject),
    ("null", .notObject),
    (#""text""#, .notObject),
    // Missing comes before anything else a field can be.
    ("{}", .missingField),
    (#"{"timestamp":0,"account":"a"}"#, .missingField),
    (#"{"timestamp":0,"event":"e"}"#, .missingField),
    (#"{"account":"a","event":"e"}"#, .missingField),
    (#"{"timestamp":null,"account":"a","event":"e"}"#, .missingField),
    (#"{"timestamp":0,"account":null,"event":"e"}"#, .missingField),
    (#"{"timestamp":0,"account":"a","event":null}"#, .missingField),
    (#"{"timestamp":0,"account":"","event":"e"}"#, .missingField),
    (#"{"timestamp":0,"account":"a","event":""}"#, .missingField),
    (#"{"timestamp":true,"account":"a"}"#, .missingField),
    (#"{"timestamp":"yesterday","account":[]}"#, .missingField),
    (#"{"type":"group","timestamp":0}"#, .missingField),
    (#"{"type":"group","timestamp":0,"account":""}"#, .missingField),
    (#"{"type":"identify","user":"u"}"#, .missingField),
    (#"{"type":"heartbeat"}"#, .missingField),
    (#"{"type":"nonsense"}"#, .missingField),
    // Wrong types.
    (#"{"timestamp":true,"account":"a","event":"e"}"#, .badType),
    (#"{"timestamp":{},"account":"a","event":"e"}"#, .badType),
    (#"{"timestamp":["2025-01-01T00:00:00Z"],"account":"a","event":"e"}"#, .badType),
    (#"{"timestamp":0,"account":1.5,"event":"e"}"#, .badType),
    (#"{"timestamp":0,"account":1e3,"event":"e"}"#, .badType),
    (#"{"timestamp":0,"account":true,"event":"e"}"#, .badType),
    (#"{"timestamp":0,"account":["a"],"event":"e"}"#, .badType),
    (#"{"timestamp":0,"account":{},"event":"e"}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":1}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":{}}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","user":false}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","user":0.5}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","id":[]}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","count":0}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","count":-1}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","count":1.5}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","count":1.0}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","count":"2"}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","count":9223372036854775808}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","count":9223372036854775807}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","count":1099511627777}"#, .badType),
    (#"{"timestamp":"never","account":"a","event":"e","count":1099511627777}"#, .badType),
    (#"{"timestamp":0,"account":"\#(long)","event":"e","count":1099511627777}"#, .badType),
    (#"{"timestamp":0,"account":"a","count":1099511627777}"#, .missingField),
    (#"{"timestamp":0,"account":"a","event":"e","count":1099511627776}"#, nil),
    (#"{"timestamp":0,"account":"a","event":"e","count":null}"#, nil),
    (#"{"timestamp":0,"account":"a","event":"e","type":"page"}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","type":""}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","type":7}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","type":null}"#, nil),
    (#"{"timestamp":0,"account":"a","event":"e","properties":[]}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","properties":null}"#, nil),
    (#"{"timestamp":0,"account":"a","event":"e","traits":"x"}"#, .badType),
    (#"{"timestamp":0,"account":"a\u0000","event":"e"}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"\u0000"}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","user":"u\u0000v"}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","id":"\u0000"}"#, .badType),
    (#"{"timestamp":0,"account":"a","event":"e","other":"\u0000"}"#, nil),
    (#"{"timestamp":"never","account":"a","event":7}"#, .badType),
    (#"{"timestamp":"never","account":"a\u0000","event":"e"}"#, .badType),
    // Bad instants come before long names.
    (#"{"timestamp":"never","account":"a","event":"e"}"#, .badTimestamp),
    (#"{"timestamp":"","account":"a","event":"e"}"#, .badTimestamp),
    (#"{"timestamp":"never","account":"\#(long)","event":"e"}"#, .badTimestamp),
    // Long names, in bytes.
    (#"{"timestamp":0,"account":"\#(long)","event":"e"}"#, .tooLong),
    (#"{"timestamp":0,"account":"a","event":"\#(long)"}"#, .tooLong),
    (#"{"timestamp":0,"account":"a","event":"e","user":"\#(long)"}"#, .tooLong),
    (#"{"timestamp":0,"account":"a","event":"e","id":"\#(long)"}"#, .tooLong),
    (#"{"timestamp":0,"account":"\#(limit)","event":"\#(limit)","user":"\#(limit)","id":"\#(limit)"}"#, nil),
    (#"{"timestamp":0,"account":"\#(String(repeating: "é", count: 129))","event":"e"}"#, .tooLong),
    (#"{"timestamp":0,"account":"\#(String(repeating: "é", count: 128))","event":"e"}"#, nil),
  ]

  @Test(arguments: table)
  func `a line is refused for the first reason that holds`(_ line: String, _ reason: RefusalReason?) {
    let row = decodeOne(line)
    #expect(row?.reason == reason)
    #expect(row?.kind == (reason == nil ? .usage : .refused))
  }

  @Test func `text that is not UTF-8 is called so, whatever else is wrong with it`() {
    for bytes: [UInt8] in [
      Array(#"{"timestamp":0,"account":""#.utf8) + [0xFF] + Array(#"","event":"e"}"#.utf8),
      Array("not json ".utf8) + [0xC3],
      [0x22, 0xED, 0xA0, 0x80],
      Array(#"{"a":1} {"b":""#.utf8) + [0xF5, 0x80] + Array(#""}"#.utf8),
    ] {
      #expect(decode(bytes).map(\.reason) == [.notUTF8])
      #expect(decode(bytes, reading(.segment)).map(\.reason) == [.notUTF8])
    }
  }

  @Test func `a line over one mebibyte is oversize and one of exactly that is read`() {
    let head = #"{"timestamp":0,"account":"a","event":"e","x":""#
    func line(_ length: Int) -> [UInt8] {
      Array(head.utf8) + Array(repeating: UInt8(ascii: "y"), count: length - head.utf8.count - 2) + Array(#""}"#.utf8)
    }
    let exact = line(1 << 20)
    #expect(exact.count == 1 << 20)
    #expect(decode(exact).map(\.kind) == [.usage])
    #expect(decode(exact + [0x0D, 0x0A]).map(\.kind) == [.usage])
    #expect(decode(line((1 << 20) + 1)).map(\.reason) == [.oversize])
    #expect(decode(Array(repeating: 0xFF, count: (1 << 20) + 1)).map(\.reason) == [.oversize])
  }

  @Test func `a poison line harms no neighbour`() {
    let good = #"{"timestamp":0,"account":"a","event":"e"}"#
    var chunk: [UInt8] = []
    var expected: [RefusalReason?] = []
    for (line, reason) in Self.table {
      chunk += Array((good + "\n" + line + "\n").utf8)
      expected += [nil, reason]
    }
    #expect(decode(chunk).map(\.reason) == expected)
  }
}
