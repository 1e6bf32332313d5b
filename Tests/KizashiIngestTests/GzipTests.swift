import Foundation
import TestSupport
import Testing

@testable import KizashiIngest

@Suite struct `Compressed files` {
  let scratch: Scratch
  let sink = RecordingSink()

  init() throws { scratch = try Scratch() }

  private func damages() async -> Int { await sink.count { if case .corrupt = $0 { true } else { false } } }

  @Test func `are read decompressed, once, all their members`() async throws {
    scratch.append("a.ndjson.gz", gzip("one\ntw") + gzip("o\n") + gzip("three"))
    try await following(scratch, sink) { await sink.wait("all") { $0.lines.count == 3 } }
    #expect(await sink.lines == ["one", "two", "three"])
    #expect(await sink.stored.map(\.ending) == [.complete])
    try await following(scratch, sink) { await sink.wait("a look") { $0.isDrained } }
    #expect(await sink.lines.count == 3)
  }

  @Test func `are told by their first bytes, not by their name`() async throws {
    scratch.append("plain.ndjson.gz", "one\n")
    scratch.append("packed.ndjson", gzip("two\n"))
    try await following(scratch, sink) { await sink.wait("both") { $0.lines.count == 2 } }
  }

  @Test func `wait for a member that is still being written`() async throws {
    let whole = gzip(numbered(1...2_000, filler: 30))
    scratch.append("a.ndjson.gz", Array(whole.prefix(whole.count / 2)))
    try await following(scratch, sink) {
      await sink.wait("the first half") { $0.isDrained && $0.lines.count > 100 }
      scratch.append("a.ndjson.gz", Array(whole.suffix(from: whole.count / 2)))
      await sink.wait("the rest") { $0.lines.count == 2_000 }
      scratch.append("a.ndjson.gz", gzip("another member\n"))
      await sink.wait("a member appended later") { $0.lines.count == 2_001 }
    }
  }

  @Test func `go on in the middle after a restart`() async throws {
    let whole = gzip(numbered(1...2_000, filler: 30))
    scratch.append("a.ndjson.gz", Array(whole.prefix(whole.count / 2)))
    try await following(scratch, sink) {
      await sink.wait("the first half") { $0.isDrained && $0.lines.count > 100 }
    }
    scratch.append("a.ndjson.gz", Array(whole.suffix(from: whole.count / 2)))
    try await following(scratch, sink) { await sink.wait("the rest") { $0.lines.count == 2_000 } }
  }

  @Test func `that are damaged give one report and their good part`() async throws {
    var damaged = gzip(numbered(1...20_000, filler: 20))
    let middle = damaged.count / 2
    for place in middle..<middle + 200 { damaged[place] = 0xff }
    scratch.append("a.ndjson.gz", damaged)
    try await following(scratch, sink, options: quickPasses) {
      await sink.wait("the report") { $0.events.contains { if case .corrupt = $0.kind { true } else { false } } }
      await sink.wait("passes") { $0.drainedCount > 5 }
    }
    let lines = await sink.lines
    #expect(
      lines.count > 1_000
        && lines.prefix(500).elementsEqual((1...500).map { "line \($0) " + String(repeating: "x", count: 20) }))
    #expect(await damages() == 1)
    try await following(scratch, sink) { await sink.wait("a look") { $0.isDrained } }
    #expect(await damages() == 1)
    #expect(await sink.lines.count == lines.count)
  }

  @Test func `that are no gzip behind the magic are reported`() async throws {
    scratch.append("a.ndjson.gz", Inflater.magic + Array("nonsense\n".utf8))
    scratch.append("b.ndjson", "one\n")
    try await following(scratch, sink, options: quickPasses) {
      await sink.wait("passes") { $0.drainedCount > 5 }
    }
    #expect(await damages() == 1)
    #expect(await sink.lines == ["one"])
  }

  @Test func `rotated and compressed while stopped resume where the plain file was left`() async throws {
    scratch.append("a.ndjson", numbered(1...3_000))
    try await following(scratch, sink) { await sink.wait("the beginning") { $0.lines.count == 3_000 } }
    scratch.append("a.ndjson", numbered(3_001...3_500))
    scratch.append("a.ndjson.1.gz", gzip(scratch.read("a.ndjson")))
    scratch.remove("a.ndjson")
    scratch.append("a.ndjson", "new\n")
    try await following(scratch, sink) { await sink.wait("the rest") { $0.isDrained && $0.lines.count >= 3_501 } }
    #expect(await sink.lines.count == 3_501)
    #expect(await sink.positions["\(scratch["a.ndjson"])#1"]?.compressed == true)
    #expect(await sink.positions["\(scratch["a.ndjson"])#1"]?.ending == .complete)
  }

  @Test(arguments: [true, false])
  func `compressed under our eyes: nothing twice, nothing lost`(readBefore: Bool) async throws {
    try await following(scratch, sink, options: quickPasses) {
      scratch.append("a.ndjson", numbered(1...3_000))
      if readBefore { await sink.wait("the beginning") { $0.isDrained && $0.lines.count == 3_000 } }
      scratch.append("a.ndjson", numbered(3_001...3_100))
      scratch.move("a.ndjson", "a.ndjson.1")
      scratch.append("a.ndjson", "new\n")
      let packed = gzip(scratch.read("a.ndjson.1"))
      scratch.append("a.ndjson.1.gz", Array(packed.prefix(packed.count / 2)))
      scratch.append("a.ndjson.1.gz", Array(packed.suffix(from: packed.count / 2)))
      scratch.remove("a.ndjson.1")
      await sink.wait("the stream to live on in the compressed file") {
        $0.lines.count >= 3_101 && $0.positions.values.contains { $0.compressed && $0.finished }
      }
    }
    let lines = await sink.lines
    #expect(lines.count == 3_101)
    #expect(Set(lines).count == lines.count)
  }

  @Test func `that begin as a stream does and go on otherwise are new`() async throws {
    let head = numbered(1...600, "same")
    scratch.append("a.ndjson", head + numbered(1...10, "left"))
    try await following(scratch, sink) { await sink.wait("the plain file") { $0.lines.count == 610 } }
    scratch.remove("a.ndjson")
    scratch.append("b.ndjson.gz", gzip(head + numbered(1...10, "right")))
    try await following(scratch, sink) { await sink.wait("the compressed file") { $0.lines.count == 1_220 } }
  }

  @Test func `a bomb is read in bounded pieces`() async throws {
    scratch.append("a.ndjson.gz", gzip([UInt8](repeating: 0, count: 32 << 20) + Array("\nlast\n".utf8)))
    try await following(scratch, sink) { await sink.wait("the end") { $0.lines == ["last"] } }
    #expect(await sink.oversize.map(\.length) == [32 << 20])
    #expect(await sink.largestChunk < 1 << 20)
  }
}
