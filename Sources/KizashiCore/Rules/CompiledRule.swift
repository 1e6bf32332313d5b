/// A rule with its references resolved.
struct CompiledRule {
  enum Condition {
    case bandChange(from: [Int8], to: [Int8])
    case drop(by: Int32, within: Int64, history: Int)
    case measure(Int, Comparison, clear: Rational?)
    case metric(CompiledMetric, Comparison, clear: Rational?)
    case band([Int8])
    /// The trend of the features used; the change at which it has collapsed.
    case collapse(CompiledMetric, atMost: Rational)
    case adopted(CompiledMetric, days: Rational)
    case silence(leaf: Int, after: RuleSpan, clear: Int64)
    case overdue(milestone: Int)
    /// Events of the window; active days of it and the time before; events of anything lately.
    case abandoned(CompiledMetric, days: CompiledMetric, least: Rational, alive: CompiledMetric)
    case powerUserLost(after: RuleSpan, slot: Int)
    case holds(ConditionTable.Place)
    /// For so long after it was marked.
    case marked(within: Int64)
    case composite(all: Bool, rules: [Int])
    /// Its place among the shift rules.
    case shift(Int)
  }
  let rule: Rule
  let condition: Condition
  /// Limits it.
  let when: ConditionTable.Place
  /// Ends an episode; nil: what the condition says.
  let clear: ConditionTable.Place?
  /// FNV-1a of the name: finds the rule's stored state again.
  let key: UInt64
}

/// Where one rule stands for one account.
struct RuleState: Equatable {
  enum Phase: UInt8 {
    case ok = 0
    case pending
    case firing
    var name: String { String(describing: self) }
  }
  var phase: Phase = .ok
  /// True before a change of config made it possible: must turn false once before it may open, and what opens once never does.
  var inhibited = false
  /// band_change: the band whose entering made it true; shift: the side of the alarm that lasts; -1: none.
  var enteredBand: Int8 = -1
  /// band_change: the band that opened the episode; shift: the side.
  var openedBand: Int8 = -1
  /// Since when pending.
  var since: Int64 = .max
  /// Since when the clear condition has held.
  var clearSince: Int64 = .max
  /// No opening before this.
  var shutUntil: Int64 = .min
  /// Episodes so far.
  var episode: Int32 = 0
  /// silence: events of the feature since the opening.
  var eventsSince: Int64 = 0
  /// When the present or last episode opened; `.min`: there was none.
  var openedAt: Int64 = .min
  /// attribute changes: when it last changed; `.min`: never.
  var markedAt: Int64 = .min
}

/// The state machine of one rule: a decision as a value, no effect.
enum RuleMachine {
  /// What a step did.
  struct Step {
    var from: RuleState.Phase
    var to: RuleState.Phase
  }

  /// One step at `now` with the conditions as they are: nil where nothing changed.
  static func step(
    _ state: inout RuleState, _ rule: FastRule, condition: Bool, clear: Bool, at now: Int64
  ) -> Step? {
    if state.inhibited {
      // A first time that was before anybody looked does not come again.
      if condition || rule.opensOnce { return nil }
      state.inhibited = false
    }
    switch state.phase {
    case .ok:
      guard condition, now >= state.shutUntil, state.episode == 0 || !rule.opensOnce else { return nil }
      if rule.forMilliseconds == 0 { return open(&state, from: .ok, at: now) }
      state.phase = .pending
      state.since = now
      return Step(from: .ok, to: .pending)
    case .pending:
      guard condition else {
        state.phase = .ok
        state.since = .max
        return Step(from: .pending, to: .ok)
      }
      return now >= state.since + rule.forMilliseconds ? open(&state, from: .pending, at: now) : nil
    case .firing:
      guard clear else {
        state.clearSince = .max
        return nil
      }
      if state.clearSince == .max { state.clearSince = now }
      guard now >= state.clearSince + rule.keepFiringForMilliseconds else { return nil }
      state.phase = .ok
      state.clearSince = .max
      state.shutUntil = now + rule.cooldownMilliseconds
      return Step(from: .firing, to: .ok)
    }
  }

  /// Takes an open episode back: it never was, so that nothing has to cool down.
  static func retract(_ state: inout RuleState) {
    state.phase = .ok
    state.clearSince = .max
  }

  private static func open(_ state: inout RuleState, from: RuleState.Phase, at now: Int64) -> Step {
    state.phase = .firing
    state.openedAt = now
    state.since = .max
    state.clearSince = .max
    state.episode += 1
    state.eventsSince = 0
    state.openedBand = state.enteredBand
    return Step(from: from, to: .firing)
  }

  /// The next instant at which the machine moves by itself; `.max`: none.
  static func deadline(_ state: RuleState, _ rule: FastRule, after now: Int64) -> Int64 {
    var next = Int64.max
    if state.phase == .pending { next = state.since + rule.forMilliseconds }
    if state.phase == .firing && state.clearSince != .max {
      next = state.clearSince + rule.keepFiringForMilliseconds
    }
    if state.phase == .ok && state.shutUntil > now { next = min(next, state.shutUntil) }
    return next > now ? next : .max
  }
}

/// The highest score of the last while: scores that could still be the maximum, falling.
struct DropHistory {
  struct Entry: Equatable {
    var score: Int32
    /// When it was replaced; `.max`: still in force.
    var end: Int64
  }
  var entries: ContiguousArray<Entry> = []

  /// A new score is in force from `now` on; negative: none.
  mutating func record(_ score: Int32, at now: Int64) {
    if let last = entries.indices.last, entries[last].end == .max {
      if entries[last].score == score { return }
      entries[last].end = now
    }
    guard score >= 0 else { return }
    while let last = entries.last, last.score <= score { entries.removeLast() }
    entries.append(Entry(score: score, end: .max))
  }

  /// Drops what was replaced `within` or longer ago.
  mutating func forget(before now: Int64, within: Int64) {
    let gone = entries.prefix { $0.end != .max && $0.end + within <= now }.count
    if gone > 0 { entries.removeFirst(gone) }
  }

  var highest: Int32 { entries.first?.score ?? -1 }

  func nextForgetting(within: Int64) -> Int64 {
    guard let first = entries.first, first.end != .max else { return .max }
    return first.end + within
  }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
enum FNV {
  static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
