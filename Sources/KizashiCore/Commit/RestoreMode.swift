/// How much of the stored state a restored engine believes.
public enum RestoreMode: Sendable {
  /// The same config: goes on where the stored engine stopped.
  case resume
  /// Another config: what it may have changed is recomputed from facts under it; nothing opens, what is open stays open.
  case rebase(unchanged: UnchangedConfig)
  /// Facts only, for `verify`: totals, grades and scores recomputed, stored states ignored.
  case recompute

  /// Whether it is the same config.
  public var isResume: Bool { if case .resume = self { true } else { false } }

  var isRebase: Bool { if case .rebase = self { true } else { false } }

  var isRecompute: Bool { if case .recompute = self { true } else { false } }

  /// Whether scores and bands, and what is remembered of them, go on where they stopped.
  var keepsScores: Bool {
    switch self {
    case .resume: true
    case .rebase(let unchanged): unchanged.scores
    case .recompute: false
    }
  }

  /// Whether what a rule waits for is what it waited for.
  func keepsWait(of rule: Rule) -> Bool {
    switch self {
    case .resume: true
    case .rebase(let unchanged): unchanged.rules.contains(rule.name)
    case .recompute: false
    }
  }

  /// A shift that is new is judged over all of history, which is done for all of them or for none: then nothing is kept.
  func limited(by rules: [Rule]) -> RestoreMode {
    guard case .rebase(var unchanged) = self else { return self }
    for rule in rules {
      if case .shift = rule.kind, !unchanged.rules.contains(rule.name) { unchanged.scores = false }
    }
    return .rebase(unchanged: unchanged)
  }

  /// Whether what a rule remembers of scores and days holds.
  func keepsMemory(of rule: Rule) -> Bool { keepsScores && keepsWait(of: rule) }
}

/// What of a config reads as it did in the one before it: history need not be rebased for that.
public struct UnchangedConfig: Sendable, Equatable {
  /// Whether everything does that scores and bands follow from: all but rules.
  public var scores: Bool
  /// The rules whose conditions do. How long they wait, and whom they tell, may differ.
  public var rules: Set<String>
  /// What is unchanged; by default nothing.
  public init(scores: Bool = false, rules: Set<String> = []) {
    self.scores = scores
    self.rules = rules
  }
}
