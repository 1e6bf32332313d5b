/// A scenario around the steps of a story.
private func story(_ steps: String) -> String {
  "scenarios: {s: {start: 2026-01-05, until: 30d, account: acme, story: [\(steps)], expect: [{score: 0 to 100}]}}"
}
private func event(_ keys: String) -> String { story("{event: login, \(keys)}") }
/// A scenario around expectations, under the built-in config.
private func expecting(_ expectations: String) -> String {
  "scenarios: {s: {start: 2026-01-05, until: 30d, account: acme, story: [{event: login}], expect: [\(expectations)]}}"
}
private func scenario(_ keys: String) -> String { "scenarios: {s: {\(keys)}}" }
private let rest = "account: acme, story: [{event: login}], expect: [{score: 0 to 100}]"

/// One mistake each, and what its problem must say.
let scenarioMistakes: [(String, String)] = [
  ("[]", "expected a mapping with scenarios:, found a list"),
  ("config: [a]\nscenarios: {}", "config: expected the path of a config, found a list"),
  ("{}", "\"scenarios\" is missing"),
  ("scenarios: []", "expected a mapping of names and scenarios, found a list"),
  ("scenarios: {}", "expected at least one scenario"),
  ("scenario: {}\n" + story("{event: a}"), "unknown key \"scenario\" — did you mean \"scenarios\"?"),
  (scenario("until: 30d, \(rest)"), "\"start\" is missing: the day or time the story begins at"),
  (scenario("start: 2026-01-05, \(rest)"), "\"until\" is missing: how long the story goes on"),
  (scenario("start: 2026-01-05, until: 30d, account: acme, expect: [{score: 1}]"), "\"story\" is missing"),
  (scenario("start: 2026-01-05, until: 30d, account: acme, story: [{event: a}]"), "\"expect\" is missing"),
  (
    scenario("start: monday, until: 30d, \(rest)"),
    "s.start: expected a day or time such as 2026-04-20, found \"monday\""
  ),
  (scenario("start: 2026-02-30, until: 30d, \(rest)"), "expected a day or time such as 2026-04-20"),
  (scenario("start: 2026-01-05 9:00, until: 30d, \(rest)"), "with a time: 2026-04-20 09:00 (local)"),
  (scenario("start: 2026-01-05, until: 2026-01-04, \(rest)"), "\"2026-01-04\" is before the start of this scenario"),
  (scenario("start: 2026-01-05, until: 0d, \(rest)"), "the story ends with \"0d\", which is where it starts"),
  (scenario("start: 2026-01-05, until: 30 days, \(rest)"), "found \"30 days\" — write 3d 9h after the start"),
  (scenario("start: 2026-01-05, until: 30d, stoyr: [], \(rest)"), "did you mean \"story\"?"),
  // What happens.
  (story("login"), "story[0]: expected what happens, such as {event: report.created, at: 3d 9h}, found \"login\""),
  (story("{evnt: login}"), "one of \"event\", \"attributes\", \"survey\", \"line\" is missing"),
  (story("{evnt: login}"), "did you mean \"event\"?"),
  (
    story("{event: login, survey: {nps: 9}}"),
    "only one of \"event\", \"attributes\", \"survey\", \"line\" can stand here"
  ),
  (story("{attributes: {a: 1}, users: 3}"), "\"users\" does not belong here — it is a key of event:"),
  (story("{event: login, user: a, usrs: 3}"), "did you mean \"users\"?"),
  (event("at: 3 days"), "story[0].at: expected a time, found \"3 days\" — write 3d 9h after the start"),
  (event("at: 9h 3d"), "expected a time, found \"9h 3d\""),
  (event("at: 31d"), "\"31d\" is after the end of this scenario — it goes from 2026-01-05T00:00:00.000Z"),
  (event("at: 2025-12-31"), "\"2025-12-31\" is before the start of this scenario"),
  (event("at: 2026-01-06T25:00:00Z"), "expected a time, found \"2026-01-06T25:00:00Z\""),
  (
    event("every: dya"),
    "expected one of day, business day, week, hour, or a length such as 2h, found \"dya\" — did you mean \"day\"?"
  ),
  (event("every: 5s"), "expected one of day, business day"),
  (event("every: day, at: 9:30"), "expected a time of the day such as 09:30, found \"9:30\""),
  (event("every: day, at: 3d"), "with every:, from: says on which day it begins"),
  (
    event("every: 2h, at: 09:30"), "a time of the day belongs to every: day, business day or week — write from: instead"
  ),
  (event("from: 3d"), "\"from\" belongs to every: — write every: day, or at: for a single time"),
  (event("every: day, to: 9d, for: 9d"), "only one of \"to\", \"for\" can stand here"),
  (event("every: day, for: soon"), "expected a length of time such as 2h or 3d 9h, found \"soon\""),
  (event("every: day, from: 9d, to: 8d"), "this never happens"),
  (event("every: business day, from: 2026-01-10, to: 2026-01-11"), "this never happens"),
  (event("every: 1m, users: 100"), "this makes more than 200000 event lines"),
  (event("late_by: 31d"), "arrives after the end of this scenario"),
  (event("late_by: 0d"), "expected a length of time"),
  (event("users: many"), "expected a number of users, such as 8, or 10 to 2, or a list of names, up to 10000"),
  (event("users: 0"), "expected a number of users"),
  (event("users: 5 to 4 to 3"), "expected a number of users"),
  (event("users: [a, a]"), "users[1]: \"a\" stands twice here"),
  (event("users: []"), "expected the name of a user, or a list of them"),
  (event("user: a, users: 3"), "only one of \"user\", \"users\" can stand here"),
  (event("times: -1"), "expected a number of events, such as 5, or 50 to 5"),
  (event("with: [a]"), "expected a mapping of properties, found a list"),
  (event("account: []"), "expected the name of an account, or a list of them"),
  (story("{attributes: {}}"), "expected a mapping of attributes, such as {seats_issued: 10}"),
  (story("{survey: {nps: good}}"), "survey.nps: expected an answer, a number such as 9, found \"good\""),
  (story("{survey: {}}"), "expected at least one survey"),
  (
    story("{line: [a]}"),
    "expected an event line: a mapping such as {type: identify, account: acme, user: u1}, or text, found a list"
  ),
  (
    "scenarios: {s: {start: 2026-01-05, until: 30d, story: [{event: a}], expect: [{score: 1, account: b}]}}",
    "story[0]: \"account\" is missing: whose event it is"
  ),
  // What is expected.
  (expecting(""), "expected at least one expectation"),
  (expecting("{alrt: health-drop}"), "did you mean \"alert\"?"),
  (expecting("{alert: helth-drop}"), "there is no rule \"helth-drop\" in the config — did you mean \"health-drop\"?"),
  (expecting("{alert: xyzzy}"), "there are: health-drop, turned-red, gone-quiet"),
  (expecting("{alert: [health-drop, turned-red]}"), "an alert is of one rule"),
  (expecting("{alert: health-drop, opens: after 3d}"), "found \"after 3d\" — write from 3d"),
  (expecting("{alert: health-drop, opens: between 3d}"), "write between 12d and 14d"),
  (expecting("{alert: health-drop, opens: between 9d and 3d}"), "\"3d\" comes before \"9d\""),
  (expecting("{alert: health-drop, opens: before start}"), "nothing is \"before start\""),
  (expecting("{alert: health-drop, opens: from 40d}"), "is after the end of this scenario"),
  (expecting("{alert: health-drop, times: 0}"), "expected a number of alerts 1–1000, found \"0\""),
  (expecting("{alert: health-drop, when: 3d}"), "\"when\" does not belong here — it is a key of becomes: or change:"),
  (
    expecting("{alert: health-drop, because: trnd}"),
    "there is no measure \"trnd\" in the config — did you mean \"trend\"?"
  ),
  (expecting("{alert: health-drop, because: {}}"), "expected a measure, or {measure: …, cause: …}"),
  (expecting("{alert: health-drop, because: {cause: expire}}"), "did you mean \"expiry\"?"),
  (expecting("{no_alert: health-dorp}"), "did you mean \"health-drop\"?"),
  (
    expecting("{no_other: alerts}"),
    "expected one of any, alert, score, band, phase, milestone, attribute, override, config, found \"alerts\" — did you mean \"alert\"?"
  ),
  (expecting("{no_other: [alert, any]}"), "no_other[1]: expected one of alert, score, band, phase"),
  (expecting("{no_other: rule}"), "what a rule does is told by its alerts — write alert"),
  (expecting("{no_other: []}"), "expected one of any, alert, score, band"),
  (expecting("{no_other: [alert, alert]}"), "\"alert\" stands twice here"),
  (expecting("{no_other: alert, opens: 3d}"), "\"opens\" does not belong here — it is a key of alert:"),
  (expecting("{band: gren}"), "there is no band \"gren\" in the config — did you mean \"green\"?"),
  (expecting("{band: green, at: 3d, during: always}"), "only one of \"at\", \"during\" can stand here"),
  (expecting("{becomes: yelow}"), "did you mean \"yellow\"?"),
  (expecting("{score: high}"), "expected a number, 60 to 80, at least 60, at most 80, or missing, found \"high\""),
  (expecting("{score: 80 to 60}"), "\"80 to 60\" goes down — write the smaller number first: 60 to 80"),
  (expecting("{score: \"60,5\"}"), "write a point, not a comma"),
  (expecting("{measure: trend}"), "one of \"grade\", \"value\" is missing"),
  (expecting("{measure: tred, value: 1}"), "did you mean \"trend\"?"),
  (expecting("{change: bnd}"), "did you mean \"band\"?"),
  (expecting("{change: rule, of: turnd-red}"), "did you mean \"turned-red\"?"),
  (
    expecting("{score: 1, account: acmee}"),
    "nothing happens to the account \"acmee\" in this story — did you mean \"acme\"?"
  ),
  (
    "scenarios: {s: {start: 2026-01-05, until: 30d, story: [{event: a, account: b}], expect: [{score: 1}]}}",
    "expect[0]: \"account\" is missing: whom it is about"
  ),
]
