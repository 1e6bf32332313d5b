import KizashiCore

/// What alerts are explained from: of a rule that waited, to open or to end, the base of the journal when it began to wait; of a rule
/// about the band, which fell, the base when the score came to be below the bound.
extension ReferenceAccount {
  /// Notes what moved the account for every explanation there may be.
  mutating func insert(_ cause: Cause, _ place: WritableKeyPath<ReferenceBase, Set<Cause>>) {
    base?[keyPath: place].insert(cause)
    for index in rules.indices { rules[index].waitingBase?[keyPath: place].insert(cause) }
    for index in boundBases.indices { boundBases[index].base?[keyPath: place].insert(cause) }
  }

  /// After an evaluation, of which `base` was the base: whoever began to wait in it keeps that.
  mutating func keepBases(_ base: ReferenceBase?, _ fallen: ReferenceBase?, _ context: ReferenceContext) {
    // At the first evaluation there is nothing before it: what it found is the base.
    let base = base ?? self.base
    for index in rules.indices {
      let since = rules[index].waitsSince
      if since != rules[index].waitingBaseSince {
        let own = context.model.rules[index].kind.isOfTheBand ? fallen ?? base : base
        rules[index].waitingBase = since == nil ? nil : own
      }
      rules[index].waitingBaseSince = since
    }
    let band = context.model.bands.bands.firstIndex { $0.name == bands.band }
    for bound in boundBases.indices {
      let since = band.map { $0 <= bound } == true ? bands.belowSince[bound] : nil
      if since != boundBases[bound].since { boundBases[bound].base = since == nil ? nil : base }
      boundBases[bound].since = since
    }
  }

  /// What the rules about the band are explained from where it falls; nil: as all others.
  func fallenBase(from old: String?, to new: String, _ context: ReferenceContext) -> ReferenceBase? {
    let names = context.model.bands.bands.map(\.name)
    guard let from = names.firstIndex(where: { $0 == old }), let to = names.firstIndex(of: new), from < to else {
      return nil
    }
    let lost = (from..<to).min { (bands.belowSince[$0] ?? .max) < (bands.belowSince[$1] ?? .max) } ?? from
    // Where it came to be below the bound just now, there is no wait yet, nor one that it could be mistaken for.
    return boundBases[lost].since == bands.belowSince[lost] ? boundBases[lost].base : nil
  }

  /// After an evaluation that changed the scorecard: what moves from here on is the measures' own again.
  mutating func enterCard(_ current: ReferenceReading) {
    base?.enter(current)
    for index in rules.indices { rules[index].waitingBase?.enter(current) }
    for index in boundBases.indices { boundBases[index].base?.enter(current) }
  }

  /// What the opening or end of an episode is explained from; nil: the base of the evaluation.
  func waitingBase(
    of rule: Int, from: String, to: String, _ paths: [[ReferenceRuleState.Phase]], _ context: ReferenceContext,
    fallen: ReferenceBase?
  ) -> ReferenceBase? {
    let meant = context.model.rules[rule]
    if from == "pending" || to == "ok" && meant.keepFiringForMilliseconds > 0 { return rules[rule].waitingBase }
    if meant.kind.isOfTheBand { return fallen }
    guard to == "firing", case .composite(_, let names) = meant.kind else { return nil }
    // It opens with one of its rules: as that is explained.
    for (index, path) in paths.enumerated() where path.count > 1 && path.last == .firing {
      guard names.contains(context.model.rules[index].name) else { continue }
      let before = path[path.count - 2]
      let base = waitingBase(of: index, from: before.rawValue, to: "firing", paths, context, fallen: fallen)
      if let base { return base }
    }
    return nil
  }
}

extension RuleKind {
  /// Whether the band is all that it asks for.
  fileprivate var isOfTheBand: Bool {
    switch self {
    case .bandChange, .persistent: true
    default: false
    }
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
