import Testing

@testable import KizashiIngest

/// Lists of actions that the model found and a person can read: each went wrong once.
@Suite struct `Lists that once went wrong` {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var setup = FileSetup()
    var actions: [FileAction]
  }

  static let cases: [Case] = [
    Case(
      testDescription: "rotated and compressed before anything of it was read",
      actions: [
        .start, .write("a.ndjson", lines: 1), .rotate("a.ndjson"), .beginCompressing("a.ndjson.1"), .steps(1),
        .endCompressing,
      ]),
    Case(
      testDescription: "copytruncate and compression at once, before the truncation is looked at",
      actions: [
        .start, .write("b.ndjson", lines: 1), .steps(2), .commit, .copy("b.ndjson"), .write("b.ndjson", lines: 1),
        .steps(2), .truncate("b.ndjson"), .beginCompressing("b.ndjson.1"), .endCompressing,
      ]),
    Case(
      testDescription: "overwritten, rotated and compressed between two looks",
      actions: [
        .start, .write("a.ndjson", lines: 1), .steps(2), .truncate("a.ndjson"), .write("a.ndjson", lines: 1),
        .rotate("a.ndjson"), .beginCompressing("a.ndjson.1"), .endCompressing,
      ]),
    Case(
      testDescription: "the same, with the original still there",
      actions: [
        .start, .write("a.ndjson", lines: 1), .steps(2), .truncate("a.ndjson"), .write("a.ndjson", lines: 5),
        .rotate("a.ndjson"), .beginCompressing("a.ndjson.1"),
      ]),
    Case(
      testDescription: "compressed, removed and rotated once more, without inotify",
      setup: FileSetup(readBudgetBytes: 300, maxOpenFiles: 2, watches: false),
      actions: [
        .write("a.ndjson", lines: 1), .start, .rotate("a.ndjson"), .beginCompressing("a.ndjson.1"), .steps(1),
        .endCompressing, .write("a.ndjson", lines: 0), .rotate("a.ndjson"),
      ]),
    Case(
      testDescription: "filled again up to the same size, without inotify",
      setup: FileSetup(header: 20, watches: false),
      actions: [
        .start, .write("a.ndjson", lines: 10, filler: 10), .settle, .pass, .settle, .refill("a.ndjson"),
      ]),
    Case(
      testDescription: "a compressed file that waits for nothing, with one descriptor",
      setup: FileSetup(readBudgetBytes: 4096, maxOpenFiles: 1, header: 5000, glances: false),
      actions: [
        .write("a.ndjson", lines: 1), .start, .write("b.ndjson", lines: 1), .steps(7), .delete("a.ndjson"),
        .write("a.ndjson", lines: 1, filler: 200), .rotate("b.ndjson"), .write("b.ndjson", lines: 1), .steps(7),
        .rotate("b.ndjson"), .beginCompressing("b.ndjson.1"), .endCompressing, .write("a.ndjson", lines: 1),
      ]),
    Case(
      testDescription: "moved where nobody looks while open and unread, with one descriptor",
      setup: FileSetup(readBudgetBytes: 300, maxOpenFiles: 1, departedQuietPasses: 2),
      actions: [
        .start, .steps(1), .write("link.ndjson", lines: 1), .steps(1), .write("a.ndjson", lines: 1),
        .moveOut("link.ndjson", away: true),
      ]),
  ]

  @Test(arguments: cases)
  func `give every line once`(found: Case) async throws {
    let failure = try await FileReplay.run(found.setup, found.actions)
    #expect(failure == nil, "\(failure?.description ?? "")\n\(failure?.log.joined(separator: "\n") ?? "")")
  }
}
