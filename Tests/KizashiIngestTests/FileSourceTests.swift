import Foundation
import Testing

@testable import KizashiIngest

@Suite struct `A file source` {
  let scratch: Scratch
  let sink = RecordingSink()

  init() throws { scratch = try Scratch() }

  @Test func `reads what is there and says when nothing is unread`() async throws {
    scratch.append("a.ndjson", "one\ntwo\n")
    scratch.append("b.ndjson", "three\n")
    scratch.append("c.other", "not this\n")
    try await following(scratch, sink) {
      await sink.wait("both files") { $0.isDrained }
    }
    #expect(await sink.lines.sorted() == ["one", "three", "two"])
  }

  @Test func `is drained at once where there is nothing`() async throws {
    try await following(scratch, sink) {
      await sink.wait("a first look") { $0.drainedCount > 0 }
    }
    #expect(await sink.chunkCount == 0)
  }

  @Test func `picks up appended lines and new files by inotify alone`() async throws {
    scratch.append("a.ndjson", "one\n")
    try await following(scratch, sink) {
      await sink.wait("the first line") { $0.isDrained && $0.lines.count == 1 }
      scratch.append("a.ndjson", "two\n")
      await sink.wait("the appended line") { $0.lines == ["one", "two"] }
      scratch.append("new.ndjson", "three\n")
      await sink.wait("the new file") { $0.lines.count == 3 }
    }
  }

  @Test func `finds appended lines and new files without inotify`() async throws {
    var options = quickPasses
    options.usesInotify = false
    scratch.append("a.ndjson", "one\n")
    try await following(scratch, sink, options: options) {
      await sink.wait("the first line") { $0.lines.count == 1 }
      scratch.append("a.ndjson", "two\n")
      scratch.append("b.ndjson", "three\n")
      await sink.wait("the rest") { $0.lines.count == 3 }
    }
  }

  @Test func `a partial last line waits until it is whole`() async throws {
    scratch.append("a.ndjson", "one\nhal")
    try await following(scratch, sink) {
      await sink.wait("the whole line") { $0.isDrained && $0.lines == ["one"] }
      #expect(await sink.positions.values.first?.offset == 4)
      scratch.append("a.ndjson", "f")
      scratch.append("a.ndjson", "\nthree\n")
      await sink.wait("the rest") { $0.lines == ["one", "half", "three"] }
    }
  }

  @Test func `goes on after a restart where it stopped, within a line too`() async throws {
    scratch.append("a.ndjson", "one\ntw")
    try await following(scratch, sink) { await sink.wait("one line") { $0.lines == ["one"] } }
    scratch.append("a.ndjson", "o\nthree\n")
    try await following(scratch, sink) { await sink.wait("the rest") { $0.lines == ["one", "two", "three"] } }
    try await following(scratch, sink) { await sink.wait("a look") { $0.isDrained } }
    #expect(await sink.lines == ["one", "two", "three"])
    #expect(await sink.positions.count == 1)
  }

  @Test func `watches for directories that do not exist yet`() async throws {
    try await following(scratch, sink, paths: ["logs/*/deep/*.ndjson"]) {
      await sink.wait("a first look") { $0.drainedCount > 0 }
      scratch.makeDirectory("logs")
      scratch.makeDirectory("logs/web")
      scratch.makeDirectory("logs/web/deep")
      scratch.append("logs/web/deep/a.ndjson", "one\n")
      await sink.wait("the line") { $0.lines == ["one"] }
      for number in 1...30 {
        // At once: what appears before the new directory is watched must be found too.
        scratch.makeDirectory("logs/api\(number)")
        scratch.makeDirectory("logs/api\(number)/deep")
        scratch.append("logs/api\(number)/deep/a.ndjson", "api \(number)\n")
      }
      await sink.wait("the other lines") { $0.lines.count == 31 }
    }
  }

  @Test func `a busy file does not starve a quiet one`() async throws {
    var options = inotifyOnly
    options.readBudgetBytes = 4096
    scratch.append("busy.ndjson", numbered(1...20_000, "busy"))
    scratch.append("quiet.ndjson", "quiet\n")
    try await following(scratch, sink, options: options) {
      await sink.wait("everything") { $0.isDrained && $0.lines.count == 20_001 }
    }
    let place = try #require(await sink.lines.firstIndex(of: "quiet"))
    #expect(place < 1_000)
    // The budget, and a line held from before.
    #expect(await sink.largestChunk < 4096 + 20)
  }

  @Test func `reads nothing more while the sink holds a chunk`() async throws {
    var options = inotifyOnly
    options.readBudgetBytes = 4096
    scratch.append("a.ndjson", numbered(1...5_000))
    await sink.shutGate()
    try await following(scratch, sink, options: options) {
      await sink.wait("the first event") { !$0.events.isEmpty }
      #expect(await sink.chunkCount == 0)
      await sink.openGate()
      await sink.wait("everything") { $0.lines.count == 5_000 }
    }
  }

  @Test func `after cancellation nothing is handed on`() async throws {
    scratch.append("a.ndjson", numbered(1...5_000))
    var options = inotifyOnly
    options.readBudgetBytes = 4096
    await sink.shutGate()
    let source = try FileSource(id: "app", paths: [scratch["*.ndjson"]], options: options)
    let running = Task { try await source.run(sink: sink) }
    await sink.wait("a chunk at the gate") { !$0.events.isEmpty }
    running.cancel()
    await sink.openGate()
    try await running.value
    #expect(await sink.chunkCount <= 1)
    try await following(scratch, sink) { await sink.wait("the rest") { $0.lines.count == 5_000 } }
    #expect(await sink.lines == (1...5_000).map { "line \($0) " })
  }

  @Test func `a line too long is skipped, counted, and harms no neighbour`() async throws {
    let long = [UInt8](repeating: 0x61, count: 3 << 20)
    scratch.append("a.ndjson", Array("one\n".utf8) + long + Array("\ntwo\n".utf8))
    let limit = [UInt8](repeating: 0x62, count: LineFramer.lineLimit)
    scratch.append("b.ndjson", limit + [0x0a])
    try await following(scratch, sink) {
      await sink.wait("all") { $0.isDrained }
    }
    #expect(await sink.oversize.map(\.length) == [3 << 20])
    #expect(await sink.oversize.map(\.offset) == [4])
    #expect(await sink.oversize.first?.sample == Array(long.prefix(1024)))
    #expect(await sink.lines.map(\.utf8.count).sorted() == [3, 3, LineFramer.lineLimit])
  }

  @Test func `an unended line too long is skipped up to its end when that comes`() async throws {
    scratch.append("a.ndjson", [UInt8](repeating: 0x61, count: 2 << 20))
    try await following(scratch, sink) {
      await sink.wait("a look") { $0.isDrained }
      scratch.append("a.ndjson", "aaa\nnext\n")
      await sink.wait("the next line") { $0.lines == ["next"] }
    }
    #expect(await sink.oversize.map(\.length) == [2 << 20 + 3].map { _ in Int64(2 << 20) + 3 })
  }

  @Test func `closes idle files and opens them again`() async throws {
    var options = inotifyOnly
    options.maxOpenFiles = 3
    for number in 1...20 { scratch.append("f\(number).ndjson", "first \(number)\n") }
    try await following(scratch, sink, options: options) {
      await sink.wait("all first lines") { $0.isDrained && $0.lines.count == 20 }
      for number in 1...20 { scratch.append("f\(number).ndjson", "second \(number)\n") }
      await sink.wait("all second lines") { $0.lines.count == 40 }
    }
    #expect(await Set(sink.lines).count == 40)
    #expect(await sink.positions.count == 20)
  }

  @Test func `a file under two names is read once, links are followed`() async throws {
    scratch.makeDirectory("data")
    scratch.append("data/real", "one\n")
    #expect(symlink(scratch["data/real"], scratch["a.ndjson"]) == 0)
    #expect(link(scratch["data/real"], scratch["b.ndjson"]) == 0)
    try await following(scratch, sink) {
      await sink.wait("the line") { $0.isDrained }
      #expect(await sink.lines == ["one"])
      scratch.append("data/real", "two\n")
      await sink.wait("the line behind the link") { $0.lines == ["one", "two"] }
    }
  }

  @Test func `a link swapped to another file moves on to it`() async throws {
    scratch.makeDirectory("data")
    scratch.append("data/1", "one\n")
    scratch.append("data/2", "two\n")
    #expect(symlink(scratch["data/1"], scratch["a.ndjson"]) == 0)
    try await following(scratch, sink) {
      await sink.wait("the first file") { $0.isDrained && $0.lines == ["one"] }
      #expect(symlink(scratch["data/2"], scratch["swap"]) == 0)
      scratch.move("swap", "a.ndjson")
      await sink.wait("the second file") { $0.lines == ["one", "two"] }
      scratch.append("data/2", "three\n")
      await sink.wait("more of it") { $0.lines == ["one", "two", "three"] }
      scratch.append("data/1", "late\n")
      await sink.wait("the old file's end") { $0.lines.contains("late") }
    }
  }

  @Test func `what is no file is ignored with one report`() async throws {
    scratch.makeDirectory("dir.ndjson")
    #expect(mkfifo(scratch["pipe.ndjson"], 0o644) == 0)
    #expect(symlink("/dev/zero", scratch["zero.ndjson"]) == 0)
    scratch.append("a.ndjson", "one\n")
    try await following(scratch, sink, options: quickPasses) {
      await sink.wait("passes") { $0.drainedCount > 8 }
    }
    #expect(await sink.lines == ["one"])
    let ignored = await sink.count { if case .ignored = $0 { true } else { false } }
    #expect(ignored == 3)
  }

  @Test func `the daemon's own files are left alone`() async throws {
    var options = inotifyOnly
    options.excluded = [scratch["own.ndjson"]]
    scratch.append("own.ndjson", "mine\n")
    scratch.append("a.ndjson", "one\n")
    try await following(scratch, sink, options: options) {
      await sink.wait("the other") { $0.isDrained }
    }
    #expect(await sink.lines == ["one"])
  }

  @Test func `an unreadable path is complained of once and read when it can be`() async throws {
    #expect(symlink("loop.ndjson", scratch["loop.ndjson"]) == 0)
    try await following(scratch, sink, options: quickPasses) {
      await sink.wait("passes") { $0.drainedCount > 8 }
      let complaints = await sink.count { if case .unreadable = $0 { true } else { false } }
      #expect(complaints == 1)
      scratch.remove("loop.ndjson")
      scratch.append("loop.ndjson", "one\n")
      await sink.wait("the line") { $0.lines == ["one"] }
    }
  }

  @Test func `what cannot be read is known from outside until it can be or is gone`() async throws {
    #expect(symlink("loop.ndjson", scratch["loop.ndjson"]) == 0)
    #expect(symlink("round.ndjson", scratch["round.ndjson"]) == 0)
    let (typo, named, rotated) = (scratch["lgos/*.ndjson"], scratch["named.ndjson"], scratch["*.old"])
    let source = try FileSource(
      id: "app", paths: [scratch["*.ndjson"], typo, named], rotated: [rotated], options: quickPasses)
    func troubles() -> [String] { source.troubles.map { "\($0.kind) \($0.path)" } }
    let running = Task { try await source.run(sink: sink) }
    await sink.wait("passes") { $0.drainedCount > 2 }
    #expect(
      troubles() == [
        "missing \(typo)", "unreadable \(scratch["loop.ndjson"])", "missing \(named)",
        "unreadable \(scratch["round.ndjson"])",
      ])
    scratch.remove("loop.ndjson")
    scratch.remove("round.ndjson")
    scratch.append("loop.ndjson", "one\n")
    scratch.append("named.ndjson", "two\n")
    await sink.wait("both lines") { $0.lines.count == 2 && $0.drainedCount > 2 }
    let passes = await sink.drainedCount
    await sink.wait("another look") { $0.drainedCount > passes + 2 }
    #expect(troubles() == ["missing \(typo)"])
    try FileManager.default.createDirectory(atPath: scratch["lgos"], withIntermediateDirectories: false)
    scratch.append("lgos/a.ndjson", "three\n")
    await sink.wait("the third line") { $0.lines.count == 3 }
    #expect(troubles() == [])
    running.cancel()
    try await running.value
  }

  @Test(.enabled(if: geteuid() != 0, "permissions do not bind root"))
  func `permission given back is found out`() async throws {
    scratch.append("a.ndjson", "one\n")
    #expect(chmod(scratch["a.ndjson"], 0) == 0)
    try await following(scratch, sink) {
      await sink.wait("a complaint") { !$0.events.isEmpty }
      #expect(chmod(scratch["a.ndjson"], 0o644) == 0)
      await sink.wait("the line") { $0.lines == ["one"] }
    }
  }

  @Test func `a name that is not UTF-8 is followed and kept`() async throws {
    let name = Array(scratch["caf".description].utf8) + [0xe9] + Array(".ndjson".utf8)
    let made = (name + [0]).withUnsafeBytes { bytes in
      open(bytes.assumingMemoryBound(to: CChar.self).baseAddress!, O_WRONLY | O_CREAT, 0o644)
    }
    #expect(made >= 0 && write(made, "one\n", 4) == 4)
    close(made)
    try await following(scratch, sink) { await sink.wait("the line") { $0.lines == ["one"] } }
    let position = try #require(await sink.stored.first)
    #expect(position.path.bytes == name)
    #expect(position.key.hasSuffix("caf\\xe9.ndjson#1"))
    let again = try JSONDecoder().decode(StreamPosition.self, from: JSONEncoder().encode(position))
    #expect(again == position)
  }

  @Test func `a sink that fails ends the run with its error`() async throws {
    struct Full: Error {}
    struct FailingSink: ChunkSink {
      func accept(_ chunk: Chunk) async throws { throw Full() }
      func drained(source: String) async {}
      func report(_ event: SourceEvent) async {}
    }
    scratch.append("a.ndjson", "one\n")
    let source = try FileSource(id: "app", paths: [scratch["*.ndjson"]])
    await #expect(throws: Full.self) { try await source.run(sink: FailingSink()) }
  }
}
