import Foundation
import KizashiCore
import TestSupport
import Testing

@testable import kizashi

@Suite struct ShapeTests {
  @Test(arguments: [UInt64(11), 12, 13]) func `JSON reads back as it was, with nothing a terminal obeys`(seed: UInt64)
    throws
  {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let text = random.text(upTo: 10)
      let value = Value.object([
        .init("text", .text(text)), .init("none", .null), .init("n", .integer(.max)), .init("yes", .bool(true)),
        .init("list", .list([.decimal(0.1), .decimal(-70), .object([])])),
      ])
      for json in [value.json, value.indentedJSON] {
        let hidden = json.unicodeScalars.contains { Visible.isHidden($0) && $0 != "\n" }
        #expect(!hidden, "seed \(seed)")
        let read = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect((read["text"] as? String)?.unicodeScalars.elementsEqual(text.unicodeScalars) == true, "seed \(seed)")
        #expect(read["n"] as? Int64 == .max)
        #expect((read["list"] as? [Any])?.count == 3)
      }
    }
  }

  @Test func `numbers are written short and never as what JSON does not know`() {
    #expect(Value.decimal(56.43).json == "56.43")
    #expect(Value.decimal(70).json == "70")
    #expect(Value.decimal(-0.4).json == "-0.4")
    #expect(Value.decimal(.nan).json == "null")
    #expect(Value.decimal(.infinity).json == "null")
    #expect(Value(nil as Int?).json == "null")
  }

  @Test(arguments: [UInt64(21), 22]) func `CSV reads back as it was`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let row = (0..<4).map { _ in
        random.text(upTo: 6) + ["", ",", "\"", "\n", "\r\n", " "].randomElement(using: &random)!
      }
      let line = row.map(CSV.field).joined(separator: ",") + CSV.lineEnd
      #expect(
        parse(line).map { $0.unicodeScalars.map(\.value) } == row.map { $0.unicodeScalars.map(\.value) }, "seed \(seed)"
      )
    }
  }

  /// One CSV record, by RFC 4180.
  private func parse(_ line: String) -> [String] {
    var fields: [String.UnicodeScalarView] = [.init()]
    var quoted = false
    var scalars = line.unicodeScalars.dropLast(CSV.lineEnd.unicodeScalars.count)[...]
    while let scalar = scalars.popFirst() {
      switch scalar {
      case "\"" where quoted && scalars.first == "\"": fields[fields.count - 1].append(scalars.removeFirst())
      case "\"": quoted.toggle()
      case "," where !quoted: fields.append(.init())
      default: fields[fields.count - 1].append(scalar)
      }
    }
    return fields.map { String($0) }
  }

  private struct Row {
    var name: String
    var score: Double?
  }
  private let listing = Listing<Row>(
    columns: [.text("account", "ACCOUNT", minimum: 4) { $0.name }, .points("score", "SCORE") { $0.score }],
    nothing: "No account.")
  private func page(_ terminal: Terminal = .none) -> Page {
    Page(terminal: terminal, now: Instant(milliseconds: 0))
  }

  @Test func `one listing, four shapes`() {
    let rows = [Row(name: "a,\u{1b}c", score: 56.4), Row(name: "b", score: nil)]
    #expect(
      listing.text(rows, format: .table, page: page()) == "ACCOUNT    SCORE\na,\\u{1b}c  56.40\nb              –\n")
    #expect(
      listing.text(rows, format: .json, page: page())
        == "[\n  {\"account\":\"a,\\u001bc\",\"score\":56.4},\n  {\"account\":\"b\",\"score\":null}\n]\n")
    #expect(
      listing.text(rows, format: .ndjson, page: page())
        == "{\"account\":\"a,\\u001bc\",\"score\":56.4}\n{\"account\":\"b\",\"score\":null}\n")
    #expect(listing.text(rows, format: .csv, page: page()) == "account,score\n\"a,\u{1b}c\",56.4\nb,\n")
  }

  @Test func `CSV is exact in a file and harmless on a terminal`() {
    let terminal = Terminal(isTerminal: true, width: 80, colour: true)
    let text = listing.text([Row(name: "\u{1b}]0;x", score: 1)], format: .csv, page: page(terminal))
    #expect(text == "account,score\n\\u{1b}]0;x,1\n")
  }

  @Test func `nothing is said in the words of the format`() {
    #expect(listing.text([], format: .table, page: page()) == "No account.\n")
    #expect(listing.text([], format: .json, page: page()) == "[]\n")
    #expect(listing.text([], format: .ndjson, page: page()) == "")
    #expect(listing.text([], format: .csv, page: page()) == "account,score\n")
  }
}
