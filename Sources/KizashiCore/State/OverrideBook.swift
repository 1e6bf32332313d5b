/// The override in force of each account that has one: the latest by instant, of equals the later in the log.
struct OverrideBook {
  private var overrides: [AccountID: (override: Override, at: Int64)] = [:]

  /// Whether no account ever had one.
  var isEmpty: Bool { overrides.isEmpty }

  /// Takes in an override; whether it is the latest.
  mutating func set(_ account: AccountID, _ override: Override, at: Int64) -> Bool {
    if let known = overrides[account], known.at > at { return false }
    overrides[account] = (override, at)
    return true
  }

  /// The override of an account at an instant; nil: none holds.
  func active(_ account: AccountID, at now: Int64) -> Override? {
    guard !overrides.isEmpty, let known = overrides[account]?.override, known.until > now, known.value != .none else {
      return nil
    }
    return known
  }

  /// What it says, for people; nil: none holds.
  func text(_ account: AccountID, at now: Int64) -> String? { active(account, at: now)?.text }
}
