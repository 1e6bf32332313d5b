/// The key of `change_of`: an account and the sequence number of one of its changes in one integer primary key, clustered by time
/// first: by blocks of 65,536 changes, within a block by account.
///
/// What is written lies in the newest block or two, so that a commit writes each of a few pages once, however long the journal has
/// become; an account is read with one seek a block. The blocks that there are stand in `change_block`.
enum ChangeKey {
  /// Bits of the number within its block.
  private static let bits: Int64 = 16
  private static let mask: Int64 = 1 << bits - 1
  private static let accountBits: Int64 = 27
  private static let accountMask: Int64 = 1 << accountBits - 1

  /// The block of a change.
  static func block(_ number: Int64) -> Int64 { number >> bits }

  /// The block of a key.
  static func block(of key: Int64) -> Int64 { key >> (bits + accountBits) }

  /// The key of a row.
  static func key(_ account: UInt32, _ number: Int64) -> Int64 {
    assert(number >= 0 && Int64(account) <= accountMask)
    return block(number) << (bits + accountBits) | Int64(account) << bits | number & mask
  }

  /// SQL: the block of a change.
  static func block(_ number: String) -> String { "(\(number) >> \(bits))" }

  /// SQL: the block of a key.
  static func block(of key: String) -> String { "(\(key) >> \(bits + accountBits))" }

  /// SQL: the account of a key.
  static func account(of key: String) -> String { "((\(key) >> \(bits)) & \(accountMask))" }

  /// SQL: the number of a key.
  static func number(of key: String) -> String { "((\(block(of: key)) << \(bits)) + (\(key) & \(mask)))" }

  /// SQL: whether a key is of an account and lies in a block.
  static func isOf(_ account: String, block: String, key: String) -> String {
    let first = "(\(block) << \(bits + accountBits)) + (\(account) << \(bits))"
    return "\(key) BETWEEN \(first) AND \(first) + \(mask)"
  }

  /// SQL: the key of an account and a number.
  static func key(of account: String, _ number: String) -> String {
    "((\(number) >> \(bits)) << \(bits + accountBits)) + (\(account) << \(bits)) + (\(number) & \(mask))"
  }
}
