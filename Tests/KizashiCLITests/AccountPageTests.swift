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
