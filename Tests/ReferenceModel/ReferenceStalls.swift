import KizashiCore

/// A source that delivers nothing.
struct ReferenceStall {
  var source: Int
  /// Nobody has been told of it.
  var isAwaited: Bool
  /// The accounts that wait for it, by name.
  var members: Set<String>
  /// The clock when it began.
  var began: Int64
  /// When they have waited for long enough; nil: they do not wait any more.
  var until: Int64?
}

/// Which deadlines wait, and when they fire:
/// - Who waits is settled when a stall begins: the accounts of which the source delivered a line within 90 days (by tiles)
///   before its watermark.
/// - An account that waits is looked at up to the earliest of its stalled sources' bounds: the clock at the beginning of the
///   stall, or the source's watermark where that is later. Its lines are looked at as of that time and told at the clock.
/// - What fires late is told at its own instant.
extension ReferenceModel {
  /// Up to where an account may be looked at.
  func limit(of account: String) -> Int64 {
    stalls.filter { $0.until != nil && $0.members.contains(account) }
      .map { max($0.began, counters[$0.source].watermark ?? .min) }.min() ?? .max
  }

  mutating func beginStall(_ source: Int, at: Int64, from: Int64, isAwaited: Bool) {
    guard sources[source].stallAfterMilliseconds != nil else { return }
    let maxHold = sources[source].maxHoldMilliseconds
    if !isAwaited { stalls.removeAll { $0.source == source && $0.isAwaited && $0.until == nil } }
    if let index = stalls.firstIndex(where: { $0.source == source }) {
      guard stalls[index].isAwaited, !isAwaited else { return }
      stalls[index].isAwaited = false
      // It counts from now on.
      stalls[index].until = min(
        max(from, clock ?? .min) + maxHold, stalls[index].began + maxHold + 48 * hourLength)
      stallLog.append(
        "stalled \(source) at \(at) clock \(clock ?? .min) accounts \(stalls[index].members.count)")
      return
    }
    var members: Set<String> = []
    if let watermark = counters[source].watermark {
      let oldest = floorDivide(watermark - 90 * 24 * hourLength, hourLength)
      members = Set((delivered[source] ?? [:]).filter { $0.value >= oldest }.map(\.key))
    }
    if isAwaited && members.isEmpty { return }
    let began = clock ?? .min
    // No longer than two days beyond it in which the clock stood still.
    let until = members.isEmpty ? nil : min(max(from, began) + maxHold, began + maxHold + 48 * hourLength)
    stalls.append(ReferenceStall(source: source, isAwaited: isAwaited, members: members, began: began, until: until))
    stallLog.append(
      "\(isAwaited ? "awaited" : "stalled") \(source) at \(at) clock \(began) accounts \(members.count)")
  }

  mutating func endStall(_ source: Int, at: Int64) {
    guard stalls.contains(where: { $0.source == source }) else { return }
    stalls.removeAll { $0.source == source }
    stallLog.append("ended \(source) at \(at) clock \(clock ?? .min)")
    guard let clock else { return }
    _ = fireDeadlines(through: clock)
    noteWhereAccountsAre()
  }

  /// Fires everything due up to an instant; the last instant at which something changed or a wait was over.
  mutating func fireDeadlines(through end: Int64) -> Int64? {
    guard clock != nil else { return nil }
    var lastChange: Int64?
    while let over = stalls.filter({ ($0.until ?? .max) <= end }).min(by: {
      ($0.until ?? .max, $0.source) < ($1.until ?? .max, $1.source)
    }) {
      _ = look(through: over.until ?? end)
      lastChange = over.until
      for index in stalls.indices where stalls[index].source == over.source { stalls[index].until = nil }
      stallLog.append("held longest \(over.source) clock \(over.until ?? end)")
    }
    let changed = look(through: end)
    return lastChange.map { max($0, changed ?? $0) } ?? changed
  }

  /// Looks at every account up to an instant, as far as it does not wait, in order of (instant, account).
  private mutating func look(through end: Int64) -> Int64? {
    var lastChange: Int64?
    while true {
      var next: (instant: Int64, index: Int)?
      for index in accounts.indices where accounts[index].reading != nil {
        let account = accounts[index]
        let candidate = account.nextCandidate(after: account.lookedTo, context: context, everyHour: looksAtEveryHour)
        guard candidate <= min(end, limit(of: account.name)), candidate < next?.instant ?? .max else { continue }
        next = (candidate, index)
      }
      guard let (instant, index) = next else { break }
      accounts[index].lookedTo = instant
      if accounts[index].evaluate(at: instant, trigger: .deadline, context: context) {
        lastChange = max(lastChange ?? instant, instant)
      }
    }
    for index in accounts.indices {
      accounts[index].lookedTo = max(accounts[index].lookedTo, min(end, limit(of: accounts[index].name)))
    }
    return lastChange
  }

  /// Whoever does not wait has come to the clock, and no further.
  mutating func noteWhereAccountsAre() {
    guard let clock else { return }
    for index in accounts.indices { accounts[index].lookedTo = min(clock, limit(of: accounts[index].name)) }
  }
}
