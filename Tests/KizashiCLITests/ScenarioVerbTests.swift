import Foundation
import Testing

@testable import kizashi

/// What is expected of that story, and what is said instead.
private let failures: [(String, String)] = [
  ("{alert: gone-quiet, opens: 45d}", "it opened 2026-02-21 00:00 (47d), 1d too late: no event of any feature for 5"),
  ("{alert: gone-quiet, opens: 46d}", "(47d), just too late"),
  ("{alert: gone-quiet, opens: 2026-02-22}", "it opened 2026-02-21 00:00 (47d), 1d too early"),
  ("{alert: gone-quiet, opens: 47d, resolves: never}", "it resolved 2026-02-23 08:00 (49d 8h): something is used"),
  ("{alert: gone-quiet, resolves: before 49d}", "it resolved 2026-02-23 08:00 (49d 8h), 8h too late"),
  ("{alert: gone-quiet, times: 2}", "there is 1 such alert"),
  (
    "{alert: gone-quiet, reason: holidays}",
    "it opened 2026-02-21 00:00 (47d): no event of any feature for 5 business"
  ),
  (
    "{alert: turned-red}", "nothing of the kind happened; score 50.00 at first, lowest 50.00 on 2026-01-05 08:00 (8h)"
  ),
  ("{no_alert: any}", "gone-quiet opened 2026-02-21 00:00 (47d): no event of any feature for 5 business days"),
  ("{no_other: alert}", "health-drop opened 2026-02-20 09:30 (46d 9h 30m): the score fell 15.25 points"),
  ("{no_other: [alert, band]}", "expected  no other alert and no other change of band (acme, line 11)"),
  ("{no_other: any, during: 47d}", "expected  nothing else happens at 47d (acme, line 11)"),
  ("{no_other: band}", "but       yellow → green  +"),
  ("{band: red}", "but       2026-03-16 00:00 (70d): score "),
  ("{becomes: red}", "yellow → green  +"), ("{becomes: red}", ": to another"),
  ("{becomes: green, because: trend}", "the first reason is frequency (event)"),
  ("{never_becomes: green}", "expected  never: band becomes green (acme, line 11)"),
  ("{score: at least 99, at: 3d}", "but       2026-01-08 00:00 (3d): score "),
  ("{measure: recency, value: 3, at: 20d}", "2026-01-25 00:00 (20d): grade 95.00, value 2"),
  ("{band: green, at: 1h}", "nothing had happened to it by 2026-01-05 01:00 (1h)"),
]

/// `kizashi test`, as a user runs it.
@Suite struct `kizashi test` {
  /// Six people log in every business day from Monday, 2026-01-05, are away for a week, and come back.
  private static func file(_ expectations: String, more: String = "") -> String {
    """
    scenarios:
      away:
        start: 2026-01-05
        until: 70d
        account: acme
        story:
          - {event: login, every: business day, at: 08:00, for: 40d, users: 6}
          - {event: login, every: business day, at: 08:00, from: 47d, users: 6}
          \(more)
        expect:
          \(expectations)

    """
  }

  private func run(
    _ files: [String], options: [String] = [], config: String? = nil
  ) throws -> Program.Outcome {
    let folder = FileManager.default.temporaryDirectory.appending(path: "kizashi-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var names: [String] = []
    for (number, text) in files.enumerated() {
      names.append("s\(number).yaml")
      try text.write(to: folder.appending(path: names[number]), atomically: false, encoding: .utf8)
    }
    if let config { try config.write(to: folder.appending(path: "k.yaml"), atomically: false, encoding: .utf8) }
    return try Program.run(
      ["test"] + options + (config == nil ? [] : ["--config", "k.yaml"]) + names, in: folder.path)
  }

  @Test func `the distribution's scenarios take one line each`() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "config/examples/scenarios").path
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    let outcome = try Program.run(["test"] + names.map { "\(folder)/\($0)" })
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.dropLast().allSatisfy { $0.hasPrefix("✓ ") })
    #expect(lines.last == "\(lines.count - 1) scenarios, all as expected.")
  }

  @Test(arguments: failures)
  func `a failure says what happened instead`(expectation: String, said: String) throws {
    let outcome = try run([Self.file("- \(expectation)")])
    #expect(outcome.status == 1, "\(outcome.errors)")
    #expect(outcome.output.contains(said), "\(outcome.output)")
    #expect(outcome.output.hasPrefix("✗ away  1 of 1 expectation failed\n    expected  "))
    #expect(outcome.output.hasSuffix("1 of 1 scenario not as expected.\n"))
    #expect(outcome.errors == "")
  }

  @Test func `a rule that did not wait out its for is told`() throws {
    let outcome = try run(
      [Self.file("- {alert: slow}")], config: "rules: {slow: {kind: silence, feature: any, after: 5d, for: 20d}}\n")
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("but       slow was pending from 2026-02-18 09:00 (44d 9h), not for long enough"))
  }

  @Test func `the reasons stand beneath what happened`() throws {
    let outcome = try run([Self.file("- {becomes: green, when: 3d}")])
    let last = try #require(outcome.output.split(separator: "\n").dropLast().last)
    #expect(last.hasPrefix("                  +"), "\(outcome.output)")
    #expect(last.hasSuffix(", because of new events (event)"), "\(outcome.output)")
  }

  @Test func `machines get a row for each expectation`() throws {
    let file = Self.file("- {alert: gone-quiet, opens: 45d}\n      - {score: 0 to 100}")
    let outcome = try run([file], options: ["--format", "json"])
    #expect(outcome.status == 1)
    let rows = try #require(try JSONSerialization.jsonObject(with: outcome.bytes) as? [[String: Any]])
    #expect(rows.count == 2)
    for row in rows {
      #expect(
        row.keys.sorted() == ["account", "expected", "file", "instead", "line", "passed", "scenario"], "\(row)")
    }
    #expect(rows[0]["passed"] as? Bool == false && rows[1]["passed"] as? Bool == true)
    #expect(rows[0]["file"] as? String == "s0.yaml" && rows[0]["scenario"] as? String == "away")
    #expect(rows[0]["line"] as? Int == 11 && rows[1]["line"] as? Int == 12)
    #expect(rows[0]["expected"] as? String == "alert gone-quiet opens at 45d")
    let instead = try #require((rows[0]["instead"] as? [[String: Any]])?.first)
    #expect(instead.keys.sorted() == ["at", "because", "text"])
    #expect(instead["at"] as? String == "2026-02-21T00:00:00.000Z")
    let csv = try run([file], options: ["--format", "csv"])
    #expect(csv.output.hasPrefix("file,scenario,line,account,expected,passed,instead\n"))
    #expect(try run([file], options: ["--format", "ndjson"]).output.split(separator: "\n").count == 2)
  }

  @Test(arguments: ["--show", "--verbose"]) func `the journal of a story can be shown`(option: String) throws {
    let outcome = try run([Self.file("- {alert: gone-quiet}")], options: [option])
    #expect(outcome.status == 0)
    #expect(
      outcome.output.contains("    2026-02-21 00:00 (47d)  acme  rule gone-quiet ok → firing\n        no event of any"))
    #expect(outcome.output.contains("(49d 8h)  acme  rule gone-quiet firing → ok\n        something is used again\n"))
    #expect(outcome.output.contains("    2026-03-16 00:00 (70d)  acme  at the end: score "))
  }

  @Test func `what happened beside what is expected stands in the journal that is shown`() throws {
    let outcome = try run([Self.file("- {alert: gone-quiet}\n      - {no_other: alert}")], options: ["--show"])
    #expect(outcome.status == 1)
    let lines = outcome.output.split(separator: "\n").map(String.init)
    // 46d 9h 30m, and twice more.
    let others = lines.filter { $0.contains("health-drop opened ") }
      .compactMap { $0.split(separator: "(").dropFirst().first?.prefix { $0 != ")" } }
    let shown = lines.filter { $0.contains("  acme  rule ") && $0.hasSuffix("→ firing") }
    #expect(others.count == 3 && shown.count == 4)
    for time in others { #expect(shown.contains { $0.contains("(\(time))  acme  rule health-drop ") }, "\(time)") }
  }

  @Test func `what is wrong with any file is said before anything is told`() throws {
    let good = Self.file("- {alert: gone-quiet}")
    let outcome = try run([good, Self.file("- {alert: gone-quite}"), Self.file("- {alert: gone-quiet}", more: "- {}")])
    #expect(outcome.status == 65)
    #expect(outcome.output == "")
    #expect(outcome.errors.contains("  s1.yaml:11: scenarios.away.expect[0].alert: there is no rule \"gone-quite\""))
    #expect(outcome.errors.contains("did you mean \"gone-quiet\"?"))
    #expect(outcome.errors.contains("  s2.yaml:9: scenarios.away.story[2]: one of \"event\""))
    let missing = try Program.run(["test", "/nowhere/s.yaml"])
    #expect(missing.status == 65)
    #expect(missing.errors.contains("cannot read the scenarios /nowhere/s.yaml: No such file or directory"))
  }

  @Test func `a line that kizashi refuses is shown`() throws {
    let outcome = try run([Self.file("- {alert: gone-quiet}", more: "- {line: {event: x, count: 0}}")])
    #expect(outcome.status == 65)
    #expect(outcome.errors.contains("s0.yaml:9: scenarios.away.story[2]: this makes a line that kizashi refuses as"))
    #expect(outcome.errors.contains(#"{"timestamp":"2026-01-05T00:00:00.000Z","event":"x","count":0}"#))
  }

  @Test func `a bad config ends with 78`() throws {
    let outcome = try run([Self.file("- {alert: gone-quiet}")], config: "rulez: {}\nbands: {green: 700}\n")
    #expect(outcome.status == 78)
    #expect(outcome.output == "")
    #expect(outcome.errors.contains("rulez") && outcome.errors.contains("green"))
    let named = try run(["config: none.yaml\n" + Self.file("- {alert: gone-quiet}")])
    #expect(named.status == 78)
    #expect(named.errors.contains("none.yaml"))
  }

  @Test(arguments: [["test"], ["test", "--show", "--format", "json", "x.yaml"], ["test", "--colour", "x.yaml"]])
  func `wrong usage ends with 64`(arguments: [String]) throws {
    let outcome = try Program.run(arguments)
    #expect(outcome.status == 64, "\(outcome.errors)")
    #expect(outcome.output == "")
  }

  @Test func `names cannot write to the terminal`() throws {
    let text = """
      scenarios:
        "evil\\e[31m":
          start: 2026-01-05
          until: 3d
          account: "a\\u202eb"
          story: [{event: e}]
          expect: [{alert: gone-quiet}]
      """
    let outcome = try run([text], options: ["--show"])
    #expect(!outcome.output.contains("\u{1b}") && !outcome.output.contains("\u{202e}"))
    #expect(!outcome.errors.contains("\u{1b}") && !outcome.errors.contains("\u{202e}"))
  }

  private var root: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  }

  /// What a page has between its fences, each with its language in the first line.
  private func blocks(_ page: String) throws -> [String] {
    let text = try String(contentsOf: root.appending(path: page), encoding: .utf8)
    return text.split(separator: "```").enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
  }

  @Test func `the boxes of the guide are a whole config, and its story comes out`() throws {
    let boxes = try blocks("docs/GUIDE.md").filter { $0.hasPrefix("yaml\n") }.map {
      String($0.dropFirst("yaml\n".count))
    }
    let story = try #require(boxes.last)
    let config = boxes.dropLast().joined()
    let folder = FileManager.default.temporaryDirectory.appending(path: "kizashi-guide-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try config.write(to: folder.appending(path: "kizashi.yaml"), atomically: false, encoding: .utf8)
    try story.write(to: folder.appending(path: "story.yaml"), atomically: false, encoding: .utf8)
    let check = try Program.run(["check", "--config", "kizashi.yaml"], in: folder.path)
    #expect(check.status == 0 && check.output.contains("kizashi.yaml is good"), "\(check.errors)")
    // Who tries it has no sources.
    #expect(check.errors.split(separator: "\n").allSatisfy { $0.contains("there are no sources") }, "\(check.errors)")
    let test = try Program.run(["test", "story.yaml"], in: folder.path)
    #expect(test.status == 0 && test.errors.isEmpty, "\(test.output)\(test.errors)")
  }

  /// What the pages show is what happens.
  @Test func `the examples of the pages come out as the pages say`() throws {
    let page = try blocks("docs/SCENARIOS.md")
    let example = String(try #require(page.first { $0.contains("\nscenarios:") }).dropFirst("yaml\n".count))
    let shown = try #require(page.first { $0.contains("$ kizashi test decline.yaml") })
    let standard = try String(contentsOf: root.appending(path: "config/kizashi.yaml"), encoding: .utf8)
    let outcome = try run([example.replacing("config: kizashi.yaml", with: "config: k.yaml")], config: standard)
    #expect(outcome.status == 1, "\(outcome.errors)")
    #expect("\n$ kizashi test decline.yaml\n\(outcome.output)" == shown)
    let readme = try #require(try blocks("README.md").first { $0.contains("\nscenarios:") })
    let own = try run([String(readme.dropFirst("yaml\n".count))])
    #expect(own.status == 0, "\(own.output)\(own.errors)")
  }

  @Test func `its help shows examples`() throws {
    let help = try Program.run(["test", "--help"])
    #expect(help.status == 0)
    #expect(help.output.contains("Examples:\n") && help.output.contains("  kizashi test "))
    #expect(try Program.run(["tets", "x"]).errors.contains("did you mean test?"))
  }
}
