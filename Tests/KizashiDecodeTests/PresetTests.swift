import KizashiCore
import KizashiDecode
import TestSupport
import Testing

/// One usage event, to be said in every convention.
private struct Usage {
  var id: String
  var milliseconds: Int64
  var account: String
  var user: String
  var event: String

  /// The instant in one of the ways that producers write it.
  var time: String {
    let seconds = milliseconds / 1000
    let rest = milliseconds % 1000
    let fraction = String(String(1000 + rest).dropFirst())
    return switch milliseconds % 5 {
    case 0: "\(milliseconds)"
    case 1: "\"\(milliseconds)\""
    case 2: "\(milliseconds)123"
    case 3: "\(seconds).\(fraction)999"
    default: "\"\(rfc3339(seconds)).\(fraction)123+09:00\""
    }
  }

  /// Written nine hours ahead of UTC.
  private func rfc3339(_ seconds: Int64) -> String {
    // All rows lie in the January of 2025.
    let local = seconds + 9 * 3600 - 1_735_689_600
    let parts = [local / 86_400 + 1, local / 3600 % 24, local / 60 % 60, local % 60]
    let texts = parts.map { $0 < 10 ? "0\($0)" : "\($0)" }
    return "2025-01-\(texts[0])T\(texts[1]):\(texts[2]):\(texts[3])"
  }

  static let rows: [Usage] = {
    var generator = SeededGenerator(seed: 200)
    return (0..<200).map { index in
      Usage(
        id: "id-\(index)", milliseconds: 1_735_700_000_000 + Int64.random(in: 0..<2_000_000_000, using: &generator),
        account: ["acme", "株式会社", "a \"b\" \\c", "42"].randomElement(using: &generator) ?? "",
        user: "user \(Int.random(in: 0..<50, using: &generator))",
        event: ["report.created", "api.call", "日報", "line\nbreak"].randomElement(using: &generator) ?? "")
    }
  }()

  var kizashi: String {
    """
    {"id":\(quoted(id)),"timestamp":\(time),"account":\(quoted(account)),"user":\(quoted(user)),\
    "event":\(quoted(event))}
    """
  }
  var segment: String {
    """
    {"type":"track","messageId":\(quoted(id)),"timestamp":\(time),"context":{"groupId":\(quoted(account)),"ip":"::1"},\
    "userId":\(quoted(user)),"event":\(quoted(event)),"properties":{"groupId":"elsewhere","x":[1,{"y":null}]}}
    """
  }
  var posthog: String {
    """
    {"uuid":\(quoted(id)),"event":\(quoted(event)),"distinct_id":\(quoted(user)),"timestamp":\(time),\
    "properties":{"distinct_id":"other","$groups":{"company":\(quoted(account)),"team":"t"},"$lib":"python"}}
    """
  }
  var cloudevents: String {
    """
    {"specversion":"1.0","source":"/shop","id":\(quoted(id)),"time":\(time),"subject":\(quoted(account)),\
    "type":\(quoted(event)),"data":{"user":\(quoted(user))}}
    """
  }
  var custom: String {
    let inner = """
      {"at":\(time),"tenant":{"ids":[null,\(quoted(account))]},"who":\(quoted(user)),"a/b~c":\(quoted(event)),\
      "n":\(quoted(id))}
      """
    return """
      {"log":\(quoted(inner))}
      """
  }
}

@Suite struct PresetTests {
  private static let expected = Usage.rows.map {
    Row(kind: .usage, at: $0.milliseconds, account: $0.account, user: $0.user, event: $0.event, id: $0.id)
  }

  private static func lines(_ render: (Usage) -> String) -> String {
    Usage.rows.map { render($0) + "\n" }.joined()
  }

  private static func batches(_ head: String, _ tail: String, _ render: (Usage) -> String) -> String {
    stride(from: 0, to: 200, by: 25).map { start in
      head + Usage.rows[start..<start + 25].map(render).joined(separator: ", ") + tail + "\n"
    }.joined()
  }

  static let custom: SourceFormat = {
    var mapping = FieldMapping()
    mapping.unwrap = "/log"
    mapping.timestamp = .pointers(["/at"])
    mapping.account = .pointers(["/tenant/ids/0", "/tenant/ids/1"])
    mapping.user = .pointers(["/who"])
    mapping.event = .pointers(["/a~1b~0c"])
    mapping.id = .pointers(["/n"])
    return .custom(mapping)
  }()

  @Test func `the same rows in each convention give the same events`() {
    #expect(decode(Self.lines(\.kizashi)) == Self.expected)
    for format in [SourceFormat.segment, .rudderstack] {
      #expect(decode(Self.lines(\.segment), reading(format)) == Self.expected)
      #expect(
        decode(Self.batches(#"{"sentAt":"x","batch":["#, "]}", \.segment), reading(format)) == Self.expected)
    }
    let posthog = reading(.posthog(groupType: "company"))
    #expect(decode(Self.lines(\.posthog), posthog) == Self.expected)
    #expect(decode(Self.batches(#"{"api_key":"k","batch": [ "#, " ] }", \.posthog), posthog) == Self.expected)
    #expect(decode(Self.batches("[", "]", \.posthog), posthog) == Self.expected)
    #expect(decode(Self.lines(\.custom), reading(Self.custom)) == Self.expected)
  }

  @Test func `a cloud event is named by its source and its id`() {
    let cloudevents = reading(.cloudevents(user: "/data/user", accountAttribute: nil))
    let expected = Self.expected.map { row in
      var row = row
      row.id = "/shop\u{1F}" + row.id
      return row
    }
    #expect(decode(Self.lines(\.cloudevents), cloudevents) == expected)
    #expect(decode(Self.batches("[", "]", \.cloudevents), cloudevents) == expected)
  }

  @Test func `the rows of an envelope stand on its line`() {
    var batch = EventBatch()
    let text = "\n" + Self.batches(#"{"batch":["#, "]}", \.segment)
    _ = LineDecoder(options: reading(.segment)).rows(Array(text.utf8), batch: &batch)
    #expect(batch.lines.count == 8)
    #expect(batch.line == (0..<200).map { UInt32($0 / 25) })
  }

  @Test func `a bad element of an envelope refuses only itself`() {
    let text = #"{"batch":[\#(Usage.rows[0].segment),7,{"type":"track"},{"type":"alias"},\#(Usage.rows[1].segment)]}"#
    let rows = decode(text, reading(.segment))
    #expect(rows.map(\.reason) == [nil, .notObject, .missingField, nil, nil])
    #expect(rows.map(\.kind) == [.usage, .refused, .refused, .ignored, .usage])
  }

  @Test func `an envelope that holds nothing is a line too`() {
    let posthog = reading(.posthog(groupType: "company"))
    #expect(decode(#"{"batch":[]}"#, reading(.segment)).map(\.kind) == [.ignored])
    #expect(decode("[]", posthog).map(\.kind) == [.ignored])
    #expect(decode(#"{"batch":{}}"#, posthog).map(\.reason) == [.badType])
    #expect(decode("[]", reading(.segment)).map(\.reason) == [.notObject])
    #expect(decode("[1]", reading(Self.custom)).map(\.reason) == [.notObject])
    #expect(decode("7", posthog).map(\.reason) == [.notObject])
  }

  @Test func `an envelope with one mistake in its text is refused whole`() {
    let text = #"{"batch":[\#(Usage.rows[0].segment),{"x":tru},\#(Usage.rows[1].segment)]}"#
    #expect(decode(text, reading(.segment)).map(\.reason) == [.badJSON])
  }

  @Test func `a line gives no more rows than a producer could mean`() {
    func envelope(_ count: Int) -> String {
      #"{"batch":["# + Array(repeating: "{}", count: count).joined(separator: ",") + "]}"
    }
    #expect(decode(envelope(16_384), reading(.segment)).count == 16_384)
    #expect(decode(envelope(16_385), reading(.segment)).map(\.reason) == [.tooMany])
    var options = reading(.segment)
    options.eachAccount = true
    let accounts = Array(repeating: "1", count: 16_385).joined(separator: ",")
    let line = #"{"type":"track","timestamp":0,"event":"e","groupId":[\#(accounts)]}"#
    #expect(decode(line, options).map(\.reason) == [.tooMany])
    #expect(decode(line, reading(.segment)).map(\.account) == ["1"])
  }
}
