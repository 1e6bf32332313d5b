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
    Case(
      testDescription: "one compressed to the end and one being compressed, with one descriptor",
      setup: FileSetup(maxOpenFiles: 1, header: 20),
      actions: [
        .start, .steps(1), .write("b.ndjson", lines: 1), .write("a.ndjson", lines: 5), .rotate("b.ndjson"),
        .beginCompressing("b.ndjson.1"), .endCompressing, .rotate("a.ndjson"), .beginCompressing("a.ndjson.1"),
      ]),
    Case(
      testDescription: "overwritten while half a line of it was read, rotated and compressed, with one descriptor",
      setup: FileSetup(readBudgetBytes: 300, maxOpenFiles: 1, header: 20, glances: false),
      actions: [
        .start, .write("a.ndjson", lines: 1), .steps(1), .write("a.ndjson", lines: 1, unended: true), .steps(1),
        .truncate("a.ndjson"), .write("a.ndjson", lines: 1), .rotate("a.ndjson"), .beginCompressing("a.ndjson.1"),
        .endCompressing,
      ]),
    Case(
      testDescription: "two files with half a line each, one of them a copy, with one descriptor",
      setup: FileSetup(maxOpenFiles: 1, glances: false),
      actions: [
        .start, .write("a.ndjson", lines: 1), .write("link.ndjson", lines: 1, unended: true), .steps(4), .commit,
        .copy("a.ndjson"), .truncate("a.ndjson"), .write("a.ndjson", lines: 1, unended: true),
        .write("link.ndjson", lines: 1),
      ]),
    Case(
      testDescription: "a long header in all, one replaced while nobody looked, then rotated and compressed",
      setup: FileSetup(readBudgetBytes: 4096, maxOpenFiles: 2, header: 5000),
      actions: [
        .start, .write("b.ndjson", lines: 1), .copyAndTruncate("b.ndjson"), .write("b.ndjson", lines: 0), .steps(6),
        .write("a.ndjson", lines: 1), .stop, .delete("b.ndjson"), .write("b.ndjson", lines: 1), .start,
        .rotate("b.ndjson"), .beginCompressing("b.ndjson.1"), .steps(4), .endCompressing,
        .moveOut("a.ndjson", away: true),
      ]),
    Case(
      testDescription: "a long header in all, one truncated while nobody looked and another rotated",
      setup: FileSetup(readBudgetBytes: 4096, maxOpenFiles: 2, header: 5000),
      actions: [
        .start, .write("b.ndjson", lines: 1), .copyAndTruncate("b.ndjson"), .write("b.ndjson", lines: 0),
        .write("a.ndjson", lines: 1), .steps(10), .truncate("a.ndjson"), .write("a.ndjson", lines: 1), .stop,
        .write("b.ndjson", lines: 1), .start, .rotate("b.ndjson"), .beginCompressing("b.ndjson.1"), .steps(4),
        .endCompressing, .moveOut("a.ndjson", away: true),
      ]),
    Case(
      testDescription: "open and empty, then filled, rotated and compressed between two looks, without inotify",
      setup: FileSetup(watches: false),
      actions: [
        .start, .write("b.ndjson", lines: 0), .settle, .write("b.ndjson", lines: 2), .rotate("b.ndjson"),
        .beginCompressing("b.ndjson.1"), .endCompressing,
      ]),
    Case(
      testDescription: "stopped while more is read than a copy has, and truncated then",
      setup: FileSetup(readBudgetBytes: 4096, maxOpenFiles: 1, header: 20),
      actions: [
        .write("b.ndjson", lines: 1, unended: true), .start, .steps(2), .commit, .copy("b.ndjson"), .steps(1),
        .write("b.ndjson", lines: 1), .steps(1), .truncate("b.ndjson"), .stop,
      ]),
  ]

  @Test(arguments: cases)
  func `give every line once`(found: Case) async throws {
    let failure = try await FileReplay.run(found.setup, found.actions)
    #expect(failure == nil, "\(failure?.description ?? "")\n\(failure?.log.joined(separator: "\n") ?? "")")
  }
}
