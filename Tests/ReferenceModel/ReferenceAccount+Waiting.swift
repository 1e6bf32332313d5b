import KizashiCore

/// What alerts are explained from: of a rule that waited, to open or to end, the base of the journal when it began to wait.
extension ReferenceAccount {
  /// Notes what moved the account for every explanation there may be.
  mutating func insert(_ cause: Cause, _ place: WritableKeyPath<ReferenceBase, Set<Cause>>) {
    base?[keyPath: place].insert(cause)
    for index in rules.indices { rules[index].waitingBase?[keyPath: place].insert(cause) }
  }

  /// After an evaluation, of which `base` was the base: whoever began to wait in it keeps that.
  mutating func keepBases(_ base: ReferenceBase?) {
    for index in rules.indices {
      let since = rules[index].waitsSince
      // At the first evaluation there is nothing before it: what it found is the base.
      if since != rules[index].waitingBaseSince { rules[index].waitingBase = since == nil ? nil : base ?? self.base }
      rules[index].waitingBaseSince = since
    }
  }

  /// After an evaluation that changed the scorecard: what moves from here on is the measures' own again.
  mutating func enterCard(_ current: ReferenceReading) {
    base?.enter(current)
    for index in rules.indices { rules[index].waitingBase?.enter(current) }
  }

  /// What the opening or end of an episode is explained from; nil: the base of the evaluation.
  func waitingBase(
    of rule: Int, from: String, to: String, _ paths: [[ReferenceRuleState.Phase]], _ context: ReferenceContext
  ) -> ReferenceBase? {
    if from == "pending" || to == "ok" { return rules[rule].waitingBase }
    guard to == "firing", case .composite(_, let names) = context.model.rules[rule].kind else { return nil }
    // It opens with one of its rules: as that is explained.
    for (index, path) in paths.enumerated() where path.count > 1 && path.last == .firing {
      guard names.contains(context.model.rules[index].name) else { continue }
      let before = path[path.count - 2]
      let base = waitingBase(of: index, from: before.rawValue, to: "firing", paths, context)
      if let base { return base }
    }
    return nil
  }
}

extension ReferenceBase {
  fileprivate mutating func enter(_ current: ReferenceReading) {
    guard reading.uncapped != nil, current.uncapped != nil, (switched ?? reading).card != current.card else { return }
    switched = current
    causes = causes.map { _ in [] }
  }
}

extension ReferenceRuleState {
  /// Since when it has waited, to open or to end; nil: it does not.
  var waitsSince: Int64? {
    switch phase {
    case .ok: nil
    case .pending: pendingSince
    case .firing: clearSince
    }
  }
}
