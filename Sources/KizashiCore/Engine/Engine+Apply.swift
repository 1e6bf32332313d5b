extension Engine {
  /// The names of one row as bytes.
  struct RowText {
    var account: UnsafeRawBufferPointer
    var user: UnsafeRawBufferPointer
    var event: UnsafeRawBufferPointer
    var id: UnsafeRawBufferPointer
  }

  /// Counts a batch's rows in order: each is accepted, found a duplicate, or refused, exactly once.
  ///
  /// - Parameter most: Where so many deadlines have fired since the last ``drain()`` the lines leave others behind, as
  ///   ``Commit/leftBehind`` tells.
  /// - Precondition: `batch.source` was registered, and `batch.wanted` is ``wanted``.
  public mutating func apply(_ batch: borrowing EventBatch, within most: Int = .max) {
    precondition(batch.wanted == wanted, "a batch was decoded for other properties than the model's")
    precondition(batch.source < sources.count, "a batch names source \(batch.source), which was never added")
    let source = batch.source
    mostDeadlines = most
    dirtySources.insert(source)
    sources[source].row.lines += Int64(batch.lines.count)
    var nextRecord = 0
    var nextRefusal = 0
    nextAmount = 0
    batch.text.withUnsafeBytes { text in
      for row in 0..<batch.rowCount {
        lookAhead(row, batch, text)
        switch RowKind(rawValue: batch.kind[row]) {
        case .usage:
          applyUsage(row, batch, Engine.rowText(row, batch, text))
        case .record:
          let record = batch.records[nextRecord].record
          nextRecord += 1
          applyRecord(row, batch, Engine.rowText(row, batch, text), record)
        case .heartbeat:
          let instant = batch.instant[row]
          if let reason = untimely(instant, batch) {
            refuse(row, batch, reason)
          } else {
            hear(instant, source)
          }
        case .refused:
          var reason = batch.refusals[nextRefusal].reason
          nextRefusal += 1
          // What an override says is judged here, and comes where it belongs among the checks.
          if nextRecord < batch.records.count, batch.records[nextRecord].row == row {
            let found = Override.refusal(batch.records[nextRecord].record, compiled.model.calendar)
            nextRecord += 1
            if let found, found.rawValue < reason.rawValue { reason = found }
          }
          let user = Engine.slice(text, batch.user[row])
          let isNobodys = user.count > 0 && userAccounts.account(of: user, source: source) == nil
          refuse(row, batch, isNobodys ? .missingField : reason)
        case .ignored, nil: sources[source].row.ignored += 1
        }
      }
    }
  }

  @inline(__always)
  static func rowText(_ row: Int, _ batch: borrowing EventBatch, _ text: UnsafeRawBufferPointer) -> RowText {
    RowText(
      account: slice(text, batch.account[row]), user: slice(text, batch.user[row]),
      event: slice(text, batch.event[row]), id: slice(text, batch.id[row]))
  }

  @inline(__always)
  static func slice(_ text: UnsafeRawBufferPointer, _ range: TextRange) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: text[Int(range.offset)..<Int(range.offset) + Int(range.length)])
  }

  /// Deadlines before the event, then the clock and the watermark.
  @inline(__always)
  private mutating func accept(_ instant: Int64, _ source: Int, _ account: AccountID?) {
    let limit = max(instant, now.milliseconds)
    if stalls.holding { raiseBound(of: source, to: instant) }
    let isThere = fireDeadlines(upTo: limit, within: stalls.holding ? .max : mostDeadlines)
    if !isThere { fireDeadlines(upTo: limit - Self.longestDelay) }
    isBehind = !isThere && queue.next(upTo: limit) != nil
    now = Instant(milliseconds: limit)
    if isBehind, let account { fireBehind(account) }
    raiseWatermark(of: source, to: instant)
  }

  /// A heartbeat: the source lives, and what its watermark passes no longer waits. It is no event, so the clock stays.
  private mutating func hear(_ instant: Int64, _ source: Int) {
    if stalls.holding {
      raiseBound(of: source, to: instant)
      fireDeadlines(upTo: now.milliseconds)
    }
    raiseWatermark(of: source, to: instant)
  }

  @inline(__always)
  private mutating func raiseWatermark(of source: Int, to instant: Int64) {
    guard instant > sources[source].watermark ?? .min else { return }
    sources[source].row.watermark = Instant(milliseconds: instant)
    dedup.raiseFloor(of: source, watermark: instant)
  }

  /// What deduplication says of a row, and what it is to remember of it.
  private struct Identity {
    var verdict = Deduplicator.Verdict.new
    var id: (high: UInt64, low: UInt64) = (0, 0)
    var content: UInt64 = 0
    /// False: the row carries no id, or lies beyond the horizon.
    var isRemembered = false
  }

  /// - Parameters:
  ///   - content: A hash of what the line says, the same in every process.
  ///   - known: Whether the store can hold the same content at all.
  @inline(__always)
  private func identity(
    _ id: (high: UInt64, low: UInt64), content: UInt64, known: Bool, _ row: Int, _ batch: borrowing EventBatch
  ) -> Identity {
    let instant = batch.instant[row]
    let oldest = (sources[batch.source].watermark ?? .min).subtractingClamped(
      compiled.model.limits.dedupHorizonMilliseconds)
    guard !batch.id[row].isAbsent, instant >= oldest else { return Identity() }
    let verdict = dedup.look(up: id, content: content, oldest: oldest)
    // Other content: a name the engine has never seen cannot have come before.
    return Identity(
      verdict: verdict == .duplicate && !known ? .conflict : verdict, id: id, content: content, isRemembered: true)
  }

  /// Numbers are given once and stored, so that they say the same as the names. What is mixed in keeps the first account's
  /// first event from being a factor of zero, which would say the same of every user: no account has so high a number.
  @inline(__always)
  private static func content(
    _ account: AccountID, _ event: EventNameID, _ user: UserID, _ row: Int, _ batch: borrowing EventBatch
  ) -> UInt64 {
    mixed(
      NameHash.fold(
        (UInt64(account) << 32 | UInt64(event)) ^ 0xffff_ffff_a0b4_28db, UInt64(user) ^ 0x8ebc_6af0_9c88_c6e3),
      batch.instant[row],
      batch.count[row])
  }

  @inline(__always)
  private static func mixed(_ names: UInt64, _ instant: Int64, _ count: Int64) -> UInt64 {
    let timed = NameHash.fold(names ^ UInt64(bitPattern: instant), 0x9e37_79b9_7f4a_7c15)
    return NameHash.fold(timed ^ UInt64(bitPattern: count), 0xbf58_476d_1ce4_e5b9)
  }

  private mutating func applyUsage(_ row: Int, _ batch: borrowing EventBatch, _ text: RowText) {
    let instant = batch.instant[row]
    let source = batch.source
    var given: AccountID?
    if text.account.count == 0 {
      given = userAccounts.account(of: text.user, source: source)
      if given == nil { return refuse(row, batch, .missingField) }
    }
    guard batch.count[row] <= Self.largestCount else { return refuse(row, batch, .badType) }
    if let reason = untimely(instant, batch) { return refuse(row, batch, reason) }
    let next = ahead[row % Self.rowsAhead]
    // What was not known when it was looked up may have come with a row between.
    let foundAccount = given ?? next.account ?? accountNames.find(text.account, hash: next.accountHash)
    let foundEvent = next.event ?? eventNames.find(text.event, hash: next.eventHash)
    var foundUser: UserID? = 0
    if text.user.count > 0 {
      foundUser = next.user ?? foundAccount.flatMap { userNames.find(text.user, owner: $0).id }
    }
    let areKnown = foundAccount != nil && foundEvent != nil && foundUser != nil
    let known = identity(
      next.id, content: Self.content(foundAccount ?? 0, foundEvent ?? 0, foundUser ?? 0, row, batch), known: areKnown,
      row, batch)
    switch known.verdict {
    case .duplicate:
      sources[source].row.duplicates += 1
      return
    case .conflict: return refuse(row, batch, .idConflict)
    case .new: break
    }
    guard hasRoom(newAccount: foundAccount == nil, newEvent: foundEvent == nil) else {
      return refuse(row, batch, .tooMany)
    }
    let count = batch.count[row]
    let account = foundAccount ?? insertAccount(text.account, next.accountHash)
    var event = foundEvent ?? insertEvent(text.event, next.eventHash)
    let user = foundUser ?? insertUser(text.user, of: account)
    accept(instant, source, account)
    if known.isRemembered {
      let content = areKnown ? known.content : Self.content(account, event, user, row, batch)
      dedup.remember(known.id, content: content, instant: instant, source: source)
    } else {
      sources[source].row.undeduplicated += 1
    }
    // What came twice is known by the event: its properties take no part in that.
    if !batch.matches.isEmpty && batch.matches[row] != 0 { event = variant(of: event, matched: batch.matches[row]) }
    sources[source].row.events += count
    let hour = Instant(milliseconds: instant).tile.hour
    let clockHour = now.tile.hour
    pending.facts.append(
      Fact(hour: hour, account: account, event: event, user: user, events: count, first: instant, last: instant))
    if !shifts.isEmpty { countTowardShifts(account, event: event, hour: hour, count: count) }
    catchUp(account)
    usage.add(account, event: event, user: user, hour: hour, count: count, clockHour: self.clockHour(of: account))
    if !batch.amounts.isEmpty { countAmounts(row, batch, account, event: event, hour: hour) }
    noteDelivery(account, source, hour)
    let core = scores.core(account)
    if instant < core.pointee.firstSeen {
      core.pointee.firstSeen = instant
      if compiled.customers.isNeeded { customers.core(account).pointee.until = .min }
    }
    if instant > core.pointee.lastSeen { core.pointee.lastSeen = instant }
    touch(account)
    if !compiled.silences.isEmpty { countTowardSilences(account, event: event, at: instant, count: count) }
    if compiled.powerUserRuleCount > 0 { noteUse(account, event: event, user: user, hour: hour) }
    if !milestonesOfEvents.isEmpty { countTowardMilestones(account, event: event, count: count) }
    // To an account that waits for its source, a line is late by its own time.
    if hour < clockHour && hour < self.clockHour(of: account) { lateUse = (event, instant) }
    evaluateLine(account, .event(late: hour < clockHour))
    lateUse = nil
  }

  private mutating func applyRecord(
    _ row: Int, _ batch: borrowing EventBatch, _ text: RowText, _ record: Record
  ) {
    let instant = batch.instant[row]
    var account: AccountID?
    if text.account.count == 0 && batch.remembersAccounts {
      account = userAccounts.account(of: text.user, source: batch.source)
      if account == nil && record.kind == .track { return refuse(row, batch, .missingField) }
    }
    guard batch.count[row] <= Self.largestCount else { return refuse(row, batch, .badType) }
    if record.event == "override.set", let reason = Override.refusal(record, compiled.model.calendar) {
      return refuse(row, batch, reason)
    }
    if let reason = untimely(instant, batch) { return refuse(row, batch, reason) }
    var content = NameHash.hash(Array(record.event.utf8), seed: UInt64(record.kind.rawValue) + 1)
    if let account {
      content = NameHash.hash(Array(accountNames.name(account).utf8), seed: content)
    } else {
      content = NameHash.hash(text.account, seed: content)
    }
    for part in [text.user, text.event] { content = NameHash.hash(part, seed: content) }
    content = Self.mixed(content, instant, batch.count[row])
    let known = identity(Deduplicator.fingerprint(text.id), content: content, known: true, row, batch)
    switch known.verdict {
    case .duplicate:
      sources[batch.source].row.duplicates += 1
      return
    case .conflict: return refuse(row, batch, .idConflict)
    case .new: break
    }
    if text.account.count > 0 {
      let (found, hash) = accountNames.find(text.account)
      guard hasRoom(newAccount: found == nil, newEvent: false) else { return refuse(row, batch, .tooMany) }
      account = found ?? insertAccount(text.account, hash)
    }
    accept(instant, batch.source, account)
    if known.isRemembered {
      dedup.remember(known.id, content: known.content, instant: instant, source: batch.source)
    } else {
      sources[batch.source].row.undeduplicated += 1
    }
    sources[batch.source].row.events += batch.count[row]
    recordSequence += 1
    let stored = StoredRecord(
      sequence: recordSequence, source: batch.source, at: Instant(milliseconds: instant), account: account,
      user: batch.user[row].isAbsent ? nil : batch.string(batch.user[row]),
      id: batch.id[row].isAbsent ? nil : batch.string(batch.id[row]), count: batch.count[row], record: record)
    pending.records.append(stored)
    guard let account else { return }
    guard record.kind != .identify else { return identify(stored, account) }
    if record.kind == .group, userAccounts.give(text.user, source: batch.source, account) {
      pending.userAccounts.append(
        UserAccountRow(source: batch.source, user: batch.string(batch.user[row]), account: account))
    }
    touch(account)
    noteDelivery(account, batch.source, Instant(milliseconds: instant).tile.hour)
    let effect = absorb(stored, account, report: true)
    evaluateLine(account, effect)
  }

  @inline(__always)
  private func hasRoom(newAccount: Bool, newEvent: Bool) -> Bool {
    let limits = compiled.model.limits
    return (!newAccount || scores.count < limits.accounts) && (!newEvent || variants.eventCount < limits.features)
  }

  private mutating func insertAccount(_ name: UnsafeRawBufferPointer, _ hash: UInt64) -> AccountID {
    let account = accountNames.insert(name, hash: hash)
    addAccount()
    return account
  }

  private mutating func insertEvent(_ name: UnsafeRawBufferPointer, _ hash: UInt64) -> EventNameID {
    let number = eventNames.insert(name, hash: hash)
    let variant = EventVariant(event: String(decoding: name, as: UTF8.self), filters: [])
    addEventName(variant, of: number)
    return number
  }

  private mutating func insertUser(_ name: UnsafeRawBufferPointer, of account: AccountID) -> UserID {
    usage.addUser()
    return userNames.insert(name, owner: account, hash: userNames.hash(name, owner: account))
  }
}
