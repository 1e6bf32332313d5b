import Foundation
import KizashiConfig
import KizashiCore
import KizashiStore
import Testing

@testable import KizashiDaemon

private let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()

/// The files of the distribution.
private let shipped: [String] = {
  let folder = repository.appending(path: "config/examples/scenarios").path
  return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
}()

/// Six people log in every business day from Monday, 2026-01-05, for 40 days; then what `more` says.
private func story(
  _ more: String = "", until: String = "70d", expect: String = "{score: 0 to 100}"
) throws -> (Scenario, Configuration) {
  let file = try ScenarioFile.parse(
    text: """
      scenarios:
        s:
          start: 2026-01-05
          until: \(until)
          account: acme
          story: [{event: login, every: business day, at: 08:00, for: 40d, users: 6}, \(more)]
          expect: [\(expect)]
      """, file: "s.yaml", directory: "", config: nil)
  return (try #require(file.scenarios.first), file.configuration)
}

private func tell(_ told: (scenario: Scenario, configuration: Configuration)) throws -> Story {
  try StoryTeller.tell(told.scenario, told.configuration, file: "s.yaml")
}

private func day(_ instant: Instant, of scenario: Scenario) -> Double {
  Double(instant.milliseconds - scenario.start.milliseconds) / 86_400_000
}

@Suite struct `A scenario` {
  @Test func `there are some in the distribution`() { #expect(shipped.count >= 4) }

  @Test(arguments: shipped) func `of the distribution comes out as expected`(name: String) throws {
    let path = repository.appending(path: "config/examples/scenarios/\(name)").path
    let file = try ScenarioFile.load(path: path, config: nil)
    for scenario in file.scenarios {
      let story = try StoryTeller.tell(scenario, file.configuration, file: path)
      for expectation in scenario.expectations {
        let verdict = Verdict.on(expectation, among: scenario.expectations, story)
        #expect(verdict.passed, "\(name), line \(expectation.line): \(verdict.instead)")
      }
    }
  }

  /// A band lost at 07:25, and a move of the score at 08:00; an override that ends at 07:10, and the same.
  @Test(arguments: [
    ("{attributes: {v: 20}, at: 1d 5h 25m}", "{band: red, at: 1d 7h 30m}", true),
    ("{attributes: {v: 20}, at: 1d 5h 25m}", "{band: yellow, during: between 1d 5h and 1d 7h 24m}", true),
    ("{attributes: {v: 20}, at: 1d 5h 25m}", "{band: yellow, during: between 1d 5h and 1d 7h 59m}", false),
    (overridden, "{score: 56, at: 1d 7h 15m}", true), (overridden, "{score: 99, at: 1d 7h 15m}", false),
    (overridden, "{score: at least 99, during: between 1d 6h and 1d 7h 9m}", true),
    (overridden, "{score: at least 99, during: between 1d 6h and 1d 7h 50m}", false),
  ])
  func `knows each of the changes that time brings within an hour`(line: String, expect: String, holds: Bool) throws {
    let place = try Workspace()
    try place.write(
      "k.yaml",
      """
      measures:
        v: {metric: {attribute: v}, grade: {points: [[0, 0], [100, 100]]}}
        n: {metric: {count: {window: 24h}}, grade: {points: [[0, 0], [1, 20]]}}
      scorecards: {s: {dimensions: {d: {weight: 1, measures: {v: 9, n: 1}}}}}
      """)
    let file = try ScenarioFile.parse(
      text: """
        config: k.yaml
        scenarios:
          s:
            start: 2026-01-05
            until: 3d
            account: a
            story: [{attributes: {v: 60}}, {event: x, at: 7h}, \(line)]
            expect: [\(expect)]
        """, file: "s.yaml", directory: place.path, config: nil)
    let scenario = try #require(file.scenarios.first)
    let story = try StoryTeller.tell(scenario, file.configuration, file: "s.yaml")
    let expectation = try #require(scenario.expectations.first)
    #expect(Verdict.on(expectation, among: scenario.expectations, story).passed == holds)
  }

  private static let overridden =
    "{event: override.set, at: 1d 5h 40m, with: {kind: score, value: 99, reason: x, by: y, until: \"2026-01-06T07:10:00Z\"}}"

  /// What it is told by must not be another kizashi than the one that runs.
  @Test(arguments: shipped) func `comes out as a replay of its lines does`(name: String) async throws {
    let path = repository.appending(path: "config/examples/scenarios/\(name)").path
    let file = try ScenarioFile.load(path: path, config: nil)
    let folder = FileManager.default.temporaryDirectory.appending(path: "kizashi-scenario-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (number, scenario) in file.scenarios.enumerated() {
      let log = folder.appending(path: "\(number).ndjson").path
      let lines = scenario.lines.map { $0.content.line + "\n" }.joined()
      try lines.write(toFile: log, atomically: false, encoding: .utf8)
      let store = folder.appending(path: "\(number).db").path
      _ = try await Replay.run(
        ReplayRequest(configuration: file.configuration, storePath: store, inputs: [log], until: scenario.until))
      let reader = try StoreReader(path: store)
      let story = try StoryTeller.tell(scenario, file.configuration, file: path)
      let stored = try reader.changes(JournalQuery()).map(comparable)
      #expect(!stored.isEmpty && story.journal.map(comparable) == stored, "\(scenario.name)")
      let alerts = try reader.alerts(AlertQuery()).map { "\($0.alertID) \($0.at) \($0.reason) \($0.resolved as Any)" }
      let episodes = story.episodes.map {
        "\($0.rule):\($0.account):\($0.number) \($0.opened) \($0.reason) \($0.resolved as Any)"
      }
      #expect(alerts.sorted() == episodes.sorted(), "\(scenario.name)")
      for (account, states) in story.states {
        let row = try #require(try reader.accounts(AccountQuery()).first { $0.account == account })
        #expect(row.band == states.last?.band, "\(account)")
      }
    }
  }

  private func comparable(_ entry: JournalEntry) -> JournalEntry {
    var entry = entry
    entry.detected = entry.at
    return entry
  }

  @Test func `a line that arrives late is not known before`() throws {
    let inTime = try story("{event: login, at: 45d}")
    let late = try story("{event: login, at: 45d, late_by: 5d}")
    // The 45th day is a Thursday: five whole business days later a Friday begins.
    #expect(try silences(inTime).map { day($0.opened, of: inTime.0) } == [53])
    let episodes = try silences(late)
    #expect(episodes.map { day($0.opened, of: late.0) } == [47, 53])
    #expect(episodes.map { $0.resolved.map { day($0, of: late.0) } } == [50, nil])
  }

  private func silences(_ told: (Scenario, Configuration)) throws -> [Story.Episode] {
    try tell(told).episodes.filter { $0.rule == "gone-quiet" }
  }

  @Test func `a measure is looked at after what happens at that instant`() throws {
    let told = try story(expect: "{measure: recency, value: 0, at: 7d 8h}, {measure: recency, value: 3, at: 7d 7h}")
    let outcome = try tell(told)
    for expectation in told.0.expectations {
      #expect(Verdict.on(expectation, among: told.0.expectations, outcome).passed)
    }
  }

  @Test func `a line that kizashi refuses is a problem of its step, once`() throws {
    let told = try story(
      "{line: '{}', at: 1d}, {line: {event: x, account: a, timestamp: soon}, every: day}")
    let problems = refused(told)
    #expect(problems.count == 2)
    #expect(problems.contains { $0.message.contains("refuses as missing_field") && $0.path.hasSuffix("story[1]") })
    #expect(problems.contains { $0.message.contains("refuses as bad_timestamp") && $0.path.hasSuffix("story[2]") })
    let admin = "type: identify, user: u, traits: {role: admin}"
    #expect(refused(try story("{line: {account: acme, \(admin)}}")).isEmpty)
    // A daemon would keep it; in a story it is a mistake, whoever the story is about.
    let strangers = refused(try story("{line: {\(admin)}, every: day}"))
    #expect(strangers.map(\.message) == ["this makes a line of a user of no account, which changes nothing"])
    #expect(strangers.first?.path.hasSuffix("story[1]") == true)
  }

  /// Whose story it is, only the decoder knows of some lines: until it has read them nobody can say that nothing happens.
  @Test func `of which nobody knows whose it is says what becomes of its lines`() throws {
    func problems(_ line: String) throws -> [String] {
      let file = try ScenarioFile.parse(
        text: """
          scenarios:
            s: {start: 2026-01-05, until: 9d, account: acme, story: [{line: \(line)}], expect: [{score: 0 to 100}]}
          """, file: "s.yaml", directory: "", config: nil)
      return refused((try #require(file.scenarios.first), file.configuration)).map(\.description)
    }
    let refusal = try problems("{event: login}")
    #expect(refusal.count == 1)
    let place = "s.yaml:2: scenarios.s.story[0]: "
    #expect(refusal[0].hasPrefix(place + "this makes a line that kizashi refuses as missing_field"))
    #expect(
      try problems("{type: heartbeat}") == [
        """
        s.yaml:2: scenarios.s.expect[0]: nothing happens to the account "acme" in this story — no line of it has an account
        """
      ])
    #expect(
      try problems(#"'{"timestamp":"2026-01-05T00:00:00Z","event":"x","account":"acmee"}'"#) == [
        """
        s.yaml:2: scenarios.s.expect[0]: nothing happens to the account "acme" in this story — did you mean "acmee"?
        """
      ])
    // As Segment's libraries write it.
    #expect(try problems("{event: login, groupId: acme}").isEmpty)
  }

  private func refused(_ told: (Scenario, Configuration)) -> [Problem] {
    do {
      _ = try StoryTeller.tell(told.0, told.1, file: "s.yaml")
    } catch {
      if case .problems(let problems) = error { return problems }
    }
    return []
  }

  /// Stories with chance in them, looked at in pieces of other lengths.
  @Test(arguments: 1...12) func `states follow one another and end as the account does`(seed: Int) throws {
    let steps = (0..<4).map { index in
      let from = (seed * 7 + index * 11) % 40
      return
        "{event: e\(index % 3), every: \(seed % 3 + 2)h, from: \(from)d, for: \(index + 1)d, users: \(seed % 4 + 1) to 1}"
    }
    let told = try story(steps.joined(separator: ", "))
    let outcome = try tell(told)
    let states = try #require(outcome.states["acme"])
    for (a, b) in zip(states, states.dropFirst()) {
      #expect(a.at < b.at && (a.score != b.score || a.band != b.band), "seed \(seed)")
    }
    // The journal says of each band change what the states say.
    for change in outcome.journal where change.kind == "band" {
      let after = try #require(outcome.state(of: "acme", at: change.at))
      // Within one instant a band may change twice; the last entry of it counts.
      let last = outcome.journal.last { $0.kind == "band" && $0.at == change.at }
      #expect(after.band == last?.to, "seed \(seed), \(change.at)")
    }
  }
}

/// Expectations of that story, and whether they hold.
private let expectations: [(String, Bool)] = [
  ("{alert: gone-quiet}", true), ("{alert: gone-quiet, opens: 47d}", true),
  ("{alert: gone-quiet, opens: 46d}", false),
  ("{alert: gone-quiet, opens: 2026-02-21 00:00}", true), ("{alert: gone-quiet, opens: 2026-02-21 00:01}", false),
  ("{alert: gone-quiet, opens: before 47d}", false), ("{alert: gone-quiet, opens: between 46d and 47d}", true),
  ("{alert: gone-quiet, resolves: never}", true), ("{alert: gone-quiet, resolves: always}", false),
  ("{alert: gone-quiet, times: 1}", true), ("{alert: gone-quiet, times: 2}", false),
  ("{alert: gone-quiet, reason: 5 business days}", true), ("{alert: gone-quiet, reason: 6 business days}", false),
  ("{alert: turned-red}", false), ("{no_alert: turned-red}", true), ("{no_alert: any}", false),
  ("{no_alert: gone-quiet, during: before 47d}", true), ("{no_alert: gone-quiet, during: 47d}", false),
  // What else happens: health-drop at 46d 9h, gone-quiet at 47d; the band becomes green at 7d.
  ("{no_other: alert}", false), ("{no_other: alert}, {alert: gone-quiet}", false),
  ("{no_other: alert}, {alert: gone-quiet}, {alert: health-drop}", true),
  ("{no_other: alert}, {alert: gone-quiet}, {no_alert: turned-red}", false),
  ("{no_other: alert, during: before 46d}", true), ("{no_other: alert, during: 47d}, {alert: gone-quiet}", true),
  // What is told as too late is not told again.
  ("{no_other: alert, during: 47d}, {alert: gone-quiet, opens: 40d}", true),
  ("{no_other: alert, during: 47d}, {alert: turned-red}", false),
  ("{no_other: band}", false), ("{no_other: band}, {becomes: green}", true),
  ("{no_other: band}, {change: band, to: green}", true), ("{no_other: band}, {change: phase}", false),
  ("{no_other: [alert, phase], during: from 47d}, {alert: gone-quiet}", true),
  ("{no_other: score}, {becomes: green}", false), ("{no_other: any, during: 46d}, {alert: health-drop}", false),
  ("{no_other: any, during: 46d}, {alert: health-drop}, {change: score}", true),
  ("{band: green, at: 30d}", true), ("{band: [yellow, red], at: 30d}", false), ("{band: red, at: start}", false),
  ("{band: green, during: between 20d and 40d}", true), ("{band: green, during: always}", false),
  ("{becomes: green}", true), ("{becomes: green, from: red}", false), ("{becomes: red}", false),
  ("{becomes: green, because: frequency}", true), ("{becomes: green, because: trend}", false),
  ("{becomes: green, because: {cause: event}}", true), ("{becomes: green, because: {cause: expiry}}", false),
  ("{never_becomes: red}", true), ("{never_becomes: green}", false),
  ("{never_becomes: green, during: from 30d}", true),
  ("{score: at least 80, at: 30d}", true), ("{score: at most 80, at: 30d}", false), ("{score: missing}", false),
  ("{score: 0 to 100, during: always}", true), ("{score: 60 to 100, during: always}", false),
  ("{measure: breadth, value: 1, grade: 30, at: 30d}", true), ("{measure: breadth, value: 2, at: 30d}", false),
  // Whole numbers are whole, and what is written with a digit is meant to that digit.
  ("{measure: recency, value: 3, at: 7d 7h}", true), ("{measure: recency, value: 2.6, at: 7d 7h}", false),
  ("{measure: trend, value: missing, at: 20d}", true), ("{measure: trend, value: missing, at: 40d}", false),
  ("{change: rule, of: gone-quiet, to: firing, when: 47d}", true), ("{change: rule, of: gone-quiet, to: ok}", false),
  ("{no_change: rule, of: gone-quiet, during: before 47d}", true), ("{no_change: rule}", false),
  ("{change: attribute}", false), ("{no_change: attribute}", true),
]

@Suite struct `A verdict` {
  @Test(arguments: expectations)
  func `passes what happened and fails what did not`(expectation: String, passes: Bool) throws {
    let told = try story(until: "49d", expect: expectation)
    let expectations = told.0.expectations
    let verdict = Verdict.on(try #require(expectations.first), among: expectations, try tell(told))
    #expect(verdict.passed == passes, "\(verdict.instead)")
    #expect(verdict.instead.isEmpty == passes)
  }
}
