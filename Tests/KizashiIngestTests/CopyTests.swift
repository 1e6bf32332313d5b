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
}
