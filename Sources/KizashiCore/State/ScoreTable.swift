/// What is computed of each account and where its journal, bands and rules stand, side by side in one block an account.
///
/// Every list is as long as the config makes it; a pointer to it is valid as long as the table.
struct ScoreTable: ~Copyable {
  /// What is of fixed size.
  struct Core {
    var firstSeen: Int64 = .max
    var lastSeen: Int64 = .min
    var scoredAt: Int64 = .min
    var historyAt: Int64 = .min
    /// Effective score in hundredths; -1: none.
    var score: Int32 = -1
    /// Score at the last journal entry that moved the base.
    var baseScore: Int32 = -1
    var lastScoreEntryDay: Int32 = .min
    var historyDay: Int32 = .min
    /// Index into the pending score history of the row of `historyDay` in this commit; -1: none.
    var pendingHistory: Int32 = -1
    var band: Int8 = -1
    var covered = false
    var evaluated = false
    var dirty = false
    /// Index of the scorecard; -1: none holds.
    var card: Int8 = 0
    /// Whether a cap or an override may keep the score from what its measures say: see ``Adjustment``.
    var adjusted = false
    /// The local day of the last evaluation.
    var day: Int32 = .min
    /// The last day whose use was judged for shifts.
    var judgedDay: Int32 = .min
    /// Whether a rule waits whose base was another than the account's is now: see ``WaitingBases``.
    var keepsBases = false
    /// Whether an attribute or an answer was ever told of it: of most accounts nothing is, and nothing need be looked up.
    var hasRecords = false
    var coverage: Int128 = 0
    /// A bit for each measure whose row may not be what is stored.
    var movedMeasures: UInt64 = 0
    /// A bit for each of the first 64 measures whose row, as it was stored last, says that there is nothing.
    var absentMeasures: UInt64 = 0
    /// When what only time moves in its measures must be looked at again: see ``Engine/nextRest(_:)``.
    var restsUntil: Int64 = .min
    /// The same of its rules, and the next deadline of one: see ``RuleRest``.
    var rulesRestUntil: Int64 = .min
    var rulesDeadline: Int64 = .max
    /// A bit for each of the first 64 rules that is neither open nor pending nor kept from opening.
    var idleRules: UInt64 = 0
  }

  /// What the score would be without caps and overrides, now (where `adjusted`) and at the base of the next explanation.
  struct Adjustment {
    var uncapped: Int32 = -1
    /// Capped, and not overridden.
    var computed: Int32 = -1
    var baseUncapped: Int32 = -1
    var baseComputed: Int32 = -1
    /// The scorecard by which the base's measures are weighed: that of the last change of it, if there was one since the base.
    var baseCard: Int8 = 0
    /// What the score had moved since the base when that scorecard came into force; the grades of the base are those of then.
    var cardPoints: Int32 = 0
    /// When the override in force ends; `.max`: none does.
    var overrideUntil: Int64 = .max
    /// Bit sets of causes since the base.
    var cardCauses: UInt16 = 0
    var capCauses: UInt16 = 0
    var overrideCauses: UInt16 = 0
  }

  struct Hold: Equatable {
    var grade: Int32 = -1
    var missingSince: Int64 = .max
  }

  private var blocks: BlockTable
  private let measures: Int
  private let bounds: Int
  private let held: Int
  private let ruleCount: Int
  private let gradesAt: Int
  private let missingAt: Int
  private let belowAt: Int
  private let rulesAt: Int
  private let restsAt: Int
  private let holdsAt: Int
  private let causesAt: Int
  private let adjustmentAt: Int
  private let baseGradesAt: Int
  private let baseValuesAt: Int

  init(measures: Int, bounds: Int, held: Int, rules: Int) {
    self.measures = measures
    self.bounds = bounds
    self.held = held
    ruleCount = rules
    var layout = BlockLayout()
    _ = layout.room(for: 1, of: Core.self)
    gradesAt = layout.room(for: measures, of: Int32.self)
    missingAt = layout.room(for: measures, of: Bool.self)
    belowAt = layout.room(for: bounds, of: Int64.self)
    let hot = layout.byteCount
    restsAt = layout.room(for: rules, of: RuleRest.self)
    rulesAt = layout.room(for: rules, of: RuleState.self)
    holdsAt = layout.room(for: held, of: Hold.self)
    causesAt = layout.room(for: measures, of: UInt16.self)
    adjustmentAt = layout.room(for: 1, of: Adjustment.self)
    baseGradesAt = layout.room(for: measures, of: Int32.self)
    baseValuesAt = layout.room(for: measures, of: ShownValue.self)
    blocks = BlockTable(byteCount: layout.byteCount, hotByteCount: hot)
  }

  var count: Int { blocks.count }

  mutating func addAccount() {
    let block = blocks.add()
    Self.fill(block, 0, 1, Core())
    Self.fill(block, gradesAt, measures, Int32(-1))
    Self.fill(block, missingAt, measures, true)
    Self.fill(block, belowAt, bounds, Int64.max)
    Self.fill(block, restsAt, ruleCount, RuleRest())
    Self.fill(block, rulesAt, ruleCount, RuleState())
    Self.fill(block, holdsAt, held, Hold())
    Self.fill(block, causesAt, measures, UInt16(0))
    Self.fill(block, adjustmentAt, 1, Adjustment())
    Self.fill(block, baseGradesAt, measures, Int32(-1))
    Self.fill(block, baseValuesAt, measures, ShownValue.missing)
  }

  private static func fill<T: BitwiseCopyable>(
    _ block: UnsafeMutableRawPointer, _ offset: Int, _ count: Int, _ value: T
  ) {
    (block + offset).bindMemory(to: T.self, capacity: count).initialize(repeating: value, count: count)
  }

  /// Asks for what nearly every evaluation reads.
  @inline(__always)
  func prefetch(_ account: AccountID) { blocks.prefetch(account) }

  /// Asks for what an evaluation at an instant will read of the rules beyond that: the states of those that stand open or wait,
  /// and all rests where one is over.
  @inline(__always)
  func prefetchRules(_ account: AccountID, at instant: Int64) {
    let core = core(account)
    var busy = ~core.pointee.idleRules & (ruleCount >= 64 ? .max : 1 << UInt64(ruleCount) - 1)
    while busy != 0 {
      KizashiCore.prefetch(rules(account) + busy.trailingZeroBitCount)
      busy &= busy - 1
    }
    if instant >= core.pointee.rulesRestUntil {
      for rest in stride(from: 0, to: ruleCount, by: 64 / MemoryLayout<RuleRest>.stride) {
        KizashiCore.prefetch(rests(account) + rest)
      }
    }
  }

  @inline(__always)
  private func part<T: BitwiseCopyable>(_ account: AccountID, _ offset: Int) -> UnsafeMutablePointer<T> {
    (blocks.block(account) + offset).assumingMemoryBound(to: T.self)
  }

  @inline(__always)
  func core(_ account: AccountID) -> UnsafeMutablePointer<Core> { part(account, 0) }
  /// Per measure, hundredths; -1: absent.
  @inline(__always)
  func grades(_ account: AccountID) -> UnsafeMutablePointer<Int32> { part(account, gradesAt) }
  /// Per measure: has no value of its own (it may be graded all the same: zero, neutral, hold).
  @inline(__always)
  func missing(_ account: AccountID) -> UnsafeMutablePointer<Bool> { part(account, missingAt) }
  /// Per bound: since when the score has been below it.
  @inline(__always)
  func below(_ account: AccountID) -> UnsafeMutablePointer<Int64> { part(account, belowAt) }
  /// Per rule.
  @inline(__always)
  func rules(_ account: AccountID) -> UnsafeMutablePointer<RuleState> { part(account, rulesAt) }
  /// Per rule.
  @inline(__always)
  func rests(_ account: AccountID) -> UnsafeMutablePointer<RuleRest> { part(account, restsAt) }
  /// Per holding measure: the last grade and since when missing.
  @inline(__always)
  func holds(_ account: AccountID) -> UnsafeMutablePointer<Hold> { part(account, holdsAt) }
  /// Per measure: bit set of causes since the base.
  @inline(__always)
  func causes(_ account: AccountID) -> UnsafeMutablePointer<UInt16> { part(account, causesAt) }
  /// What caps and overrides make of the score.
  @inline(__always)
  func adjustment(_ account: AccountID) -> UnsafeMutablePointer<Adjustment> { part(account, adjustmentAt) }
  /// Per measure: its grade at the base of the next explanation.
  @inline(__always)
  func baseGrades(_ account: AccountID) -> UnsafeMutablePointer<Int32> { part(account, baseGradesAt) }
  /// Per measure: its value at the base of the next explanation.
  @inline(__always)
  func baseValues(_ account: AccountID) -> UnsafeMutablePointer<ShownValue> { part(account, baseValuesAt) }
}
