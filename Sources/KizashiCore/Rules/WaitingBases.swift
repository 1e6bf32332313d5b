/// What an account's score was made of before a rule began to wait: what its alert is explained from.
struct WaitingBase {
  /// When the rule began to wait: tells one wait from the next.
  var since: Int64
  /// Effective score in hundredths; -1: none.
  var score: Int32
  var uncapped: Int32
  var computed: Int32
  /// See ``ScoreTable/Adjustment``.
  var card: Int8
  var cardPoints: Int32
  /// Bit sets of causes since, like those of the measures.
  var cardCauses: UInt16
  var capCauses: UInt16
  var overrideCauses: UInt16
  var measures: [StoredState.MeasureState]

  /// Takes in what moved the account between a later base and now.
  mutating func add(causesOf later: WaitingBase) {
    cardCauses |= later.cardCauses
    capCauses |= later.capCauses
    overrideCauses |= later.overrideCauses
    for index in measures.indices { measures[index].causes |= later.measures[index].causes }
  }

  /// The same of what moved the account since its own base.
  mutating func add(_ account: AccountID, _ scores: borrowing ScoreTable) {
    cardCauses |= scores.adjustment(account).pointee.cardCauses
    capCauses |= scores.adjustment(account).pointee.capCauses
    overrideCauses |= scores.adjustment(account).pointee.overrideCauses
    for index in measures.indices { measures[index].causes |= scores.causes(account)[index] }
  }
}

/// The bases of rules that wait, of those accounts whose journal has had an entry since the wait began: until then the
/// account's own base is the same.
///
/// Only rules with `for` or `keep_firing_for` wait, and few of them at any time: others cost nothing.
struct WaitingBases {
  /// Those that can wait, by their place among the rules.
  let rules: [Int]
  private var bases: [UInt64: WaitingBase] = [:]

  init(_ rules: [Rule]) {
    self.rules = rules.indices.filter { rules[$0].forMilliseconds > 0 || rules[$0].keepFiringForMilliseconds > 0 }
  }

  subscript(account: AccountID, rule: Int) -> WaitingBase? {
    get { bases[Self.key(account, rule)] }
    set { bases[Self.key(account, rule)] = newValue }
  }

  /// When the wait began whose base is kept; nil: none is.
  func since(_ account: AccountID, _ rule: Int) -> Int64? { bases[Self.key(account, rule)]?.since }

  /// Takes into a base that is kept what has moved the account since its own base.
  mutating func add(_ account: AccountID, _ rule: Int, _ scores: borrowing ScoreTable) {
    bases[Self.key(account, rule)]?.add(account, scores)
  }

  private static func key(_ account: AccountID, _ rule: Int) -> UInt64 { UInt64(account) << 32 | UInt64(rule) }
}

extension RuleState {
  /// Since when it has waited to open, or to end; `.max`: it does not wait.
  var waitsSince: Int64 {
    switch phase {
    case .ok: .max
    case .pending: since
    case .firing: clearSince
    }
  }
}
