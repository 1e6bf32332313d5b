/// Silence of a source is not silence of its accounts.
///
/// What is defined where the specification leaves room (decision "stalled sources"):
/// - Which accounts wait is settled when a stall begins: those of which the source delivered a line in the 90 days before its
///   watermark, by tiles. An account of several sources waits while one of them is stalled.
/// - An account that waits lives in its own time: the earliest *bound* of its stalled sources, where a bound is the clock at the
///   beginning of the stall, or the source's watermark once that is later. Windows, days and delays are those of this time,
///   whoever moves the clock; nothing leaves a window while it stands still, and every line that came is in it, also one whose
///   tile is later. So deadlines up to the bound fire, those after it wait.
/// - Lines are evaluated at that time too, which keeps everything that hangs on time waiting; what they change is told at the clock.
/// - A deadline that fires late is evaluated at its own instant, which is its `at`; the clock stays where it is.
extension Engine {
  /// How far back a source's lines make an account belong to it.
  static var belongingHours: Int64 { 90 * 24 }
  /// A store whose clock has stood still for longer than this waits less than `max_hold`: windows are kept for so much more.
  static var idleHours: Int64 { 48 }

  /// The open stall of a source.
  public func openStall(of source: Int) -> StallRow? { stalls.row(of: source) }

  /// What a source has delivered.
  public func sourceRow(_ source: Int) -> SourceRow { sources[source].row }

  /// A source is found to be stalled: from the clock on, deadlines of its accounts wait, if they do not already.
  ///
  /// - Parameters:
  ///   - at: When it was found, for people.
  ///   - from: From when on `max_hold` counts, if the clock is not later.
  public mutating func stall(_ source: Int, _ cause: StallCause, at: Instant, from: Instant) {
    // Those that have waited for long enough, and any that are new, wait anew.
    if let row = stalls.row(of: source), row.isAwaited, row.waitsUntil == nil { stalls.end(source) }
    let known = stalls.row(of: source)
    guard known?.isAwaited ?? true, var row = known ?? newStall(of: source, at: at, from: from) else { return }
    if known != nil, let maxHold = sources[source].maxHold {
      row.waitsUntil = holdEnd(from: from, maxHold, began: row.clock)
    }
    sources[source].episode += 1
    (row.episode, row.isAwaited, row.at, row.lines) =
      (sources[source].episode, false, at, sources[source].row.lines)
    if known == nil { stalls.begin(row, watermark: sources[source].watermark ?? .min) } else { stalls.renew(row) }
    report(.stalled, row, cause, at: at, from: from, reason: stallReason(source, cause, accounts: row.accounts))
  }

  /// A source has not been read since the start, and something else is about to move the clock: deadlines of its accounts
  /// wait, as in a stall, until it has been, and nobody is told. If it turns out to deliver nothing it is to be stalled.
  ///
  /// - Parameters: As of ``stall(_:_:at:from:)``.
  /// - Returns: Whether any account waits for it.
  @discardableResult
  public mutating func waitFor(_ source: Int, at: Instant, from: Instant) -> Bool {
    if stalls.row(of: source) != nil { return true }
    guard let row = newStall(of: source, at: at, from: from), row.accounts > 0 else { return false }
    stalls.begin(row, watermark: sources[source].watermark ?? .min)
    report(
      .awaited, row, .silence, at: at, from: from,
      reason: "\(sources[source].name) has not been read since the start\(Self.waitingPart(row.accounts))")
    return true
  }

  /// A stall of a source that nobody has been told of. Nil: the source is not watched.
  private mutating func newStall(of source: Int, at: Instant, from: Instant) -> StallRow? {
    guard let maxHold = sources[source].maxHold else { return nil }
    // What fell due before does not wait.
    advance(to: now)
    let members = self.members(of: source)
    return StallRow(
      source: source, episode: sources[source].episode, isOpen: true, isAwaited: true, at: at, clock: now,
      waitsUntil: members.count > 0 ? holdEnd(from: from, maxHold, began: now) : nil, lines: sources[source].row.lines,
      accounts: members.count, members: members.set.bytes)
  }

  /// A stalled source delivers again, or will never more: what waited for it alone fires, each deadline at its own instant.
  ///
  /// - Parameters:
  ///   - kind: `resumed` or `retired`.
  ///   - at: When it was found, for people.
  public mutating func endStall(_ source: Int, _ kind: StallTransition.Kind, at: Instant) {
    guard var row = stalls.row(of: source) else { return }
    release(source)
    stalls.end(source)
    row.isOpen = false
    row.waitsUntil = nil
    let name = sources[source].name
    report(
      kind, row, .silence, at: at, from: at,
      reason: kind == .retired
        ? "\(name) is not waited for any more" : row.isAwaited ? "\(name) has been read" : "\(name) delivers again")
    fireDeadlines(upTo: now.milliseconds)
  }

  /// When accounts have waited for long enough that wait since the clock was `began`.
  private func holdEnd(from: Instant, _ maxHold: Int64, began: Instant) -> Instant {
    let most = began.milliseconds + maxHold + Self.idleHours * Tile.length
    return Instant(milliseconds: min(max(from, now).milliseconds + maxHold, most))
  }

  /// The accounts of which a source delivered a line in the 90 days before its watermark. Once a stall, over all accounts.
  private func members(of source: Int) -> (set: AccountSet, count: Int) {
    var set = AccountSet([])
    var count = 0
    guard let place = sources[source].guardPlace, let watermark = sources[source].watermark else { return (set, 0) }
    let oldest = Int64(Instant(milliseconds: watermark).tile.hour) - Self.belongingHours
    for account in 0..<scores.count {
      let hour = delivered[account * guardedCount + place]
      guard hour != .min, Int64(hour) >= oldest else { continue }
      set.insert(AccountID(account))
      count += 1
    }
    return (set, count)
  }

  private func stallReason(_ source: Int, _ cause: StallCause, accounts: Int) -> String {
    let name = sources[source].name
    let what =
      switch cause {
      case .silence: "\(name) has delivered nothing for \(ReasonText.span(sources[source].stallAfter ?? 0))"
      case .gone: "\(name) is gone: nothing is there to be read"
      }
    return what + Self.waitingPart(accounts)
  }

  private static func waitingPart(_ accounts: Int) -> String {
    switch accounts {
    case 0: ""
    case 1: "; what silence would change of 1 account waits"
    default: "; what silence would change of \(PlainWords.grouped(Int64(accounts))) accounts waits"
    }
  }

  private mutating func report(
    _ kind: StallTransition.Kind, _ row: StallRow, _ cause: StallCause, at: Instant, from: Instant, reason: String
  ) {
    pending.stalls.append(
      StallTransition(
        kind: kind, stall: row, cause: cause, lines: kind == .heldLongest ? 0 : lineCount, clock: now, at: at,
        from: from,
        sourceName: sources[row.source].name, watermark: sources[row.source].row.watermark, reason: reason))
  }

  /// Lines of all sources that have been applied, since the store was made.
  var lineCount: Int64 { sources.reduce(Int64(0)) { $0 + $1.row.lines } }

  private mutating func release(_ source: Int) {
    for (account, instant) in stalls.release(source) { queue.set(account, instant) }
  }

  /// The clock has come to the end of a source's `max_hold`.
  mutating func releaseHeldLongest(_ source: Int) {
    release(source)
    guard let row = stalls.row(of: source) else { return }
    report(
      .heldLongest, row, .silence, at: now, from: now, reason: "\(sources[source].name) was waited for long enough")
  }

  /// Before a line of a source counts: what its watermark passes no longer waits.
  mutating func raiseBound(of source: Int, to instant: Int64) {
    for (account, deadline) in stalls.raise(source, to: instant) { queue.set(account, deadline) }
  }

  /// Notes that a watched source delivered a line of an account.
  @inline(__always)
  func noteDelivery(_ account: AccountID, _ source: Int, _ hour: Int32) {
    guard let place = sources[source].guardPlace else { return }
    let latest = delivered.pointer(Int(account) * guardedCount + place)
    if hour > latest.pointee { latest.pointee = hour }
  }

  // MARK: An account's own time

  /// The instant an account has come to: the clock, unless it waits.
  func time(of account: AccountID) -> Instant { min(now, Instant(milliseconds: stalls.limit(of: account))) }

  /// The tile an account has come to.
  @inline(__always)
  func clockHour(of account: AccountID) -> Int32 {
    stalls.holding && !stalls.isApart ? time(of: account).tile.hour : now.tile.hour
  }

  /// The local day an account has come to.
  @inline(__always)
  func today(of account: AccountID) -> LocalDay {
    stalls.holding && !stalls.isApart ? lastDay(time(of: account).tile.hour) : daySteps.today
  }

  /// Evaluates an account after one of its lines.
  @inline(__always)
  mutating func evaluateLine(_ account: AccountID, _ trigger: Trigger) {
    if stalls.holding { evaluateApart(account, trigger) } else { evaluate(account, trigger) }
  }

  @inline(never)
  private mutating func evaluateApart(_ account: AccountID, _ trigger: Trigger) {
    let (clock, time) = (now, time(of: account))
    // Whatever waited, perhaps for an instant that the clock has not come to, was of the state before the line.
    stalls.forget(account)
    guard time < clock else { return evaluate(account, trigger) }
    stalls.stamp = clock
    enter(time)
    evaluate(account, trigger)
    leave(to: clock)
  }

  /// Fires a deadline that lies behind the clock because it had to wait.
  mutating func fireLate(_ account: AccountID, at instant: Int64) {
    let clock = now
    enter(Instant(milliseconds: instant))
    usage.expire(account, clockHour: now.tile.hour)
    if !sums.isEmpty { expireSums(account) }
    evaluate(account, .deadline)
    leave(to: clock)
  }

  mutating func enter(_ time: Instant) {
    stalls.isApart = true
    now = time
    daySteps.move(to: now.tile)
  }

  mutating func leave(to clock: Instant) {
    stalls.isApart = false
    stalls.stamp = nil
    now = clock
    daySteps.move(to: now.tile)
  }

  // MARK: Keeping it

  /// Takes over the stalls as they were stored. Before facts, whose windows depend on them.
  mutating func restoreStalls(_ rows: [StallRow]) {
    for row in rows where row.source < sources.count {
      sources[row.source].episode = row.episode
      if row.isOpen { stalls.begin(row, watermark: sources[row.source].watermark ?? .min) }
    }
  }

  /// Ends stalls of sources that are not watched any more: nobody would.
  mutating func retireUnwatched() {
    for row in stalls.rows where sources[row.source].maxHold == nil { endStall(row.source, .retired, at: now) }
  }

  /// Which sources delivered an account's lines, and when last.
  func encodeDelivered(_ account: AccountID, _ out: inout ByteWriter) {
    let found = sources.indices.filter { source in
      sources[source].guardPlace.map { delivered[Int(account) * guardedCount + $0] != .min } ?? false
    }
    out.write(unsigned: UInt64(found.count))
    for source in found {
      out.write(unsigned: UInt64(source))
      out.write(delivered[Int(account) * guardedCount + (sources[source].guardPlace ?? 0)])
    }
  }

  static func decodeDelivered(_ input: inout ByteReader) -> [(source: Int, hour: Int32)] {
    (0..<input.count()).map { _ in (Int(truncatingIfNeeded: input.unsigned()), input.narrow()) }
  }

  func restoreDelivered(_ entries: [(source: Int, hour: Int32)], _ account: AccountID) {
    for (source, hour) in entries where sources.indices.contains(source) {
      if let place = sources[source].guardPlace { delivered[Int(account) * guardedCount + place] = hour }
    }
  }
}
