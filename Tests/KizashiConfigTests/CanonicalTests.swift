import Foundation
import KizashiCore
import TestSupport
import Testing

@testable import KizashiConfig

/// The distribution's configs.
let shippedConfigs = [
  "kizashi.yaml", "minimal.yaml", "examples/full.yaml", "examples/japan.yaml", "examples/early-warning/kizashi.yaml",
  "examples/product-analytics.yaml", "examples/devops.yaml", "examples/drift-causes.yaml",
  "examples/onboarding.yaml", "examples/seats.yaml",
]

@Suite struct `The canonical text` {
  @Test(arguments: shippedConfigs)
  func `means the same as the config it came from`(name: String) throws {
    let path = repository.appending(path: "config/\(name)").path
    let environment = ["HTTPS_PROXY": "http://proxy"]
    let original = try Configuration.load(path: path, environment: environment)
    for text in [original.canonicalText, original.explained()] {
      let again = try parse(text, environment: environment.merging(["CHANNEL": "#customers"]) { $1 })
      #expect(again.canonicalText == original.canonicalText)
      #expect(again.fingerprint == original.fingerprint)
      #expect(again.model == original.model)
      #expect(again.sources == original.sources)
      #expect(again.hooks == original.hooks)
      #expect(again.ruleDeliveries == original.ruleDeliveries)
    }
  }

  @Test func `does not depend on how the config is written`() throws {
    let a = try parse(
      """
      bands: {yellow: 40, green: 70.0}
      rules: {r: {kind: drop, by: "15.00", within: 168h, hooks: h}}
      hooks: {h: {run: [/bin/true]}}
      measures: {m: {metric: {count: {window: 24h}}, grade: {points: [[+1.50, 010]]}}}
      """)
    let b = try parse(
      """
      # another hand
      measures:
        m:
          grade:
            points:
              - [1.5, 10]
          metric: {count: {feature: any, window: 1d}}
          missing: exclude
      hooks: {h: {run: [/bin/true], retries: 5}}
      rules: {r: {by: 15, within: 7d, kind: drop, for: 0s, hooks: [h], severity: medium}}
      bands: {green: 70, yellow: 40, red: 0}
      """)
    #expect(a.canonicalText == b.canonicalText)
    #expect(a.fingerprint == b.fingerprint)
  }

  @Test(arguments: [
    "{sum: {feature: any, property: amount, window: 7d}}",
    "{sum: {feature: order, where: {plan: \"5.0\", \"a b\": \"yes\"}, property: \"1\", window: 7d}}",
    "{count: {feature: core, where: {plan: pro}, window: 24h}}",
    "{days_since_last: {feature: any, where: {trial: \"true\"}, unit: days}}",
    "{trend: {of: {sum: {feature: any, property: amount, window: 7d}}, floor: 2.5, min_volume: 1}}",
    "{ratio: [{sum: {property: a, window: 7d}}, {distinct_users: {where: {p: q}, window: 7d}}]}",
  ])
  func `keeps what a metric asks of properties`(metric: String) throws {
    let written = try parse("measures: {m: {metric: \(metric), grade: {points: [[0, 0]]}}}")
    let again = try parse(written.canonicalText)
    #expect(again.model == written.model)
    #expect(again.canonicalText == written.canonicalText)
    let plain = try parse("measures: {m: {metric: {count: {window: 7d}}, grade: {points: [[0, 0]]}}}")
    #expect(!written.decidesTheSameNumbers(as: plain))
  }

  @Test func `never holds the value of a hook's variable`() throws {
    let text = try parse(
      "hooks: {h: {run: [/bin/true], env: {TOKEN: s3cret, OTHER: }}}", environment: ["OTHER": "als0secret"])
    for shown in [text.canonicalText, text.explained()] {
      #expect(!shown.contains("s3cret") && !shown.contains("als0secret"))
      #expect(shown.contains("env: [OTHER, TOKEN]"))
    }
  }

  @Test(arguments: [
    ("store: {path: /elsewhere.db}", true), ("log: {level: debug}", true),
    ("hooks: {h: {run: [/bin/false]}}", true), ("limits: {hooks_running: 2}", true),
    ("sources: [{id: b, kind: file, paths: [/b]}]", true), ("windows: [1d, 7d, 28d, 90d]", true),
    ("bands: {green: 70, yellow: 40}", true),
    ("bands: {green: 71, yellow: 40}", false), ("bands: {rot: 0}", false), ("windows: [24h, 7d, 28d]", false),
    ("business: {timezone: Asia/Tokyo}", false), ("business: {weekend: [fri, sat]}", false),
    ("business: {holidays: [2026-01-01]}", false), ("features: {auto: false}", false),
    ("features: {a: {events: [b]}}", false), ("store: {retention: never}", false),
    ("limits: {dedup_horizon: 24h}", false), ("rules: {r: {kind: band_change}}", false),
    ("measures: {a: {metric: {attribute: x}, grade: {points: [[0, 0]]}}}", false),
  ])
  func `its fingerprint changes with what decides numbers, and only then`(text: String, same: Bool) throws {
    let plain = try parse("sources: [{id: a, kind: file, paths: [/a]}]")
    let other = try parse(text)
    #expect(other.decidesTheSameNumbers(as: plain) == same)
    #expect(other.fingerprint.count == 32)
  }

  @Test(arguments: [
    ("hooks: [h]", true), ("hooks: [h, i]", true), ("shadow: true", true),
    ("renotify: 24h", true), ("flap: true", true), ("severity: high", false),
    ("for: 1h", false),
  ])
  func `whom a rule tells is not in the fingerprint, what it means is`(more: String, same: Bool) throws {
    let hooks = "hooks: {h: {run: [/bin/true]}, i: {run: [/bin/true]}}"
    let plain = try parse("rules: {r: {kind: band_change}}\n\(hooks)")
    let other = try parse("rules: {r: {kind: band_change, \(more)}}\n\(hooks)")
    #expect(other.decidesTheSameNumbers(as: plain) == same)
    #expect(other.canonicalText != plain.canonicalText)
  }

  @Test(arguments: [
    ("{a: {when: {plan: x}, D}, b: {when: {plan: y}, D}}", "{b: {when: {plan: y}, D}, a: {when: {plan: x}, D}}", false),
    ("{a: {when: {plan: x}, D}, b: {D}}", "{a: {when: {plan: x}, D}, b: {D}}", true),
  ])
  func `knows that the order of scorecards decides scores`(first: String, second: String, same: Bool) throws {
    let parsed = try [first, second].map { cards in
      try parse(
        """
        measures: {m: {metric: {attribute: m}, grade: {points: [[0, 0], [1, 100]]}}}
        scorecards: \(cards.replacing("D", with: "dimensions: {d: {weight: 1, measures: {m: 1}}}"))
        """)
    }
    #expect(parsed[1].unchanged(since: parsed[0].canonicalText).scores == same)
  }

  @Test(arguments: [
    ("{for: 1h, keep_firing_for: 2h, cooldown: 3d, severity: high, shadow: true, flap: true}", true),
    ("{from: [green]}", false),
    ("{when: {phase: adoption}}", false), ("{clear: {band: green}}", false), ("{until: {phase: churned}}", false),
  ])
  func `tells which rules have kept their conditions`(more: String, isKept: Bool) throws {
    let phases = "phases: {adoption: {when: {tenure: {below: 90d}}}, churned: {}}"
    let rule = { (more: String) in "rules: {r: {kind: band_change\(more)}, gone: {kind: band_change}}\n\(phases)" }
    let before = try parse(rule(""))
    let after = try parse(
      rule(", " + more.dropFirst().dropLast()).replacing("gone:", with: "new:") + "\nbands: {green: 80, yellow: 40}")
    #expect(after.unchanged(since: before.canonicalText) == UnchangedConfig(rules: isKept ? ["r"] : []))
    #expect(after.unchanged(since: after.canonicalText) == UnchangedConfig(scores: true, rules: ["r", "new"]))
    #expect(after.unchanged(since: "rules: [") == UnchangedConfig())
    #expect(after.unchanged(since: "") == UnchangedConfig())
  }

  @Test(arguments: [
    ("hooks: {h: {run: [/bin/true]}}", true), ("log: {level: debug}", true), ("store: {path: /other.db}", true),
    ("limits: {hook_max_age: 2h, hooks_running: 3, quarantine_rows: 9}", true), ("limits: {settle: 3s}", false),
    ("store: {retention: never}", false), ("windows: [24h]", false), ("business: {timezone: Asia/Tokyo}", false),
    ("features: {f: {events: [a]}}", false), ("bands: {journal_step: 6}", false),
  ])
  func `tells what scores follow from`(more: String, same: Bool) throws {
    let sources = "sources: [{id: a, kind: file, paths: [/a]}]"
    let before = try parse(sources)
    #expect(try parse("\(sources)\n\(more)").unchanged(since: before.canonicalText).scores == same)
    let others = try parse("sources: [{id: b, kind: file, paths: [/b]}]\n\(more)")
    #expect(others.unchanged(since: before.canonicalText).scores == same)
  }

  @Test func `the fingerprint knows the offsets of the zone, not only its name`() throws {
    let scratch = try ScratchFolder()
    for (folder, zone) in [("a", "Tokyo"), ("b", "Seoul")] {
      try FileManager.default.createDirectory(atPath: "\(scratch.path)/\(folder)", withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: "/usr/share/zoneinfo/Asia/\(zone)", toPath: "\(scratch.path)/\(folder)/Somewhere")
    }
    let texts = try ["a", "b"].map {
      try parse("business: {timezone: Somewhere}", environment: ["TZDIR": "\(scratch.path)/\($0)"])
    }
    #expect(texts[0].fingerprint != texts[1].fingerprint)
    #expect(!texts[0].unchanged(since: texts[1].canonicalText).scores)
    #expect(texts[0].canonicalText != texts[1].canonicalText)
  }

  @Test func `FNV-1a agrees with its published test vectors`() {
    #expect(CanonicalForm.fnv1a128("") == "6c62272e07bb014262b821756295c58d")
    #expect(CanonicalForm.fnv1a128("a") == "d228cb696f1a8caf78912b704e4a8964")
    #expect(CanonicalForm.fnv1a128("foobar") == "343e1662793c64bf6f0d3597ba446f18")
  }

  @Test func `any text of an operator survives writing and reading`() throws {
    for text in [
      "yes", "~", "", "a: b", "#x", "\"q\"", "back\\slash", "日本語", "1e3", "*", "tab\tand\nline", "\u{85}",
      "- a", "never", "{x}",
    ] {
      let yaml = YAMLText.mapping([("k", .list([.text(text), .text("end")]))]).block()
      guard case .mapping(let entries) = try YAMLReader.read(yaml).value,
        case .list(let items) = entries[0].value.value,
        case .scalar(let found) = items[0].value
      else {
        Issue.record("\(yaml)")
        continue
      }
      #expect(found == text)
    }
  }

  @Test func `mutilated configs never crash, and those that pass mean what their canonical text means`() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    let full = try String(contentsOf: repository.appending(path: "config/examples/full.yaml"), encoding: .utf8)
    let lines = full.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let junk = [
      "", "~", "[]", "{}", "0", "-1", "1e400", "x", "[[", "&a", "*a", "\"", "9999999999", "5bd", "\u{0}", "表", ":",
      "- ",
    ]
    var accepted = 0
    for round in 0..<400 {
      var mutated = lines
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let index = Int.random(in: 0..<mutated.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: mutated.remove(at: index)
        case 1: mutated.insert(mutated[Int.random(in: 0..<mutated.count, using: &generator)], at: index)
        default:
          var words = mutated[index].split(separator: " ", omittingEmptySubsequences: false).map(String.init)
          words[Int.random(in: 0..<words.count, using: &generator)] = junk.randomElement(using: &generator) ?? ""
          mutated[index] = words.joined(separator: " ")
        }
      }
      guard let first = try? parse(mutated.joined(separator: "\n"), environment: ["HTTPS_PROXY": "", "CHANNEL": ""])
      else { continue }
      accepted += 1
      #expect(try Self.counts(mutated.joined(separator: "\n")) == Self.counts(first), "seed \(seed), round \(round)")
      let names = first.hooks.flatMap(\.env.keys)
      let again = try? parse(first.canonicalText, environment: Dictionary(names.map { ($0, "") }) { $1 })
      #expect(again?.canonicalText == first.canonicalText, "seed \(seed), round \(round)")
      #expect(again?.model == first.model, "seed \(seed), round \(round)")
    }
    #expect(accepted > 0, "seed \(seed)")
  }

  /// How many sources, features, measures, rules and hooks a text writes.
  private static func counts(_ text: String) throws -> [Int] {
    guard case .mapping(let entries) = try YAMLReader.read(text).value else { return [] }
    return ["sources", "features", "measures", "rules", "hooks"].map { key in
      switch entries.first(where: { $0.key == key })?.value.value {
      case .mapping(let items): items.count(where: { $0.key != "auto" })
      case .list(let items): items.count
      default: 0
      }
    }
  }

  /// How many of them were read: nothing may get lost without a problem that says so.
  private static func counts(_ configuration: Configuration) throws -> [Int] {
    let model = configuration.model
    let builtIn = model.scorecards == [BuiltIn.scorecard] ? BuiltIn.measures.count : 0
    return [
      configuration.sources.count, model.features.count, model.measures.count - builtIn, model.rules.count,
      configuration.hooks.count,
    ]
  }
}
