import Foundation
import Testing

@testable import KizashiIngest

@Suite struct `Rotation` {
  let scratch: Scratch
  let sink = RecordingSink()

  init() throws { scratch = try Scratch() }

  private func truncations() async -> [Int64] {
    await sink.events.compactMap { if case .truncated(let lost) = $0.kind { lost } else { nil } }
  }

  @Test func `by renaming: the old file is read to its end, by its old writer too`() async throws {
    scratch.append("a.ndjson", "one\n")
    try await following(scratch, sink) {
      await sink.wait("the first line") { $0.lines.count == 1 }
      scratch.append("a.ndjson", "two\n")
      scratch.move("a.ndjson", "a.ndjson.1")
      scratch.append("a.ndjson", "new one\n")
      scratch.append("a.ndjson.1", "three\n")
      await sink.wait("all") { $0.lines.count == 4 }
    }
    let old = try #require(await sink.bytes.first { $0.value.starts(with: Array("one".utf8)) })
    #expect(String(decoding: old.value, as: UTF8.self) == "one\ntwo\nthree\n")
    #expect(await sink.positions[old.key]?.path == BytePath(scratch["a.ndjson.1"]))
    #expect(await sink.positions.count == 2)
  }

  @Test func `out of the patterns: the old file is read to its end`() async throws {
    scratch.append("a.ndjson", "one\n")
    scratch.makeDirectory("archive")
    try await following(scratch, sink, rotated: []) {
      await sink.wait("the first line") { $0.isDrained && $0.lines.count == 1 }
      scratch.move("a.ndjson", "archive/old")
      scratch.append("a.ndjson", "new\n")
      await sink.wait("the new file") { $0.lines.count == 2 }
      scratch.append("archive/old", "two\n")
      await sink.wait("the old file's end") { $0.lines.count == 3 }
    }
    scratch.append("archive/old", "unseen\n")
  }

  @Test func `out of the patterns: a file quiet for long is let go`() async throws {
    scratch.append("a.ndjson", "one\npart")
    var options = quickPasses
    options.departedQuietPasses = 3
    try await following(scratch, sink, rotated: [], options: options) {
      await sink.wait("the first line") { $0.isDrained && $0.lines.count == 1 }
      scratch.move("a.ndjson", "old")
      await sink.wait("the end") {
        $0.events.contains { if case .gone(let lost) = $0.kind { lost == 4 } else { false } }
      }
      let passes = await sink.drainedCount
      await sink.wait("more passes") { $0.drainedCount > passes + 8 }
    }
    #expect(await sink.stored.map(\.ending) == [.departed])
    #expect(await sink.count { if case .gone = $0 { true } else { false } } == 1)
  }

  @Test func `three times while stopped`() async throws {
    scratch.append("a.ndjson", "one\n")
    try await following(scratch, sink) { await sink.wait("the first line") { $0.lines.count == 1 } }
    scratch.append("a.ndjson", "two\n")
    for round in 1...3 {
      for number in stride(from: 3, to: 0, by: -1) where scratch.exists("a.ndjson.\(number)") {
        scratch.move("a.ndjson.\(number)", "a.ndjson.\(number + 1)")
      }
      scratch.move("a.ndjson", "a.ndjson.1")
      scratch.append("a.ndjson", "round \(round)\n")
    }
    try await following(scratch, sink) { await sink.wait("the rest") { $0.isDrained && $0.lines.count == 5 } }
    #expect(await sink.lines.sorted() == ["one", "round 1", "round 2", "round 3", "two"])
    #expect(await sink.positions["\(scratch["a.ndjson"])#1"]?.path == BytePath(scratch["a.ndjson.3"]))
  }

  @Test func `out of the patterns while stopped: found by its inode`() async throws {
    scratch.append("a.ndjson", "one\n")
    try await following(scratch, sink) { await sink.wait("the first line") { $0.lines.count == 1 } }
    scratch.append("a.ndjson", "two\n")
    scratch.move("a.ndjson", "elsewhere")
    scratch.append("a.ndjson", "new\n")
    try await following(scratch, sink) { await sink.wait("all") { $0.lines.count == 3 } }
  }

  @Test func `by copying and truncating: the unread rest comes from the copy`() async throws {
    scratch.append("a.ndjson", numbered(1...100))
    try await following(scratch, sink) { await sink.wait("the beginning") { $0.lines.count == 100 } }
    scratch.append("a.ndjson", numbered(101...120))
    scratch.append("a.ndjson.1", scratch.read("a.ndjson"))
    scratch.truncate("a.ndjson")
    scratch.append("a.ndjson", numbered(121...130))
    try await following(scratch, sink) { await sink.wait("the rest") { $0.isDrained && $0.lines.count >= 130 } }
    #expect(await sink.lines.count == 130)
    #expect(await Set(sink.lines).count == 130)
    #expect(await truncations() == [])
  }

  @Test func `by copying and truncating while following: nothing twice`() async throws {
    scratch.append("a.ndjson", numbered(1...1_000))
    try await following(scratch, sink, options: quickPasses) {
      await sink.wait("the beginning") { $0.isDrained && $0.lines.count == 1_000 }
      scratch.append("a.ndjson.1", scratch.read("a.ndjson"))
      let before = await sink.drainedCount
      await sink.wait("the copy seen") { $0.drainedCount > before + 3 }
      scratch.append("a.ndjson", numbered(1_001...1_010))
      scratch.truncate("a.ndjson")
      scratch.append("a.ndjson", numbered(2_001...2_010))
      await sink.wait("the new lines") { $0.lines.last == "line 2010 " }
    }
    let lines = await sink.lines
    #expect(Set(lines).count == lines.count)
  }

  @Test func `truncation with unread bytes and no copy is reported in bytes`() async throws {
    scratch.append("a.ndjson", numbered(1...10) + "partial")
    try await following(scratch, sink, options: quickPasses) {
      await sink.wait("the beginning") { $0.isDrained && $0.lines.count == 10 }
      scratch.truncate("a.ndjson")
      scratch.append("a.ndjson", "new\n")
      await sink.wait("the new line and the report") { $0.lines.last == "new" && $0.positions.count == 2 }
      await sink.wait("the report") {
        $0.events.contains { if case .truncated(let lost) = $0.kind { lost == 7 } else { false } }
      }
    }
    #expect(await sink.positions["\(scratch["a.ndjson"])#1"]?.ending == .truncated)
  }

  @Test(arguments: [true, false])
  func `truncated and refilled to the same size and first line`(whileStopped: Bool) async throws {
    let old = "same first line\n" + numbered(1...300, "old")
    let new = "same first line\n" + numbered(1...300, "new")
    #expect(old.utf8.count == new.utf8.count)
    func refill() {
      let descriptor = open(scratch["a.ndjson"], O_WRONLY | O_TRUNC)
      #expect(write(descriptor, new, new.utf8.count) == new.utf8.count)
      close(descriptor)
    }
    scratch.append("a.ndjson", old)
    try await following(scratch, sink) {
      await sink.wait("the old content") { $0.isDrained && $0.lines.count == 301 }
      if !whileStopped {
        refill()
        await sink.wait("the new content") { $0.lines.count == 602 }
      }
    }
    if whileStopped {
      refill()
      try await following(scratch, sink) { await sink.wait("the new content") { $0.lines.count == 602 } }
    }
    #expect(await sink.lines.suffix(300).allSatisfy { $0.hasPrefix("new") })
  }

  @Test func `a deleted file that is open is read to its end`() async throws {
    scratch.append("a.ndjson", "one\n")
    let writer = open(scratch["a.ndjson"], O_WRONLY | O_APPEND)
    defer { close(writer) }
    var options = quickPasses
    options.deletedQuietPasses = 1_000_000
    try await following(scratch, sink, options: options) {
      await sink.wait("the first line") { $0.lines.count == 1 }
      scratch.remove("a.ndjson")
      #expect(write(writer, "two\n", 4) == 4)
      await sink.wait("the line written after the deletion") { $0.lines == ["one", "two"] }
    }
  }

  @Test func `a deleted file is given up and one made in its place is new`() async throws {
    scratch.append("a.ndjson", "one\n")
    try await following(scratch, sink, options: quickPasses) {
      await sink.wait("the first line") { $0.lines.count == 1 }
      scratch.remove("a.ndjson")
      await sink.wait("the end") { $0.positions.values.contains { $0.ending == .deleted } }
      scratch.append("a.ndjson", "one\n")
      await sink.wait("the same line in a new file") { $0.lines == ["one", "one"] }
    }
  }

  @Test func `an unread file deleted while stopped is reported in bytes`() async throws {
    scratch.append("a.ndjson", "one\npartial")
    try await following(scratch, sink) { await sink.wait("the first line") { $0.lines.count == 1 } }
    scratch.remove("a.ndjson")
    try await following(scratch, sink) {
      await sink.wait("the report") {
        $0.events.contains { if case .gone(let lost) = $0.kind { lost == 7 } else { false } }
      }
    }
    let events = await sink.events.count
    try await following(scratch, sink) { await sink.wait("a look") { $0.isDrained } }
    #expect(await sink.events.count == events, "reported once")
  }

  @Test func `a file moved to another file system goes on where it was`() async throws {
    scratch.append("a.ndjson", numbered(1...10))
    try await following(scratch, sink) { await sink.wait("the beginning") { $0.lines.count == 10 } }
    scratch.append("copy", scratch.read("a.ndjson"))
    scratch.remove("a.ndjson")
    scratch.move("copy", "a.ndjson")
    scratch.append("a.ndjson", numbered(11...12))
    try await following(scratch, sink) { await sink.wait("the rest") { $0.lines.count == 12 } }
    #expect(await sink.lines == (1...12).map { "line \($0) " })
  }

  @Test func `a missing directory loses nothing: the files are as they were when it is back`() async throws {
    scratch.makeDirectory("mnt")
    scratch.append("mnt/a.ndjson", "one\n")
    try await following(scratch, sink, paths: ["mnt/*.ndjson"]) {
      await sink.wait("the first line") { $0.lines.count == 1 }
    }
    scratch.move("mnt", "away")
    try await following(scratch, sink, paths: ["mnt/*.ndjson"], options: quickPasses) {
      await sink.wait("passes") { $0.drainedCount > 5 }
      scratch.append("away/a.ndjson", "two\n")
      scratch.move("away", "mnt")
      await sink.wait("the second line") { $0.lines == ["one", "two"] }
    }
    #expect(await !sink.events.contains { if case .gone = $0.kind { true } else { false } })
  }

  @Test func `files of a directory that comes back during a look are not given up`() async throws {
    scratch.makeDirectory("mnt")
    scratch.append("mnt/a.ndjson", "one\n")
    try await following(scratch, sink, paths: ["mnt/*.ndjson"]) {
      await sink.wait("the first line") { $0.lines.count == 1 }
    }
    scratch.move("mnt", "away")
    scratch.append("other.ndjson", "other\n")
    var options = FileSourceOptions()
    options.usesInotify = false
    let source = try FileSource(
      id: "app", paths: [scratch["mnt/*.ndjson"], scratch["other.ndjson"]], positions: await sink.stored,
      options: options)
    await source.begin()
    // The look, and a turn of the other file.
    var outputs = await source.advance(1, now: 0).outputs
    scratch.move("away", "mnt")
    scratch.append("mnt/a.ndjson", "two\n")
    outputs += await source.advance(100, now: 1).outputs
    outputs += await source.advance(100, now: options.reconcileMilliseconds + 1).outputs
    await source.end()
    let isGivenUp = outputs.contains { if case .event(let event) = $0, case .gone = event.kind { true } else { false } }
    #expect(!isGivenUp)
    var bytes: [UInt8] = []
    for case .chunk(let chunk) in outputs { bytes += chunk.bytes }
    #expect(String(decoding: bytes, as: UTF8.self) == "other\ntwo\n")
  }

  @Test func `small files with equal content are different files`() async throws {
    for number in 1...10 { scratch.append("f\(number).ndjson", "same\n") }
    try await following(scratch, sink, options: quickPasses) {
      await sink.wait("all") { $0.lines.count == 10 }
    }
  }
}
