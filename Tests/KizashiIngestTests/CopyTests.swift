import Foundation
import Testing

@testable import KizashiIngest

/// Copies of files that are being read, as the model found them to go wrong: each with the lines that must come of it.
@Suite struct `Copies` {
  private func replay(_ actions: [FileAction], header: Int = 0) async throws {
    var setup = FileSetup()
    setup.header = header
    let failure = try await FileReplay.run(setup, actions)
    #expect(failure == nil, "\(failure?.log.joined(separator: "\n") ?? "")")
  }

  static let before: [FileAction] = [.write("a.ndjson", lines: 10), .start, .settle, .commit]

  @Test(arguments: [[], [.commit, .kill, .start]] as [[FileAction]])
  func `whose original was read further before it was truncated add nothing`(between: [FileAction]) async throws {
    try await replay(
      Self.before + [.copy("a.ndjson"), .write("a.ndjson", lines: 3), .steps(20)] + between
        + [.truncate("a.ndjson"), .write("a.ndjson", lines: 2), .settle])
  }

  @Test func `whose original was read further before it was deleted add nothing`() async throws {
    try await replay(
      Self.before + [.copy("a.ndjson"), .write("a.ndjson", lines: 3), .settle, .delete("a.ndjson"), .settle])
  }

  @Test func `that were there at the last stop do not take the place of their originals`() async throws {
    try await replay(
      Self.before + [
        .write("a.ndjson", lines: 1), .stop, .copy("a.ndjson"), .write("a.ndjson", lines: 2), .start, .settle,
      ])
  }

  @Test func `that are compressed later add nothing`() async throws {
    try await replay(
      Self.before + [
        .copy("a.ndjson"), .write("a.ndjson", lines: 3), .steps(20), .truncate("a.ndjson"), .settle,
        .beginCompressing("a.ndjson.1"), .settle, .endCompressing, .settle,
      ])
  }

  @Test func `that only begin like a compressed file are files of their own`() async throws {
    try await replay(
      [
        .write("a.ndjson", lines: 3), .rotate("a.ndjson"), .start, .settle, .beginCompressing("a.ndjson.1"),
        .endCompressing, .settle, .write("b.ndjson", lines: 1), .settle, .write("b.ndjson", lines: 1), .settle,
      ], header: 5_000)
  }

  @Test func `lines longer than the budget are read where more files are ready than may be open`() async throws {
    var setup = FileSetup()
    setup.maxOpenFiles = 1
    setup.readBudgetBytes = 300
    let actions: [FileAction] = ["a.ndjson", "b.ndjson", "link.ndjson"].map { .write($0, lines: 2, filler: 2_000) }
    let failure = try await FileReplay.run(setup, actions)
    #expect(failure == nil, "\(failure?.log.joined(separator: "\n") ?? "")")
  }

  @Test func `a line that began as another file's first one is read whole`() async throws {
    let scratch = try Scratch()
    let header = String(repeating: "h", count: 5_000)
    let source = try FileSource(id: "app", paths: [scratch["*.ndjson"]])
    await source.begin()
    var lines: [String] = []
    func take(now: Int64) async {
      for case .chunk(let chunk) in await source.advance(1_000, now: now).outputs {
        lines += chunk.bytes.split(separator: 0x0a).map {
          "\($0.count): \(String(decoding: $0.suffix(4), as: UTF8.self))"
        }
      }
    }
    scratch.append("a.ndjson", header + "-a-1\na-2\n")
    await take(now: 0)
    // As much as fits a page, as another process may see a write.
    scratch.append("b.ndjson", String(header.prefix(4_096)))
    await take(now: 0)
    #expect(lines == ["5004: -a-1", "3: a-2"], "taken for the beginning of a copy")
    scratch.append("b.ndjson", String(header.dropFirst(4_096)) + "-b-1\nb-2\n")
    await take(now: 5_000)
    await source.end()
    #expect(lines == ["5004: -a-1", "3: a-2", "5004: -b-1", "3: b-2"])
  }
}
