import KizashiCore

/// What makes an alert right and a churn foreseen. All in milliseconds.
struct BacktestTerms: Sendable, Equatable {
  /// Alerts and churns from here to there count, both included.
  var from: Int64
  var to: Int64
  /// What is known of churn ends here; not before `to`.
  var end: Int64
  /// An alert is right if its account churns within this time.
  var horizon: Int64
  /// A churn is foreseen if an alert came at least so long before.
  var lead: Int64
}

/// What became of an alert.
package enum AlertOutcome: String, Sendable, CaseIterable {
  /// A churn followed within the horizon.
  case hit
  /// None did.
  case miss
  /// None did so far, and the horizon ends behind what is known.
  case undecided
  /// The account was no customer any more.
  case gone
}

/// One alert with the time as a customer that it falls into.
struct JudgedAlert: Sendable, Equatable {
  var at: Int64
  /// Index into the stays; nil: into none.
  var stay: Int?
  var outcome: AlertOutcome
  /// Whether its whole horizon is known.
  var isSettled: Bool
}

/// Finds and judges: shared by the figures and the list of episodes.
struct AlertJudge: Sendable {
  let terms: BacktestTerms
  let stays: [Stay]
  /// Places of each account's stays, in order of time.
  private let places: [AccountID: [Int]]

  init(terms: BacktestTerms, stays: [Stay]) {
    self.terms = terms
    self.stays = stays
    places = Dictionary(grouping: stays.indices, by: { stays[$0].account })
  }

  func judge(_ account: AccountID, at: Int64) -> JudgedAlert {
    let isSettled = at <= terms.end - terms.horizon
    guard let stay = places[account]?.last(where: { stays[$0].from <= at && at < stays[$0].to }) else {
      return JudgedAlert(at: at, stay: nil, outcome: .gone, isSettled: isSettled)
    }
    let isHit = stays[stay].hasEnded && stays[stay].to - at <= terms.horizon
    return JudgedAlert(
      at: at, stay: stay, outcome: isHit ? .hit : isSettled ? .miss : .undecided, isSettled: isSettled)
  }
}
