import KizashiCore
import KizashiDecode
import Testing

/// What a decoder says of the properties of usage events: which filters they match.
@Suite struct `Filters on properties` {
  /// The matches of each row.
  private static func matches(
    _ text: String, _ filters: [(String, String)], _ options: DecodeOptions = DecodeOptions()
  ) -> [UInt64] {
    let filters = filters.map { PropertyFilter(property: $0.0, value: $0.1) }
    var batch = EventBatch()
    _ = LineDecoder(options: options, wanted: WantedProperties(filters: filters)).rows(Array(text.utf8), batch: &batch)
    #expect(batch.wanted.filters == filters)
    return batch.matches
  }

  private static func line(_ properties: String) -> String {
    #"{"timestamp":0,"account":"a","event":"e","properties":\#(properties)}"#
  }

  @Test(arguments: [
    (#"{"p":"pro"}"#, "pro", true), (#"{"p":"Pro"}"#, "pro", false), (#"{"p":"pr\u006f"}"#, "pro", true),
    (#"{"P":"pro"}"#, "pro", false), (#"{"p":"株式会社"}"#, "株式会社", true), (#"{"p":["pro"]}"#, "pro", false),
    (#"{"p":{"p":"pro"}}"#, "pro", false), (#"{"q":{"p":"pro"}}"#, "pro", false), (#"{"p":null}"#, "null", false),
    (#"{"p":true}"#, "true", true), (#"{"p":false}"#, "true", false), (#"{"p":"true"}"#, "true", true),
    (#"{"p":1}"#, "true", false),
    // The last of repeated keys wins.
    (#"{"p":"pro","p":"team"}"#, "pro", false), (#"{"p":"team","p":"pro"}"#, "pro", true),
    (#"{"p":5,"p":5.5}"#, "5", false), (#"{"p":5.5,"x":1,"p":5}"#, "5", true), (#"{"p":5,"p":null}"#, "5", false),
    // Numbers by value, exactly.
    (#"{"p":5}"#, "5", true), (#"{"p":5.0}"#, "5", true), (#"{"p":5}"#, "5.00", true), (#"{"p":50e-1}"#, "5", true),
    (#"{"p":0.5E+1}"#, "5", true), (#"{"p":-5}"#, "5", false), (#"{"p":-5.50}"#, "-5.5", true),
    (#"{"p":0}"#, "-0", true), (#"{"p":0.000}"#, "0", true), (#"{"p":0e9}"#, "0", true),
    (#"{"p":18446744073709551615}"#, "18446744073709551615", true),
    (#"{"p":9007199254740993}"#, "9007199254740992", false),
    (#"{"p":0.1}"#, "0.1", true), (#"{"p":0.10000000000000000555}"#, "0.1", false),
    (#"{"p":1e22}"#, "10000000000000000000000", true), (#"{"p":1e-7}"#, "0.0000001", true),
    (#"{"a":"x","b":[1,{"p":2}],"p": 2.50 }"#, "2.5", true),
    // A text is no number, and a number no text.
    (#"{"p":"5.0"}"#, "5", false), (#"{"p":"5"}"#, "5", true), (#"{"p":5}"#, "five", false),
    (#"{"p":5}"#, "05", false), (#"{"p":5}"#, "5.", false), (#"{"p":5}"#, "5e", false), ("{}", "5", false),
    ("null", "5", false),
  ])
  func `match`(properties: String, value: String, expected: Bool) {
    #expect(Self.matches(Self.line(properties), [("p", value)]) == [expected ? 1 : 0])
  }

  @Test func `have a bit each, and rows that match none have none`() {
    let lines = [
      Self.line(#"{"a":1,"b":"x"}"#), Self.line(#"{"b":"x","c":2.5}"#), #"{"timestamp":0,"account":"a","event":"e"}"#,
      "no JSON", #"{"timestamp":0,"account":"a","type":"group","traits":{"a":1}}"#,
      #"{"timestamp":0,"account":"a","event":"survey.responded","properties":{"a":1}}"#, Self.line(#"{"a":1.0}"#),
    ].joined(separator: "\n")
    let filters = [("a", "1"), ("b", "x"), ("b", "y"), ("c", "2.5")]
    #expect(Self.matches(lines, filters) == [0b11, 0b1010, 0, 0, 0, 0, 0b1])
    #expect(Self.matches(lines, []).isEmpty)
  }

  @Test func `are sixty-four at the most`() {
    let filters = (0..<64).map { ("p\($0)", "1") }
    let properties = "{\((0..<64).map { "\"p\($0)\":1.0" }.joined(separator: ","))}"
    #expect(Self.matches(Self.line(properties), filters) == [.max])
  }

  @Test func `are looked for where a format has its properties`() {
    let filters = [("plan", "pro"), ("seats", "2.5")]
    let properties = #"{"plan":"pro","seats":2.50}"#
    let segment = #"{"type":"track","timestamp":0,"event":"e","groupId":"a","userId":"u","properties":\#(properties)}"#
    #expect(Self.matches(segment, filters, reading(.segment)) == [0b11])
    let batch = #"{"batch":[\#(segment),{"type":"alias"},\#(segment)]}"#
    #expect(Self.matches(batch, filters, reading(.segment)) == [0b11, 0, 0b11])
    let posthog = """
      {"event":"e","uuid":"1","timestamp":"2026-01-01T00:00:00Z","distinct_id":"u",\
      "properties":{"$groups":{"company":["a","b"]},"plan":"pro","seats":2.50}}
      """
    var each = reading(.posthog(groupType: "company"))
    each.eachAccount = true
    #expect(Self.matches(posthog, filters, each) == [0b11, 0b11])
    let cloud = #"{"id":"1","source":"s","subject":"a","type":"e","time":"2026-01-01T00:00:00Z","data":\#(properties)}"#
    #expect(Self.matches(cloud, filters, reading(.cloudevents(user: "/data/user", accountAttribute: nil))) == [0b11])
    var mapping = FieldMapping()
    mapping.unwrap = "/log"
    mapping.account = .pointers(["/a"])
    mapping.event = .constant("e")
    mapping.timestamp = .constant("2026-01-01T00:00:00Z")
    mapping.properties = "/details/0"
    let inner = #"{"a":"x","details":[\#(properties)]}"#
    #expect(Self.matches(#"{"log":\#(inner)}"#, filters, reading(.custom(mapping))) == [0b11])
    #expect(Self.matches(#"{"log":\#(quoted(inner))}"#, filters, reading(.custom(mapping))) == [0b11])
  }
}
