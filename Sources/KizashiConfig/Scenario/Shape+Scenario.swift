/// The keys of a scenario file. `config/scenario.schema.json` has one definition for each; a test holds them equal.
extension Shape {
  static let scenarioFile = Shape(name: "", keys: ["config", "scenarios"])
  static let scenarios = Shape(name: "scenarios", keys: [], takesNames: true)
  static let scenario = Shape(name: "scenario", keys: ["start", "until", "account", "story", "expect"])
  /// Names the operator chooses: of attributes, properties, surveys.
  static let fields = Shape(name: "fields", keys: [], takesNames: true)
  static let because = Shape(name: "because", keys: ["measure", "cause"])

  /// What can happen in a story, by the key that says so.
  static let stepKinds = ["event", "attributes", "survey", "line"]
  private static let stepCommon = ["at", "every", "from", "to", "for", "late_by", "account"]
  private static let stepSpecific: [String: [String]] = [
    "event": ["event", "user", "users", "times", "with"],
    "attributes": ["attributes"],
    "survey": ["survey", "user"],
    "line": ["line"],
  ]

  /// What can be expected, by the key that says so.
  static let expectationKinds = [
    "alert", "no_alert", "no_other", "band", "becomes", "never_becomes", "score", "measure", "change", "no_change",
  ]
  private static let expectationSpecific: [String: [String]] = [
    "alert": ["alert", "opens", "resolves", "times", "reason", "because"],
    "no_alert": ["no_alert", "during"],
    "no_other": ["no_other", "during"],
    "band": ["band", "at", "during"],
    "becomes": ["becomes", "from", "when", "because"],
    "never_becomes": ["never_becomes", "during"],
    "score": ["score", "at", "during"],
    "measure": ["measure", "grade", "value", "at"],
    "change": ["change", "of", "from", "to", "when", "because"],
    "no_change": ["no_change", "of", "from", "to", "during"],
  ]

  static func step(kind: String) -> Shape {
    one(of: stepKinds, kind, name: "step_\(kind)", common: stepCommon, specific: stepSpecific)
  }

  static func expectation(kind: String) -> Shape {
    one(
      of: expectationKinds, kind, name: "expect_\(kind)", common: ["account"], specific: expectationSpecific)
  }

  private static func one(
    of kinds: [String], _ kind: String, name: String, common: [String], specific: [String: [String]]
  ) -> Shape {
    let own = specific[kind] ?? []
    var elsewhere: [String: String] = [:]
    for other in kinds where other != kind {
      for key in specific[other] ?? [] where !own.contains(key) && !kinds.contains(key) {
        elsewhere[key] = elsewhere[key].map { "\($0) or \(other):" } ?? "\(other):"
      }
    }
    return Shape(name: name, keys: own + common, elsewhere: elsewhere)
  }

  /// Every shape of a scenario file.
  static let allOfScenarios =
    [scenarioFile, scenarios, scenario, fields, because] + stepKinds.map { step(kind: $0) }
    + expectationKinds.map { expectation(kind: $0) }
}
