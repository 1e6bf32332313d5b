import KizashiCore
import KizashiDecode
import Testing

@Suite struct EventLineTests {
  @Test func `all fields of a usage event are read`() {
    let line = """
      {"timestamp":"2025-06-01T00:00:00Z","account":"acme","event":"report.created","user":"u1","id":"i1","count":3,\
      "type":"track","properties":{"a":{"b":[1]}},"unknown":[{}]}
      """
    #expect(
      decodeOne(line)
        == Row(
          kind: .usage, at: 1_748_736_000_000, count: 3, account: "acme", user: "u1", event: "report.created", id: "i1")
    )
  }

  @Test func `names may be integers and keep all their digits`() {
    let line = """
      {"timestamp":0,"account":9007199254740993,"user":-9223372036854775808,"id":18446744073709551615,"event":"e"}
      """
    #expect(
      decodeOne(line)
        == Row(
          kind: .usage, account: "9007199254740993", user: "-9223372036854775808", event: "e",
          id: "18446744073709551615"))
    #expect(decodeOne(#"{"timestamp":0,"account":-0,"event":"e"}"#)?.account == "0")
  }

  @Test func `names keep any script, and escapes are undone`() {
    let line = ##"""
      {"timestamp":0,"account":"株式会社 \u30c6\u30b9\u30c8","user":"a\n\"\\\/b","event":"\ud83d\ude80é",\##
      "id":"\u007f\t"}
      """##
    #expect(
      decodeOne(line) == Row(kind: .usage, account: "株式会社 テスト", user: "a\n\"\\/b", event: "🚀é", id: "\u{7F}\t"))
  }

  @Test(arguments: [
    (#""account":"n","groupId":"g","context":{"groupId":"c"}"#, "n"),
    (#""groupId":"g","context":{"groupId":"c"}"#, "g"),
    (#""account":null,"groupId":"g""#, "g"),
    (#""account":null,"groupId":null,"context":{"groupId":"b","groupId":"c"}"#, "c"),
    (#""groupId":"g","account":7"#, "7"),
    (#""context":{"groupId":8}"#, "8"),
    (#""context":"x","account":"n""#, "n"),
  ])
  func `the native name of an account wins over its aliases`(_ fields: String, _ account: String) {
    #expect(decodeOne(#"{"timestamp":0,"event":"e",\#(fields)}"#)?.account == account)
  }

  @Test func `an empty native name is not replaced by an alias`() {
    #expect(decodeOne(#"{"timestamp":0,"event":"e","account":"","groupId":"g"}"#)?.reason == .missingField)
    #expect(decodeOne(#"{"timestamp":0,"event":"e","account":"a","user":"","userId":"u"}"#)?.user == "")
    #expect(decodeOne(#"{"timestamp":0,"event":"e","account":"a","context":{"groupId":[]}}"#)?.account == "a")
    #expect(decodeOne(#"{"timestamp":0,"event":"e","context":{"groupId":[]}}"#)?.reason == .badType)
    #expect(decodeOne(#"{"timestamp":0,"event":"e","context":{}}"#)?.reason == .missingField)
  }

  @Test func `user and id have aliases too`() {
    let head = #"{"timestamp":0,"event":"e","account":"a""#
    #expect(decodeOne(head + #","userId":"u","messageId":"m"}"#).map { [$0.user, $0.id] } == ["u", "m"])
    #expect(
      decodeOne(head + #","userId":"u","user":"v","id":"i","messageId":"m"}"#).map { [$0.user, $0.id] } == ["v", "i"])
    #expect(
      decodeOne(head + #","userId":"u","user":null,"id":null,"messageId":5}"#).map { [$0.user, $0.id] } == ["u", "5"])
    #expect(decodeOne(head + #","user":null,"id":null}"#).map { [$0.user, $0.id] } == ["", ""])
  }

  @Test func `the last of repeated keys wins, also when it is null or wrong`() {
    let tail = #""timestamp":0,"event":"e"}"#
    #expect(decodeOne(#"{"account":"a","account":"b","# + tail)?.account == "b")
    #expect(decodeOne(#"{"account":[],"acc\u006funt":"b","# + tail)?.account == "b")
    #expect(decodeOne(#"{"account":"a","account":null,"# + tail)?.reason == .missingField)
    #expect(decodeOne(#"{"account":"a","account":{},"# + tail)?.reason == .badType)
  }

  @Test func `ten thousand keys and deep nesting cost only themselves`() {
    let keys = (0..<10_000).map { #""k\#($0)":{"timestamp":\#($0)}"# }.joined(separator: ",")
    let row = decodeOne(#"{"account":"a",\#(keys),"event":"e","timestamp":1.25}"#)
    #expect(row == Row(kind: .usage, at: 1250, account: "a", event: "e"))
  }

  @Test func `blank lines are no lines, and any line end is accepted`() {
    let good = #"{"timestamp":0,"account":"a","event":"e"}"#
    var batch = EventBatch()
    let chunk = Array("\n\r\n  \t\r\n\(good)\r\n\n \(good) \n\(good)".utf8)
    let rows = LineDecoder(options: DecodeOptions()).rows(chunk, batch: &batch)
    #expect(rows.map { String(decoding: $0.line, as: UTF8.self) } == [good, " \(good) ", good])
    #expect(batch.lines.count == 3)
    #expect(batch.line == [0, 1, 2])
    #expect(decode("").isEmpty)
    #expect(decode("\n").isEmpty)
  }

  @Test func `a byte-order mark is skipped at the start of a stream only`() {
    let good = #"{"timestamp":0,"account":"a","event":"e"}"#
    let decoder = LineDecoder(options: DecodeOptions())
    var batch = EventBatch()
    let marked = Array("\u{FEFF}\(good)\n\u{FEFF}\(good)\n".utf8)
    let first = decoder.rows(marked, atStreamStart: true, batch: &batch)
    #expect(first.map(\.reason) == [nil, .badJSON])
    #expect(batch.lines[0] == TextRange(offset: 3, length: UInt32(good.utf8.count)))
    #expect(decoder.rows(marked, atStreamStart: false, batch: &batch).map(\.reason) == [.badJSON, .badJSON])
    #expect(decode("\u{FEFF}").isEmpty)
  }

  @Test func `identify, group and reserved events are kept whole as records`() {
    let identify =
      #"{"type":"identify","timestamp":1,"user":"u","#
      + #""traits":{"plan":"pro","n":1.50,"gone":null,"ok":true,"x":{"y":1}}}"#
    #expect(
      decodeOne(identify)
        == Row(
          kind: .record, at: 1000, user: "u",
          record: Record(
            kind: .identify, event: "",
            fields: [("plan", .string("pro")), ("n", .number("1.50")), ("gone", .null), ("ok", .bool(true))],
            line: identify)))
    let group =
      #"{"type":"group","timestamp":1,"groupId":"acme","userId":"u","event":"ignored","traits":{"seats":1e2}}"#
    #expect(
      decodeOne(group)
        == Row(
          kind: .record, at: 1000, account: "acme", user: "u",
          record: Record(kind: .group, event: "", fields: [("seats", .number("1e2"))], line: group)))
    let survey =
      #"{"timestamp":1,"account":"acme","event":"survey.responded","id":"s","properties":{"survey":"nps","score":9}}"#
    #expect(
      decodeOne(survey)
        == Row(
          kind: .record, at: 1000, account: "acme", event: "survey.responded", id: "s",
          record: Record(
            kind: .track, event: "survey.responded", fields: [("survey", .string("nps")), ("score", .number("9"))],
            line: survey)))
  }

  @Test(arguments: [
    ("survey.responded", true), ("contract.renewed", true), ("sentiment.recorded", true), ("touch.recorded", true),
    ("override.set", true), ("action.done", true), ("action.", true), ("action", false), ("actions.done", false),
    ("Survey.responded", false), ("a", false), ("surveyed.x", false), ("my.survey.responded", false),
  ])
  func `reserved names are told by their first part`(_ event: String, _ reserved: Bool) {
    let row = decodeOne(#"{"timestamp":0,"account":"a","event":\#(quoted(event))}"#)
    #expect(row?.kind == (reserved ? .record : .usage))
  }

  @Test func `a record's fields are the last of repeated keys, with numbers as written`() {
    let line = """
      { "type" : "group", "traits" : {"old":1}, "timestamp" : 1, "account" : "a",\
       "tr\\u0061its" : { "a" : 1 , "b" : -0.10,\
       "a" : "two", "n" : 1 , "n" : [ { "a" : "]}" } ],\
       "\\u0063\\ud83d\\ude80" : 12345678901234567890 , "e\\"}" : -1E+2,\
       "s" : "\\u0000x\\\\" } }
      """
    #expect(
      decodeOne(line)?.record?.fields.map { "\($0.name)=\($0.value)" } == [
        "b=\(Scalar.number("-0.10"))", "a=\(Scalar.string("two"))",
        "c🚀=\(Scalar.number("12345678901234567890"))", "e\"}=\(Scalar.number("-1E+2"))",
        "s=\(Scalar.string("\0x\\"))",
      ])
  }

  @Test func `a heartbeat carries its instant and nothing else`() {
    let line = #"{"type":"heartbeat","timestamp":5,"account":"a","id":"i","count":4}"#
    #expect(decodeOne(line) == Row(kind: .heartbeat, at: 5000))
  }

  @Test func `a user without an account is left to whoever knows the account, where the source says so`() {
    var options = DecodeOptions()
    options.rememberAccount = true
    let decoder = LineDecoder(options: options)
    var batch = EventBatch()
    let lines = """
      {"timestamp":0,"event":"e","user":"u"}
      {"timestamp":0,"event":"e","user":"u","account":"own"}
      {"timestamp":0,"type":"identify","user":"u"}
      {"timestamp":0,"event":"e"}
      {"timestamp":0,"type":"group","user":"u"}
      {"timestamp":0,"user":"u"}
      {"timestamp":"never","event":"e","user":"u"}
      {"timestamp":0,"event":"e\\u0000","user":"u"}
      {"timestamp":0,"event":"e","user":"\(String(repeating: "u", count: 257))"}
      {"timestamp":0,"event":"e","user":"u\\u0000"}
      """
    let rows = decoder.rows(Array(lines.utf8), batch: &batch)
    #expect(batch.remembersAccounts)
    #expect(
      rows.map { $0.reason?.name ?? $0.account } == [
        "", "own", "", "missing_field", "missing_field", "missing_field", "bad_timestamp", "bad_type",
        "missing_field",
        "missing_field",
      ])
    // If the user is nobody's, this was wrong first with those that are refused for something later.
    let users = batch.user.map { $0.isAbsent ? nil : batch.string($0) }
    #expect(users == ["u", "u", "u", nil, nil, nil, "u", "u", nil, nil])
    #expect(decodeOne(#"{"timestamp":0,"event":"e","user":"u"}"#)?.reason == .missingField)
  }

  @Test func `decoding replaces the rows and leaves the rest of the batch alone`() {
    var batch = EventBatch()
    batch.source = 4
    batch.latestAcceptable = Instant(milliseconds: 9)
    let decoder = LineDecoder(options: DecodeOptions())
    _ = decoder.rows(Array(#"{"type":"identify","timestamp":0,"user":"u"}"#.utf8) + Array("\nx\n".utf8), batch: &batch)
    #expect(batch.rowCount == 2)
    _ = decoder.rows(Array(#"{"timestamp":0,"account":"a","event":"e"}"#.utf8), batch: &batch)
    #expect(batch.rowCount == 1 && batch.records.isEmpty && batch.refusals.isEmpty && batch.lines.count == 1)
    #expect(batch.source == 4 && batch.latestAcceptable == Instant(milliseconds: 9))
    _ = decoder.rows([], batch: &batch)
    #expect(batch.rowCount == 0 && batch.text.isEmpty && batch.lines.isEmpty)
  }
}
