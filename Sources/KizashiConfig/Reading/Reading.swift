import KizashiCore

/// What the readers of a config's parts share while it is read.
final class Reading {
  let report: Report
  /// Relative paths start here.
  let directory: String
  let environment: [String: String]
  let zones: ZoneDatabase
  /// The features by name, from the time they are read on; with names whose definition was wrong, so that one mistake
  /// is reported once.
  var featureNames: Set<String> = []
  var features: [Feature] = []
  var autoFeatures = true
  /// What is looked for in properties so far: by features, then by metrics.
  var filters: Set<PropertyFilter> = []
  var measureNames: [String] = []
  var hookNames: [String] = []
  var milestoneNames: [String] = []
  /// Those with a due date.
  var datedMilestones: Set<String> = []
  var segmentNames: [String] = []
  var phaseNames: [String] = []
  var bandNames: [String] = []
  /// Whether the config says how accounts get their touch.
  var hasTouch = false
  /// How each rule's alerts are carried on, by its name.
  var ruleDeliveries: [String: RuleDelivery] = [:]
  /// The longest window anything looks at, and where that is written.
  private(set) var longestWindow: (hours: Int, place: Cursor?) = (0, nil)

  init(report: Report, directory: String, environment: [String: String]) {
    self.report = report
    self.directory = directory
    self.environment = environment
    zones = ZoneDatabase(environment: environment)
  }

  /// Whole hours that facts must be kept for.
  func window(_ cursor: Cursor) -> Int? {
    guard let hours = cursor.hours() else { return nil }
    keep(hours: hours, cursor)
    return hours
  }

  /// Notes that something looks so many hours back.
  func keep(hours: Int, _ cursor: Cursor?) {
    if hours > longestWindow.hours { longestWindow = (hours, cursor) }
  }

  /// A path, from the config's directory on where it is relative.
  func path(_ cursor: Cursor, _ what: String) -> String? {
    cursor.text(what, bytes: 4096).map { resolvedPath($0, in: directory) }
  }

  /// An existing feature, `any` or `core`.
  func feature(_ cursor: Cursor?) -> FeatureReference? {
    guard let cursor else { return .any }
    guard let name = cursor.text("the name of a feature") else { return nil }
    switch name {
    case "any": return .any
    case "core": return .core
    case let name where featureNames.contains(name): return .named(name)
    default: break
    }
    let near = nearestName(to: name, in: featureNames.sorted() + ["any", "core"]).map { "did you mean \(quoted($0))?" }
    guard autoFeatures else {
      cursor.fail(
        "no feature is named \(quoted(name)), and with features.auto: false no event is a feature of its own",
        hint: near ?? "features: \((["any", "core"] + featureNames.sorted()).joined(separator: ", "))")
      return nil
    }
    if let owner = features.first(where: { $0.patterns.contains { matches(name, pattern: $0) } }) {
      cursor.fail(
        "the event \(quoted(name)) belongs to the feature \(quoted(owner.name)), so it is no feature of its own",
        hint: "write \(owner.name), or make a feature for it")
      return nil
    }
    if let near {
      cursor.warn("no feature is named \(quoted(name)): it is taken as the name of an event", hint: near)
    }
    return .named(name)
  }
}

/// Whether a name matches a pattern in which `*` stands for any run of characters.
func matches(_ name: String, pattern: String) -> Bool {
  let text = Array(name.utf8)
  let pattern = Array(pattern.utf8)
  let star = UInt8(ascii: "*")
  var t = 0
  var p = 0
  var resume: (p: Int, t: Int)?
  while t < text.count {
    if p < pattern.count, pattern[p] == star {
      resume = (p, t)
      p += 1
    } else if p < pattern.count, pattern[p] == text[t] {
      p += 1
      t += 1
    } else if let last = resume {
      resume = (last.p, last.t + 1)
      p = last.p + 1
      t = last.t + 1
    } else {
      return false
    }
  }
  return pattern[p...].allSatisfy { $0 == star }
}
