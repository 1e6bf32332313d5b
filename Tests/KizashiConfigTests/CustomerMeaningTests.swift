import KizashiCore
import Testing

@testable import KizashiConfig

@Suite struct `What a config says of customers` {
  private func model(_ text: String) throws -> Model {
    try Configuration.parse(text: text, file: "test.yaml", directory: "").model
  }

  @Test func `a condition's keys all hold, with lists, ranges, any and not`() throws {
    let rule = try model(
      """
      milestones: {made: {event: report.created}}
      phases: {early: {when: {tenure: {below: 90d}}}, late: {}}
      touch: {attribute: care}
      segments: {large: {seats: {at_least: 100}}}
      measures: {m: {metric: {attribute: x}, grade: {points: [[0, 0]]}}}
      rules:
        r:
          kind: band_change
          when:
            phase: [early, late]
            touch: high
            segment: large
            band: [red, unknown]
            contract: active
            tenure: {at_least: 30d, below: 365d}
            renewal: {at_most: 90d}
            measure.m: {above: 12.5}
            milestone.made: false
            contract.team: [active, none]
            plan: [pro, 12]
            attribute.band: ~
            any: [{csm: sato}, {csm: tanaka}]
            not: {region: emea}
          until: {milestone.made: reached}
          clear: {band: green}
      """
    ).rules[0]
    guard case .all(let parts) = rule.when else {
      Issue.record("\(rule.when)")
      return
    }
    let expected: [Condition] = [
      .any([.attribute("csm", .oneOf([.string("sato")])), .attribute("csm", .oneOf([.string("tanaka")]))]),
      .not(.attribute("region", .oneOf([.string("emea")]))), .phase(["early", "late"]), .touch(["high"]),
      .segment(["large"]), .band(["red", "unknown"]), .contract([.active]),
      .tenure(NumberRange(atLeast: Rational(30), below: Rational(365))), .renewal(NumberRange(atMost: Rational(90))),
      .measure("m", NumberRange(above: Rational(25, 2))), .milestone("made", [.open, .overdue]),
      .product("team", [.active, .none]),
      .attribute("plan", .oneOf([.string("pro"), .string("12")])), .attribute("band", .oneOf([.null])),
    ]
    #expect(parts == expected)
    #expect(rule.until == .milestone("made", [.reached]))
    #expect(rule.clear == .band(["green"]))
  }

  @Test func `milestones, phases, touch and segments`() throws {
    let model = try model(
      """
      milestones:
        first: {event: "report.*", value: true, due: 14d}
        routine: {metric: {active_days: {window: 28d}}, at_least: 12}
        shared: {event: dashboard.shared, product: analytics, due: 10d}
      touch: {high: {mrr: {at_least: 5000}}, tech: {}}
      """)
    let milestones: [Milestone] = [
      Milestone(
        name: "first", goal: .events(pattern: "report.*", atLeast: 1), dueMilliseconds: 14 * 86_400_000, value: true),
      Milestone(name: "routine", goal: .metric(.activeDays(feature: .any, windowHours: 672), atLeast: Rational(12))),
      Milestone(
        name: "shared", goal: .events(pattern: "dashboard.shared", atLeast: 1), dueMilliseconds: 10 * 86_400_000,
        product: "analytics"),
    ]
    #expect(model.milestones == milestones)
    let large = Condition.attribute("mrr", .within(NumberRange(atLeast: Rational(5000))))
    #expect(model.touch == .computed([("high", large), ("tech", .always)]))
  }

  @Test func `scorecards are chosen in order and capped`() throws {
    let cards = try model(
      """
      measures: {a: {metric: {attribute: x}, grade: {points: [[0, 0]]}}}
      scorecards:
        small: {when: {seats: {below: 10}}, dimensions: {d: {weight: 1, measures: {a: 1}}}}
        rest: {dimensions: {d: {weight: 1, measures: {a: 1}}}, caps: [{if: {lost: true}, max: 39.99}]}
      """
    ).scorecards
    #expect(cards.map(\.name) == ["small", "rest"])
    #expect(cards[0].when == .attribute("seats", .within(NumberRange(below: Rational(10)))))
    #expect(cards[1].caps == [Cap(condition: .attribute("lost", .oneOf([.string("true")])), most: 3999)])
  }

  @Test func `rules about customers`() throws {
    let rules = try model(
      """
      milestones: {first: {event: x, due: 14d}}
      rules:
        late: {kind: overdue, milestone: first}
        left: {kind: abandoned, feature: x}
        gone: {kind: power_user_lost}
        told: {kind: power_user_lost, after: 5d, role: {role: [former, none], left: true, gone_at: {above: 0}}}
        bought: {kind: attribute, attribute: owner, changed_within: 7d}
        lost: {kind: attribute, attribute: sponsor, is: [~, gone]}
        both: {kind: composite, all: [late, left]}
        quiet: {kind: silence, feature: any, after: 7d, clear: {band: green}}
      """
    ).rules
    let kinds: [RuleKind] = [
      .overdue(milestone: "first"),
      .abandoned(feature: .named("x"), windowHours: 672, beforeHours: 2160, days: 8, aliveHours: 168),
      .powerUserLost(after: .businessDays(10)),
      .powerUserLost(
        after: .milliseconds(5 * 86_400_000),
        role: [
          TraitTest("gone_at", .within(NumberRange(above: Rational(0)))),
          TraitTest("left", .oneOf([.string("true")])),
          TraitTest("role", .oneOf([.string("former"), .string("none")])),
        ]),
      .attributeChanged("owner", withinMilliseconds: 7 * 86_400_000),
      .attribute("sponsor", .oneOf([.null, .string("gone")])), .composite(all: true, rules: ["late", "left"]),
      .silence(feature: .any, after: .milliseconds(7 * 86_400_000), clear: 1),
    ]
    #expect(rules.map(\.kind) == kinds)
    #expect(rules[7].clear == .band(["green"]))
  }

  @Test func `what means the same reads back from its canonical text`() throws {
    let text = """
      milestones: {made: {event: report.created, due: 14d}, used: {metric: {count: {window: 7d}}, at_least: 3}}
      segments: {large: {any: [{seats: {at_least: 100}}, {plan: [pro, ~]}]}}
      touch: {high: {segment: large}, low: {not: {contract: none}}}
      phases: {early: {when: {milestone.made: [open, overdue], tenure: {below: 90d}}}, late: {}}
      measures: {m: {metric: {attribute: x}, grade: {points: [[0, 0]]}}}
      scorecards:
        first: {when: {phase: early}, dimensions: {d: {weight: 1, measures: {m: 1}}}, caps: [{if: {touch: low}, max: 50}]}
        rest: {dimensions: {d: {weight: 2, measures: {m: 3}}}}
      rules:
        a: {kind: threshold, measure: m, below: 40, clear: {measure.m: {above: 50.5}}, when: {renewal: {at_most: 90d}}}
        b: {kind: overdue, milestone: made, until: {band: unknown}}
        c: {kind: composite, any: [a, b]}
        d: {kind: attribute, attribute: x, is: {above: 3}}
        e: {kind: power_user_lost, role: {"on": [no, former], left at: {at_least: 0.5}}}
      """
    let first = try Configuration.parse(text: text, file: "test.yaml", directory: "")
    let again = try Configuration.parse(text: first.explained(), file: "explained.yaml", directory: "")
    #expect(again.model == first.model)
    #expect(again.canonicalText == first.canonicalText)
    #expect(again.fingerprint == first.fingerprint)
  }
}
