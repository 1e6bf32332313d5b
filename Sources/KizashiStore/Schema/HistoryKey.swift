import KizashiCore

/// An account and a number that grows with time in one integer primary key, clustered by time first: by blocks of so many
/// numbers, within a block by account.
///
/// What is written lies in the newest block or two, so that a commit writes each of a few pages once, however long the history of
/// all accounts has become; an account is read with one seek a block. The blocks that there are stand in a table of their own.
struct HistoryKey: Sendable {
  /// Bits of the number within its block.
  let bits: Int64
  let accountBits: Int64
  /// Added to the number, so that it is never negative.
  let offset: Int64

  /// Of `score_day`: the account and the local day, in blocks of 8 days; every year that RFC 3339 can write fits.
  static let scoreDay = HistoryKey(bits: 3, accountBits: 32, offset: 1 << 22)
  /// Of `change_of`: the account and the sequence number of a change, in blocks of 65,536 changes.
  static let change = HistoryKey(bits: 16, accountBits: 27, offset: 0)

  private var mask: Int64 { 1 << bits - 1 }
  private var accountMask: Int64 { 1 << accountBits - 1 }

  /// The block of a number.
  func block(_ number: Int64) -> Int64 { (number + offset) >> bits }

  /// The block of a key.
  func block(of key: Int64) -> Int64 { key >> (bits + accountBits) }

  /// The key of a row.
  func key(_ account: UInt32, _ number: Int64) -> Int64 {
    assert(number + offset >= 0 && Int64(account) <= accountMask)
    return block(number) << (bits + accountBits) | Int64(account) << bits | (number + offset) & mask
  }

  /// SQL: the block of a number.
  func block(_ number: String) -> String { "((\(number) + \(offset)) >> \(bits))" }

  /// SQL: the block of a key.
  func block(of key: String) -> String { "(\(key) >> \(bits + accountBits))" }

  /// SQL: the account of a key.
  func account(of key: String) -> String { "((\(key) >> \(bits)) & \(accountMask))" }

  /// SQL: the number of a key.
  func number(of key: String) -> String {
    "((\(block(of: key)) << \(bits)) + (\(key) & \(mask)) - \(offset))"
  }

  /// SQL: whether a key is of an account and lies in a block.
  func isOf(_ account: String, block: String, key: String) -> String {
    let first = "(\(block) << \(bits + accountBits)) + (\(account) << \(bits))"
    return "\(key) BETWEEN \(first) AND \(first) + \(mask)"
  }

  /// SQL: the key of an account and a number.
  func key(of account: String, _ number: String) -> String {
    let shifted = "(\(number) + \(offset))"
    return "((\(shifted) >> \(bits)) << \(bits + accountBits)) + (\(account) << \(bits)) + (\(shifted) & \(mask))"
  }

  /// SQL: the instant of a row of `score_day`, in milliseconds.
  static func instant(ofScoreDay row: String) -> String {
    "(\(scoreDay.number(of: "\(row).key")) * \(millisecondsOfDay) + \(row).into_ms)"
  }

  /// `into_ms` of a row of `score_day`.
  static func milliseconds(into day: Int64, of instant: Instant) -> Int64 {
    instant.milliseconds - day * millisecondsOfDay
  }

  private static let millisecondsOfDay: Int64 = 86_400_000
}
