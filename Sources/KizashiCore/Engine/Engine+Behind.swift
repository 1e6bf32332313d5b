/// Where more falls due at one instant than is to be stored at once (the local midnight of all accounts), the clock goes on and
/// leaves the rest behind: whoever delivers lines is not kept waiting.
///
/// Nothing can be seen of it but the order in which changes are detected, and when: accounts do not depend on each other. What is
/// left behind fires at its own instant, in order, whenever there is time; an account's line fires its own first. How far that has
/// come is stored (``Commit/leftBehind``), and an engine restored from there takes each account up where it was.
///
/// It never is further behind than a minute of the clock, and never behind while accounts wait for a stalled source: who waits is told
/// from what has fired.
extension Engine {
  /// Further behind the clock than that, in milliseconds, nothing is left.
  static var longestDelay: Int64 { 60_000 }

  /// The earliest instant of which deadlines were left behind.
  public mutating func leftBehind() -> Instant? {
    guard isBehind, let account = queue.next(upTo: now.milliseconds) else { return nil }
    return Instant(milliseconds: queue.deadline(of: account))
  }

  /// Fires what was left behind of an account, because a line of it has come.
  mutating func fireBehind(_ account: AccountID) {
    while queue.deadline(of: account) <= now.milliseconds { fireBehind(account, at: queue.deadline(of: account)) }
  }

  /// Fires a deadline that the clock has passed.
  mutating func fireBehind(_ account: AccountID, at instant: Int64) {
    let clock = now
    now = Instant(milliseconds: instant)
    daySteps.move(to: now.tile)
    usage.expire(account, clockHour: now.tile.hour)
    if !sums.isEmpty { expireSums(account) }
    evaluate(account, .deadline)
    now = clock
    daySteps.move(to: now.tile)
  }

  /// The instant each account had come to where an engine was behind when it was stored. Empty: all are at the clock.
  ///
  /// All deadlines before `leftBehind` have fired. Of an account that has been evaluated since, those up to then have, too.
  func restoreTimes(_ leftBehind: Instant?, _ rows: StoredRows<AccountRow>) throws -> ContiguousArray<Int64> {
    guard let leftBehind else { return [] }
    var times = ContiguousArray(repeating: leftBehind.milliseconds - 1, count: scores.count)
    try rows.forEach { row in
      guard let scored = row.scoredAt?.milliseconds, Int(row.account) < times.count else { return }
      times[Int(row.account)] = max(times[Int(row.account)], scored)
    }
    return times
  }
}
