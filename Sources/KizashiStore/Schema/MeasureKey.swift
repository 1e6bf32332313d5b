/// The key of `measure`: an account and the store-wide number of a measure in one integer, the account first. Rows of one account
/// lie together, and SQLite reaches a row by its number without comparing columns (measured: half the cost of a primary key of
/// two columns).
enum MeasureKey {
  private static let bits: Int64 = 20
  private static let mask: Int64 = 1 << bits - 1

  /// The key of a row.
  static func key(_ account: UInt32, _ measure: Int64) -> Int64 {
    assert(measure >= 0 && measure <= mask)
    return Int64(account) << bits | measure
  }

  /// SQL: the account of a key.
  static func account(of key: String) -> String { "(\(key) >> \(bits))" }

  /// SQL: the measure of a key.
  static func measure(of key: String) -> String { "(\(key) & \(mask))" }

  /// SQL: the key of an account and a measure.
  static func key(of account: String, _ measure: String) -> String { "(\(account) << \(bits)) + \(measure)" }
}
