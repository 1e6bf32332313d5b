import KizashiCore

/// The keys one kind of mapping may have. The JSON Schema has one definition for each; a test holds them equal.
struct Shape: Sendable {
  /// Its name in the JSON Schema's `$defs`; `""` is the document itself.
  var name: String
  var keys: [String]
  /// Keys of later versions.
  var later: [String: Later] = [:]
  /// Whether other keys are names the operator chooses.
  var takesNames = false
  /// Keys that are right in a sibling, and which sibling: `within` → `kind: drop`.
  var elsewhere: [String: String] = [:]
}

extension Shape {
  static let root = Shape(
    name: "",
    keys: [
      "version", "business", "store", "windows", "sources", "features", "milestones", "segments", "touch", "phases",
      "measures", "scorecards", "bands", "rules", "hooks", "limits", "log",
    ],
    later: ["playbooks": .playbooks, "http": .web])
  static let business = Shape(name: "business", keys: ["timezone", "weekend", "holidays"])
  static let store = Shape(name: "store", keys: ["path", "retention"])
  static let log = Shape(name: "log", keys: ["level"])
  static let limits = Shape(
    name: "limits",
    keys: [
      "settle", "future_tolerance", "dedup_horizon", "features", "accounts", "hook_max_age", "hooks_running",
      "quarantine_rows",
    ])

  private static let sourceCommon = [
    "id", "kind", "format", "mapping", "group_type", "user", "account_attribute", "account_arrays", "timestamp_missing",
    "timezone", "remember_account", "allowed_lateness", "stall_after", "max_hold", "hooks",
  ]
  private static let sourceLater: [String: Later] = ["timestamp_format": .formats]
  static let fileSource = Shape(
    name: "file_source", keys: sourceCommon + ["paths", "rotated"], later: sourceLater,
    elsewhere: ["path": "kind: unix (a file source has paths:)", "mode": "kind: unix", "allow_uids": "kind: unix"])
  static let unixSource = Shape(
    name: "unix_source", keys: sourceCommon + ["path", "mode", "allow_uids"], later: sourceLater,
    elsewhere: ["paths": "kind: file (a unix source has path:)", "rotated": "kind: file"])
  static let mapping = Shape(
    name: "mapping",
    keys: ["unwrap", "type", "timestamp", "account", "event", "user", "id", "count", "properties", "traits"])
  static let join = Shape(name: "join", keys: ["join", "separator"])
  static let split = Shape(name: "split", keys: ["split", "separator", "index"])
  static let constant = Shape(name: "constant", keys: ["constant"])

  static let features = Shape(name: "features", keys: ["auto"], takesNames: true)
  static let feature = Shape(name: "feature", keys: ["events", "core", "where"])
  static let conditions = Shape(name: "where", keys: [], takesNames: true)

  static let measures = Shape(name: "measures", keys: [], takesNames: true)
  static let measure = Shape(
    name: "measure", keys: ["metric", "grade", "missing", "fresh", "expire"])
  static let grade = Shape(name: "grade", keys: ["points", "bands"])
  static let hold = Shape(name: "hold", keys: ["hold"])
  static let metric = Shape(
    name: "metric",
    keys: [
      "count", "distinct_users", "active_days", "features_used", "days_since_last", "ratio", "trend", "attribute",
      "milestones", "survey", "share_top_user", "effective_users", "sum",
    ])
  static let windowed = Shape(name: "windowed", keys: ["feature", "where", "window"])
  static let sum = Shape(name: "sum", keys: ["feature", "where", "property", "window"])
  static let featuresUsed = Shape(name: "features_used", keys: ["window"])
  static let daysSinceLast = Shape(name: "days_since_last", keys: ["feature", "where", "unit"])
  static let trend = Shape(name: "trend", keys: ["of", "floor", "min_volume"])
  static let survey = Shape(name: "survey", keys: ["name", "agg", "window"])

  static let scorecards = Shape(name: "scorecards", keys: [], takesNames: true)
  static let scorecard = Shape(name: "scorecard", keys: ["when", "min_coverage", "dimensions", "caps"])
  static let cap = Shape(name: "cap", keys: ["if", "max"])

  static let milestones = Shape(name: "milestones", keys: [], takesNames: true)
  static let milestone = Shape(name: "milestone", keys: ["event", "metric", "at_least", "due", "product", "value"])
  static let segments = Shape(name: "segments", keys: [], takesNames: true)
  static let touch = Shape(name: "touch", keys: ["attribute"] + TouchModel.names)
  static let phases = Shape(name: "phases", keys: [], takesNames: true)
  static let phase = Shape(name: "phase", keys: ["when"])
  static let condition = Shape(
    name: "condition", keys: ["any", "not", "phase", "touch", "segment", "band", "contract", "tenure", "renewal"],
    takesNames: true)
  static let role = Shape(name: "role", keys: [], takesNames: true)
  static let range = Shape(name: "range", keys: ["above", "at_least", "below", "at_most"])
  static let dimensions = Shape(name: "dimensions", keys: [], takesNames: true)
  static let dimension = Shape(name: "dimension", keys: ["weight", "measures"])
  static let weights = Shape(name: "weights", keys: [], takesNames: true)
  static let bands = Shape(name: "bands", keys: ["clear_margin", "down_for", "journal_step"], takesNames: true)

  static let rules = Shape(name: "rules", keys: [], takesNames: true)
  static let hooks = Shape(name: "hooks", keys: [], takesNames: true)
  static let hook = Shape(
    name: "hook",
    keys: [
      "run", "timeout", "retries", "concurrency", "env", "retry_on", "group_wait", "max_per_hour", "quiet_hours",
      "digest",
    ])
  static let quietHours = Shape(name: "quiet_hours", keys: ["from", "to", "days", "except"])
  static let digest = Shape(name: "digest", keys: ["at", "days"])
  static let flap = Shape(name: "flap", keys: ["start", "stop"])

  /// Every shape, for the test that compares them with the JSON Schema.
  static let all =
    [
      root, business, store, log, limits, fileSource, unixSource, mapping, join, split, constant, features, feature,
      conditions,
      measures, measure, grade, hold, metric, windowed, sum, featuresUsed, daysSinceLast, trend, survey, scorecards,
      scorecard, cap, milestones, milestone, segments, touch, phases, phase, condition, role, range,
      dimensions, dimension, weights, bands, rules, hooks, hook, quietHours,
      digest, flap,
    ] + ruleKinds.map { rule(kind: $0) }
}

extension Shape {
  /// The kinds of rules this version reads.
  static let ruleKinds = [
    "band_change", "persistent", "drop", "threshold", "trend", "silence", "breadth_collapse", "adopted", "abandoned",
    "overdue", "power_user_lost", "attribute", "composite", "shift",
  ]
  private static let ruleCommon = [
    "kind", "when", "until", "clear", "for", "keep_firing_for", "cooldown", "severity", "playbook", "hooks", "shadow",
    "renotify", "flap",
  ]
  private static let ruleSpecific: [String: [String]] = [
    "band_change": ["from", "to"],
    "persistent": ["band"],
    "drop": ["by", "within"],
    "threshold": ["measure", "metric", "above", "below"],
    "trend": ["of", "floor", "min_volume", "above", "below"],
    "silence": ["feature", "after"],
    "breadth_collapse": ["window", "to", "least"],
    "adopted": ["feature", "window", "days"],
    "abandoned": ["feature", "window", "before", "days", "alive"],
    "overdue": ["milestone"],
    "power_user_lost": ["after", "role"],
    "attribute": ["attribute", "is", "changed_within"],
    "composite": ["all", "any"],
    "shift": ["feature", "direction", "k", "h"],
  ]

  /// The keys of a rule of one kind.
  static func rule(kind: String) -> Shape {
    let own = ruleSpecific[kind] ?? []
    var elsewhere: [String: String] = [:]
    for other in ruleKinds where other != kind {
      for key in ruleSpecific[other] ?? [] where !own.contains(key) {
        elsewhere[key] = elsewhere[key].map { "\($0) or \(other)" } ?? "kind: \(other)"
      }
    }
    let later: [String: Later] = ["snooze": .customerSuccess]
    // They are about whom they would wake, not about what happened.
    elsewhere["quiet_hours"] = "a hook"
    elsewhere["digest"] = "a hook"
    return Shape(name: "rule_\(kind)", keys: ruleCommon + own, later: later, elsewhere: elsewhere)
  }
}
