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
  /// - Precondition: `batch.source` was registered.
  public mutating func apply(_ batch: borrowing EventBatch) {
    precondition(batch.source < sources.count, "a batch names source \(batch.source), which was never added")
    let source = batch.source
    dirtySources.insert(source)
    sources[source].row.lines += Int64(batch.lines.count)
    var nextRecord = 0
    var nextRefusal = 0
    batch.text.withUnsafeBytes { text in
      for row in 0..<batch.rowCount {
        if row % Self.rowsAhead == 0 { lookAhead(row, batch, text) }
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
            accept(instant, source)
          }
        case .refused:
          refuse(row, batch, batch.refusals[nextRefusal].reason)
          nextRefusal += 1
        case .ignored, nil: sources[source].row.ignored += 1
        }
      }
    }
  }

  /// A line that claims more events than this is a mistake; eight million such lines still fit 64 bits.
  private static var largestCount: Int64 { 1 << 40 }

  /// How many rows are looked up ahead of being applied.
  static var rowsAhead: Int { 32 }

  /// What was worked out of a row ahead of applying it.
  struct Ahead {
    var id: (high: UInt64, low: UInt64) = (0, 0)
    var accountHash: UInt64 = 0
    var account: AccountID?
  }

  /// Looks the next rows up: their names, ids and accounts lie anywhere in tables larger than the caches, and reads that do
  /// not wait for each other overlap. Measured: a fifth of the time of a backfill.
  private mutating func lookAhead(_ first: Int, _ batch: borrowing EventBatch, _ text: UnsafeRawBufferPointer) {
    var read: UInt64 = 0
    for row in first..<min(first + Self.rowsAhead, batch.rowCount) where batch.kind[row] == RowKind.usage.rawValue {
      let names = Engine.rowText(row, batch, text)
      let slot = row % Self.rowsAhead
      ahead[slot].id = Deduplicator.fingerprint(names.id)
      read &+= dedup.warm(ahead[slot].id.low)
      let (found, hash) = accountNames.find(names.account)
      ahead[slot].accountHash = hash
      ahead[slot].account = found
      guard let account = found else { continue }
      read &+= usage.warm(account) &+ UInt64(bitPattern: accounts[Int(account)].lastSeen)
      if names.user.count > 0 { read &+= userNames.warm(userNames.hash(names.user, owner: account)) }
    }
    // Kept, so that the reads are not optimized away.
    warmth &+= read
  }

  /// Counts a line that never reached a batch: too long to be held.
  public mutating func refuse(_ reason: RefusalReason, source: Int) {
    dirtySources.insert(source)
    sources[source].row.lines += 1
    sources[source].row.refused[Int(reason.rawValue)] += 1
  }

  @inline(__always)
  private static func rowText(_ row: Int, _ batch: borrowing EventBatch, _ text: UnsafeRawBufferPointer) -> RowText {
    RowText(
      account: slice(text, batch.account[row]), user: slice(text, batch.user[row]),
      event: slice(text, batch.event[row]), id: slice(text, batch.id[row]))
  }

  @inline(__always)
  private static func slice(_ text: UnsafeRawBufferPointer, _ range: TextRange) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: text[Int(range.offset)..<Int(range.offset) + Int(range.length)])
  }

  private mutating func refuse(_ row: Int, _ batch: borrowing EventBatch, _ reason: RefusalReason) {
    sources[batch.source].row.refused[Int(reason.rawValue)] += 1
    refusals.append(Refusal(line: Int(batch.line[row]), reason: reason))
  }

  /// The checks that need a clock or a watermark.
  @inline(__always)
  private func untimely(_ instant: Int64, _ batch: borrowing EventBatch) -> RefusalReason? {
    if instant > batch.latestAcceptable.milliseconds { return .future }
    guard let watermark = sources[batch.source].watermark else { return nil }
    if let retention = compiled.model.limits.retentionMilliseconds, instant < watermark - retention { return .expired }
    if let lateness = sources[batch.source].allowedLateness, instant < watermark - lateness { return .late }
    return nil
  }

  /// Deadlines before the event, then the clock and the watermark.
  @inline(__always)
  private mutating func accept(_ instant: Int64, _ source: Int) {
    let limit = max(instant, now.milliseconds)
    fireDeadlines(upTo: limit)
    now = Instant(milliseconds: limit)
    if instant > sources[source].watermark ?? .min {
      sources[source].row.watermark = Instant(milliseconds: instant)
      dedup.raiseFloor(of: source, watermark: instant)
    }
  }

  /// The dedup verdict; nil id: none. Counts lines that go undeduplicated.
  @inline(__always)
  private mutating func identity(
    _ kind: UInt64, _ id: (high: UInt64, low: UInt64), _ text: RowText, _ row: Int,
    _ batch: borrowing EventBatch
  ) -> (verdict: Deduplicator.Verdict, id: (high: UInt64, low: UInt64), content: UInt64, remembered: Bool) {
    let instant = batch.instant[row]
    let oldest = (sources[batch.source].watermark ?? .min).subtractingClamped(
      compiled.model.limits.dedupHorizonMilliseconds)
    guard text.id.count > 0, instant >= oldest else { return (.new, (0, 0), 0, false) }
    var content = NameHash.hash(text.account, seed: kind)
    content = NameHash.hash(text.user, seed: content)
    content = NameHash.hash(text.event, seed: content)
    content = NameHash.fold(content ^ UInt64(bitPattern: instant), 0x9e37_79b9_7f4a_7c15)
    content = NameHash.fold(content ^ UInt64(bitPattern: batch.count[row]), 0xbf58_476d_1ce4_e5b9)
    let verdict = dedup.look(up: id, content: content, oldest: oldest)
    return (verdict, id, content, true)
  }

  private mutating func applyUsage(_ row: Int, _ batch: borrowing EventBatch, _ text: RowText) {
    let instant = batch.instant[row]
    let source = batch.source
    guard batch.count[row] <= Self.largestCount else { return refuse(row, batch, .badType) }
    if let reason = untimely(instant, batch) { return refuse(row, batch, reason) }
    let known = identity(0, ahead[row % Self.rowsAhead].id, text, row, batch)
    switch known.verdict {
    case .duplicate:
      sources[source].row.duplicates += 1
      return
    case .conflict: return refuse(row, batch, .idConflict)
    case .new: break
    }
    let accountHash = ahead[row % Self.rowsAhead].accountHash
    // A row before this one may have made the account.
    let foundAccount = ahead[row % Self.rowsAhead].account ?? accountNames.find(text.account, hash: accountHash)
    let (foundEvent, eventHash) = eventNames.find(text.event)
    guard hasRoom(newAccount: foundAccount == nil, newEvent: foundEvent == nil) else {
      return refuse(row, batch, .tooMany)
    }
    let count = batch.count[row]
    let account = foundAccount ?? insertAccount(text.account, accountHash)
    let event = foundEvent ?? insertEvent(text.event, eventHash)
    let user = text.user.count == 0 ? 0 : intern(user: text.user, of: account)
    accept(instant, source)
    if known.remembered {
      dedup.remember(known.id, content: known.content, instant: instant, source: source)
    } else {
      sources[source].row.undeduplicated += 1
    }
    sources[source].row.events += count
    let hour = Instant(milliseconds: instant).tile.hour
    let clockHour = now.tile.hour
    pending.facts.append(
      Fact(hour: hour, account: account, event: event, user: user, events: count, first: instant, last: instant))
    usage.add(account, event: event, user: user, hour: hour, count: count, clockHour: clockHour)
    let a = Int(account)
    if instant < accounts[a].firstSeen { accounts[a].firstSeen = instant }
    if instant > accounts[a].lastSeen { accounts[a].lastSeen = instant }
    touch(account)
    if !compiled.silences.isEmpty { countTowardSilences(account, event: event, count: count) }
    evaluate(account, .event(late: hour < clockHour))
  }

  private mutating func applyRecord(
    _ row: Int, _ batch: borrowing EventBatch, _ text: RowText, _ record: Record
  ) {
    let instant = batch.instant[row]
    guard batch.count[row] <= Self.largestCount else { return refuse(row, batch, .badType) }
    if let reason = untimely(instant, batch) { return refuse(row, batch, reason) }
    let kind = NameHash.hash(Array(record.event.utf8), seed: UInt64(record.kind.rawValue) + 1)
    let known = identity(kind, Deduplicator.fingerprint(text.id), text, row, batch)
    switch known.verdict {
    case .duplicate:
      sources[batch.source].row.duplicates += 1
      return
    case .conflict: return refuse(row, batch, .idConflict)
    case .new: break
    }
    var account: AccountID?
    if text.account.count > 0 {
      let (found, hash) = accountNames.find(text.account)
      guard hasRoom(newAccount: found == nil, newEvent: false) else { return refuse(row, batch, .tooMany) }
      account = found ?? insertAccount(text.account, hash)
    }
    accept(instant, batch.source)
    if known.remembered {
      dedup.remember(known.id, content: known.content, instant: instant, source: batch.source)
    } else {
      sources[batch.source].row.undeduplicated += 1
    }
    sources[batch.source].row.events += batch.count[row]
    recordSequence += 1
    let stored = StoredRecord(
      sequence: recordSequence, source: batch.source, at: Instant(milliseconds: instant), account: account,
      user: batch.user[row].isAbsent ? nil : batch.string(batch.user[row]),
      id: batch.id[row].isAbsent ? nil : batch.string(batch.id[row]), record: record)
    pending.records.append(stored)
    guard let account, record.kind != .identify else { return }
    touch(account)
    let effect = absorb(stored, account, report: true)
    evaluate(account, effect)
  }

  @inline(__always)
  private func hasRoom(newAccount: Bool, newEvent: Bool) -> Bool {
    let limits = compiled.model.limits
    return (!newAccount || accounts.count < limits.accounts) && (!newEvent || eventNames.count < limits.features)
  }

  private mutating func insertAccount(_ name: UnsafeRawBufferPointer, _ hash: UInt64) -> AccountID {
    let account = accountNames.insert(name, hash: hash)
    addAccount()
    return account
  }

  private mutating func insertEvent(_ name: UnsafeRawBufferPointer, _ hash: UInt64) -> EventNameID {
    usage.addEventName(String(decoding: name, as: UTF8.self))
    return eventNames.insert(name, hash: hash)
  }

  @inline(__always)
  private mutating func intern(user name: UnsafeRawBufferPointer, of account: AccountID) -> UserID {
    let (found, hash) = userNames.find(name, owner: account)
    if let found { return found }
    usage.addUser()
    return userNames.insert(name, owner: account, hash: hash)
  }

  /// Takes what a record says into the account's state; what kind of evaluation it asks for.
  mutating func absorb(_ stored: StoredRecord, _ account: AccountID, report: Bool) -> Trigger {
    let record = stored.record
    let field = { (name: String) in record.fields.last { $0.name == name }?.value }
    switch (record.kind, record.event) {
    case (.group, _):
      for (name, value) in record.fields { setAttribute(account, name, value, stored.at, report) }
      return .attribute
    case (.track, "survey.responded"):
      guard case .string(let survey)? = field("survey"), let score = field("score").flatMap(Engine.number) else {
        return .survey
      }
      records.answer(account, survey, score, at: stored.at.milliseconds)
      return .survey
    case (.track, "sentiment.recorded"):
      if let value = field("value") { setAttribute(account, "sentiment", value, stored.at, report) }
    case (.track, let event) where event.hasPrefix("contract."):
      if let mrr = field("mrr") { setAttribute(account, "mrr", mrr, stored.at, report) }
      if let end = field("term_end") { setAttribute(account, "renewal_at", end, stored.at, report) }
    default: break
    }
    return .attribute
  }

  private static func number(_ value: Scalar) -> Rational? {
    switch value {
    case .number(let text), .string(let text): RecordState.decimal(text)
    case .bool, .null: nil
    }
  }

  private mutating func setAttribute(
    _ account: AccountID, _ name: String, _ value: Scalar, _ at: Instant, _ report: Bool
  ) {
    let kept: Scalar? = value == .null ? nil : value
    guard records.set(account, name, kept, at: at.milliseconds), report else { return }
    pending.attributes.append(AttributeRow(account: account, name: name, value: kept, updatedAt: at))
  }
}

extension NameHash {
  static func hash(_ bytes: [UInt8], seed: UInt64) -> UInt64 {
    bytes.withUnsafeBytes { hash($0, seed: seed) }
  }
}

extension Int64 {
  /// `self - other` without leaving the range.
  @inline(__always)
  func subtractingClamped(_ other: Int64) -> Int64 {
    let (value, overflow) = subtractingReportingOverflow(other)
    return overflow ? (other > 0 ? .min : .max) : value
  }
}
