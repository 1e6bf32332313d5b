import KizashiCore

extension Configuration {
  /// What reads in an older config, given as its canonical text, as it does in this one.
  ///
  /// Texts are compared, not what is read of them: an older config need not be one that this program still takes. Of one that is no
  /// YAML nothing is known, and nothing is the same.
  package func unchanged(since canonicalText: String) -> UnchangedConfig {
    guard let before = CanonicalContent(canonicalText), let now = CanonicalContent(self.canonicalText) else {
      return UnchangedConfig()
    }
    let rules = now.conditions.filter { before.conditions[$0.key] == $0.value }
    return UnchangedConfig(scores: before.decidesScores == now.decidesScores, rules: Set(rules.keys))
  }
}

/// A canonical text in parts that can be compared.
private struct CanonicalContent {
  /// All that scores and bands follow from.
  var decidesScores: Node
  /// The conditions of rules, by their names.
  var conditions: [String: Node]

  /// What is written, wherever.
  enum Node: Equatable {
    case null
    case scalar(String)
    case list([Node])
    /// In its order: of scorecards and phases the first that matches counts.
    case mapping([Entry])

    struct Entry: Equatable {
      var key: String
      var value: Node
    }

    var entries: [Entry] { if case .mapping(let entries) = self { entries } else { [] } }

    subscript(key: String) -> Node? { entries.first { $0.key == key }?.value }

    func without(_ keys: Set<String>) -> Node { .mapping(entries.filter { !keys.contains($0.key) }) }
  }

  private static let besideScores: Set = ["rules", "hooks", "sources", "log"]
  /// Of `store` and `limits`.
  private static let besideNumbers: Set = ["path", "hook_max_age", "hooks_running", "quarantine_rows"]
  /// What a rule has beside its condition.
  private static let besideConditions: Set = [
    "for", "keep_firing_for", "cooldown", "severity", "playbook", "hooks", "shadow", "renotify", "flap",
  ]

  init?(_ canonicalText: String) {
    guard let root = try? YAMLReader.read(canonicalText) else { return nil }
    let all = Self.node(root)
    conditions = (all["rules"]?.entries ?? []).reduce(into: [:]) {
      $0[$1.key] = $1.value.without(Self.besideConditions)
    }
    var scores = all.without(Self.besideScores).entries
    for index in scores.indices where ["store", "limits"].contains(scores[index].key) {
      scores[index].value = scores[index].value.without(Self.besideNumbers)
    }
    // The offsets of the time zone.
    let offsets = canonicalText.split(separator: "\n").filter { $0.hasPrefix("#") }.map { Node.scalar(String($0)) }
    decidesScores = .mapping(scores + [Node.Entry(key: "#", value: .list(offsets))])
  }

  private static func node(_ node: ConfigNode) -> Node {
    switch node.value {
    case .null: .null
    case .scalar(let text): .scalar(text)
    case .list(let items): .list(items.map(Self.node))
    case .mapping(let entries):
      .mapping(entries.map { Node.Entry(key: $0.key, value: Self.node($0.value)) })
    }
  }
}
