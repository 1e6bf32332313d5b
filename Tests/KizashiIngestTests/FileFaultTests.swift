import Foundation
import TestSupport
import Testing

@testable import KizashiIngest

/// Faults that a source of files must survive, each with what exactly must come of it.
@Suite struct `Faults of files` {
  let scratch: Scratch
  let sink = RecordingSink()

  init() throws { scratch = try Scratch() }

  private func count(of kind: @Sendable (SourceEvent.Kind) -> Bool) async -> Int { await sink.count(of: kind) }

  /// Whether the file system gives a number that became free to the next file.
  static let reusesInodes: Bool = {
    guard let scratch = try? Scratch() else { return false }
    return (0..<50).contains { _ in
      scratch.append("a", "")
      let inode = scratch.inode("a")
      scratch.remove("a")
      scratch.append("a", "")
      defer { scratch.remove("a") }
      return scratch.inode("a") == inode
    }
  }()

  @Test(.enabled(if: reusesInodes, "the file system numbers inodes anew"), arguments: [true, false])
  func `another file under a number that was used before is another file`(isLonger: Bool) async throws {
    // Others on this machine make files, too: until we get the number back.
    var name = ""
    for attempt in 1...20 {
      name = "a\(attempt).ndjson"
      scratch.append(name, numbered(1...20, name))
      try await following(scratch, sink) {
        await sink.wait("the first file") { $0.isDrained && $0.lines.count == attempt * 20 }
      }
      let inode = scratch.inode(name)
      scratch.remove(name)
      scratch.append(name, "")
      if scratch.inode(name) == inode { break }
      scratch.remove(name)
    }
    let before = await sink.lines.count
    try #require(scratch.exists(name), "no number was used again")
    let last = isLonger ? 150 : 103
    scratch.append(name, numbered(101...last, "new"))
    try await following(scratch, sink) {
      await sink.wait("the second file") { $0.isDrained && $0.lines.count == before + last - 100 }
    }
    #expect(await Array(sink.lines.dropFirst(before)) == (101...last).map { "new \($0) " })
    #expect(await sink.positions.count == before / 20 + 1)
  }

  @Test func `files with the same first 8 KiB are different files, through rotation and restarts`() async throws {
    let head = numbered(1...200, "same", filler: 40)
    for name in ["a.ndjson", "b.ndjson", "c.ndjson"] { scratch.append(name, head + "\(name) 1\n") }
    try await following(scratch, sink) { await sink.wait("all") { $0.isDrained && $0.lines.count == 603 } }
    for name in ["a.ndjson", "b.ndjson", "c.ndjson"] {
      scratch.append(name, "\(name) 2\n")
      scratch.move(name, "\(name).1")
      scratch.append(name, head + "\(name) 3\n")
    }
    scratch.append("c.ndjson.1.gz", gzip(scratch.read("c.ndjson.1")))
    scratch.remove("c.ndjson.1")
    try await following(scratch, sink, options: quickPasses) {
      await sink.wait("all") { $0.isDrained && $0.lines.count >= 603 + 3 + 603 }
    }
    let own = await sink.lines.filter { !$0.hasPrefix("same") }.sorted()
    #expect(own == ["a", "b", "c"].flatMap { name in (1...3).map { "\(name).ndjson \($0)" } })
    #expect(await sink.lines.count == 1_209)
  }

  @Test func `tiny files, down to a byte, are read once each`() async throws {
    for number in 0..<50 { scratch.append("f\(number).ndjson", number % 2 == 0 ? "\n" : "x\n") }
    try await following(scratch, sink) { await sink.wait("all") { $0.isDrained } }
    #expect(await sink.lines.count == 25)
    #expect(await sink.bytes.values.map(\.count).reduce(0, +) == 75)
    try await following(scratch, sink, options: quickPasses) { await sink.wait("passes") { $0.drainedCount > 5 } }
    #expect(await sink.bytes.values.map(\.count).reduce(0, +) == 75)
  }

  @Test func `permission taken and given back: one complaint, and every line`() async throws {
    #expect(chmod(scratch.path, 0o755) == 0)
    scratch.append("a.ndjson", "one\n")
    #expect(chmod(scratch["a.ndjson"], 0) == 0)
    var options = quickPasses
    options.maxOpenFiles = 1
    let source = try FileSource(id: "app", paths: [scratch["*.ndjson"]], options: options)
    await source.becomeNobody()
    let running = Task { try await source.run(sink: sink) }
    await sink.wait("passes") { $0.drainedCount > 5 }
    #expect(await count { if case .unreadable = $0 { true } else { false } } == 1)
    #expect(await sink.lines.isEmpty)
    #expect(chmod(scratch["a.ndjson"], 0o644) == 0)
    await sink.wait("the line") { $0.lines == ["one"] }
    // Another file takes the only descriptor, and so the first must be opened again.
    #expect(chmod(scratch["a.ndjson"], 0) == 0)
    scratch.append("b.ndjson", "other\n")
    await sink.wait("the other file") { $0.lines == ["one", "other"] }
    scratch.append("a.ndjson", "two\n")
    await sink.wait("the second complaint") {
      $0.events.filter { if case .unreadable = $0.kind { true } else { false } }.count == 2
    }
    #expect(chmod(scratch["a.ndjson"], 0o644) == 0)
    await sink.wait("the rest") { $0.lines == ["one", "other", "two"] }
    running.cancel()
    try await running.value
  }

  @Test func `a gzip cut short: one refusal, its good part, and the rest should it come`() async throws {
    let whole = gzip(numbered(1...2_000, filler: 30))
    scratch.append("a.ndjson.gz", Array(whole.prefix(whole.count / 2)))
    try await following(scratch, sink, options: quickPasses) {
      await sink.wait("the refusal") { $0.events.contains { if case .corrupt = $0.kind { true } else { false } } }
      let before = await sink.drainedCount
      await sink.wait("passes") { $0.drainedCount > before + 8 }
      #expect(await count { if case .corrupt = $0 { true } else { false } } == 1)
      let good = await sink.lines.count
      #expect(await sink.lines == (1...good).map { "line \($0) " + String(repeating: "x", count: 30) })
      #expect(good > 100)
      scratch.append("a.ndjson.gz", Array(whole.suffix(from: whole.count / 2)))
      await sink.wait("the rest, and that it is all") {
        $0.lines.count == 2_000 && $0.stored.map(\.ending) == [.complete]
      }
    }
  }

  @Test func `a partial last line across a kill comes once, whole`() async throws {
    let failure = try await FileReplay.run(
      FileSetup(),
      [
        .start, .write("a.ndjson", lines: 2, unended: true), .settle, .commit,
        .write("a.ndjson", lines: 1, unended: true),
        .steps(5), .kill, .write("a.ndjson", lines: 1), .start, .settle, .kill, .start, .settle,
      ])
    #expect(failure == nil)
  }

  @Test func `rotated three times and compressed while stopped, killed in between`() async throws {
    let rotation: [FileAction] = [.write("a.ndjson", lines: 5, unended: true), .rotate("a.ndjson")]
    let failure = try await FileReplay.run(
      FileSetup(),
      [.start, .write("a.ndjson", lines: 5), .settle, .commit, .write("a.ndjson", lines: 5), .steps(3), .kill]
        + rotation + rotation + rotation
        + [
          .beginCompressing("a.ndjson.3"), .endCompressing, .start, .steps(4), .commit, .steps(2), .kill, .start,
          .settle,
        ])
    #expect(failure == nil)
  }
}
