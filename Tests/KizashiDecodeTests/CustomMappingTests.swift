import KizashiCore
import KizashiDecode
import Testing

@Suite struct CustomMappingTests {
  private var mapping: FieldMapping = {
    var mapping = FieldMapping()
    mapping.timestamp = .pointers(["/t"])
    mapping.account = .pointers(["/a"])
    mapping.event = .pointers(["/e"])
    return mapping
  }()

  private func row(_ line: String, _ change: (inout FieldMapping) -> Void = { _ in }) -> Row? {
    var mapping = mapping
    change(&mapping)
    return decodeOne(line, reading(.custom(mapping)))
  }

  @Test func `the first pointer that is there and neither null nor empty wins`() {
    let pointers = FieldSource.pointers(["/x", "/y/0/z", "/", "/w"])
    for (fields, account) in [
      (#""x":"1","w":"4""#, "1"), (#""x":null,"y":[{"z":"2"}]"#, "2"), (#""x":"","y":[{"z":""}],"":"3","w":"4""#, "3"),
      (#""y":[],"w":"4""#, "4"), (#""y":"text","w":5"#, "5"), (#""x":"0","x":null,"w":"4""#, "4"),
      (#""y":[{"z":"no"}],"y":[{"z":"2"}]"#, "2"), (#""y":[{"z":"no"}],"y":{},"w":"4""#, "4"),
    ] {
      #expect(row(#"{"t":0,"e":"e",\#(fields)}"#) { $0.account = pointers }?.account == account, "\(fields)")
    }
    #expect(row(#"{"t":0,"e":"e"}"#) { $0.account = pointers }?.reason == .missingField)
    #expect(row(#"{"t":0,"e":"e","x":{}}"#) { $0.account = pointers }?.reason == .badType)
    #expect(row(#"{"t":0,"e":"e","x":"1"}"#) { $0.account = .pointers(["x"]) }?.reason == .missingField)
    #expect(row(#"{"t":0,"e":"e","y":["1"]}"#) { $0.account = .pointers(["/y/00"]) }?.reason == .missingField)
  }

  @Test func `joined pieces make one text, or none if one is absent`() {
    func id(_ line: String) -> Row? { row(line) { $0.id = .join(["/p", "/q/0"], separator: "-") } }
    #expect(id(#"{"t":0,"a":"a","e":"e","p":"x","q":[7]}"#)?.id == "x-7")
    #expect(id(#"{"t":0,"a":"a","e":"e","p":"x"}"#)?.id == "")
    #expect(id(#"{"t":0,"a":"a","e":"e","p":"","q":[7]}"#)?.id == "")
    #expect(id(#"{"t":0,"a":"a","e":"e","p":"x","q":[1.5]}"#)?.reason == .badType)
    let event = row(#"{"t":0,"a":"a","o":"report","v":"created"}"#) { $0.event = .join(["/o", "/v"], separator: ".") }
    #expect(event?.event == "report.created")
    let long = String(repeating: "x", count: 200)
    #expect(id(#"{"t":0,"a":"a","e":"e","p":"\#(long)","q":["\#(long)"]}"#)?.reason == .tooLong)
  }

  @Test func `a piece of a text can be a field`() {
    func account(_ json: String, _ separator: String, _ index: Int) -> String? {
      row(#"{"t":0,"e":"e","h":\#(json)}"#) { $0.account = .split(pointer: "/h", separator: separator, index: index) }
        .map { $0.reason?.name ?? $0.account }
    }
    #expect(account(#""acme.example.com""#, ".", 0) == "acme")
    #expect(account(#""acme.example.com""#, ".", 2) == "com")
    #expect(account(#""acme.example.com""#, ".", 3) == "missing_field")
    #expect(account(#""a::b""#, "::", 1) == "b")
    #expect(account(#""a::b""#, ":", 1) == "missing_field")
    #expect(account("12345", "3", 1) == "45")
    #expect(account("[]", ".", 0) == "bad_type")
    #expect(account("null", ".", 0) == "missing_field")
    #expect(account(#""acme""#, "", 0) == "acme")
  }

  @Test func `constants, types, counts, properties and traits can be mapped`() {
    let full = { (mapping: inout FieldMapping) in
      mapping.account = .constant("all")
      mapping.type = .pointers(["/kind"])
      mapping.count = .pointers(["/n"])
      mapping.properties = "/props"
      mapping.traits = "/about"
    }
    #expect(row(#"{"t":0,"e":"e","n":4}"#, full) == Row(kind: .usage, count: 4, account: "all", event: "e"))
    #expect(row(#"{"t":0,"e":"e","n":"4"}"#, full)?.reason == .badType)
    #expect(row(#"{"t":0,"e":"e","props":[]}"#, full)?.reason == .badType)
    #expect(row(#"{"t":0,"kind":"heartbeat"}"#, full) == Row(kind: .heartbeat))
    #expect(row(#"{"t":0,"e":"e","kind":"alias"}"#, full)?.reason == .badType)
    let group = row(#"{"t":0,"kind":"group","props":{"x":1},"about":{"seats":2.50}}"#, full)
    #expect(group?.record?.fields.map(\.value) == [.number("2.50")])
    let reserved = row(#"{"t":0,"e":"touch.recorded","props":{"x":1.0},"about":{"seats":2}}"#, full)
    #expect(reserved?.record?.fields.map(\.value) == [.number("1.0")])
    let pieces = row(#"{"t":0,"a":"a","e":"e","n":"12 calls"}"#) {
      $0.count = .split(pointer: "/n", separator: " ", index: 0)
    }
    #expect(pieces?.count == 12)
    let time = row(#"{"day":"2025-06-01","clock":"00:00:00Z","a":"a","e":"e"}"#) {
      $0.timestamp = .join(["/day", "/clock"], separator: "T")
    }
    #expect(time?.at == 1_748_736_000_000)
  }

  @Test func `a wrapped event is unwrapped, as a string or as an object`() {
    let wrapped = { (mapping: inout FieldMapping) in mapping.unwrap = "/m/log" }
    let event = #"{"t":1.25,"a":"a\n","e":"e","x":NaN}"#
    #expect(
      row(#"{"m":{"log":\#(quoted(event))}}"#, wrapped) == Row(kind: .usage, at: 1250, account: "a\n", event: "e"))
    #expect(row(#"{"m":{"log":\#(event)}}"#, wrapped) == Row(kind: .usage, at: 1250, account: "a\n", event: "e"))
    for (line, reason) in [
      (#"{"m":{}}"#, RefusalReason.missingField), (#"{"m":{"log":null}}"#, .missingField),
      (#"{"m":{"log":"plain text"}}"#, .badJSON), (#"{"m":{"log":""}}"#, .badJSON),
      (#"{"m":{"log":"[]"}}"#, .notObject),
      (#"{"m":{"log":7}}"#, .notObject), (#"{"m":{"log":"{}{}"}}"#, .badJSON), (#"["m"]"#, .notObject),
      (#"{"m":{"log":"{}"}}"#, .missingField),
    ] {
      #expect(row(line, wrapped)?.reason == reason, "\(line)")
    }
    let identify = #"{"m":{"log":"{\"t\":0,\"k\":\"identify\",\"about\":{\"n\":1.0}}"}}"#
    let record = row(identify) {
      $0.unwrap = "/m/log"
      $0.type = .pointers(["/k"])
      $0.traits = "/about"
    }?.record
    #expect(record == Record(kind: .identify, event: "", fields: [("n", .number("1.0"))], line: identify))
  }
}
