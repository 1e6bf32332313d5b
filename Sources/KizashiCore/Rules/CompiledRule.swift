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
    case powerUserLost(after: RuleSpan, role: [TraitTest], slot: Int)
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

  /// What its conditions rest on.
  func wakes(_ conditions: ConditionTable) -> Wake {
    var wakes = Wake.rule(condition).union(.customer).union(conditions.wakes(when))
    if let clear { wakes.formUnion(conditions.wakes(clear)) }
    return wakes
  }
}

/// Where one rule stands for one account.
struct RuleState: Equatable {
  enum Phase: UInt8 {
    case ok = 0
    case pending
    case firing

    /// As users see it.
    var name: String {
      switch self {
      case .ok: "ok"
      case .pending: "pending"
      case .firing: "firing"
      }
    }
  }
  var phase: Phase = .ok
  /// What is true or not of it, in one byte: there is a state for each rule and account.
  private struct Flags: OptionSet {
    let rawValue: UInt8
    static let inhibited = Flags(rawValue: 1 << 0)
    static let openedByLine = Flags(rawValue: 1 << 1)

    @inline(__always)
    subscript(flag: Flags) -> Bool {
      get { contains(flag) }
      set { if newValue { formUnion(flag) } else { subtract(flag) } }
    }
  }
  private var flags: Flags = []
  /// band_change: the band whose entering made it true; shift: the side of the alarm that lasts; -1: none.
  var enteredBand: Int8 = -1
  /// band_change: the band that opened the episode; shift: the side.
  var openedBand: Int8 = -1
  /// Of rules with `flap`. Here and before what follows it takes no room that the alignment would not.
  var flaps = FlapHistory()
  /// Episodes so far.
  var episode: Int32 = 0
  /// Since when pending; or, `ok`, since when only a cooldown has kept it from opening.
  var since: Int64 = .max
  /// Since when the clear condition has held.
  var clearSince: Int64 = .max
  /// No opening before this.
  var shutUntil: Int64 = .min
  /// silence: events of the feature since the opening.
  var eventsSince: Int64 = 0
  /// When the present or last episode opened; `.min`: there was none.
  var openedAt: Int64 = .min
  /// attribute changes: when it last changed; `.min`: never.
  var markedAt: Int64 = .min

  /// True before a change of config made it possible: must turn false once before it may open, and what opens once never does.
  @inline(__always)
  var inhibited: Bool {
    get { flags[.inhibited] }
    set { flags[.inhibited] = newValue }
  }

  /// Whether a line opened the present or last episode, and no deadline: what happened at that very instant was there then.
  @inline(__always)
  var openedByLine: Bool {
    get { flags[.openedByLine] }
    set { flags[.openedByLine] = newValue }
  }

  /// Neither open nor pending nor kept from opening: that its condition ceases to hold changes nothing.
  @inline(__always)
  var isIdle: Bool { phase == .ok && !inhibited && since == .max }
}

/// The state machine of one rule: nothing but the state it is given changes. By pointers, because it runs for every rule in
/// every evaluation and a copy of what it reads costs more than the step.
enum RuleMachine {
  /// What a step did.
  struct Step {
    var from: RuleState.Phase
    var to: RuleState.Phase
  }

  /// One step at `now` with the conditions as they are: nil where nothing changed.
  static func step(
    _ state: UnsafeMutablePointer<RuleState>, _ rule: UnsafePointer<FastRule>, condition: Bool, clear: Bool,
    at now: Int64
  ) -> Step? {
    if state.pointee.inhibited {
      // A first time that was before anybody looked does not come again.
      if condition || rule.pointee.opensOnce { return nil }
      state.pointee.inhibited = false
    }
    switch state.pointee.phase {
    case .ok:
      guard condition, state.pointee.episode == 0 || !rule.pointee.opensOnce else {
        state.pointee.since = .max
        return nil
      }
      if rule.pointee.forMilliseconds == 0 {
        if now >= state.pointee.shutUntil { return open(state, from: .ok, at: now) }
        state.pointee.since = min(state.pointee.since, now)
        return nil
      }
      // Also while it cools down: what has held for long enough at the end of that opens then.
      state.pointee.phase = .pending
      state.pointee.since = now
      return Step(from: .ok, to: .pending)
    case .pending:
      guard condition else {
        state.pointee.phase = .ok
        state.pointee.since = .max
        return Step(from: .pending, to: .ok)
      }
      return now >= opening(state, rule) ? open(state, from: .pending, at: now) : nil
    case .firing:
      guard clear else {
        state.pointee.clearSince = .max
        return nil
      }
      if state.pointee.clearSince == .max { state.pointee.clearSince = now }
      guard now >= end(state, rule) else { return nil }
      state.pointee.phase = .ok
      state.pointee.clearSince = .max
      state.pointee.shutUntil = now + rule.pointee.cooldownMilliseconds
      return Step(from: .firing, to: .ok)
    }
  }

  /// Takes an open episode back: it never was, so that nothing has to cool down.
  static func retract(_ state: UnsafeMutablePointer<RuleState>) {
    state.pointee.phase = .ok
    state.pointee.clearSince = .max
  }

  /// Ends a wait; what is open stays open.
  static func fallBack(_ state: UnsafeMutablePointer<RuleState>) {
    if state.pointee.phase == .pending { state.pointee.phase = .ok }
    state.pointee.since = .max
    state.pointee.clearSince = .max
  }

  /// Whether a rule that waited to open, or to end, still does where another config may have given it other times. A time that would
  /// be over by the change begins anew, from it; where there is none any more nothing is left to wait for.
  static func waitsOn(_ state: UnsafeMutablePointer<RuleState>, _ rule: UnsafePointer<FastRule>, at now: Int64) -> Bool
  {
    guard let end = waitEnd(state, rule) else { return false }
    if end > now { return true }
    if state.pointee.phase == .firing { state.pointee.clearSince = now } else { state.pointee.since = now }
    return waitEnd(state, rule).map { $0 > now } ?? false
  }

  /// When a wait is over: that of a rule to open, or that of an episode to end; nil: there is none.
  static func waitEnd(_ state: UnsafePointer<RuleState>, _ rule: UnsafePointer<FastRule>) -> Int64? {
    switch state.pointee.phase {
    case .firing: state.pointee.clearSince == .max ? nil : end(state, rule)
    case .ok, .pending: state.pointee.since == .max ? nil : opening(state, rule)
    }
  }

  private static func open(_ state: UnsafeMutablePointer<RuleState>, from: RuleState.Phase, at now: Int64) -> Step {
    state.pointee.phase = .firing
    state.pointee.openedAt = now
    state.pointee.since = .max
    state.pointee.clearSince = .max
    state.pointee.episode += 1
    state.pointee.eventsSince = 0
    state.pointee.openedBand = state.pointee.enteredBand
    return Step(from: from, to: .firing)
  }

  /// When a rule that waits opens, if its condition goes on to hold.
  private static func opening(_ state: UnsafePointer<RuleState>, _ rule: UnsafePointer<FastRule>) -> Int64 {
    max(state.pointee.since + rule.pointee.forMilliseconds, state.pointee.shutUntil)
  }

  /// When an episode ends, if its clear condition, which holds, goes on to.
  private static func end(_ state: UnsafePointer<RuleState>, _ rule: UnsafePointer<FastRule>) -> Int64 {
    state.pointee.clearSince + rule.pointee.keepFiringForMilliseconds
  }

  /// The next instant at which the machine moves by itself; `.max`: none.
  static func deadline(
    _ state: UnsafePointer<RuleState>, _ rule: UnsafePointer<FastRule>, after now: Int64
  ) -> Int64 {
    var next = Int64.max
    if state.pointee.phase == .pending { next = opening(state, rule) }
    if state.pointee.phase == .firing && state.pointee.clearSince != .max {
      next = end(state, rule)
    }
    if state.pointee.phase == .ok && state.pointee.shutUntil > now { next = min(next, state.pointee.shutUntil) }
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
    let gone = entries(at: now, within: within).startIndex
    if gone > 0 { entries.removeFirst(gone) }
  }

  /// What is left when ``forget(before:within:)`` has been called.
  func entries(at now: Int64, within: Int64) -> ContiguousArray<Entry>.SubSequence {
    var first = 0
    while first < entries.count, entries[first].end != .max, entries[first].end + within <= now { first += 1 }
    return entries[first...]
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
