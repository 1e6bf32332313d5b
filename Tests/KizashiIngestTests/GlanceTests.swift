import Foundation
import Testing

@testable import KizashiIngest

/// Between two listings of directories only what is known is looked at: nothing may go unnoticed by that.
@Suite struct `Looking without listing` {
  let scratch: Scratch
  let sink = RecordingSink()

  init() throws { scratch = try Scratch() }

  private func glancing(_ body: (FileSource) async throws -> Void) async throws {
    var options = quickPasses
    options.usesInotify = false
    // Longer than the tick of any file system's clock.
    options.directoryRestMilliseconds = 100
    let source = try FileSource(
      id: "app", paths: [scratch["*.ndjson"]], rotated: [scratch["*.ndjson.*"]], options: options)
    let running = Task { try await source.run(sink: sink) }
    await settle(source)
    try await body(source)
    running.cancel()
    try await running.value
  }

  private func settle(_ source: FileSource) async {
    await sink.wait("a first look") { $0.isDrained }
    while await !source.isGlancing { await sink.waitForALook() }
  }

  @Test func `finds what is appended, new, renamed, replaced and deleted`() async throws {
    scratch.append("a.ndjson", "one\n")
    scratch.append("b.ndjson", "b\n")
    try await glancing { source in
      scratch.append("a.ndjson", "two\n")
      await sink.wait("the appended line") { $0.lines.contains("two") }
      await settle(source)
      scratch.append("c.ndjson", "new\n")
      await sink.wait("the new file") { $0.lines.contains("new") }
      await settle(source)
      scratch.move("a.ndjson", "a.ndjson.1")
      scratch.append("a.ndjson.1", "three\n")
      scratch.append("a.ndjson", "four\n")
      await sink.wait("the rotated file and the new one") { Set(["three", "four"]).isSubset(of: $0.lines) }
      await settle(source)
      scratch.append("temporary", "replaced\n")
      scratch.move("temporary", "b.ndjson")
      await sink.wait("what replaced it") { $0.lines.contains("replaced") }
      await settle(source)
      scratch.remove("c.ndjson")
      await sink.wait("the end") {
        $0.positions.values.contains { $0.ending == .deleted && $0.key.contains("c.ndjson") }
      }
    }
    #expect(await sink.lines.sorted() == ["b", "four", "new", "one", "replaced", "three", "two"])
  }

  @Test func `finds what stands behind a link without its directory changing`() async throws {
    scratch.makeDirectory("data")
    scratch.append("data/1", "one\n")
    #expect(symlink(scratch["data/1"], scratch["a.ndjson"]) == 0)
    #expect(symlink(scratch["data/2"], scratch["b.ndjson"]) == 0)
    try await glancing { source in
      scratch.append("data/1", "two\n")
      await sink.wait("more behind the link") { $0.lines == ["one", "two"] }
      await settle(source)
      scratch.append("data/2", "three\n")
      await sink.wait("what the other link leads to now") { $0.lines == ["one", "two", "three"] }
      await settle(source)
      scratch.append("data/new", "four\n")
      scratch.move("data/new", "data/1")
      await sink.wait("another file at the link's end") { $0.lines == ["one", "two", "three", "four"] }
    }
  }

  @Test func `finds a file truncated and one that is small and grows`() async throws {
    scratch.append("a.ndjson", numbered(1...10))
    scratch.append("b.ndjson", "{")
    try await glancing { source in
      scratch.truncate("a.ndjson")
      scratch.append("a.ndjson", "new\n")
      await sink.wait("the new content") { $0.lines.last == "new" }
      await settle(source)
      scratch.append("b.ndjson", "}\n")
      await sink.wait("the whole line") { $0.lines.last == "{}" }
    }
    #expect(await sink.lines.count == 12)
  }
}
