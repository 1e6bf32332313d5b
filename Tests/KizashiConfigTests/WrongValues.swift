/// A measure around a metric.
private func measured(_ metric: String) -> String {
  "measures: {a: {metric: \(metric), grade: {points: [[0, 0]]}}}"
}
private func graded(_ grade: String) -> String { "measures: {a: {metric: {attribute: x}, grade: \(grade)}}" }
private func aging(_ keys: String) -> String {
  "measures: {a: {metric: {attribute: x}, grade: {points: [[0, 0]]}, \(keys)}}"
}
private func card(_ dimensions: String) -> String {
  """
  measures: {a: {metric: {attribute: x}, grade: {points: [[0, 0]]}}, b: {metric: {attribute: y}, grade: {points: [[0, 0]]}}}
  scorecards: {s: {dimensions: \(dimensions)}}
  """
}
private func file(_ keys: String) -> String { "sources: [{id: a, kind: file, paths: [/a], \(keys)}]" }
private func unix(_ keys: String) -> String { "sources: [{id: a, kind: unix, \(keys)}]" }
private func custom(_ keys: String) -> String {
  file("format: custom, mapping: {account: /a, event: /e, \(keys)}")
}
private func rule(_ keys: String) -> String { "rules: {r: {\(keys)}}" }
private func hook(_ keys: String) -> String { "hooks: {h: {run: [/bin/true], \(keys)}}" }

/// One mistake each, and what its problem must say.
let wrongValues: [(String, String)] = [
  ("version: 2", "reads config version 1"),
  ("version: [1]", "version: expected 1, found a list"),
  ("sources: {a: 1}", "sources: expected a list of sources, found a mapping"),
  ("sources: [a]", "sources[0]: expected a mapping such as {id: app, kind: file"),
  ("sources: [{id: a, paths: [/a]}]", "\"kind\" is missing"),
  ("sources: [{id: a, kind: fiel, paths: [/a]}]", "did you mean \"file\"?"),
  ("sources: [{kind: file, paths: [/a]}]", "\"id\" is missing"),
  ("sources: [{id: \"a b\", kind: file, paths: [/a]}]", "the name of a source has no \" \""),
  ("sources: [{id: replay, kind: file, paths: [/a]}]", "is built in"),
  ("sources: [{id: a, kind: file, paths: []}]", "expected at least one path"),
  (file("mode: \"0660\""), "it is a key of kind: unix"),
  (file("stall_after: 30"), "stall_after: expected a duration such as 30m, or never, found \"30\""),
  (file("stall_after: 0s"), "expected a duration from 1s"),
  (file("max_hold: 31d"), "max_hold: expected a duration from 1s to 30d"),
  (file("max_hold: never"), "max_hold: expected a duration such as 30m, found \"never\""),
  (file("stall_after: 30m, hooks: [pagr]") + "\nhooks: {pager: {run: [/bin/true]}}", "did you mean \"pager\"?"),
  (file("stall_after: 30m, hooks: [p, p]") + "\nhooks: {p: {run: [/bin/true]}}", "\"p\" stands twice here"),
  ("rules: {pipeline.stalled: {kind: silence, feature: any, after: 5d}}", "\"pipeline.stalled\" is built in"),
  (file("allowed_lateness: 5bd"), "business days are for a silence rule's after:"),
  (file("format: segmnt"), "did you mean \"segment\"?"),
  (file("group_type: company"), "\"group_type\" belongs to format: posthog, and this source's is kizashi"),
  (file("timestamp_missing: recieve"), "did you mean \"receive\"?"),
  (file("remember_account: yes"), "expected true or false, found \"yes\" — write true"),
  (file("timezone: Tokyo"), "did you mean \"Asia/Tokyo\"?"),
  (file("format: custom"), "\"mapping\" is missing"),
  (file("format: custom, mapping: {account: /a}"), "\"event\" is missing: every event has a name"),
  (
    file("format: cloudevents, user: data.user"),
    "expected a JSON Pointer such as /org/id, found \"data.user\" — write /data/user"
  ),
  (custom("user: $.a"), "this is a JSONPath"),
  (custom("user: /a~2"), "~ is written ~0"),
  (custom("user: {join: [/a, /b]}"), "join is for id and event, not for user"),
  (custom("type: {constant: page}"), "expected one of track, identify, group, heartbeat"),
  (custom("count: {constant: 0}"), "expected 1 or more"), (custom("count: {constant: x}"), "expected 1 or more"),
  (custom("user: {split: /a, separator: \"\", index: 0}"), "at least one character to split at"),
  (custom("user: {split: /a, separator: \"|\"}"), "\"index\" is missing"),
  (custom("user: {splt: /a}"), "expected a JSON Pointer such as /org/id, a list of them"),
  (unix("mode: \"0660\""), "\"path\" is missing"),
  (unix("path: /a, mode: rw"), "expected permission bits in octal such as \"0660\", found \"rw\""),
  (unix("path: /a, mode: \"0888\""), "expected permission bits"),
  (unix("path: /a, allow_uids: [root]"), "allow_uids[0]: expected a numeric user id, found \"root\""),
  (unix("path: /\(String(repeating: "x", count: 107))"), "at most 107 bytes; this has 108"),
  (
    "sources: [{id: a, kind: unix, path: /s}, {id: b, kind: unix, path: /s}]",
    "the socket \"/s\" is already that of the source \"a\""
  ),
  ("business: {timezone: asia/tokyo}", "did you mean \"Asia/Tokyo\"?"),
  ("business: {timezone: ../../etc/passwd}", "there is no time zone"),
  ("business: {weekend: [saturday]}", "expected one of sun, mon"),
  ("business: {weekend: [sat, sat]}", "stands twice here"),
  ("business: {weekend: [mon, tue, wed, thu, fri, sat, sun]}", "leaves no business day"),
  ("business: {holidays: [2026-02-30]}", "holidays[0]: expected a date such as 2026-05-03, found \"2026-02-30\""),
  ("business: {holidays: /nowhere/at/all}", "cannot read the holidays \"/nowhere/at/all\": No such file or directory"),
  ("store: {retention: 30d}", "usage must be kept for at least 210d, found 30d"),
  ("store: {retention: forever}", "expected a duration such as 30m, or never, found \"forever\""),
  ("store: {retention: 5000h}", "expected whole days such as 400d, or never"),
  ("windows: [365d]", "windows[0]: this window needs usage to be kept for 760d, and store.retention is 400d"),
  (measured("{count: {window: 365d}}"), "a.metric.count.window: this window needs usage to be kept for 760d"),
  ("windows: []", "expected 1 to 16 windows"),
  ("windows: [24h, 1d]", "\"1d\" is the same window as \"24h\""),
  ("windows: [30m]", "expected a window of whole hours from 1h to 3660d, found \"30m\""),
  ("windows: [soon]", "expected a window of whole hours such as 24h or 28d, found \"soon\""),
  ("windows: [90m]", "expected a window of whole hours such as 24h or 28d, found \"90m\""),
  ("windows: 7d", "expected a list of windows"),
  ("features: {any: {events: [a]}}", "is built in and cannot be the name of a feature"),
  ("features: {a: {core: true}}", "features.a: \"events\" is missing"),
  ("features: {a: {events: []}}", "expected at least one event name"),
  ("features: {a: {events: [x, x]}}", "stands twice here"),
  ("features: {a: {events: [x], where: {}}}", "expected at least one property and its value, such as {plan: pro}"),
  ("features: {a: {events: [x], where: plan}}", "where: expected {PROPERTY: VALUE}, found \"plan\""),
  (
    "features: {a: {events: [x], where: {plan: [pro, team]}}}",
    "where.plan: expected a text, a number, true or false, found a list"
  ),
  (
    "features: {a: {events: [x], where: {\((0..<65).map { "p\($0): 1" }.joined(separator: ", "))}}}",
    "features look for 65 different properties and values in where, and 64 are the most"
  ),
  ("features: {a: [x]}", "expected {events: […], core: true or false}, found a list"),
  ("features: {auto: maybe}", "expected true or false, found \"maybe\""),
  (measured("{}"), "metric: one of \"count\", \"distinct_users\""),
  (measured("{coutn: {window: 7d}}"), "did you mean \"count\"?"),
  (measured("{attribute: a, survey: {name: b}}"), "found \"attribute\" and \"survey\""),
  (measured("{count: {feature: a}}"), "\"window\" is missing"),
  (measured("{days_since_last: {unit: hours}}"), "expected one of days, business_days"),
  (measured("{ratio: [{attribute: a}]}"), "expected two metrics, a and b of a / b, found 1"),
  (
    measured("{ratio: [{attribute: a}, {trend: {of: {count: {window: 7d}}}}]}"),
    "not of another ratio, a trend or shares"
  ),
  (measured("{ratio: [{attribute: a}, {effective_users: {window: 7d}}]}"), "not of another ratio, a trend or shares"),
  (measured("{trend: {of: {share_top_user: {window: 7d}}}}"), "not of how it is shared among users — one of count"),
  (measured("{share_top_user: {feature: any}}"), "\"window\" is missing"),
  (measured("{trend: {of: {attribute: a}}}"), "this metric has none — one of count"),
  (measured("{trend: {of: {count: {window: 7d}}, floor: 0.5}}"), "expected a number of at least 1, found \"0.5\""),
  (measured("{trend: {floor: 5}}"), "\"of\" is missing"),
  (measured("{sum: {window: 7d}}"), "\"property\" is missing: which property of the events is added up"),
  (measured("{sum: {property: amount}}"), "\"window\" is missing"),
  (measured("{sum: {property: [a], window: 7d}}"), "property: expected the name of a property, found a list"),
  (measured("{sum: {property: amount, unit: days, window: 7d}}"), "unknown key \"unit\""),
  (measured("{ratio: [{sum: {property: a, window: 365d}}, {attribute: a}]}"), "needs usage to be kept for 760d"),
  (measured("{count: {where: {}, window: 7d}}"), "where: expected at least one property and its value"),
  (
    measured("{days_since_last: {where: {plan: [pro, team]}}}"),
    "days_since_last.where.plan: expected a text, a number, true or false, found a list"
  ),
  (measured("{features_used: {where: {plan: pro}, window: 7d}}"), "unknown key \"where\""),
  (
    "features: {f: {events: [x], where: {\((0..<63).map { "p\($0): 1" }.joined(separator: ", "))}}}\n"
      + measured("{count: {feature: f, where: {p0: 1, q: 1, r: 1}, window: 7d}}"),
    "a.metric.count.where: with this, features and metrics look for more than 64 different properties and values"
  ),
  (measured("{survey: {name: nps, agg: median}}"), "expected one of latest, mean, nps"),
  (
    "features: {auto: false}\n" + measured("{count: {feature: login, window: 7d}}"),
    "no feature is named \"login\", and with features.auto: false"
  ),
  (
    "features: {reports: {events: [\"report.*\"]}}\n" + measured("{count: {feature: report.created, window: 7d}}"),
    "belongs to the feature \"reports\", so it is no feature of its own"
  ),
  (graded("{}"), "one of \"points\", \"bands\" is missing"),
  (graded("{points: [[0, 0]], bands: [[0, 0]]}"), "only one of \"points\", \"bands\" can stand here"),
  (graded("{points: []}"), "expected 1 to 100 pairs [x, y], found 0"),
  (graded("{points: [[0, 0, 0]]}"), "expected a pair [x, y], found a list of 3"),
  (graded("{points: [[0, 101]]}"), "points[0][1]: expected a number of points 0–100, found \"101\""),
  (graded("{points: [[0, -1]]}"), "expected a number of points 0–100, found \"-1\""),
  (graded("{points: [[1e3, 1]]}"), "write it out, without an exponent"),
  (graded("{points: [[\"0,5\", 1]]}"), "write a point, not a comma"),
  (graded("{points: [[5, 10%]]}"), "points go from 0 to 100: write 10"),
  (graded("{points: [[5%, 1]]}"), "write a fraction: 5% is 0.05"),
  (graded("{points: [[.5, 1]]}"), "write 0.5"),
  (graded("{points: [[0.1234567, 1]]}"), "at most 6 digits after the point"),
  (graded("{points: [[1234567890123, 1]]}"), "at most 12 digits before the point"),
  (graded("{bands: [[4, 0], [4, 10]]}"), "from must ascend: 4 does not come after 4"),
  ("measures: {a: {grade: {points: [[0, 0]]}}}", "\"metric\" is missing"),
  ("measures: {a: {metric: {attribute: x}}}", "\"grade\" is missing"),
  (
    "measures: {a: {metric: {attribute: x}, grade: {points: [[0, 0]]}, missing: hold}}",
    "hold needs a length of time: {hold: 30d}"
  ),
  (
    "measures: {a: {metric: {attribute: x}, grade: {points: [[0, 0]]}, missing: skip}}",
    "expected exclude, zero, neutral or {hold: 30d}, found \"skip\""
  ),
  (aging("fresh: 90d"), "\"expire\" is missing: the age beyond which the value counts as missing"),
  (aging("expire: 90d"), "\"fresh\" is missing"),
  (aging("fresh: 90d, expire: 90d"), "a value that is fresh for 90d expires later than that, not at 90d"),
  (aging("fresh: 36h, expire: 90d"), "ages are counted in whole local days"),
  (aging("fresh: 0s, expire: 0s"), "expected the age at which a value expires, in whole days from 1d to 3660d"),
  (
    "measures: {a: {metric: {count: {window: 7d}}, grade: {points: [[0, 0]]}, fresh: 1d, expire: 2d}}",
    "measures.a.fresh: only an attribute or a survey grows old, and this metric is neither — usage grows old by itself"
  ),
  ("scorecards: {}", "expected at least one scorecard, found none"),
  (card("{}"), "expected at least one dimension"),
  (card("{d: {weight: 1, measures: {}}}"), "expected at least one measure"),
  (card("{d: {weight: 10001, measures: {a: 1}}}"), "expected a weight, a whole number 1–10000, found \"10001\""),
  (
    card("{d: {weight: 1, measures: {a: 0.5}}}"), "measures.a: expected a weight, a whole number 1–10000, found \"0.5\""
  ),
  (card("{d: {measures: {a: 1}}}"), "\"weight\" is missing"),
  (card("{d: {weight: 1, measures: {c: 1}}}"), "there is no measure \"c\" — measures: a, b"),
  (card("{d: {weight: 1, measures: {recency: 1}}}"), "it is built in only for configs without scorecards"),
  (
    card("{d: {weight: 1, measures: {a: 1}}, e: {weight: 1, measures: {a: 1}}}"),
    "\"a\" is already in the dimension \"d\""
  ),
  ("bands: {unknown: 5}", "is built in and cannot be the name of a band"),
  ("bands: {green: 101}", "expected the band's lower bound, a number of points 0–100, found \"101\""),
  ("bands: {green: 70.005}", "at most 2 digits after the point"),
  ("bands: {green: 70, blue: 70}", "\"blue\" begins where \"green\" begins"),
  ("bands: {green: 98}", "the band \"green\" could never be climbed into"),
  ("bands: {red: 50}", "no band begins at 0"),
  ("bands: {down_for: soon}", "expected a duration such as 30m, found \"soon\""),
  ("bands: {journal_step: 0}", "expected a number of points from 0.01 to 100"),
  ("rules: {r: drop}", "expected a mapping with a kind"),
  (rule("by: 5, within: 1d"), "\"kind\" is missing: one of band_change, persistent, drop"),
  (rule("kind: dorp, by: 5, within: 1d"), "did you mean \"drop\"?"),
  (rule("kind: drop, by: 15"), "rules.r: \"within\" is missing"),
  (rule("kind: drop, by: 15, within: 7d, feature: any"), "it is a key of kind: silence"),
  (rule("kind: drop, by: 0, within: 7d"), "expected a number of points from 0.01 to 100"),
  (rule("kind: band_change, to: rot"), "expected one of green, yellow, red, unknown, found \"rot\""),
  (rule("kind: threshold, below: 5"), "one of \"measure\", \"metric\" is missing"),
  (rule("kind: threshold, measure: trend"), "one of \"above\", \"below\" is missing"),
  (rule("kind: threshold, measure: trend, above: 1, below: 2"), "found \"above\" and \"below\""),
  (rule("kind: threshold, measure: trnd, above: 1"), "there is no measure \"trnd\" — did you mean \"trend\"?"),
  (rule("kind: threshold, measure: trend, above: 101"), "expected a number of points 0–100, found \"101\""),
  (rule("kind: threshold, measure: trend, above: 50, clear: 60"), "clears at 50 or below, not at 60"),
  (rule("kind: threshold, measure: trend, below: 50, clear: 40"), "clears at 50 or above, not at 40"),
  (rule("kind: trend, of: {days_since_last: {}}, below: -0.3"), "a trend compares a window with the one before it"),
  (rule("kind: persistent, band: red"), "\"for\" is missing: how long in that band"),
  (rule("kind: persistent, for: 14d"), "\"band\" is missing"),
  (rule("kind: persistent, band: rde, for: 14d"), "did you mean \"red\"?"),
  (rule("kind: breadth_collapse, to: 1"), "expected a share from 0 to 0.99, found \"1\""),
  (rule("kind: breadth_collapse, least: 0"), "expected a number of features 1–1000"),
  (rule("kind: adopted"), "\"feature\" is missing"),
  (rule("kind: adopted, feature: any, window: 7d, days: 9"), "9 days do not fit a window of 7 days"),
  (rule("kind: shift"), "\"feature\" is missing"),
  (rule("kind: shift, feature: any, direction: sideways"), "expected one of down, up, both, found \"sideways\""),
  (rule("kind: shift, feature: any, k: 3"), "expected the slack a day, a number from 0 to 2.9, found \"3\""),
  (rule("kind: shift, feature: any, k: 0.12345"), "at most 4 digits after the point"),
  (rule("kind: shift, feature: any, h: 0"), "expected the evidence for an alarm, a number from 1 to 100, found \"0\""),
  (rule("kind: shift, feature: any, window: 7d"), "it is a key of kind: breadth_collapse"),
  (
    "windows: [24h]\nstore: {retention: 60d}\n" + rule("kind: shift, feature: any"),
    "usage must be kept for at least 122d, found 60d"
  ),
  (rule("kind: silence, after: 7d"), "\"feature\" is missing"),
  (rule("kind: silence, feature: any, after: 90m"), "expected a silence of whole hours such as 24h or 28d"),
  (rule("kind: silence, feature: any, after: 0bd"), "expected 1bd to 1000bd"),
  (rule("kind: silence, feature: any, after: 365d"), "this window needs usage to be kept for 760d"),
  (rule("kind: silence, feature: any, after: 7d, clear: 0"), "expected a number of events 1–1000000"),
  (rule("kind: band_change, severity: hihg"), "did you mean \"high\"?"),
  (rule("kind: band_change, for: 5bd"), "business days are for a silence rule's after:"),
  (rule("kind: band_change, shadow: yes"), "rules.r.shadow: expected true or false, found \"yes\" — write true"),
  (rule("kind: band_change, renotify: 10s"), "rules.r.renotify: expected a duration from 1m to 3660d, found \"10s\""),
  (
    rule("kind: band_change, renotify: daily"),
    "rules.r.renotify: expected a duration such as 30m, or never, found \"daily\""
  ),
  (rule("kind: band_change, hooks: [a]"), "there is no hook \"a\" — define it under hooks"),
  ("rules: {\"a:b\": {kind: band_change}}", "the name of a rule has no \":\": ids of alerts are made of it"),
  ("hooks: {h: {timeout: 5s}}", "\"run\" is missing"),
  ("hooks: {h: {run: []}}", "expected a list: the program's absolute path"),
  ("hooks: {h: {run: [notify.sh]}}", "run[0]: expected an absolute path, found \"notify.sh\""),
  (hook("timeout: 2h"), "expected a duration from 1s to 1h, found \"2h\""),
  (hook("retries: -1"), "expected a whole number 0–100, found \"-1\""),
  (hook("concurrency: 0"), "expected a whole number 1–64"),
  (hook("env: [\"A-B\"]"), "expected the name of a variable such as CHANNEL"),
  (hook("env: {KIZASHI_RULE: x}"), "is set by kizashi itself"),
  (hook("env: {A: [x]}"), "env.A: expected text, found a list"),
  (hook("retry_on: [0]"), "expected an exit code 1–255"),
  (hook("max_per_hour: many"), "expected a whole number 1–1000000"),
  (hook("group_wait: 1d"), "expected a duration from 0s to 1h"),
  (rule("kind: band_change, flap: often"), "rules.r.flap: expected true or false, found \"often\""),
  (rule("kind: band_change, flap: [30]"), "rules.r.flap: expected true, false or {start: 30, stop: 20}, found a list"),
  (rule("kind: band_change, flap: {start: 30.5}"), "flap.start: expected a whole number of percent 7–100"),
  (rule("kind: band_change, flap: {start: 101}"), "flap.start: expected a whole number of percent 7–100"),
  (rule("kind: band_change, flap: {stop: 94}"), "flap.stop: expected a whole number of percent 0–93"),
  (rule("kind: band_change, flap: {begin: 30}"), "\"begin\""),
  (
    rule("kind: band_change, flap: {start: 26}"),
    "rules.r.flap: a rule that starts to flap at 26 % cannot stop at 20 % — one change of state is worth up to 6.25 %"
  ),
  (rule("kind: band_change, digest: {}"), "\"digest\" does not belong here — it is a key of a hook"),
  (hook("digest: daily"), "digest: expected {at: \"08:00\"}, found \"daily\""),
  (hook("digest: {days: [mon]}"), "\"at\" is missing: a time of day such as \"08:00\""),
  (hook("digest: {at: \"8:00\"}"), "digest.at: expected a time of day from \"00:00\" to \"23:59\""),
  (hook("digest: {at: \"24:00\"}"), "digest.at: expected a time of day from \"00:00\" to \"23:59\""),
  (hook("digest: {at: \"08:00\", days: [monday]}"), "digest.days[0]: expected one of sun"),
  (hook("digest: {at: \"08:00\", days: [mon, mon]}"), "digest.days[1]: \"mon\" stands twice here"),
  (hook("digest: {at: \"08:00\", days: []}"), "digest.days: expected a list of days such as [mon, thu]"),
  (rule("kind: band_change, quiet_hours: {}"), "\"quiet_hours\" does not belong here — it is a key of a hook"),
  (hook("quiet_hours: nights"), "quiet_hours: expected {from: \"22:00\", to: \"07:00\"}, or a list of such"),
  (hook("quiet_hours: []"), "expected {from: \"22:00\", to: \"07:00\"}, or a list of such, found a list"),
  (hook("quiet_hours: {from: \"22:00\"}"), "\"to\" is missing: a time of day such as \"07:00\""),
  (
    hook("quiet_hours: {from: \"7:00\", to: \"08:00\"}"),
    "quiet_hours.from: expected a time of day from \"00:00\" to \"23:59\""
  ),
  (hook("quiet_hours: {from: \"24:00\", to: \"08:00\"}"), "expected a time of day from \"00:00\" to \"23:59\""),
  (hook("quiet_hours: {from: \"22:00\", to: \"24:01\"}"), "expected a time of day from \"00:00\" to \"24:00\""),
  (hook("quiet_hours: {from: \"22:00\", to: \"22:00\"}"), "quiet hours that end when they begin"),
  (hook("quiet_hours: [{from: \"22:00\", to: \"08:00\", days: [mo]}]"), "quiet_hours[0].days[0]: expected one of sun"),
  (
    hook("quiet_hours: {from: \"22:00\", to: \"08:00\", days: []}"),
    "expected a list of days such as [sat, sun, holiday]"
  ),
  (hook("quiet_hours: {from: \"22:00\", to: \"08:00\", except: urgent}"), "except: expected one of info, low"),
  (
    hook("quiet_hours: {from: \"00:00\", to: \"24:00\", except: critical}"),
    "no minute of the week in which an alert of severity info could be told"
  ),
  ("limits: {settle: 2}", "limits.settle: expected a duration such as 30m, found \"2\""),
  ("limits: {accounts: 0}", "expected a whole number 1–100000000"),
  ("limits: {hooks_runing: 8}", "did you mean \"hooks_running\"?"),
  ("log: {level: verbose}", "expected one of trace, debug, info"),
  ("log: info", "log: expected {level: info}, found \"info\""),
]

/// What the specification knows and this version does not read.
let laterKeys: [(String, String)] =
  ["playbooks", "http"].map { ("\($0): {}", $0) }
  + ["mixpanel", "amplitude", "lago", "otlp"].map { (file("format: \($0)"), $0) }
  + ["timestamp_format: iso"].map { (file($0), String($0.prefix { $0 != ":" })) }
  + ["snooze"].map { (rule("kind: band_change, \($0): 1d"), $0) }
