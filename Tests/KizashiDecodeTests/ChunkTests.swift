import KizashiCore
import KizashiDecode
import TestSupport
import Testing

@Suite struct ChunkTests {
  /// Lines of all sorts, good and bad, in one format.
  private static func lines(_ generator: inout SeededGenerator, _ count: Int) -> [String] {
    (0..<count).map { index in
      let account = "a\(Int.random(in: 0..<5, using: &generator))"
      let padding = String(repeating: "p", count: Int.random(in: 0..<90, using: &generator))
      switch Int.random(in: 0..<12, using: &generator) {
      case 0: return ""
      case 1: return #"{"type":"group","userId":"u\#(index % 7)","groupId":"\#(account)","timestamp":\#(index).25}"#
      case 2: return #"{"type":"identify","userId":"u","timestamp":1,"traits":{"x":\#(index).50,"y":"\#(padding)"}}"#
      case 3: return #"{"broken":"\#(padding)"#
      case 4: return "\(padding)"
      case 5: return #"{"type":"heartbeat","timestamp":\#(index)}"#
      case 6: return #"{"type":"track","event":"e","userId":"u\#(index % 7)","timestamp":"2025-01-01T00:00:00Z"}"#
      case 7: return "  \r"
      default:
        return #"{"timestamp":\#(index),"groupId":"\#(account)","event":"e\#(padding)","messageId":\#(index)}"#
      }
    }
  }

  @Test(arguments: [SourceFormat.kizashi, .segment])
  func `chunks cut at any line ends give the same rows`(_ format: SourceFormat) {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    var options = reading(format)
    options.rememberAccount = true
    for _ in 0..<30 {
      let lines = Self.lines(&generator, 60)
      var batch = EventBatch()
      let whole = Array(lines.joined(separator: "\n").utf8)
      let expected = LineDecoder(options: options).rows(whole, batch: &batch)
      let decoder = LineDecoder(options: options)
      var rows: [Row] = []
      var from = 0
      while from < lines.count {
        let to = min(lines.count, from + Int.random(in: 1...15, using: &generator))
        let end = to == lines.count && Bool.random(using: &generator) ? "" : "\n"
        let chunk = lines[from..<to].joined(separator: "\n") + end
        rows += decoder.rows(Array(chunk.utf8), atStreamStart: from == 0, batch: &batch)
        from = to
      }
      #expect(rows == expected, "seed \(seed)")
    }
  }

  @Test func `whatever the bytes, each line gives its rows and no line gives another's`() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    let formats = [
      SourceFormat.kizashi, .segment, .rudderstack, .posthog(groupType: "company"),
      .cloudevents(user: "/data/user", accountAttribute: nil), PresetTests.custom,
    ]
    let decoders = formats.map { LineDecoder(options: reading($0)) }
    var batch = EventBatch()
    for _ in 0..<300 {
      var bytes = Array(Self.lines(&generator, 12).joined(separator: "\n").utf8)
      bytes += Array(#"{"batch":[{"timestamp":1.5,"x":NaN},[]],"log":"{\"at\":1e3,\"n\":[1,2]}"}"#.utf8)
      for _ in 0..<Int.random(in: 0...20, using: &generator) {
        Self.mutate(&bytes, &generator)
      }
      let expected = Self.nonBlankLines(bytes)
      for decoder in decoders {
        let rows = decoder.rows(bytes, atStreamStart: false, batch: &batch)
        #expect(batch.lines.count == expected, "seed \(seed)")
        #expect(Set(batch.line).count == expected, "seed \(seed)")
        #expect(batch.line == batch.line.sorted(), "seed \(seed)")
        #expect(rows.allSatisfy { ($0.kind == .refused) == ($0.reason != nil) }, "seed \(seed)")
        #expect(rows.allSatisfy { ($0.kind == .record) == ($0.record != nil) }, "seed \(seed)")
      }
    }
  }

  private static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
    guard let index = bytes.indices.randomElement(using: &generator) else { return }
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
    case 1: bytes.remove(at: index)
    case 2: bytes.insert(Array("{}[]\",:\\\n-.eENaI0".utf8).randomElement(using: &generator) ?? 0, at: index)
    case 3:
      let end = min(bytes.count, index + Int.random(in: 0..<40, using: &generator))
      bytes.insert(contentsOf: bytes[index..<end], at: index)
    default: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    }
  }

  /// Counted byte by byte.
  private static func nonBlankLines(_ bytes: [UInt8]) -> Int {
    bytes.split(separator: 0x0A).filter { line in !line.allSatisfy { [0x20, 0x09, 0x0D].contains($0) } }.count
  }

  @Test func `the limit finds the same lines and reads all five fields`() {
    let line = #"{"timestamp":"2025-01-01T00:00:00Z","account":"a","x":{"user":"no"},"user":"u","event":"e","id":"i"}"#
    func checksum(_ text: String) -> (Int, UInt64) {
      let bytes = Array(text.utf8)
      let padded = bytes + Array(repeating: 0, count: SimdjsonLimit.padding)
      return padded.withUnsafeBytes {
        let lines = UnsafeRawBufferPointer(rebasing: $0[0..<bytes.count])
        let result = SimdjsonLimit.extract(lines)
        #expect(SimdjsonLimit.validate(lines) == result)
        return (result.lines, result.checksum)
      }
    }
    let three = checksum("\(line)\nbroken\n\(line)\n\(line)")
    let one = checksum(line)
    #expect(three.0 == 4 && one.0 == 1)
    #expect(three.1 == 3 * one.1)
    for field in ["2025", "\"a\"", "\"u\"", "\"e\"", "\"i\""] {
      #expect(checksum(line.replacing(field, with: field.dropLast() + (field == "2025" ? "55" : "z\""))).1 != one.1)
    }
  }
}

extension String {
  /// A copy with each `old` replaced.
  func replacing(_ old: String, _ new: String) -> String { replacing(old, with: new) }
}
