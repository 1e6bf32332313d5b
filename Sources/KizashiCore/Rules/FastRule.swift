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
    /// A threshold on the total of a leaf.
    case total
    /// A threshold on a measure's grade.
    case grade
    /// The fall of a leaf's total against the window before.
    case collapse
    case abandoned
    case general

    /// As the rule's own kind says it.
    var isOfBands: Bool { self == .bandChange || self == .band }

    /// Whether one that stands idle moves only where its condition comes to hold.
    var waitsForNothing: Bool {
      switch self {
      case .total, .grade, .collapse, .abandoned, .drop: true
      case .bandChange, .band, .silence, .general: false
      }
    }
  }
  var kind = Kind.general
  var forMilliseconds: Int64
  var keepFiringForMilliseconds: Int64
  var cooldownMilliseconds: Int64
  var opensOnce: Bool
  /// Finds its stored state again: see ``CompiledRule/key``.
  var key: UInt64 = 0
  /// Its place among the rules with `flap`; -1: it has none.
  var flap: Int32 = -1
  /// Limits it.
  var when: ConditionTable.Place = ConditionTable.always
  /// Ends an episode; ``none``: what the kind says.
  var clear: ConditionTable.Place = Self.none
  static let none: ConditionTable.Place = -2

  /// A range of whole numbers, both ends included.
  struct Whole: BitwiseCopyable {
    var from = Int64.min
    var through = Int64.max

    @inline(__always)
    func contains(_ value: Int64) -> Bool { from <= value && value <= through }
  }

  /// bandChange: a bit for each band it may come from, and may come to; 0: any but `unknown`. band: `to` alone.
  var from: UInt64 = 0
  var to: UInt64 = 0
  /// drop: hundredths, milliseconds, which memory of past scores.
  var by: Int32 = 0
  var within: Int64 = 0
  var history = 0
  /// silence: which last tile, how long, and how many events end it; total, collapse: which total; abandoned: events of the
  /// window.
  var leaf = 0
  var after = RuleSpan.milliseconds(0)
  var events: Int64 = 0
  /// abandoned: active days of the window and the time before, and events of anything.
  var daysLeaf = 0
  var aliveLeaf = 0
  /// grade: which measure.
  var measure = 0
  /// total, grade (in hundredths): the values for which it holds, and for which it ends; abandoned: how many days.
  var holds = Whole()
  var ends = Whole()
  /// grade: whether one that is missing ends it.
  var endsWithout = false
  /// collapse: the least total of the window before; the change at which it holds, as a fraction.
  var least: Int64 = 0
  var numerator: Int64 = 0
  var denominator: Int64 = 1

  init(_ rule: Rule) {
    forMilliseconds = rule.forMilliseconds
    keepFiringForMilliseconds = rule.keepFiringForMilliseconds
    cooldownMilliseconds = rule.cooldownMilliseconds
    opensOnce = rule.kind.opensOnce
  }

  /// - Parameter filtered: Leaves whose totals may not be of a whole window: see ``Engine/holds(_:previous:)``.
  init(_ compiled: CompiledRule, filtered: Set<Int>) {
    self.init(compiled.rule)
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
    case .metric(.leaf(let leaf), let comparison, let clear) where !filtered.contains(leaf):
      (kind, self.leaf) = (.total, leaf)
      (holds, ends) = Self.ranges(comparison, clear, scale: 1)
    case .measure(let measure, let comparison, let clear):
      (kind, self.measure, endsWithout) = (.grade, measure, clear == nil)
      (holds, ends) = Self.ranges(comparison, clear, scale: 100)
    case .collapse(.trend(.leaf(let leaf), let floor, let minVolume), let most)
    where floor == Rational(1) && minVolume >= floor && minVolume.denominator == 1:
      guard let least = Int64(exactly: minVolume.numerator), let numerator = Int32(exactly: most.numerator),
        let denominator = Int32(exactly: most.denominator)
      else { break }
      (kind, self.leaf, self.least) = (.collapse, leaf, least)
      (self.numerator, self.denominator) = (Int64(numerator), Int64(denominator))
    case .abandoned(.leaf(let events), .leaf(let days), let least, .leaf(let alive))
    where filtered.isDisjoint(with: [events, days, alive]):
      (kind, leaf, daysLeaf, aliveLeaf) = (.abandoned, events, days, alive)
      holds = Whole(from: Int64(clamping: least.ceiling))
    default: break
    }
  }

  /// The whole numbers of `1/scale` for which a threshold holds, and those that end it.
  private static func ranges(
    _ comparison: Comparison, _ clear: Rational?, scale: Int64
  ) -> (holds: Whole, ends: Whole) {
    func floor(_ value: Rational) -> Int64 { Int64(clamping: (value * Rational(scale)).floor) }
    func ceiling(_ value: Rational) -> Int64 { Int64(clamping: (value * Rational(scale)).ceiling) }
    // Totals and grades stay far from the ends, so that one less than the least stands for none.
    switch comparison {
    case .above(let limit):
      return (Whole(from: min(floor(limit), .max - 1) + 1), Whole(through: floor(clear ?? limit)))
    case .below(let limit):
      return (Whole(through: max(ceiling(limit), .min + 1) - 1), Whole(from: ceiling(clear ?? limit)))
    }
  }

  private static func mask(_ bands: [Int8]) -> UInt64 { bands.reduce(0) { $0 | 1 << UInt64($1) } }
}
