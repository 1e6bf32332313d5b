/// A rule as the hot path reads it: plain numbers in a flat table, nothing to retain.
///
/// Holds what the state machine needs of every rule, and the conditions of the kinds nearly every config has; the others are
/// `general` and are read from their ``CompiledRule``.
struct FastRule: BitwiseCopyable {
  enum Kind: UInt8 {
    case bandChange
    case band
    case drop
    case silence
    case general
  }
  var kind = Kind.general
  var forMilliseconds: Int64
  var keepFiringForMilliseconds: Int64
  var cooldownMilliseconds: Int64
  var opensOnce: Bool
  /// Finds its stored state again: see ``CompiledRule/key``.
  var key: UInt64 = 0
  /// What its conditions rest on.
  var wakes = Wake.all
  /// Limits it.
  var when: ConditionTable.Place = ConditionTable.always
  /// Ends an episode; ``none``: what the kind says.
  var clear: ConditionTable.Place = Self.none
  static let none: ConditionTable.Place = -2

  /// bandChange: a bit for each band it may come from, and may come to; 0: any but `unknown`. band: `to` alone.
  var from: UInt64 = 0
  var to: UInt64 = 0
  /// drop: hundredths, milliseconds, which memory of past scores.
  var by: Int32 = 0
  var within: Int64 = 0
  var history = 0
  /// silence: which last tile, how long, and how many events end it.
  var leaf = 0
  var after = RuleSpan.milliseconds(0)
  var events: Int64 = 0

  init(_ rule: Rule) {
    forMilliseconds = rule.forMilliseconds
    keepFiringForMilliseconds = rule.keepFiringForMilliseconds
    cooldownMilliseconds = rule.cooldownMilliseconds
    opensOnce = rule.kind.opensOnce
  }

  init(_ compiled: CompiledRule, _ conditions: ConditionTable) {
    self.init(compiled.rule)
    wakes = Wake.rule(compiled.condition).union(.customer).union(conditions.wakes(compiled.when))
    if let clear = compiled.clear { wakes.formUnion(conditions.wakes(clear)) }
    key = compiled.key
    when = compiled.when
    clear = compiled.clear ?? Self.none
    switch compiled.condition {
    case .bandChange(let from, let to):
      (kind, self.from, self.to) = (.bandChange, Self.mask(from), Self.mask(to))
    case .band(let bands): (kind, to) = (.band, Self.mask(bands))
    case .drop(let by, let within, let history):
      (kind, self.by, self.within, self.history) = (.drop, by, within, history)
    case .silence(let leaf, let after, let clear):
      (kind, self.leaf, self.after, events) = (.silence, leaf, after, clear)
    default: break
    }
  }

  private static func mask(_ bands: [Int8]) -> UInt64 { bands.reduce(0) { $0 | 1 << UInt64($1) } }
}
