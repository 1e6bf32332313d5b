/// Names, ids, logs and scores lie anywhere in tables larger than the caches, and a read that misses waits a hundred times
/// longer than one that does not. Reads that do not wait for each other overlap: so what the next rows and deadlines will
/// need is read some of them ahead, in passes, each of which needs only what the one before has brought.
/// Measured: a third of the engine's time in a backfill.
extension Engine {
  /// What was worked out of a row ahead of applying it. Names are nil where they were not known yet: a row between may
  /// have made them known.
  struct Ahead {
    var id: (high: UInt64, low: UInt64) = (0, 0)
    var accountHash: UInt64 = 0
    var eventHash: UInt64 = 0
    var userHash: UInt64 = 0
    var account: AccountID?
    var event: EventNameID?
    var user: UserID?
  }

  /// How many rows are looked up ahead of being applied.
  static var rowsAhead: Int { 32 }
  /// How many deadlines are looked up ahead of firing.
  private static var deadlinesAhead: Int { 16 }

  /// Looks up the usage rows from `first` on, ``rowsAhead`` at the most.
  mutating func lookAhead(_ first: Int, _ batch: borrowing EventBatch, _ text: UnsafeRawBufferPointer) {
    let rows = first..<min(first + Self.rowsAhead, batch.rowCount)
    var read: UInt64 = 0
    for row in rows where batch.kind[row] == RowKind.usage.rawValue {
      let names = Engine.rowText(row, batch, text)
      var next = Ahead()
      next.id = Deduplicator.fingerprint(names.id)
      read &+= dedup.warm(next.id.low)
      (next.account, next.accountHash) = accountNames.find(names.account)
      (next.event, next.eventHash) = eventNames.find(names.event)
      ahead[row - first] = next
    }
    for row in rows where batch.kind[row] == RowKind.usage.rawValue {
      guard let account = ahead[row - first].account else { continue }
      let user = Engine.slice(text, batch.user[row])
      if user.count > 0 {
        ahead[row - first].userHash = userNames.hash(user, owner: account)
        read &+= userNames.warm(ahead[row - first].userHash)
      }
      read &+= usage.warm(account) &+ scores.warm(account) &+ warmMemory(account)
      if compiled.customers.isNeeded { read &+= customers.warm(account) }
    }
    for row in rows where batch.kind[row] == RowKind.usage.rawValue {
      guard let account = ahead[row - first].account else { continue }
      read &+= usage.warmNewest(account, ahead[row - first].event)
      let user = Engine.slice(text, batch.user[row])
      if user.count > 0 {
        let user = userNames.find(user, owner: account, hash: ahead[row - first].userHash)
        ahead[row - first].user = user
        if let user { read &+= usage.warmCounters(of: user) }
      }
    }
    // Kept, so that the reads are not optimized away.
    warmth &+= read
  }

  /// Looks up what stored facts, ``rowsAhead`` at the most, are about.
  mutating func lookAhead(_ facts: ArraySlice<Fact>) {
    var read: UInt64 = 0
    for fact in facts { read &+= usage.warm(fact.account) &+ usage.warmCounters(of: fact.user) }
    for fact in facts { read &+= usage.warmNewest(fact.account, fact.event) }
    warmth &+= read
  }

  /// Looks up the accounts of the next deadlines, once for every ``deadlinesAhead`` of them.
  @inline(__always)
  mutating func lookAheadOfDeadlines() {
    guard let accounts = queue.notYetLookedUp(Self.deadlinesAhead) else { return }
    var read: UInt64 = 0
    for index in accounts {
      let account = queue.upcoming(index)
      read &+= usage.warm(account) &+ scores.warm(account) &+ warmMemory(account)
      if compiled.customers.isNeeded { read &+= customers.warm(account) }
    }
    let yesterday = usage.lastDay(of: queue.openHour).number - 1
    for index in accounts {
      let account = queue.upcoming(index)
      read &+= usage.warmLeaving(account, by: queue.openHour)
      if !compiled.rules.isEmpty { read &+= scores.warmRules(account, at: queue.deadline(of: account)) }
      if !shifts.isEmpty { read &+= shifts.warmCounts(account, through: yesterday) }
      if compiled.dropCount > 0 { read &+= UInt64(drops[Int(account) * compiled.dropCount].entries.count) }
    }
    for index in accounts { read &+= usage.warmCountersLeaving(queue.upcoming(index), by: queue.openHour) }
    warmth &+= read
  }

  /// Reads what rules and sums remember of an account beside its scores.
  @inline(__always)
  private func warmMemory(_ account: AccountID) -> UInt64 {
    var read: UInt64 = 0
    if !sums.isEmpty { read &+= sums.warm(account) }
    if !shifts.isEmpty { read &+= shifts.warm(account) }
    return read
  }
}
