import Foundation
import TestSupport
import Testing

@testable import KizashiIngest

/// What must not cost memory, time or descriptors in proportion to what is thrown at a source.
///
/// With `KIZASHI_SOAK=1` at full size, to be run by themselves (`--filter "Bounds of ingestion"`); else small.
@Suite(.serialized) struct `Bounds of ingestion` {
  let scratch: Scratch
  let sink = RecordingSink()

  init() throws { scratch = try Scratch() }

  private static let soaks = ThisProcess.soaks
  private static let memoryBound = 24 << 20

  /// Follows until all is read, and checks what memory that took.
  private func readAll(_ lines: [String], seconds: Double) async throws {
    let before = ThisProcess.measureFromHere()
    let start = ContinuousClock.now
    try await following(scratch, sink) {
      await sink.wait("the end", seconds: seconds) { $0.isDrained && $0.lines.count == lines.count }
    }
    let took = ContinuousClock.now - start
    #expect(await sink.lines == lines)
    let grown = ThisProcess.peak - before
    // Tests beside this one take memory, too: the daemon by itself is held to its bound in FileBoundTests.
    if Self.soaks { #expect(grown < Self.memoryBound, "\(grown >> 20) MiB") }
    if Self.soaks { print("read in \(took), memory \(grown >> 20) MiB more") }
  }

  @Test func `a line of half a gigabyte is skipped in little memory, and harms no neighbour`() async throws {
    let length = Self.soaks ? 500_000_000 : 300_000_000
    scratch.append("a.ndjson", "one\n")
    scratch.fill("a.ndjson", byteCount: length)
    scratch.append("a.ndjson", "\ntwo\n")
    try await readAll(["one", "two"], seconds: 60)
    #expect(await sink.oversize.map(\.length) == [Int64(length)])
  }

  @Test func `a hole of two gigabytes is skipped in little memory and time`() async throws {
    let length = Self.soaks ? 2 << 30 : 300 << 20
    scratch.append("a.ndjson", "one\n")
    scratch.extend("a.ndjson", by: length)
    scratch.append("a.ndjson", "\ntwo\n")
    try await readAll(["one", "two"], seconds: 60)
    #expect(await sink.oversize.map(\.length) == [Int64(length)])
    #expect(await sink.positions.values.map(\.offset) == [Int64(length) + 9])
  }

  @Test func `behind each hole a file is read on at once`() async throws {
    // A piece that a hole cuts short is not the file's last one: nothing else would tell of the rest.
    scratch.append("a.ndjson", "one\n")
    for line in ["two", "three"] {
      // Whole blocks of the file system, and no whole pieces.
      scratch.extend("a.ndjson", by: (3 << 20) + (3 << 13))
      scratch.append("a.ndjson", "\n\(line)\n")
    }
    let source = try FileSource(id: "app", paths: [scratch["*.ndjson"]])
    await source.begin()
    let progress = await source.advance(10_000, now: 0)
    await source.end()
    #expect(progress.isDrained)
    let read = progress.outputs.reduce(into: "") { text, output in
      if case .chunk(let chunk) = output { text += String(decoding: chunk.bytes, as: UTF8.self) }
    }
    #expect(read.split(separator: "\n") == ["one", "two", "three"])
  }

  @Test func `a bomb of a gigabyte in a megabyte is read in little memory`() async throws {
    // Members of 4 MiB each, without a line feed: one line of all of them.
    let count = Self.soaks ? 256 : 64
    let member = gzip([UInt8](repeating: 0, count: 4 << 20))
    scratch.append("a.ndjson.gz", gzip("one\n") + Array(repeatElement(member, count: count).joined()) + gzip("\ntwo\n"))
    #expect(scratch.read(size: "a.ndjson.gz") < 2 << 20)
    try await readAll(["one", "two"], seconds: 60)
    #expect(await sink.oversize.map(\.length) == [Int64(count) * 4 << 20])
    #expect(await sink.largestChunk < 1 << 20)
  }

  @Test func `many files are followed with few descriptors and without inotify`() async throws {
    let count = Self.soaks ? 20_000 : 1_000
    for directory in 0..<10 { scratch.makeDirectory("d\(directory)") }
    for number in 0..<count { scratch.append("d\(number % 10)/\(number).ndjson", "first \(number)\n") }
    var options = FileSourceOptions()
    options.usesInotify = false
    options.reconcileMilliseconds = Self.soaks ? 5_000 : 50
    options.directoryRestMilliseconds = Self.soaks ? 5_000 : 50
    if !Self.soaks { options.maxOpenFiles = 32 }
    let source = try FileSource(id: "app", paths: [scratch["*/*.ndjson"]], options: options)
    try await ThisProcess.withDescriptorLimit(Self.soaks ? 256 : 20_000) {
      let running = Task { try await source.run(sink: sink) }
      await sink.wait("the first lines", seconds: 60) { $0.isDrained && $0.lines.count == count }
      // So that the quick looks are what finds the rest.
      while await !source.isGlancing { await sink.waitForALook() }
      let start = ContinuousClock.now
      for number in stride(from: 0, to: count, by: 10) {
        scratch.append("d\(number % 10)/\(number).ndjson", "second \(number)\n")
      }
      scratch.append("d3/new.ndjson", "new\n")
      await sink.wait("the second lines", seconds: 60) { $0.isDrained && $0.lines.count == count + count / 10 + 1 }
      let took = ContinuousClock.now - start
      if Self.soaks {
        print("\(count / 10 + 1) new lines found in \(took)")
        #expect(took < .seconds(7), "within a look, and the time to read them")
      }
      running.cancel()
      try await running.value
    }
    let expected =
      (0..<count).map { "first \($0)" } + stride(from: 0, to: count, by: 10).map { "second \($0)" } + ["new"]
    #expect(await sink.lines.sorted() == expected.sorted())
    #expect(await sink.count { if case .unreadable = $0 { true } else { false } } == 0)
  }
}
