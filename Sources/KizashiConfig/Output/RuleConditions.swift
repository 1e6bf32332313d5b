import KizashiCore

extension Configuration {
  /// The rules whose conditions read in an older config, given as its canonical text, as they do in this one. How long they wait
  /// and whom they tell may differ.
  ///
  /// Texts are compared, not what is read of them: an older config need not be one that this program still takes. Of one that is no
  /// YAML nothing is known, and no rule is the same.
  package func rulesWithTheConditions(of canonicalText: String) -> Set<String> {
    let before = Self.conditions(canonicalText)
    return Set(Self.conditions(self.canonicalText).filter { before[$0.key] == $0.value }.keys)
  }

  /// What a rule has beside its condition.
  private static let besideTheCondition: Set = [
    "for", "keep_firing_for", "cooldown", "severity", "playbook", "hooks", "shadow", "renotify", "flap",
  ]

  /// The conditions of a canonical text's rules, by name.
  private static func conditions(_ canonicalText: String) -> [String: ConfigNode.Content] {
    guard let rules = (try? YAMLReader.read(canonicalText))?.content.entries?["rules"]?.entries else { return [:] }
    return rules.mapValues { rule in
      .mapping((rule.entries ?? [:]).filter { !besideTheCondition.contains($0.key) })
    }
  }
}

extension ConfigNode {
  /// What is written, wherever.
  fileprivate enum Content: Equatable {
    case null
    case scalar(String)
    case list([Content])
    case mapping([String: Content])

    var entries: [String: Content]? { if case .mapping(let entries) = self { entries } else { nil } }
  }

  fileprivate var content: Content {
    switch value {
    case .null: .null
    case .scalar(let text): .scalar(text)
    case .list(let items): .list(items.map(\.content))
    case .mapping(let entries):
      .mapping(Dictionary(entries.map { ($0.key, $0.value.content) }, uniquingKeysWith: { _, last in last }))
    }
  }
}
