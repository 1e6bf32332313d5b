import Foundation
import KizashiCore
import Testing

@testable import kizashi

/// `kizashi account ID`: the page a person reads when an alert comes.
@Suite struct AccountPageTests {
  let sample: SampleStore

  init() throws { sample = try SampleStore() }

  private func page(_ id: String, _ more: [String] = []) throws -> String {
    let outcome = try Program.run(["account", id, "--config", sample.config] + more)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return outcome.output
  }

  private func json(_ id: String, _ more: [String] = []) throws -> [String: Any] {
    let text = try page(id, ["--format", "json"] + more)
    return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test func `it opens with score, band, coverage and trends`() throws {
    let lines = try page("acme").split(separator: "\n").map(String.init)
    let score = try #require(try json("acme")["score"] as? Double)
    let band = try #require(try json("acme")["band"] as? String)
    #expect(lines[0] == "acme  ·  \(band) \(Wording.fixed(score))  ·  coverage 100 %")
    #expect(lines[1].hasPrefix("\(band) since 2025-11-"))
    #expect(lines[1].contains("7 days −"))
    #expect(lines[2] == "last seen 2025-11-11 00:05 (8 d ago)  ·  first seen 2025-09-21")
    #expect(lines[3] == "as of 2025-11-19 12:00 (UTC)")
  }

  @Test func `it names the open alert, its reason and what to do`() throws {
    let text = try page("acme")
    #expect(
      text.contains("● gone-quiet (high) firing since 2025-11-16 01:00 (3 d ago)\n    no event of any feature for 5d"))
    #expect(text.contains("suggested playbook: call-them"))
  }

  @Test func `it says in plain words what changed last and why`() throws {
    let text = try page("acme")
    #expect(text.contains("WHAT CHANGED LAST"))
    #expect(text.contains("because usage of 28 days ago left the window (expiry)"))
    #expect(text.contains("because another day passed without any use (silence)"))
  }

  @Test func `who has cancelled is said to have in the first line, and a band that there is not is marked`() throws {
    let sample = try SampleStore(events: false)
    let lines = [
      #"{"timestamp":"2025-11-19T12:00:01Z","account":"acme","event":"contract.started","properties":{"product":"core"}}"#,
      #"{"timestamp":"2025-11-19T12:00:02Z","account":"acme","event":"override.set","properties":{"kind":"band","value":"gren","by":"sato"}}"#,
      #"{"timestamp":"2025-11-19T12:00:03Z","account":"acme","event":"contract.cancelled","properties":{"product":"core"}}"#,
      #"{"timestamp":"2025-11-19T12:00:04Z","account":"acme","event":"override.set","properties":{"kind":"band","value":"green","by":"sato"}}"#,
    ]
    let file = sample.directory + "/left.ndjson"
    func page(_ lines: some Sequence<String>) throws -> String {
      try lines.map { $0 + "\n" }.joined().write(toFile: file, atomically: true, encoding: .utf8)
      let replay = try Program.run(["replay", "--config", sample.config, "--until", "2025-11-20", file])
      #expect(replay.status == 0, "\(replay.errors)")
      return try Program.run(["account", "acme", "--config", sample.config]).output
    }
    let before = try page(lines.prefix(2))
    #expect(before.contains("override: band gren (there is no such band)\n"))
    #expect(before.split(separator: "\n").first?.contains("cancelled") == false)
    let after = try page(lines)
    #expect(after.split(separator: "\n").first?.hasSuffix("  ·  contract cancelled") == true, "\(after)")
    #expect(after.contains("override: band green\n"))
  }

  @Test func `it shows what people said of the account, newest first`() throws {
    let sample = try SampleStore(events: false)
    let lines = [
      #"{"timestamp":"2025-11-19T12:00:01Z","account":"acme","event":"sentiment.recorded","properties":{"value":4,"by":"sato","note":"all is well"}}"#,
      #"{"timestamp":"2025-11-19T12:00:02Z","account":"acme","event":"override.set","properties":{"kind":"score","value":75,"reason":"factory closed","by":"sato","until":"2026-02-01"}}"#,
      #"{"timestamp":"2025-11-19T12:00:03Z","account":"acme","event":"override.set","properties":{"kind":"score","value":null,"by":"\u001bmori"}}"#,
    ]
    let file = sample.directory + "/said.ndjson"
    try lines.map { $0 + "\n" }.joined().write(toFile: file, atomically: true, encoding: .utf8)
    let replay = try Program.run(["replay", "--config", sample.config, "--until", "2025-11-20", file])
    #expect(replay.status == 0, "\(replay.errors)")
    func account(_ more: [String] = []) throws -> String {
      try Program.run(["account", "acme", "--config", sample.config] + more).output
    }
    let text = try account().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let start = try #require(text.firstIndex(of: "NOTES"))
    #expect(text[start + 1].hasSuffix("mori  override: score taken back"))
    #expect(text[start + 2] == "  2025-11-19 12:00  sato        override: score 75 until 2026-02-01  factory closed")
    #expect(text[start + 3] == "  2025-11-19 12:00  sato        sentiment: 4                         all is well")
    let object = try JSONSerialization.jsonObject(with: Data(try account(["--format", "json"]).utf8)) as? [String: Any]
    let notes = try #require(object?["notes"] as? [[String: Any]])
    #expect(notes.map { $0["note"] as? String } == [nil, "factory closed", "all is well"])
  }

  @Test func `it says what the score has moved since the last entry of a day that had one`() throws {
    let sample = try SampleStore(events: false)
    try """
    version: 1
    store: {path: kizashi.db}
    measures: {x: {metric: {attribute: x}, grade: {points: [[0, 0], [100, 100]]}}}
    scorecards: {health: {dimensions: {d: {weight: 1, measures: {x: 1}}}}}
    """.write(toFile: sample.config, atomically: true, encoding: .utf8)
    let file = sample.directory + "/x.ndjson"
    try [71, 77, 100].enumerated().map { hour, x in
      #"{"timestamp":"2025-11-19T0\#(hour):00:00Z","account":"acme","type":"group","traits":{"x":\#(x)}}"# + "\n"
    }.joined().write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try Program.run(["replay", "--config", sample.config, file]).status == 0)
    let text = try Program.run(["account", "acme", "--config", sample.config]).output
    #expect(text.contains("  score 71.00 → 77.00  +6.00 points\n"))
    #expect(text.contains("\n    since then +23.00 points, to 100.00\n"))
  }

  @Test func `a config that is not the store's explains nothing it does not know`() throws {
    let other = sample.directory + "/other.yaml"
    try SampleStore.configText.replacing("after: 5d", with: "after: 6d").write(
      toFile: other, atomically: true, encoding: .utf8)
    let outcome = try Program.run(["account", "acme", "--config", other])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("because older usage left the window (expiry)"))
    #expect(!outcome.output.contains("28 days ago left"))
  }

  @Test func `measures show what they are made of and add up to the score`() throws {
    let text = try page("acme")
    #expect(text.contains("change of events, any, 28d"))
    #expect(text.contains("░"))
    let account = try json("acme")
    let measures = try #require(account["measures"] as? [[String: Any]])
    let sum = measures.reduce(0) { $0 + ($1["points"] as? Double ?? 0) }
    #expect(abs(sum - (account["score"] as? Double ?? 0)) < 0.05)
  }

  /// Two scorecards that share a measure, one for those who begin, and a measure of none.
  private static let cards = """
    sources: [{id: app, kind: file, paths: [none]}]
    phases: {beginning: {when: {tenure: {below: 30d}}}, settled: {}}
    measures:
      trial: {metric: {count: {feature: any, window: 7d}}, grade: {points: [[0, 0], [9, 100]]}}
      days: {metric: {active_days: {feature: any, window: 28d}}, grade: {points: [[0, 0], [20, 100]]}}
      seats: {metric: {attribute: seats}, grade: {points: [[0, 0], [9, 100]]}}
      events: {metric: {count: {feature: any, window: 28d}}, grade: {points: [[0, 0], [9, 100]]}}
      breadth: {metric: {features_used: {window: 28d}}, grade: {points: [[0, 0], [9, 100]]}}
    scorecards:
      first: {when: {phase: beginning}, dimensions: {start: {weight: 1, measures: {trial: 1, days: 1}}}}
      rest:
        dimensions: {use: {weight: 2, measures: {days: 2, breadth: 1}}, size: {weight: 1, measures: {seats: 1}}}
    rules: {busy: {kind: threshold, measure: events, above: 50}}

    """

  @Test func `measures stand by the dimensions of the account's own scorecard`() throws {
    let other = try SampleStore(events: false)
    try ("store: {path: kizashi.db}\n" + Self.cards).write(toFile: other.config, atomically: true, encoding: .utf8)
    let lines = [("new", "2026-03-09"), ("old", "2026-01-05"), ("old", "2026-03-09")].map {
      #"{"timestamp":"\#($0.1)T10:00:00Z","account":"\#($0.0)","event":"login"}"# + "\n"
    }
    let replayed = try Program.run(["replay", "-", "--config", other.config], input: lines.sorted().joined())
    #expect(replayed.status == 0, "\(replayed.errors)")
    func table(_ account: String, _ more: [String]) throws -> [String] {
      let page = try Program.run(["account", account] + more).output
      let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
      let rows = lines.drop { !$0.hasPrefix("MEASURES") }.dropFirst(2).prefix { !$0.isEmpty }
      return rows.map { $0.split(separator: " ").first.map(String.init) ?? "" }
    }
    // What is missing has its place, too.
    let old = ["use", "days", "breadth", "size", "seats", "in", "events", "and"]
    #expect(try table("old", ["--config", other.config]) == old)
    #expect(try table("new", ["--config", other.config]) == ["start", "trial", "days", "in", "events", "and"])
    let page = try Program.run(["account", "old", "--config", other.config])
    #expect(page.output.contains("\n  and 1 of other scorecards (--format json has all)\n"))
    let all = try Program.run(["account", "old", "--config", other.config, "--format", "json"])
    let read = try JSONSerialization.jsonObject(with: all.bytes) as? [String: Any]
    #expect((read?["measures"] as? [Any])?.count == 5)
    // Without the config the store says to which dimension of any scorecard a measure belongs.
    let bare = try table("old", ["--db", other.database, "--config", sample.config])
    #expect(!bare.contains("trial") && bare.contains("days"), "\(bare)")
  }

  @Test func `features and users stand beside the window before`() throws {
    let account = try json("acme")
    let features = try #require(account["features"] as? [[String: Any]])
    #expect(features.first?["feature"] as? String == "any")
    #expect(features.first?["events"] as? Int == 6 * 20)
    #expect(features.first?["previous_events"] as? Int == 6 * 28)
    let users = try #require(account["users"] as? [[String: Any]])
    #expect(users.compactMap { $0["user"] as? String } == ["user-1", "user-0", "user-3", "user-2"])
    #expect(try page("acme").contains("↓ 168"))
    #expect((try json("acme", ["--users", "1"])["users"] as? [Any])?.count == 1)
    #expect(try json("acme", ["--window", "7d"])["window"] as? String == "7d")
  }

  @Test func `the timeline shows the days it was used and the days it was not`() throws {
    let line = try #require(try page("acme").split(separator: "\n").first { $0.hasPrefix("  events") })
    let drawing = line.dropFirst(10).prefix(28)
    #expect(drawing.hasSuffix("········"))
    #expect(!drawing.dropLast(8).contains("·"))
  }

  @Test func `attributes are shown escaped`() throws {
    #expect(try page("acme").contains(#"enterprise\u{1b}"#))
    #expect((try json("acme")["attributes"] as? [String: String])?["plan"] == "enterprise\u{1b}")
  }

  @Test func `hostile and wide names have pages like others`() throws {
    #expect(try page(SampleStore.hostile).hasPrefix(#"evil\u{1b}[31m\u{202e}name  ·  "#))
    #expect(try page(SampleStore.wide).contains("佐藤"))
  }

  @Test func `it fits a terminal of eighty columns`() throws {
    let text = try Program.runOnTerminal(
      ["account", "acme", "--config", sample.config], columns: 80, variables: ["NO_COLOR": "1"])
    let tables = text.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.contains("because") }
    #expect(!tables.isEmpty)
    for line in tables { #expect(DisplayWidth.of(String(line)) <= 80, "\(line)") }
  }
}
