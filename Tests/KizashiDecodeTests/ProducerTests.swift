import KizashiCore
import KizashiDecode
import Testing

@Suite struct ProducerTests {
  private let posthog = reading(.posthog(groupType: "company"))
  private let cloudevents = reading(.cloudevents(user: "/data/user", accountAttribute: nil))

  // MARK: Segment and RudderStack

  @Test(arguments: [
    (#""context":{"groupId":"c"},"groupId":"g","properties":{"groupId":"p"}"#, "c"),
    (#""context":{"groupId":""},"groupId":"g","properties":{"groupId":"p"}"#, "g"),
    (#""groupId":null,"properties":{"groupId":"p"}"#, "p"),
    (#""context":{"groupId":12}"#, "12"),
    (#""context":{"groupId":["first","second"]}"#, "first"),
  ])
  func `a Segment event's account is the first that is there`(_ fields: String, _ account: String) {
    let row = decodeOne(#"{"type":"track","timestamp":0,"event":"e",\#(fields)}"#, reading(.segment))
    #expect(row == Row(kind: .usage, account: account, event: "e"))
  }

  @Test func `Segment lines mean what their type says`() {
    let lines = """
      {"type":"page","timestamp":0,"groupId":"a","userId":"u","name":"Home"}
      {"type":"screen","originalTimestamp":1,"groupId":"a","anonymousId":"anon","event":"ignored"}
      {"type":"alias","previousId":"x"}
      {"type":"identify","timestamp":0,"userId":"u","traits":{"plan":"pro"},"context":{"traits":{"plan":"old"}}}
      {"type":"group","timestamp":0,"userId":"u","groupId":"acme","context":{"groupId":"other"},"traits":{"seats":5}}
      {"type":"track","timestamp":0,"userId":"u","event":"e"}
      {"timestamp":0,"userId":"u","event":"e"}
      {"type":"mystery","timestamp":0,"userId":"u","event":"e"}
      {"type":"track","timestamp":0,"userId":"stranger","event":"e"}
      """
    let rows = decode(lines, reading(.segment))
    #expect(rows.map(\.kind) == [.usage, .usage, .ignored, .record, .record, .usage, .usage, .refused, .usage])
    #expect(rows.map(\.event) == ["page.viewed", "screen.viewed", "", "", "", "e", "e", "", "e"])
    // Whose a user without an account is, the engine knows.
    #expect(rows.map(\.account) == ["a", "a", "", "", "acme", "", "", "", ""])
    #expect(rows.map(\.user) == ["u", "anon", "", "u", "u", "u", "u", "", "stranger"])
    #expect(rows[3].record?.fields.map(\.value) == [.string("pro")])
    #expect(rows[4].record?.fields.map(\.value) == [.number("5")])
    #expect(rows[7].reason == .badType)
    let rudder = decode(lines, reading(.rudderstack))
    #expect(rudder[3].record?.fields.map(\.value) == [.string("old")])
    #expect(rudder[4].record?.fields.map(\.value) == [.number("5")])
  }

  @Test func `a record of an envelope keeps its own element`() {
    let element = #"{"type":"identify","timestamp":1.25,"userId":"u","traits":{"n":1.10,"s":"]}"}}"#
    let rows = decode(#"{"batch":[{"type":"alias","x":[1]} , \#(element)]}"#, reading(.segment))
    #expect(rows.map(\.at) == [0, 1250])
    #expect(rows[1].record?.line == element)
    #expect(rows[1].record?.fields.map(\.value) == [.number("1.10"), .string("]}")])
  }

  // MARK: PostHog

  @Test func `PostHog lines mean what their event says`() {
    let lines = """
      {"event":"$identify","timestamp":0,"distinct_id":"u","properties":{"$set":{"email":"e"}},"$set":{"email":"f"}}
      {"event":"$set","timestamp":0,"distinct_id":"u","$set":{"email":"f"}}
      {"event":"$groupidentify","timestamp":0,"distinct_id":"u","properties":{"$group_type":"company",\
      "$group_key":"acme","$group_set":{"seats":5}}}
      {"event":"$groupidentify","timestamp":0,"distinct_id":"u","properties":{"$group_type":"team","$group_key":"blue"}}
      {"event":"$create_alias"}
      {"event":"$feature_flag_called","timestamp":0}
      {"event":"$exception","timestamp":"never"}
      {"event":"$pageview","timestamp":0,"distinct_id":"u","properties":{}}
      {"event":"e","timestamp":0,"properties":{"distinct_id":1.50,"$groups":{"company":["one","two"]}}}
      {"event":"e","timestamp":0,"distinct_id":9007199254740993,"properties":{"$groups":{"company":7}}}
      {"event":"e","timestamp":0,"distinct_id":"x","properties":{"$groups":{"team":"blue"}}}
      """
    let rows = decode(lines, posthog)
    #expect(
      rows.map(\.kind) == [
        .record, .record, .record, .ignored, .ignored, .ignored, .ignored, .usage, .usage, .usage, .usage,
      ])
    #expect(rows.map(\.account) == ["", "", "acme", "", "", "", "", "", "one", "7", ""])
    #expect(rows.map(\.user) == ["u", "u", "u", "", "", "", "", "u", "1.50", "9007199254740993", "x"])
    #expect(rows[0].record?.fields.map(\.value) == [.string("e")])
    #expect(rows[1].record?.fields.map(\.value) == [.string("f")])
    #expect(rows[2].record?.kind == .group)
    #expect(rows[2].record?.fields.map(\.value) == [.number("5")])
  }

  @Test func `PHP's clients write no traits as an empty list`() {
    let lines = #"""
      {"event":"$groupidentify","timestamp":0,"distinct_id":"u",\#
      "properties":{"$group_type":"company","$group_key":"acme","$group_set":[]}}
      {"event":"$identify","timestamp":0,"distinct_id":"u","$set":[]}
      {"event":"$identify","timestamp":0,"distinct_id":"u","$set":[1]}
      """#
    let rows = decode(lines, posthog)
    #expect(rows.map(\.kind) == [.record, .record, .refused])
    #expect(rows[0].account == "acme" && rows[0].record?.fields.isEmpty == true)
  }

  @Test(arguments: [SourceFormat.segment, .rudderstack, .posthog(groupType: "company")])
  func `accounts are remembered where the source says so`(_ format: SourceFormat) {
    let line = #"{"type":"track","timestamp":0,"event":"e","userId":"u","distinct_id":"u"}"#
    var options = reading(format)
    #expect(decodeOne(line, options)?.kind == .usage)
    options.rememberAccount = false
    #expect(decodeOne(line, options)?.reason == .missingField)
  }

  @Test func `a group type with a slash is found`() {
    let line = #"{"event":"e","timestamp":0,"properties":{"$groups":{"a/b~c":"acme"}}}"#
    #expect(decodeOne(line, reading(.posthog(groupType: "a/b~c")))?.account == "acme")
  }

  // MARK: CloudEvents

  @Test func `a cloud event may lack its time, and may name its account in an attribute`() {
    let line = #"{"source":"s","id":"1","subject":"acme","tenant":"umbrella","type":"e"}"#
    #expect(
      decodeOne(line, cloudevents, receivedAt: 9)
        == Row(kind: .usage, at: 9, account: "acme", event: "e", id: "s\u{1F}1"))
    #expect(
      decodeOne(line, reading(.cloudevents(user: "/data/user", accountAttribute: "tenant")))?.account == "umbrella")
    #expect(decodeOne(#"{"id":"1","subject":"acme","type":"e"}"#, cloudevents)?.id == "")
    let survey =
      #"{"source":"s","id":"1","subject":"acme","type":"survey.responded","data":{"survey":"nps","score":3}}"#
    #expect(decodeOne(survey, cloudevents)?.record?.fields.map(\.value) == [.string("nps"), .number("3")])
  }

  // MARK: Met in the wild

  @Test func `account arrays give one event each where the source says so`() {
    let line = #"{"type":"track","messageId":"m","timestamp":0,"event":"e","userId":"u","groupId":["a",null,7,[],"b"]}"#
    #expect(decodeOne(line, reading(.segment)) == Row(kind: .usage, account: "a", user: "u", event: "e", id: "m"))
    var options = reading(.segment)
    options.eachAccount = true
    let rows = decode(line, options)
    #expect(rows.map { $0.reason?.name ?? $0.account } == ["a", "", "7", "bad_type", "b"])
    #expect(Set(rows.filter { $0.kind == .usage }.map(\.id)).count == 4)
    #expect(rows[0].id == "m\u{1F}a")
    let longest = String(repeating: "m", count: 256)
    #expect(decode(line.replacing(#""m""#, quoted(longest)), options)[4].id == longest + "\u{1F}b")
    #expect(decode(line.replacing(#""m""#, quoted(longest + "m")), options)[4].reason == .tooLong)
    let one = line.replacing(#"["a",null,7,[],"b"]"#, #"["a"]"#)
    #expect(decode(one, options) == [Row(kind: .usage, account: "a", user: "u", event: "e", id: "m")])
    let nobody = line.replacing(#"["a",null,7,[],"b"]"#, "[]")
    #expect(decode(nobody, options) == [Row(kind: .usage, user: "u", event: "e", id: "m")])
    #expect(decode(nobody.replacing(#""userId":"u","#, ""), options).map(\.reason) == [.missingField])
    let reserved = line.replacing(#""event":"e""#, #""event":"survey.responded""#)
    #expect(decode(reserved, options).map(\.account) == ["a"])
  }

  @Test func `NaN is read as null by presets and refused by our own format`() {
    let line =
      #"{"type":"track","timestamp":0,"event":"NaN, \"Infinity","groupId":"a","x":[NaN,-Infinity],"y":Infinity}"#
    #expect(decodeOne(line, reading(.segment)) == Row(kind: .usage, account: "a", event: "NaN, \"Infinity"))
    #expect(decodeOne(line)?.reason == .badJSON)
    #expect(
      decodeOne(#"{"type":"track","timestamp":0,"event":"e","groupId":NaN}"#, reading(.segment))?.reason
        == .missingField)
    for broken in ["NaNa", "xNaN", "-NaN", "+NaN", "--Infinity", "1NaN", "NaN1", "nan", "Infinit"] {
      let line = #"{"type":"track","timestamp":0,"event":"e","groupId":"a","x":\#(broken)}"#
      #expect(decodeOne(line, reading(.segment))?.reason == .badJSON, "\(broken)")
    }
    let identify = #"{"type":"identify","timestamp":1.5,"userId":"u","traits":{"a":NaN,"b":2.0}}"#
    let row = decodeOne(identify, reading(.segment))
    #expect(row?.at == 1500)
    #expect(row?.record?.fields.map(\.value) == [.null, .number("2.0")])
    #expect(row?.record?.line == identify)
  }

  @Test func `two objects on a line are refused in every format`() {
    let line = #"{"type":"track","timestamp":0,"event":"e","groupId":"a"}"#
    for format in [SourceFormat.kizashi, .segment, .rudderstack, .posthog(groupType: "g"), PresetTests.custom] {
      #expect(decodeOne(line + " " + line, reading(format))?.reason == .badJSON)
    }
  }

  @Test func `dotted and dollar keys are plain keys`() {
    var mapping = FieldMapping()
    mapping.timestamp = .pointers(["/$time"])
    mapping.account = .pointers(["/account.id"])
    mapping.event = .pointers(["/attributes/event.name"])
    let line = #"{"$time":"1","account.id":"a","attributes":{"event":{"name":"no"},"event.name":"yes"}}"#
    #expect(decodeOne(line, reading(.custom(mapping))) == Row(kind: .usage, at: 1000, account: "a", event: "yes"))
  }
}
