/// Names, ids, logs and scores lie anywhere in tables larger than the caches, and a read that misses waits a hundred times
/// longer than one that does not. So what the next rows and deadlines will need is asked for some of them ahead, in stages, each of
/// which reads only what the one before has asked for: it has come meanwhile, and nothing waits for it.
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

  /// For how many rows there is room: more than are between the first stage of a row and its turn.
  static var rowsAhead: Int { 32 }
  /// Rows between two stages: enough for a line to come from memory.
  private static var rowsApart: Int { 6 }
  private static var stages: Int { 5 }
  /// The same of deadlines.
  private static var deadlinesApart: Int { 6 }
  private static var deadlineStages: Int { 3 }

  /// Brings the rows behind one that is about to be applied a stage further each.
  @inline(__always)
  mutating func lookAhead(_ row: Int, _ batch: borrowing EventBatch, _ text: UnsafeRawBufferPointer) {
    if row == 0 {
      // The first rows go through the stages together.
      for stage in 0..<Self.stages {
        for first in 0..<min((Self.stages - stage) * Self.rowsApart, batch.rowCount) {
          lookAhead(stage, first, batch, text)
        }
      }
    }
    for stage in 0..<Self.stages {
      let next = row + (Self.stages - stage) * Self.rowsApart
      if next < batch.rowCount { lookAhead(stage, next, batch, text) }
    }
  }

  @inline(__always)
  private mutating func lookAhead(
    _ stage: Int, _ row: Int, _ batch: borrowing EventBatch, _ text: UnsafeRawBufferPointer
  ) {
    guard batch.kind[row] == RowKind.usage.rawValue else { return }
    let place = row % Self.rowsAhead
    switch stage {
    case 0: lookAtNames(Engine.rowText(row, batch, text), place)
    case 1: accountNames.prefetchName(ahead[place].accountHash)
    case 2: lookAtAccount(Engine.rowText(row, batch, text), place)
    case 3: lookAtLog(hasUser: !batch.user[row].isAbsent, place)
    default: lookAtUser(Engine.slice(text, batch.user[row]), place)
    }
  }

  @inline(__always)
  private mutating func lookAtNames(_ names: RowText, _ place: Int) {
    var next = Ahead()
    next.id = Deduplicator.fingerprint(names.id)
    dedup.prefetch(next.id.low)
    next.accountHash = accountNames.hash(names.account)
    accountNames.prefetch(next.accountHash)
    // There are few: they are in the cache.
    (next.event, next.eventHash) = eventNames.find(names.event)
    ahead[place] = next
  }

  @inline(__always)
  private mutating func lookAtAccount(_ names: RowText, _ place: Int) {
    guard let account = accountNames.find(names.account, hash: ahead[place].accountHash) else { return }
    ahead[place].account = account
    if names.user.count > 0 {
      ahead[place].userHash = userNames.hash(names.user, owner: account)
      userNames.prefetch(ahead[place].userHash)
    }
    prefetchBlocks(of: account)
  }

  @inline(__always)
  private mutating func lookAtLog(hasUser: Bool, _ place: Int) {
    guard let account = ahead[place].account else { return }
    if hasUser { userNames.prefetchName(ahead[place].userHash) }
    usage.prefetchNewest(account, ahead[place].event)
  }

  @inline(__always)
  private mutating func lookAtUser(_ name: UnsafeRawBufferPointer, _ place: Int) {
    guard name.count > 0, let account = ahead[place].account else { return }
    ahead[place].user = userNames.find(name, owner: account, hash: ahead[place].userHash)
    if let user = ahead[place].user { usage.prefetchCounters(of: user) }
  }

  /// Looks up what stored facts, ``rowsAhead`` at the most, are about.
  func lookAhead(_ facts: ArraySlice<Fact>) {
    for fact in facts {
      usage.prefetch(fact.account)
      usage.prefetchCounters(of: fact.user)
    }
    for fact in facts { usage.prefetchNewest(fact.account, fact.event) }
  }

  /// Brings the deadlines behind one that is about to fire a stage further each.
  @inline(__always)
  mutating func lookAheadOfDeadlines() {
    for place in queue.takeReached() {
      if place == 0 {
        for stage in 0..<Self.deadlineStages {
          for first in 0..<(Self.deadlineStages - stage) * Self.deadlinesApart { lookAhead(stage, ofDeadline: first) }
        }
      }
      for stage in 0..<Self.deadlineStages {
        lookAhead(stage, ofDeadline: place + (Self.deadlineStages - stage) * Self.deadlinesApart)
      }
    }
  }

  @inline(__always)
  private func lookAhead(_ stage: Int, ofDeadline place: Int) {
    guard let account = queue.upcoming(place) else { return }
    switch stage {
    case 0: prefetchBlocks(of: account)
    case 1:
      usage.prefetchLeaving(account, by: queue.openHour)
      if !compiled.rules.isEmpty { scores.prefetchRules(account, at: queue.deadline(of: account)) }
      if !shifts.isEmpty { shifts.prefetchCounts(account, through: usage.lastDay(of: queue.openHour).number - 1) }
      if compiled.dropCount > 0 { drops.prefetch(Int(account) * compiled.dropCount) }
    default: usage.prefetchCountersLeaving(account, by: queue.openHour)
    }
  }

  /// Asks for what nearly every evaluation of an account reads.
  @inline(__always)
  private func prefetchBlocks(of account: AccountID) {
    usage.prefetch(account)
    scores.prefetch(account)
    queue.prefetch(account)
    if compiled.customers.isNeeded { customers.prefetch(account) }
    if !sums.isEmpty { sums.prefetch(account) }
    if !shifts.isEmpty { shifts.prefetch(account) }
  }
}
