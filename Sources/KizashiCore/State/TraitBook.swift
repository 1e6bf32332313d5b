/// The traits of users that some rule asks for, as `identify` lines gave them: the latest by instant, of equals the later in
/// the log. Nothing is kept of others, so that a model without such a rule pays nothing.
///
/// By the user's name and not by number: a trait may come before the user's first event.
struct TraitBook {
  private struct Trait {
    /// Nil: taken back.
    var value: Scalar?
    var at: Int64
  }
  private let wanted: Set<String>
  private var traits: [AccountID: [String: [String: Trait]]] = [:]

  /// A book for the traits these rules name.
  init(_ rules: [Rule]) {
    var wanted: Set<String> = []
    for case .powerUserLost(_, let role) in rules.map(\.kind) { wanted.formUnion(role.map(\.trait)) }
    self.wanted = wanted
  }

  /// Whether no rule asks for any.
  var isEmpty: Bool { wanted.isEmpty }

  /// Whether a rule asks for a trait.
  func wants(_ trait: String) -> Bool { wanted.contains(trait) }

  /// Sets a trait of a user of an account unless a later word is known; whether it is another value now.
  mutating func set(_ account: AccountID, user: String, _ trait: String, _ value: Scalar, at: Int64) -> Bool {
    let known = traits[account]?[user]?[trait]
    if let known, known.at > at { return false }
    let kept: Scalar? = value == .null ? nil : value
    traits[account, default: [:]][user, default: [:]][trait] = Trait(value: kept, at: at)
    return known?.value != kept
  }

  /// A trait's value; nil: never said, or taken back.
  func value(_ account: AccountID, user: String, _ trait: String) -> Scalar? { traits[account]?[user]?[trait]?.value }

  /// Whether anything is known of an account's users.
  func knowsAnybody(of account: AccountID) -> Bool { traits[account] != nil }
}
