/// A rule limited by a condition, in a config that has what conditions may ask for, but touch and segments.
private func limited(_ condition: String) -> String {
  """
  milestones: {made: {event: report.created, due: 14d}, used: {event: used}}
  measures: {m: {metric: {attribute: x}, grade: {points: [[0, 0]]}}}
  phases: {early: {}}
  rules: {r: {kind: band_change, when: \(condition)}}
  """
}
private func rule(_ keys: String) -> String { "rules: {r: {\(keys)}}" }
private func card(_ dimensions: String) -> String {
  """
  measures: {a: {metric: {attribute: x}, grade: {points: [[0, 0]]}}}
  scorecards: {s: {dimensions: \(dimensions)}}
  """
}

/// Mistakes in what a config says of customers.
let wrongCustomers: [(String, String)] = [
  ("milestones: {a: {}}", "milestones.a: one of \"event\", \"metric\" is missing"),
  ("milestones: {a: {event: x, metric: {attribute: y}}}", "found \"event\" and \"metric\""),
  ("milestones: {a: {metric: {attribute: y}}}", "\"at_least\" is missing: the value that reaches it"),
  ("milestones: {a: {event: x, at_least: 0}}", "expected a number of events 1–1000000000, found \"0\""),
  ("milestones: {a: {event: x, due: soon}}", "milestones.a.due: expected a duration"),
  ("milestones: {a: {event: x, value: maybe}}", "expected true or false, found \"maybe\""),
  ("segments: {a: {plan: []}}", "segments.a.plan: expected at least one value, found a list"),
  ("segments: {a: {seats: {least: 3}}}", "unknown key \"least\""),
  ("segments: {a: {seats: {}}}", "expected at least one of above, at_least, below, at_most"),
  ("segments: {a: {seats: {above: many}}}", "segments.a.seats.above: expected a number, found \"many\""),
  ("phases: {p: {}}\nsegments: {a: {phase: p}}", "a condition that stands here cannot ask for the phase"),
  ("touch: {}", "expected {attribute: NAME} or conditions of high, low and tech"),
  ("touch: {attribute: t, high: {mrr: 1}}", "from an attribute or from conditions, not from both"),
  ("touch: {middle: {mrr: 1}}", "unknown key \"middle\""),
  ("phases: {a: {when: {band: red}}}", "a condition that stands here cannot ask for the band"),
  ("phases: {a: {when: {phase: a}}}", "a condition that stands here cannot ask for the phase"),
  (limited("{phase: lat}"), "expected one of early, found \"lat\""),
  (limited("{touch: high}"), "the config says nothing of touch"),
  (limited("{segment: big}"), "there are no segments, so no account has a segment"),
  (limited("{band: gren}"), "did you mean \"green\"?"),
  (limited("{contract: ended}"), "expected one of none, active, cancelled"),
  (limited("{tenure: 90d}"), "expected a range such as {at_least: 10}, found \"90d\""),
  (limited("{tenure: {above: 12h}}"), "expected whole days such as 90d, found \"12h\""),
  (limited("{measure.n: {above: 1}}"), "there is no measure \"n\""),
  (limited("{measure.m: {above: 101}}"), "expected a number of points 0–100, found \"101\""),
  (limited("{milestone.mad: true}"), "there is no milestone \"mad\" — did you mean \"made\"?"),
  (limited("{milestone.made: done}"), "expected one of open, overdue, reached"),
  (limited("{any: {phase: early}}"), "when.any: expected a list of conditions, found a mapping"),
  (limited("{any: []}"), "expected at least one condition"),
  (limited("[phase]"), "expected a condition such as {phase: adoption"),
  (rule("kind: overdue"), "\"milestone\" is missing: which milestone"),
  (rule("kind: overdue, milestone: x"), "there is no milestone \"x\" — define it under milestones:"),
  (
    "milestones: {used: {event: used}}\n" + rule("kind: overdue, milestone: used"),
    "the milestone \"used\" has no due date, so it is never overdue — give it a due:"
  ),
  (
    "milestones: {m: {event: x, product: [a]}}",
    "m.product: expected the name of a product, as contract events have it, found a list"
  ),
  ("phases: {p: {milestone.m: reached}}", "what has to hold stands under when: — {when: {milestone.m: …}}"),
  (rule("kind: band_change, when: {contract.team: bought}"), "expected one of none, active, cancelled"),
  (rule("kind: abandoned"), "\"feature\" is missing: which feature"),
  (rule("kind: abandoned, feature: any, before: 7d, days: 9"), "9 days do not fit the 7 days before"),
  (rule("kind: power_user_lost, after: 12h"), "expected 1bd to 40bd, or 1d to 56d"),
  (rule("kind: power_user_lost, role: former"), "r.role: expected traits and what they are when somebody is gone"),
  (rule("kind: power_user_lost, role: {}"), "r.role: expected at least one trait"),
  (rule("kind: power_user_lost, role: {left: ~}"), "r.role.left: a trait that is not set tells of nobody"),
  (rule("kind: power_user_lost, role: {role: [former, ~]}"), "r.role.role: a trait that is not set tells of nobody"),
  (rule("kind: power_user_lost, role: {role: []}"), "r.role.role: expected at least one value"),
  (rule("kind: persistent, band: red, for: 1d, role: {left: true}"), "it is a key of kind: power_user_lost"),
  (rule("kind: attribute, attribute: x"), "one of \"is\", \"changed_within\" is missing"),
  (rule("kind: attribute, is: 1"), "\"attribute\" is missing"),
  (rule("kind: attribute, attribute: x, is: {}"), "expected at least one of above, at_least, below, at_most"),
  (rule("kind: composite"), "one of \"all\", \"any\" is missing"),
  (rule("kind: composite, all: [a]"), "expected at least two rules"),
  (
    "rules: {a: {kind: band_change}, r: {kind: composite, any: [a, b]}}",
    "no rule before this one is named \"b\""
  ),
  (rule("kind: band_change, clear: 1"), "clear: expected a condition such as {band: green}, found \"1\""),
  (rule("kind: band_change, until: soon"), "until: expected a condition"),
  (card("{d: {weight: 1, measures: {a: 1}}}, caps: [{max: 1}]"), "\"if\" is missing: whose score is capped"),
  (card("{d: {weight: 1, measures: {a: 1}}}, caps: [{if: {x: 1}, max: 101}]"), "expected a number of points 0–100"),
  (card("{d: {weight: 1, measures: {a: 1}}}, when: {band: red}"), "cannot ask for the band"),
  (
    card("{d: {weight: 1, measures: {a: 1}}}}, t: {dimensions: {d: {weight: 1, measures: {a: 1}}}"),
    "no account ever gets here: the scorecard \"s\" before it has no when:"
  ),
]
