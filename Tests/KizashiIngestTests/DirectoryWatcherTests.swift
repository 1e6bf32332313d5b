import Glibc
import Testing

@testable import KizashiIngest

@Suite struct `The directory watcher` {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func awaited(_ pattern: String) -> Expansion {
    var expansion = Expansion()
    PathPattern(scratch[pattern], rotated: false).expand(into: &expansion)
    return expansion
  }

  @Test func `tells which watches are new, for what appeared before them was not told`() throws {
    let watcher = try DirectoryWatcher.make().get()
    #expect(watcher.watch(awaited("*.ndjson").directories).isNew)
    #expect(!watcher.watch(awaited("*.ndjson").directories).isNew)
    // Another directory at the same path.
    scratch.makeDirectory("logs")
    #expect(watcher.watch(awaited("logs/*.ndjson").directories).isNew)
    scratch.move("logs", "old")
    scratch.makeDirectory("logs")
    #expect(watcher.watch(awaited("logs/*.ndjson").directories).isNew)
  }

  @Test func `tells what happens to entries, in order`() throws {
    let watcher = try DirectoryWatcher.make().get()
    #expect(watcher.watch(awaited("*.ndjson").directories).failures.isEmpty)
    scratch.append("a.ndjson", "one\n")
    scratch.move("a.ndjson", "b.ndjson")
    scratch.remove("b.ndjson")
    let told = watcher.events().map { event in
      switch event {
      case .appeared(_, let name): "appeared " + String(decoding: name, as: UTF8.self)
      case .changed(_, let name): "changed " + String(decoding: name, as: UTF8.self)
      case .left(_, let name): "left " + String(decoding: name, as: UTF8.self)
      case .file: "file"
      case .rescan: "rescan"
      }
    }
    #expect(
      told == ["appeared a.ndjson", "changed a.ndjson", "left a.ndjson", "appeared b.ndjson", "left b.ndjson"])
    #expect(watcher.events().isEmpty)
  }

  @Test func `watches only what may matter of directories on the way`() throws {
    scratch.makeDirectory("web")
    let expansion = awaited("*/logs/*.ndjson")
    #expect(expansion.directories[BytePath(scratch.path)]?.entries.isEmpty == true)
    #expect(expansion.directories[BytePath(scratch["web"])]?.entries.isEmpty == true)
    #expect(expansion.match(Array("logs".utf8), in: BytePath(scratch["web"])) == .directory)
    #expect(expansion.match(Array("other".utf8), in: BytePath(scratch["web"])) == nil)
    #expect(expansion.match(Array("api".utf8), in: BytePath(scratch.path)) == .directory)
    #expect(expansion.match(Array(".hidden".utf8), in: BytePath(scratch.path)) == nil)
  }

  @Test
  func `a directory that cannot be searched tells why nothing is found of the patterns through it, and of no others`() {
    var expansion = Expansion()
    expansion.note(Errno(EACCES), in: BytePath("/var/log"))
    let through = ["/var/log/app/*.ndjson", "/var/log/events.ndjson"]
    let others = ["/var/log2/*.ndjson", "/var/log", "/var/*/app.ndjson", "/srv/log/a"]
    #expect(through.allSatisfy { expansion.hasProblem(on: PathPattern($0, rotated: false)) })
    #expect(!others.contains { expansion.hasProblem(on: PathPattern($0, rotated: false)) })
    expansion.note(Errno(EACCES), in: BytePath("/"))
    #expect(expansion.hasProblem(on: PathPattern("/srv/log/a", rotated: false)))
  }
}
