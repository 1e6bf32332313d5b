import KizashiCore
import Testing

@testable import KizashiConfig

@Suite struct `What an operator reads about a wrong config` {
  @Test func `all mistakes come at once, each with its line and key`() {
    let text = """
      version: 1
      busines: {timezone: Asia/Tokyo}
      business: {timezone: Asia/Tokio}
      sources:
        - {id: app, kind: file, path: /var/log/a.ndjson}
        - {id: app, kind: unix, path: /run/a.sock}
      measures:
        active_users:
          metric: {ratio: [{distinct_users: {feature: any, window: 28d}}, {attribute: seats}]}
          grade: {points: [[0, 0], [0.2, 40], [0.1, 70]]}
      scorecards:
        standard: {dimensions: {usage: {weight: 0, measures: {active_usres: 35}}}}
      rules:
        health-drop: {kind: drop, by: lots, within: 7d, hooks: [pagr]}
        gone-quiet: {kind: silence, feature: core, after: 5 days}
      hooks:
        pager: {run: notify.sh}
      """
    #expect(
      complaints(text) == [
        """
        2: busines: unknown key "busines" — did you mean "business"? known here: bands, business, features, hooks, \
        limits, log, measures, milestones, phases, rules, scorecards, segments, sources, store, touch, version, windows
        """,
        "3: business.timezone: there is no time zone \"Asia/Tokio\" — did you mean \"Asia/Tokyo\"?",
        "5: sources[0]: \"paths\" is missing: paths of files, * and ? as in a shell",
        "5: sources[0].path: \"path\" does not belong here — it is a key of kind: unix (a file source has paths:)",
        "6: sources[1].id: the id \"app\" is taken — by the source on line 5; offsets are kept by id",
        "10: measures.active_users.grade.points[2][0]: x must ascend: 0.1 does not come after 0.2",
        "12: scorecards.standard.dimensions.usage.weight: expected a weight, a whole number 1–10000, found \"0\"",
        """
        12: scorecards.standard.dimensions.usage.measures.active_usres: there is no measure "active_usres" — did you \
        mean "active_users"?
        """,
        "14: rules.health-drop.by: expected a number of points from 0.01 to 100, found \"lots\"",
        "14: rules.health-drop.hooks[0]: there is no hook \"pagr\" — did you mean \"pager\"?",
        """
        15: rules.gone-quiet.after: expected a length of silence such as 12h, 7d or 5bd, found "5 days" — bd are \
        business days
        """,
        """
        17: hooks.pager.run: expected a list: the program's absolute path and its arguments, found "notify.sh" — write \
        [/path/of/program, argument]; no shell reads it
        """,
      ])
  }

  @Test func `a key that stands twice is one problem among the others`() {
    #expect(
      complaints(
        """
        bands: {green: 70, green: 80, yelow: x}
        "log": {level: info}
        rules:
          a: {kind: drop, by: 1, within: 1d}
          b: {kind: drop, by: 1, within: 1d}
          a: {kind: drop, by: 1}
        log: {level: loud}
        log: 5
        """) == [
          "1: bands.green: \"green\" stands twice here — the other one is on line 1",
          "1: bands.yelow: expected the band's lower bound, a number of points 0–100, found \"x\"",
          "6: rules.a: \"a\" stands twice here — the other one is on line 4",
          "7: log: \"log\" stands twice here — the other one is on line 2",
          "8: log: \"log\" stands twice here — the other one is on line 2",
        ])
  }

  @Test(arguments: [
    ("a: [", "2: not YAML: did not find expected node content (while parsing a flow node, line 2)"),
    (
      "rules:\n\ta: 1",
      "2: not YAML: found character that cannot start any token (while scanning for the next token, line 2) — indent with spaces, not tabs"
    ),
    (
      "features: {api: {events: [*.x]}}",
      "1: not YAML: did not find expected alphabetic or numeric character (while scanning an alias, line 1) — text that begins with * needs quotes"
    ),
    ("a: 1\n---\nb: 2", "2: not YAML: but found another document (expected a single document in the stream, line 1)"),
    ("- 1", "1: expected a mapping of keys such as sources:, found a list"),
    ("[[1]]: 2", "1: a key must be plain text"),
    ("rules: {<<: {}}", "1: rules[\"<<\"]: merge keys (<<) are not read — write the keys out"),
  ])
  func `text that is no config`(text: String, complaint: String) {
    #expect(complaints(text).first?.hasPrefix(complaint) == true, "\(complaints(text))")
  }

  @Test func `aliases cannot blow a config up`() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for i in 1...9 { text += "a\(i): &a\(i) [\(Array(repeating: "*a\(i - 1)", count: 10).joined(separator: ", "))]\n" }
    #expect(complaints(text).first?.contains("more than 100000 values once aliases are written out") == true)
  }

  @Test func `foreign text is shown escaped and cut`() {
    let text = "log: {level: \"\\e[31mred\\n\(String(repeating: "x", count: 100))\"}"
    #expect(complaints(text)[0].contains("found \"\\u{1b}[31mred\\nxxx"))
    #expect(complaints(text)[0].hasSuffix("x…\""))
  }

  @Test(arguments: wrongValues + wrongCustomers)
  func `a wrong value is refused with what is allowed`(text: String, complaint: String) {
    let found = complaints(text)
    #expect(found.contains { $0.contains(complaint) }, "\(text) → \(found)")
    #expect(found.count == 1, "one mistake, one problem: \(found)")
  }

  @Test(arguments: laterKeys)
  func `what later versions read is refused, never ignored`(text: String, name: String) {
    let found = complaints(text)
    #expect(found.count == 1, "\(found)")
    #expect(found.first?.contains("\"\(name)\" is not supported yet: it comes with the ") == true, "\(found)")
  }

  @Test func `near names are found and far ones are not`() {
    #expect(nearestName(to: "Recency", in: ["recency", "trend"]) == "recency")
    #expect(nearestName(to: "sorces", in: ["sources", "scorecards"]) == "sources")
    #expect(nearestName(to: "clera", in: ["clear", "kind"]) == "clear")
    #expect(nearestName(to: "xyz", in: ["sources", "rules"]) == nil)
    #expect(nearestName(to: "", in: ["a"]) == nil)
    #expect(nearestName(to: "q", in: ["a", "b"]) == nil)
  }
}
