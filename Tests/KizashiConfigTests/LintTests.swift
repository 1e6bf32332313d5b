import Foundation
import Testing

@testable import KizashiConfig

/// A config that must be warned of, what is said, and one beside it that must not be.
private struct Lint: CustomTestStringConvertible, Sendable {
  var warning: String
  var bad: String
  var good: String
  var testDescription: String { warning }
}

private func scored(_ scorecard: String, rules: String = "{}", bands: String = "{green: 70, yellow: 40}") -> String {
  """
  sources: [{id: a, kind: file, paths: [/a]}]
  measures:
    seats: {metric: {attribute: seats}, grade: {points: [[0, 20], [10, 60]]}}
    days: {metric: {active_days: {window: 7d}}, grade: {points: [[0, 20], [7, 60]]}}
  scorecards: {s: {dimensions: \(scorecard)}}
  bands: \(bands)
  rules: \(rules)
  """
}

private let both = "{d: {weight: 1, measures: {seats: 1, days: 1}}}"
private let reachable = "{green: 50, yellow: 30}"

private func ruled(_ rules: String, _ more: String = "") -> String {
  """
  sources: [{id: a, kind: file, paths: [/a]}]
  rules: \(rules)
  \(more)
  """
}

private let lints: [Lint] = [
  Lint(
    warning:
      "5: scorecards.s.dimensions.d.measures.days: with every measure at hand this one moves the score by 0.40 points at most",
    bad: scored("{d: {weight: 1, measures: {seats: 99, days: 1}}}", bands: reachable),
    good: scored("{d: {weight: 1, measures: {seats: 79, days: 1}}}", bands: reachable)),
  Lint(
    warning:
      "5: scorecards.s.dimensions.e: with every measure at hand this dimension moves the score by less than half a point",
    bad: scored("{d: {weight: 99, measures: {seats: 1}}, e: {weight: 1, measures: {days: 1}}}", bands: reachable),
    good: scored("{d: {weight: 79, measures: {seats: 1}}, e: {weight: 1, measures: {days: 1}}}", bands: reachable)),
  Lint(
    warning: "4: measures.days: nothing uses this measure: no scorecard and no rule",
    bad: scored("{d: {weight: 1, measures: {seats: 1}}}", bands: reachable),
    good: scored(
      "{d: {weight: 1, measures: {seats: 1}}}", rules: "{r: {kind: threshold, measure: days, below: 30}}",
      bands: reachable)),
  Lint(
    warning: "6: bands.green: by its measures no account can ever be in \"green\": the score lies between 20 and 60",
    bad: scored(both), good: scored(both, bands: "{green: 55, yellow: 30}")),
  Lint(
    warning: "6: bands.rot: by its measures no account can ever be in \"rot\": the score lies between 20 and 60",
    bad: scored(both, bands: "{green: 50, yellow: 20, rot: 0}"),
    good: scored(both, bands: "{green: 50, yellow: 20.01, rot: 0}")),
  Lint(
    warning:
      "6: bands.green: by its measures no account can climb into \"green\", which takes 61 with clear_margin: the score",
    bad: scored(both, bands: "{green: 56, yellow: 30}"), good: scored(both, bands: "{green: 55, yellow: 30}")),
  Lint(
    warning: "7: rules.r.above: this rule can never fire: the grade of seats is never above 60",
    bad: scored(both, rules: "{r: {kind: threshold, measure: seats, above: 60}}", bands: reachable),
    good: scored(both, rules: "{r: {kind: threshold, measure: seats, above: 59.9}}", bands: reachable)),
  Lint(
    warning: "7: rules.r.below: this rule can never fire: the grade of seats is never below 20",
    bad: scored(both, rules: "{r: {kind: threshold, measure: seats, below: 20}}", bands: reachable),
    good: scored(both, rules: "{r: {kind: threshold, measure: seats, below: 20.1}}", bands: reachable)),
  Lint(
    warning:
      "7: rules.r.by: only an override can make this rule fire: by its measures the score has 40 points",
    bad: scored(both, rules: "{r: {kind: drop, by: 40.01, within: 7d}}", bands: reachable),
    good: scored(both, rules: "{r: {kind: drop, by: 40, within: 7d}}", bands: reachable)),
  Lint(
    warning:
      "7: rules.r.band: only an override can make this rule fire: by its measures no account can ever be in that band",
    bad: scored(both, rules: "{r: {kind: persistent, band: green, for: 7d}}"),
    good: scored(both, rules: "{r: {kind: persistent, band: [green, yellow], for: 7d}}", bands: reachable)),
  Lint(
    warning:
      "7: rules.r.to: only an override can make this rule fire: by its measures no account can ever be in that band",
    bad: scored(both, rules: "{r: {kind: band_change, to: green}}"),
    good: scored(both, rules: "{r: {kind: band_change, to: [green, unknown]}}", bands: reachable)),
  Lint(
    warning: "2: rules.r.to: this rule can never fire: nobody changes from a band into the same",
    bad: ruled("{r: {kind: band_change, from: red, to: red}}"),
    good: ruled("{r: {kind: band_change, from: [red, yellow], to: [red, yellow]}}")),
  Lint(
    warning: "2: rules.r.above: this rule can never fire: the metric is never above 9",
    bad: ruled("{r: {kind: threshold, metric: {active_days: {window: 7d}}, above: 9}}"),
    good: ruled("{r: {kind: threshold, metric: {active_days: {window: 7d}}, above: 7.5}}")),
  Lint(
    warning: "2: rules.r.below: this rule can never fire: the metric is never below -1",
    bad: ruled("{r: {kind: trend, of: {count: {window: 7d}}, below: -1}}"),
    good: ruled("{r: {kind: trend, of: {count: {window: 7d}}, below: -0.99}}")),
  Lint(
    warning:
      "3: features.asked.events: \"survey.*\" finds nothing: events whose names begin with \"survey.\" are no usage",
    bad: ruled("{}", "features: {asked: {events: [\"survey.*\", poll.sent]}}"),
    good: ruled("{}", "features: {asked: {events: [\"surveys.*\", poll.sent]}}")),
  Lint(
    warning: "2: rules.r.below: this rule can never fire: the metric is never below 0",
    bad: ruled("{r: {kind: threshold, metric: {count: {window: 7d}}, below: 0}}"),
    good: ruled("{r: {kind: threshold, metric: {attribute: balance}, below: 0}}")),
  Lint(
    warning: "2: rules.r.for: a drop after which the score stays where it is holds for 1d, no longer",
    bad: ruled("{r: {kind: drop, by: 10, within: 24h, for: 1d}}"),
    good: ruled("{r: {kind: drop, by: 10, within: 24h, for: 23h}}")),
  Lint(
    warning: "2: rules.s: this rule is the same as \"r\"",
    bad: ruled("{r: {kind: drop, by: 10, within: 1d}, s: {within: 24h, kind: drop, by: 10}}"),
    good: ruled("{r: {kind: drop, by: 10, within: 1d}, s: {within: 24h, kind: drop, by: 10, severity: high, for: 1h}}")),
  Lint(
    warning: "2: rules.r.renotify: there is nobody to remind: the rule has no hooks",
    bad: ruled("{r: {kind: band_change, renotify: 1d}}"),
    good: ruled("{r: {kind: band_change, renotify: 1d, hooks: [h]}}", "hooks: {h: {run: [/bin/true]}}")),
  Lint(
    warning: "2: rules.r.flap: there is nobody to spare: the rule has no hooks",
    bad: ruled("{r: {kind: band_change, flap: true}}"),
    good: ruled("{r: {kind: band_change, flap: true, hooks: [h]}}", "hooks: {h: {run: [/bin/true]}}")),
  Lint(
    warning: "2: rules.r.flap: a rule that opens once for an account never flaps",
    bad: ruled("{r: {kind: adopted, feature: any, flap: true, hooks: [h]}}", "hooks: {h: {run: [/bin/true]}}"),
    good: ruled(
      "{r: {kind: silence, feature: any, after: 1d, flap: true, hooks: [h]}}", "hooks: {h: {run: [/bin/true]}}")
  ),
  Lint(
    warning: "3: hooks.h.group_wait: what a digest holds comes in one run anyway",
    bad: ruled(
      "{r: {kind: band_change, hooks: [h]}}", "hooks: {h: {run: [/bin/true], group_wait: 1m, digest: {at: '08:00'}}}"),
    good: ruled("{r: {kind: band_change, hooks: [h]}}", "hooks: {h: {run: [/bin/true], digest: {at: '08:00'}}}")),
  Lint(
    warning: "3: hooks.i: no rule runs this hook",
    bad: ruled(
      "{r: {kind: band_change, hooks: [h]}}", "hooks: {h: {run: [/bin/true]}, i: {run: [/bin/true]}}"),
    good: ruled(
      "{r: {kind: band_change, hooks: [h, i]}}", "hooks: {h: {run: [/bin/true]}, i: {run: [/bin/true]}}")),
  Lint(
    warning: "3: hooks.h: only rules in shadow name this hook, so it never runs",
    bad: ruled("{r: {kind: band_change, hooks: [h], shadow: true}}", "hooks: {h: {run: [/bin/true]}}"),
    good: ruled(
      "{r: {kind: band_change, hooks: [h], shadow: true}, s: {kind: silence, feature: any, after: 7d, hooks: h}}",
      "hooks: {h: {run: [/bin/true]}}")),
  Lint(
    warning: "3: features.api.events: \"api.get\" finds nothing that \"api.*\" does not find already",
    bad: ruled("{}", "features: {api: {events: [\"api.*\", api.get]}}"),
    good: ruled("{}", "features: {api: {events: [\"api.*\", apis.get]}, get: {events: [api.get]}}")),
  Lint(
    warning: "7: rules.r.when: this rule can never fire: the grade of days lies between 20 and 60",
    bad: conditioned("{measure.days: {above: 60}}"), good: conditioned("{measure.days: {at_least: 60}}")),
  Lint(
    warning: "7: rules.r.when: this rule can never fire: no number is above 20 and below 20",
    bad: conditioned("{plan: pro, seats: {above: 20, below: 20}}"),
    good: conditioned("{plan: pro, seats: {at_least: 20, at_most: 20}}")),
  Lint(
    warning: "7: rules.r.when: this rule can never fire: no tenure is below 0",
    bad: conditioned("{any: [{tenure: {below: 0d}}, {renewal: {above: 9d, at_most: 9d}}]}"),
    good: conditioned("{any: [{tenure: {below: 0d}}, {renewal: {below: 0d}}]}")),
  Lint(
    warning: "7: rules.r.when: this rule can never fire: segment \"odd\": no number is at least 3 and at most 2",
    bad: conditioned("{segment: [odd]}", seats: "{at_least: 3, at_most: 2}"),
    good: conditioned("{segment: [odd]}", seats: "{at_least: 2, at_most: 3}")),
  Lint(
    warning: "8: segments.odd: nobody ever belongs to this segment: no number is at least 3 and below 3",
    bad: conditioned("{segment: [even, odd]}", seats: "{at_least: 3, below: 3}"),
    good: conditioned("{segment: [even, odd]}", seats: "{at_least: 3, below: 4}")),
  Lint(
    warning: "7: rules.r.until: until has no effect: the grade of days lies between 20 and 60",
    bad: conditioned("{}", more: "until: {measure.days: {below: 20}}"),
    good: conditioned("{}", more: "until: {not: {measure.days: {below: 20}}}")),
  Lint(
    warning: "7: rules.r.clear: what opens never resolves: no number is above 9",
    bad: conditioned("{}", more: "clear: {seats: {above: 9, below: 9}}"),
    good: conditioned("{}", more: "clear: {seats: {above: 9}}")),
  Lint(
    warning: "7: rules.r.clear: what opens resolves only with its when: no number is above 9",
    bad: conditioned("{segment: even}", more: "clear: {seats: {above: 9, below: 9}}"),
    good: conditioned("{segment: even}", more: "clear: {seats: {above: 9}}")),
  Lint(
    warning: "3: phases.late: nobody is ever in this phase: no tenure is below 0",
    bad: ruled(
      "{r: {kind: silence, feature: any, after: 7d}}", "phases: {late: {when: {tenure: {below: 0d}}}, rest: {}}"),
    good: ruled(
      "{r: {kind: silence, feature: any, after: 7d}}", "phases: {late: {when: {tenure: {below: 1d}}}, rest: {}}")),
  Lint(
    warning: "5: scorecards.s.caps: one of the caps never applies: the grade of days lies between 20 and 60",
    bad: capped("{measure.days: {below: 20}}"), good: capped("{measure.days: {at_most: 20}}")),
]

/// A scorecard with a cap.
private func capped(_ condition: String) -> String {
  scored(both, bands: reachable).replacing("{s: {dim", with: "{s: {caps: [{if: \(condition), max: 40}], dim")
}

/// A rule with a condition, beside two segments of which one is given.
private func conditioned(_ when: String, seats: String = "3", more: String = "severity: low") -> String {
  scored(
    both,
    rules: """
      {r: {kind: band_change, to: yellow, when: \(when), \(more)}}
      segments: {odd: {seats: \(seats)}, even: {seats: 2}}
      """, bands: reachable)
}

@Suite struct `A warning` {
  private func warnings(_ text: String) throws -> [String] {
    try parse(text).warnings.map { String($0.description.dropFirst("kizashi.yaml:".count)) }
  }

  @Test(arguments: lints)
  private func `is given where something cannot matter, and only there`(lint: Lint) throws {
    let found = try warnings(lint.bad)
    #expect(found.contains { $0.hasPrefix(lint.warning) }, "\(lint.bad)\n\(found)")
    #expect(try warnings(lint.good) == [], "\(lint.good)")
  }

  @Test func `stands where its key is written, also of a long config`() throws {
    let found = try warnings(
      """
      sources: [{id: a, kind: file, paths: [/a]}]
      rules:
        r:
          kind: threshold
          metric:
            active_days: {window: 7d}
          above:
            9
      """)
    #expect(
      found == ["7: rules.r.above: this rule can never fire: the metric is never above 9 — mend it or leave it out"])
  }

  @Test(arguments: [
    // A datum that grows old is worth less than its own grade.
    """
    sources: [{id: a, kind: file, paths: [/a]}]
    measures: {x: {metric: {attribute: x}, grade: {points: [[0, 80], [10, 100]]}, fresh: 10d, expire: 20d}}
    scorecards: {s: {dimensions: {d: {weight: 1, measures: {x: 1}}}}}
    rules: {r: {kind: threshold, measure: x, below: 60}, d: {kind: drop, by: 40, within: 90d}, t: {kind: band_change, to: poor}}
    bands: {good: 70, poor: 0}
    """,
    // Whom a rule does not tell of customers, a source may tell of itself.
    """
    sources: [{id: a, kind: file, paths: [/a], stall_after: 1h, hooks: [h]}]
    hooks: {h: {run: [/bin/true]}}
    """,
    """
    sources: [{id: a, kind: file, paths: [/a], stall_after: 1h}]
    rules: {r: {kind: band_change, shadow: true, hooks: [h]}}
    hooks: {h: {run: [/bin/true]}}
    """,
  ])
  func `is not given of what can happen`(text: String) throws {
    #expect(try parse(text).warnings.map(\.description) == [])
  }

  @Test func `is given of a band that was meant to be a setting`() throws {
    let found = try parse("bands: {green: 70, yellow: 40, clear_margn: 5}").warnings.map(\.description)
    #expect(
      found.contains { $0.hasSuffix("\"clear_margn\" is taken as the name of a band — did you mean \"clear_margin\"?") }
    )
  }

  @Test(arguments: shippedConfigs)
  func `is not given of the distribution's configs`(name: String) throws {
    let path = repository.appending(path: "config/\(name)").path
    let found = try Configuration.load(path: path, environment: ["HTTPS_PROXY": ""]).warnings
    #expect(found.allSatisfy { $0.message.contains("/etc/kizashi/hooks/notify.sh") }, "\(found)")
  }
}
