import KizashiCore

/// A line that is refused, and that takes as long to refuse as its kind can.
///
/// The benchmark reads this file too: what is held to a bound in the tests is what the stages time.
struct Poison: Sendable, CustomStringConvertible {
  let name: String
  let format: SourceFormat
  let line: [UInt8]
  let reason: RefusalReason
  /// Whether a line so long can be refused at about the speed of any other. Not so: simdjson reads the whole line before
  /// its last bytes give it away, and it holds nothing but tokens of one or two bytes, or escapes of two.
  let isDense: Bool

  var description: String { name }

  static let limit = 1 << 20

  private init(
    _ name: String, _ reason: RefusalReason, _ line: [UInt8], dense: Bool = false, format: SourceFormat = .kizashi
  ) {
    (self.name, self.reason, self.line, self.format, isDense) = (name, reason, line, format, dense)
  }

  /// A line of `limit` bytes or hardly less, all of it `unit` between `head` and `tail`.
  private static func filled(_ head: String, _ unit: String, _ tail: String = "") -> [UInt8] {
    let (head, unit, tail) = (Array(head.utf8), Array(unit.utf8), Array(tail.utf8))
    return head + repeated(unit, (limit - head.count - tail.count) / unit.count) + tail
  }

  private static func repeated(_ unit: [UInt8], _ count: Int) -> [UInt8] {
    if unit.count == 1 { return Array(repeating: unit[0], count: count) }
    return Array([[UInt8]](repeating: unit, count: count).joined())
  }

  private static func nested(_ depth: Int, _ open: String, _ close: String) -> [UInt8] {
    Array(event.utf8) + repeated(Array(open.utf8), depth) + Array("0".utf8) + repeated(Array(close.utf8), depth)
      + Array("}".utf8)
  }

  /// An object of `count` entries with different keys.
  private static func object(_ head: String, entries count: Int, _ tail: String) -> [UInt8] {
    Array((head + (0..<count).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + tail).utf8)
  }

  private static let event = #"{"timestamp":0,"account":"a","event":"e","x":"#
  private static let company = SourceFormat.posthog(groupType: "company")
  private static let wrapped: SourceFormat = {
    var mapping = FieldMapping()
    mapping.unwrap = "/log"
    mapping.timestamp = .pointers(["/at"])
    mapping.account = .pointers(["/tenant/ids/0"])
    mapping.event = .pointers(["/a~1b~0c"])
    return .custom(mapping)
  }()

  static let all: [Poison] = nesting + members + numbers + strings + bytes + events + formats

  private static let nesting = [
    Poison("arrays 100,000 deep", .badJSON, nested(100_000, "[", "]")),
    Poison("arrays as deep as fits", .badJSON, nested((limit - event.utf8.count - 2) / 2, "[", "]")),
    Poison("arrays never closed", .badJSON, filled("", "[")),
    Poison("objects 100,000 deep", .badJSON, nested(100_000, #"{"a":"#, "}")),
    Poison("objects never closed", .badJSON, filled("", #"{"a":"#)),
    Poison("empty objects, never closed", .badJSON, filled("[{}", ",{}")),
    Poison("an array of numbers, never closed", .badJSON, filled("[1", ",1")),
    Poison("an array of numbers", .notObject, filled("[1", ",1", "]"), dense: true),
  ]

  private static let members = [
    Poison("an empty object", .missingField, Array("{}".utf8)),
    Poison("10,000 keys", .missingField, object("{", entries: 10_000, "}")),
    Poison("60,000 keys, then 1e400", .badJSON, object("{", entries: 60_000, #","z":1e400}"#)),
    Poison("one key again and again", .missingField, filled(#"{"a":1"#, #","a":1"#, "}"), dense: true),
    Poison(
      "an account again and again, an array last", .badType,
      filled(event + "0", #","account":"a""#, #","account":[]}"#),
      dense: true),
    Poison("a key as long as fits", .missingField, filled(#"{""#, "k", #"":1}"#)),
    Poison("a key of escapes", .missingField, filled(#"{""#, #"\u006b"#, #"":1}"#)),
  ]

  private static let numbers = [
    Poison("1e400", .badJSON, Array((event + "1e400}").utf8)),
    Poison("a million digits", .badJSON, filled(event, "9", "}")),
    Poison("a fraction of a million digits, then 1e400", .badJSON, filled(event + "[0.", "9", ",1e400]}")),
    Poison("an exponent of a million digits", .badJSON, filled(event + "1e", "9", "}")),
    Poison("numbers, then 1e400", .badJSON, filled(event + "[1", ",1", ",1e400]}"), dense: true),
    Poison("doubles, then 1e400", .badJSON, filled(event + "[1.5", ",1.5", ",1e400]}"), dense: true),
    Poison(
      "doubles of 24 digits, then 1e400", .badJSON, filled(event + "[0", ",0.12345678901234567890123", ",1e400]}")),
    Poison(
      "doubles half way between two, then 1e400", .badJSON,
      filled(event + "[0", ",9007199254740993.00000000000000000000000000001", ",1e400]}")),
  ]

  private static let strings = [
    Poison("a lone surrogate", .badJSON, Array((event + #""\ud800"}"#).utf8)),
    Poison("escapes, a lone surrogate last", .badJSON, filled(event + "\"", #"\u00e9"#, #"\ud800"}"#)),
    Poison("pairs of surrogates, half a pair last", .badJSON, filled(event + "\"", #"\ud83d\ude00"#, #"\ud83d"}"#)),
    Poison("lone surrogates only", .badJSON, filled(event + #"["\ud800""#, #","\ud800""#, "]}")),
    Poison("short escapes, a lone surrogate last", .badJSON, filled(event + "\"", #"\n"#, #"\ud800"}"#), dense: true),
    Poison("quotes", .badJSON, filled("", "\"")),
    Poison("a string never closed", .badJSON, filled(event + "\"", "y")),
    Poison("backslashes", .badJSON, filled(event + "\"", "\\")),
  ]

  private static let bytes = [
    Poison("not UTF-8 at the end", .notUTF8, filled(event + "\"", "y").dropLast(3) + [0xFF, 0x22, 0x7D]),
    Poison("half a character at the end", .notUTF8, filled(event + "\"", "é").dropLast(2) + [0xC3]),
    Poison("not UTF-8 at all", .notUTF8, Array(repeating: 0xFF, count: limit)),
    Poison("a hole", .badJSON, Array(repeating: 0, count: limit)),
    Poison("a hole before an event", .badJSON, Array(repeating: 0, count: limit - 99) + Array((event + "0}").utf8)),
    Poison("a byte-order mark where none belongs", .badJSON, [0xEF, 0xBB, 0xBF] + Array((event + "0}").utf8)),
    Poison("tabs before a letter", .badJSON, filled("", "\t", "x")),
    Poison("spaces in an object never closed", .badJSON, filled("{", " ")),
    Poison("carriage returns in an event", .missingField, filled("{", "\r", "}\r")),
    Poison("a byte too long", .oversize, Array(repeating: 0x79, count: limit + 1)),
    Poison("brackets, a byte too long", .oversize, Array(repeating: 0x5B, count: limit + 1)),
  ]

  private static let events = [
    Poison("an account as long as fits", .tooLong, filled(#"{"timestamp":0,"event":"e","account":""#, "y", #""}"#)),
    Poison(
      "an account that ends in U+0000", .badType, filled(#"{"timestamp":0,"event":"e","account":""#, "y", #"\u0000"}"#)),
    Poison(
      "a time of a million digits", .badTimestamp, filled(#"{"account":"a","event":"e","timestamp":""#, "1", #""}"#)),
    Poison(
      "60,000 properties, no account", .missingField,
      object(#"{"timestamp":1.5,"event":"e","properties":{"#, entries: 60_000, "}}")),
    Poison(
      "60,000 traits, no time", .missingField,
      object(#"{"type":"identify","user":"u","traits":{"#, entries: 60_000, "}}")),
    Poison(
      "60,000 traits, no group", .missingField,
      object(#"{"type":"group","timestamp":1.5,"traits":{"#, entries: 60_000, "}}")),
  ]

  private static let formats = [
    Poison("a NaN before a string never closed", .badJSON, filled(#"{"a":NaN,"b":""#, "y"), format: .segment),
    Poison("a NaN before a comma too many", .badJSON, filled(#"{"a":NaN,"b":""#, "y", #"",}"#), format: .segment),
    Poison("NaNs, never closed", .badJSON, filled("[NaN", ",NaN"), dense: true, format: company),
    Poison("a batch of empty objects", .tooMany, filled(#"{"batch":[{}"#, ",{}", "]}"), format: .segment),
    Poison("an array of empty objects", .tooMany, filled("[{}", ",{}", "]"), format: company),
    Poison(
      "data of 60,000 entries, no subject", .missingField,
      object(#"{"type":"e","time":1.5,"data":{"#, entries: 60_000, "}}"),
      format: .cloudevents(user: "/data/user", accountAttribute: nil)),
    Poison("a wrapped text that is none", .badJSON, filled(#"{"log":""#, "[", #""}"#), format: wrapped),
    Poison("a wrapped text of NaNs", .badJSON, filled(#"{"log":"[NaN"#, ",NaN", #""}"#), dense: true, format: wrapped),
  ]
}
