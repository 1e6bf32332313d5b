import Foundation
import Testing

@testable import KizashiIngest

/// A directory of a test's own, removed at its end.
final class Scratch: Sendable {
  let path: String

  init() throws {
    let parent = NSTemporaryDirectory().hasSuffix("/") ? NSTemporaryDirectory() : NSTemporaryDirectory() + "/"
    var template = Array("\(parent)kizashi-ingest-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Errno(errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  subscript(name: String) -> String { "\(path)/\(name)" }

  /// Appends, making the file if need be.
  func append(_ name: String, _ text: String) { append(name, Array(text.utf8)) }

  func append(_ name: String, _ bytes: [UInt8]) {
    let descriptor = open(self[name], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    #expect(descriptor >= 0, "cannot open \(name): \(errno)")
    #expect(bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } == bytes.count)
    close(descriptor)
  }

  func move(_ from: String, _ to: String) { #expect(rename(self[from], self[to]) == 0) }

  func remove(_ name: String) { #expect(unlink(self[name]) == 0) }

  func truncate(_ name: String, to size: Int = 0) { #expect(Foundation.truncate(self[name], off_t(size)) == 0) }

  func makeDirectory(_ name: String) { #expect(mkdir(self[name], 0o755) == 0) }

  func read(_ name: String) -> [UInt8] { Array(FileManager.default.contents(atPath: self[name]) ?? Data()) }

  func exists(_ name: String) -> Bool { access(self[name], F_OK) == 0 }
}

/// Lines `first` to `last`, each with its number and a filler of its own.
func numbered(_ range: ClosedRange<Int>, _ tag: String = "line", filler: Int = 0) -> String {
  range.map { "\(tag) \($0) " + String(repeating: "x", count: filler) + "\n" }.joined()
}

/// Options under which only inotify can be quick: the next look at everything is an hour away.
var inotifyOnly: FileSourceOptions {
  var options = FileSourceOptions()
  options.reconcileMilliseconds = 3_600_000
  return options
}

/// Options under which passes come quickly, for what takes several of them.
var quickPasses: FileSourceOptions {
  var options = FileSourceOptions()
  options.reconcileMilliseconds = 20
  return options
}

/// Runs a source for as long as `body` takes, going on from what the sink has stored.
func following(
  _ scratch: Scratch, _ sink: RecordingSink, paths: [String] = ["*.ndjson"], rotated: [String] = ["*.ndjson.*"],
  options: FileSourceOptions = inotifyOnly, _ body: () async throws -> Void
) async throws {
  let source = try FileSource(
    id: "app", paths: paths.map { scratch[$0] }, rotated: rotated.map { scratch[$0] }, positions: await sink.stored,
    options: options)
  let running = Task { try await source.run(sink: sink) }
  do {
    try await body()
  } catch {
    running.cancel()
    throw error
  }
  running.cancel()
  try await running.value
}
