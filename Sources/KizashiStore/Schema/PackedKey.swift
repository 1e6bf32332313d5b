/// Two numbers in one integer primary key, the account first: rows of one account lie together, and SQLite reaches a row by
/// its number without comparing columns (measured: half the cost of a primary key of two columns).
struct PackedKey {
  /// Bits of the second number.
  let bits: Int64
  /// Added to the second number, so that it is never negative.
  let offset: Int64

  /// Of `measure`: the account and the store-wide number of a measure.
  static let measure = PackedKey(bits: 20, offset: 0)
  private var mask: Int64 { 1 << bits - 1 }

  /// The key of a row.
  func key(_ account: UInt32, _ second: Int64) -> Int64 {
    assert(second + offset >= 0 && second + offset <= mask)
    return Int64(account) << bits | (second + offset)
  }

  /// SQL: the account of a key.
  func account(of key: String) -> String { "(\(key) >> \(bits))" }

  /// SQL: the second number of a key.
  func second(of key: String) -> String {
    offset == 0 ? "(\(key) & \(mask))" : "((\(key) & \(mask)) - \(offset))"
  }

  /// SQL: whether a key is of an account.
  func isOf(_ account: String, key: String) -> String {
    "\(key) BETWEEN (\(account) << \(bits)) AND (\(account) << \(bits)) + \(mask)"
  }

  /// SQL: the key of an account and a second number.
  func key(of account: String, _ second: String) -> String {
    offset == 0 ? "(\(account) << \(bits)) + \(second)" : "(\(account) << \(bits)) + \(second) + \(offset)"
  }
}
