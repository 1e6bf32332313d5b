import Foundation
import KizashiCore
import Testing

@testable import kizashi

/// The listing verbs on a real store, through the real binary.
@Suite struct ListingVerbTests {
  let sample: SampleStore

  init() throws { sample = try SampleStore() }

  private func run(_ arguments: [String]) throws -> String {
    let outcome = try Program.run(arguments + ["--config", sample.config])
    #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
    // The table of sources says that nobody reads them; nothing else has anything to say.
    let isSilent = !arguments.starts(with: ["sources"]) || arguments.contains { $0.hasSuffix("json") || $0 == "csv" }
    let down = "kizashi: no daemon runs on \(sample.database); as of 2025-11-19 12:00\n"
    #expect(outcome.errors == (isSilent ? "" : down))
    return outcome.output
  }

  private func objects(_ arguments: [String]) throws -> [[String: Any]] {
    let text = try run(arguments + ["--format", "json"])
    return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
  }

  private func column(_ name: String, _ arguments: [String]) throws -> [String] {
    try objects(arguments).map { $0[name] as? String ?? "" }
  }

  static let shapes: [([String], [String])] = [
    (
      ["accounts"],
      [
        "account", "score", "band", "trend_7d", "trend_28d", "coverage", "firing_alerts", "severity", "phase", "touch",
        "computed_score", "first_seen_at", "last_seen_at", "scored_at", "config_version",
      ]
    ),
    (
      ["changes"],
      [
        "seq", "account", "at", "detected_at", "kind", "subject", "from_value", "to_value", "delta", "cause", "because",
      ]
    ),
    (
      ["alerts"],
      [
        "state", "severity", "account", "rule", "at", "resolved_at", "detected_at", "reason", "playbook", "alert_id",
        "episode", "shadow",
      ]
    ),
    (
      ["deliveries", "list"],
      ["state", "hook", "delivery_id", "attempts", "next_at", "exit_code", "output", "alert_id", "waits_for"]
    ),
    (
      ["sources"],
      [
        "source", "path", "state", "stalled_at", "waiting", "offset", "size", "lag_bytes", "watermark_at", "lines",
        "events", "duplicates", "undeduplicated", "refused", "refusals",
      ]
    ),
    (["quarantine", "list"], ["source", "reason", "seen_at", "path", "offset", "sample"]),
  ]

  @Test(arguments: shapes) func `each listing has one shape in JSON, NDJSON and CSV`(verb: [String], keys: [String])
    throws
  {
    let rows = try objects(verb)
    #expect(!rows.isEmpty)
    for row in rows { #expect(Set(row.keys) == Set(keys)) }
    let lines = try run(verb + ["--format", "ndjson"]).split(separator: "\n")
    #expect(lines.count == rows.count)
    #expect(lines.allSatisfy { $0.hasPrefix("{\"\(keys[0])\":") })
    #expect(try run(verb + ["--format", "csv"]).hasPrefix(keys.joined(separator: ",") + "\n"))
  }

  @Test(arguments: shapes.map(\.0) + [["account", SampleStore.hostile], ["account", "acme"]])
  func `nothing that comes from outside reaches the output raw`(verb: [String]) throws {
    for format in ["table", "ndjson"] {
      let text = try run(verb + ["--format", format])
      #expect(!text.unicodeScalars.contains { Visible.isHidden($0) && $0 != "\n" }, "\(verb) \(format)")
    }
  }

  @Test func `foreign names are shown escaped`() throws {
    let table = try run(["accounts"])
    #expect(table.contains(#"evil\u{1b}[31m\u{202e}name"#))
    #expect(table.contains(SampleStore.wide))
    #expect(try run(["quarantine", "list"]).contains(#"\u{1b}]0;owned\u{7}\x{ff}"#))
    #expect(try run(["deliveries", "list"]).contains(#"line⏎\u{1b}[2J"#))
    #expect(try run(["sources"]).contains(#"a\u{1b}.ndjson"#))
    #expect(try column("account", ["accounts"]).contains(SampleStore.hostile))
  }

  @Test func `attention puts the account with a severe alert first`() throws {
    #expect(try column("account", ["accounts"]).first == "acme")
    #expect(
      try column("account", ["accounts", "--sort", "name"]) == [
        "acme", SampleStore.hostile, "globex", SampleStore.wide,
      ])
    #expect(try column("account", ["accounts", "--sort", "last-seen"]).first == "acme")
    #expect(try column("account", ["accounts", "--limit", "1"]) == ["acme"])
    let scores = try objects(["accounts", "--sort", "score"]).compactMap { $0["score"] as? Double }
    #expect(scores == scores.sorted())
  }

  @Test func `accounts are found by band, measure, feature and attribute`() throws {
    let green = try column("account", ["accounts", "--band", "green"])
    #expect(green.contains("globex"))
    #expect(!green.contains("acme"))
    #expect(try column("account", ["accounts", "--where", "csm=sato"]) == ["acme"])
    #expect(try column("account", ["accounts", "--where", "csm=sato", "--where", "plan=free"]) == [])
    let unused = try column(
      "account", ["accounts", "--feature", "report.created", "--below", "1", "--sort", "name", "--window", "7d"])
    #expect(unused == ["acme", SampleStore.hostile, SampleStore.wide])
    #expect(try column("account", ["accounts", "--measure", "recency", "--below", "80"]) == ["acme"])
  }

  @Test func `who is low on something is listed with how low, and only then`() throws {
    let grade = try #require(
      (try objects(["accounts", "--measure", "recency", "--below", "80"]).first?["grade"] as? NSNumber)?.doubleValue)
    let measured = try run(["accounts", "--measure", "recency", "--below", "80"]).split(separator: "\n")
    #expect(measured[0].split(separator: " ").prefix(6) == ["ACCOUNT", "SCORE", "BAND", "VALUE", "GRADE", "7"])
    #expect(measured[1].contains("      8  \(Wording.fixed(grade))  "), "\(measured[1])")
    let asked = ["accounts", "--feature", "report.created", "--below", "1000", "--window", "28d"]
    let events = try objects(asked).reduce(into: [:]) { $0[$1["account"] as? String ?? ""] = $1["events"] as? Int }
    #expect(events == ["acme": 40, "globex": 56, SampleStore.hostile: 0, SampleStore.wide: 14])
    #expect(try run(asked).split(separator: " ").prefix(4) == ["ACCOUNT", "SCORE", "BAND", "EVENTS"])
    #expect(try run(asked + ["--format", "csv"]).hasPrefix("account,score,band,events,trend_7d,"))
  }

  @Test func `accounts are listed with their phase`() throws {
    let table = try run(["accounts"]).split(separator: "\n")
    #expect(table[0].contains("  PHASE  LAST SEEN"))
    #expect(table[1].contains("  –      8 d ago"), "\(table[1])")
  }

  @Test func `the journal goes by account, kind and time, oldest first`() throws {
    let all = try objects(["changes", "--limit", "0"])
    let numbers = all.compactMap { $0["seq"] as? Int }
    #expect(numbers == numbers.sorted())
    #expect(Set(try column("account", ["changes", "--account", "acme"])) == ["acme"])
    #expect(Set(try column("kind", ["changes", "--kind", "band"])) == ["band"])
    let recent = try column("at", ["changes", "--since", "2025-11-18"])
    #expect(!recent.isEmpty && recent.count < all.count)
    #expect(recent.allSatisfy { $0 >= "2025-11-18T00:00:00.000Z" })
    #expect(try objects(["changes", "--limit", "2"]).compactMap { $0["seq"] as? Int } == Array(numbers.suffix(2)))
    for entry in all {
      // The reasons add up to the change, to the hundredth.
      guard let delta = entry["delta"] as? Double, let lines = entry["because"] as? [[String: Any]], !lines.isEmpty
      else { continue }
      let sum = lines.reduce(0) { $0 + (($1["points"] as? Double ?? 0) * 100).rounded() }
      #expect(sum == (delta * 100).rounded())
    }
  }

  @Test func `followed, the journal shows each entry once, as it is stored`() throws {
    let arguments = ["changes", "--follow", "--format", "ndjson", "--limit", "1", "--config", sample.config]
    let lines = try Program.follow(arguments, lines: 4) { seen in
      if seen < 4 { try sample.append("rule-\(seen)") }
    }
    let subjects = try lines.map { line in
      (try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["subject"] as? String ?? ""
    }
    #expect(Array(subjects.dropFirst()) == ["rule-1", "rule-2", "rule-3"])
  }

  @Test func `alerts and deliveries are found by what they are about`() throws {
    #expect(try column("state", ["alerts", "--firing"]).allSatisfy { $0 == "firing" })
    #expect(try column("rule", ["alerts", "--rule", "gone-quiet", "--account", "acme"]) == ["gone-quiet"])
    #expect(try column("delivery_id", ["deliveries", "list", "--state", "dead"]) == ["turned:acme:1:firing:dead"])
    #expect(try column("delivery_id", ["deliveries"]).count == 2)
    // One that is over shows when it was last begun.
    #expect(try run(["deliveries", "list", "--state", "dead"]).contains("  2025-11-19 12:00  "))
    #expect(try column("reason", ["quarantine", "list", "--reason", "bad_json"]) == ["bad_json"])
  }

  @Test func `colour and width belong to terminals`() throws {
    let arguments = ["accounts", "--config", sample.config]
    let coloured = try Program.runOnTerminal(arguments, columns: 60)
    #expect(coloured.contains("\u{1b}[32mgreen"))
    let plain = try Program.runOnTerminal(arguments, columns: 60, variables: ["NO_COLOR": "1"])
    #expect(!plain.contains("\u{1b}"))
    for line in plain.split(separator: "\n") { #expect(DisplayWidth.of(String(line)) <= 60) }
    #expect(plain.contains("…"))
    #expect(!(try run(["accounts"])).contains("…"))
  }
}
