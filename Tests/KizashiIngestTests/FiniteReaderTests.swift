import Foundation
import Synchronization
import TestSupport
import Testing

@testable import KizashiIngest

@Suite struct `A finite reader` {
  let scratch: Scratch
  let sink = RecordingSink()

  init() throws { scratch = try Scratch() }

  @discardableResult
  private func read(_ name: String, chunkBytes: Int = 1 << 20) async throws -> StreamPosition {
    await sink.allowUnendedLines()
    let reader = FiniteReader(
      source: "app", path: scratch[name], positions: await sink.stored, chunkBytes: chunkBytes)
    return try await reader.run(sink: sink)
  }

  @Test func `reads a file, and its end ends its last line`() async throws {
    scratch.append("a.ndjson", "one\ntwo")
    let position = try await read("a.ndjson")
    #expect(await sink.lines == ["one", "two"])
    #expect(position.offset == 7)
    #expect(!position.finished)
    #expect(await sink.isDrained)
  }

  @Test func `the same file again adds nothing, what was appended since does`() async throws {
    scratch.append("a.ndjson", "one\n")
    try await read("a.ndjson")
    try await read("a.ndjson")
    #expect(await sink.lines == ["one"])
    scratch.append("a.ndjson", "two\n")
    try await read("a.ndjson")
    #expect(await sink.lines == ["one", "two"])
    #expect(await sink.positions.count == 1)
  }

  @Test func `a file source goes on behind it`() async throws {
    scratch.append("a.ndjson", "one\n")
    try await read("a.ndjson")
    scratch.append("a.ndjson", "two\n")
    try await following(scratch, sink) { await sink.wait("the appended line") { $0.lines == ["one", "two"] } }
  }

  @Test func `it goes on behind a file source`() async throws {
    scratch.append("a.ndjson", numbered(1...10))
    try await following(scratch, sink) { await sink.wait("the lines") { $0.lines.count == 10 } }
    scratch.append("b.ndjson.gz", gzip(scratch.read("a.ndjson") + Array("more\n".utf8)))
    try await read("b.ndjson.gz")
    #expect(await sink.lines.count == 11)
    #expect(await sink.lines.last == "more")
  }

  @Test func `an overwritten file is another stream`() async throws {
    scratch.append("a.ndjson", numbered(1...10))
    try await read("a.ndjson")
    scratch.truncate("a.ndjson")
    scratch.append("a.ndjson", "new\n")
    try await read("a.ndjson")
    #expect(await sink.lines.count == 11)
    #expect(await sink.stored.map(\.ending) == [.truncated, nil])
  }

  @Test func `reads gzip of several members whatever the name, once`() async throws {
    scratch.append("a.ndjson", gzip("one\ntw") + gzip("o\nthree"))
    let position = try await read("a.ndjson")
    #expect(position.ending == .complete)
    try await read("a.ndjson")
    #expect(await sink.lines == ["one", "two", "three"])
  }

  @Test func `a gzip cut short gives its good part and one report`() async throws {
    let whole = gzip(numbered(1...2_000, filler: 30))
    scratch.append("a.gz", Array(whole.prefix(whole.count / 2)))
    let position = try await read("a.gz")
    let lines = await sink.lines
    #expect(lines.count > 100)
    #expect(lines.elementsEqual((1...lines.count).map { "line \($0) " + String(repeating: "x", count: 30) }))
    #expect(await sink.count { if case .corrupt = $0 { true } else { false } } == 1)
    #expect(position.ending == .corrupt)
  }

  @Test func `small chunks give the same`() async throws {
    let text = numbered(1...500, filler: 13)
    scratch.append("a.ndjson", text)
    try await read("a.ndjson", chunkBytes: 100)
    #expect(await sink.bytes.values.first == Array(text.utf8))
  }

  @Test func `an empty file is nothing`() async throws {
    scratch.append("a.ndjson", "")
    try await read("a.ndjson")
    #expect(await sink.chunkCount == 0)
    #expect(await sink.isDrained)
  }

  @Test func `says why it cannot read`() async throws {
    scratch.makeDirectory("dir")
    for (name, reason) in [("none", "No such file"), ("dir", "directory")] {
      let error = await #expect(throws: IngestError.self) { try await read(name) }
      #expect(error?.description.contains(reason) == true && error?.description.contains(name) == true)
    }
  }

  @Test func `tells how far it is`() async throws {
    let text = numbered(1...500, filler: 13)
    scratch.append("a.ndjson", text)
    let seen = Mutex<[FiniteReader.Progress]>([])
    let reader = FiniteReader(source: "app", path: scratch["a.ndjson"], chunkBytes: 4096)
    try await reader.run(sink: sink) { progress in seen.withLock { $0.append(progress) } }
    let progress = seen.withLock { $0 }
    #expect(progress.count > 3)
    #expect(
      progress.last == FiniteReader.Progress(bytesRead: Int64(text.utf8.count), totalBytes: Int64(text.utf8.count)))
  }

  @Test func `stops when cancelled`() async throws {
    scratch.append("a.ndjson", numbered(1...5_000))
    await sink.shutGate()
    let reader = FiniteReader(source: "app", path: scratch["a.ndjson"], chunkBytes: 4096)
    let running = Task { try await reader.run(sink: sink) }
    await sink.wait("the first event") { !$0.events.isEmpty }
    running.cancel()
    await sink.openGate()
    await #expect(throws: CancellationError.self) { try await running.value }
    #expect(await sink.chunkCount <= 1)
  }
}
