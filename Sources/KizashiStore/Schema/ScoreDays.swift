import KizashiCore

/// The layout of `score_days`: eight local days of one account in a row, one column a day, NULL where the score did not change.
///
/// The key is the block of eight days, then the account: what a commit writes lies in the newest block or two, however long the
/// history has become, and an account is read with one seek a block. The blocks that there are stand in `score_block`.
///
/// A day is one integer: the mark in its upper bits, the score plus one in 14 (0: there is none), and in 28 when it came about, in
/// milliseconds from the UTC midnight of the day's date on. A *mark* stands for a band under a config version (`score_mark`); as long
/// as there are few of them a day takes six bytes.
enum ScoreDays {
  /// Days of a row.
  static let count = 8
  /// The columns of the days, in order.
  static let columns = (0..<count).map { "d\($0)" }

  /// Added to a day's number: no day that RFC 3339 can write is negative then.
  private static let dayOffset: Int64 = 1 << 20
  private static let accountBits: Int64 = 31
  private static let accountMask: Int64 = 1 << accountBits - 1
  private static let intoBits: Int64 = 28
  private static let intoMask: Int64 = 1 << intoBits - 1
  /// Added to milliseconds: local days begin and end up to 24 hours before or behind that of UTC, and an hour belongs to the day it
  /// begins in. What fits lies as far before a day as behind it.
  private static let intoOffset: Int64 = (1 << intoBits - millisecondsOfDay) / 2
  private static let scoreBits: Int64 = 14
  private static let scoreMask: Int64 = 1 << scoreBits - 1
  private static let millisecondsOfDay: Int64 = 86_400_000

  /// The block of a day.
  static func block(_ day: Int32) -> Int64 { (Int64(day) + dayOffset) / Int64(count) }

  /// The block of a key.
  static func block(of key: Int64) -> Int64 { key >> accountBits }

  /// The place of a day in its row.
  static func place(_ day: Int32) -> Int { Int((Int64(day) + dayOffset) % Int64(count)) }

  /// The key of the row that holds an account's day.
  static func key(_ account: AccountID, _ day: Int32) -> Int64 {
    assert(Int64(day) + dayOffset >= 0 && Int64(account) <= accountMask)
    return block(day) << accountBits | Int64(account)
  }

  /// What a column holds.
  static func value(_ row: ScoreHistoryRow, mark: Int64) -> Int64 {
    let into = row.at.milliseconds - Int64(row.day.number) * millisecondsOfDay + intoOffset
    let score = row.score.map { Int64($0) + 1 } ?? 0
    precondition(into >= 0 && into <= intoMask && score >= 0 && score <= scoreMask && mark >= 0 && mark < 1 << 21)
    return (mark << scoreBits | score) << intoBits | into
  }

  /// The account of a key.
  static func account(of key: Int64) -> AccountID { AccountID(key & accountMask) }

  /// The score in a value, in hundredths; nil: there was none.
  static func score(of value: Int64) -> Int? {
    let score = value >> intoBits & scoreMask
    return score == 0 ? nil : Int(score - 1)
  }

  /// When what a value says came about.
  static func instant(of value: Int64, place: Int, key: Int64) -> Instant {
    let day = block(of: key) * Int64(count) + Int64(place) - dayOffset
    return Instant(milliseconds: day * millisecondsOfDay + (value & intoMask) - intoOffset)
  }
}

/// The same in SQL.
extension ScoreDays {
  /// The block of a day.
  static func block(_ day: String) -> String { "((\(day) + \(dayOffset)) / \(count))" }

  /// The block of a key.
  static func block(of key: String) -> String { "(\(key) >> \(accountBits))" }

  /// The account of a key.
  static func account(of key: String) -> String { "(\(key) & \(accountMask))" }

  /// The key of an account's row in a block.
  static func key(of account: String, block: String) -> String { "(\(block) << \(accountBits)) + \(account)" }

  /// The day at a place of a row.
  static func day(of key: String, place: String) -> String {
    "(\(block(of: key)) * \(count) + \(place) - \(dayOffset))"
  }

  /// The column at a place of `row`.
  static func value(of row: String, place: String) -> String {
    "CASE \(place) \(columns.enumerated().map { "WHEN \($0) THEN \(row).\($1)" }.joined(separator: " ")) END"
  }

  /// The instant in a value of a day.
  static func instant(of value: String, day: String) -> String {
    "(\(day) * \(millisecondsOfDay) + (\(value) & \(intoMask)) - \(intoOffset))"
  }

  /// The score in a value.
  static func score(of value: String) -> String {
    "(nullif((\(value)) >> \(intoBits) & \(scoreMask), 0) - 1)"
  }

  /// The mark in a value.
  static func mark(of value: String) -> String { "((\(value)) >> \(intoBits + scoreBits))" }

  /// How far into a block an instant lies, as ``value(of:since:)`` asks for it.
  static func room(inBlock block: String, at instant: String) -> String {
    "\(instant) - (\(block) * \(count) - \(dayOffset)) * \(millisecondsOfDay) + \(intoOffset)"
  }

  /// The newest value of `row` that had come about at an instant; NULL: none had.
  static func value(of row: String, since room: String) -> String {
    let days = columns.enumerated().reversed().map { place, column in
      let into = "(\(row).\(column) & \(intoMask)) + \(Int64(place) * millisecondsOfDay)"
      return "WHEN \(into) <= \(room) THEN \(row).\(column)"
    }
    return "CASE \(days.joined(separator: " ")) END"
  }
}
