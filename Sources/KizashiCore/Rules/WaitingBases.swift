/// What an account's score was made of before something began to wait: what the alert behind the wait is explained from.
struct WaitingBase {
  /// When the wait began: tells one wait from the next.
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

/// The bases of what waits, of those accounts whose journal has had an entry since the wait began: until then the account's own
/// base is the same.
///
/// Rules with `for` or `keep_firing_for` wait, and bounds of bands that the score is below, for their `down_for`. Few of them do at
/// any time: others cost nothing.
struct WaitingBases {
  /// Each that can wait has a place: a rule that among the rules, a bound that among the bounds behind them.
  let places: [Int]
  /// The places of the bounds; empty where no rule asks for the band, or where the score falls through them at once.
  let bounds: Range<Int>
  private var bases: [UInt64: WaitingBase] = [:]

  init(_ model: Model) {
    let rules = model.rules
    let waitsForBands = model.bands.downForMilliseconds > 0 && rules.contains { $0.kind.isOfBands }
    bounds = rules.count..<rules.count + (waitsForBands ? model.bands.bands.count - 1 : 0)
    places =
      rules.indices.filter { rules[$0].forMilliseconds > 0 || rules[$0].keepFiringForMilliseconds > 0 } + bounds
  }

  subscript(account: AccountID, place: Int) -> WaitingBase? {
    get { bases[Self.key(account, place)] }
    set { bases[Self.key(account, place)] = newValue }
  }

  /// When the wait began whose base is kept; nil: none is.
  func since(_ account: AccountID, _ place: Int) -> Int64? { bases[Self.key(account, place)]?.since }

  /// Takes into a base that is kept what has moved the account since its own base.
  mutating func add(_ account: AccountID, _ place: Int, _ scores: borrowing ScoreTable) {
    bases[Self.key(account, place)]?.add(account, scores)
  }

  private static func key(_ account: AccountID, _ place: Int) -> UInt64 { UInt64(account) << 32 | UInt64(place) }
}

extension RuleKind {
  /// Whether its condition is about the band alone.
  var isOfBands: Bool {
    switch self {
    case .bandChange, .persistent: true
    default: false
    }
  }
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
