import KizashiCore

/// The specification of `semantics.md` written down as slowly and plainly as possible, to compare the engine with.
///
/// Nothing is incremental: every evaluation recomputes every metric from the raw lines. Only what the specification
/// itself defines as history is kept (journal, how long a bound has been lost, rule states, past scores). Deadlines are
/// not computed but tried: every account is looked at in every hour of the clock's way, and at each instant a rule, a
/// band or a held grade names. An instant at which no grade, score, band or rule changed leaves no trace.
///
/// Where the specification leaves room, the model follows these decisions:
/// - Group lines and reserved events are events of their account: it is evaluated after them. An `identify` line that names
///   an account makes it known, and evaluates it where a rule asks for a trait it tells and the account has been before.
/// - A heartbeat moves its source's watermark and nothing else.
/// - A refused or duplicate line moves nothing. Refusals are checked in the order bad_type (a count above 2⁴⁰, an amount
///   beyond 64 bits), future,
///   expired, late, id_conflict, too_many, against the source's watermark before the line.
/// - Ids are compared only if both instants are within the dedup horizon of the arriving line's source, and the
///   remembered one is within that of its own source too. One line of the same content makes a duplicate, also beside
///   one of another.
/// - Rule entries carry lines relative to the base before the evaluation's own entries and do not move the base.
/// - A `score` entry is written only at an evaluation that moved the score: one that the day's limit denied waits for
///   the next move, so that the journal does not show which instants happened to be looked at.
/// - A rule that resolves while its condition holds and has no cooldown opens again in the same evaluation.
/// - Stalled sources: see `ReferenceStalls.swift`.
package struct ReferenceModel {
  package let model: Model
  package let sources: [SourceModel]
  /// In order of first appearance.
  package internal(set) var accounts: [ReferenceAccount] = []
  /// By source.
  package private(set) var counters: [ReferenceCounters]
  /// Milliseconds; nil before the first accepted line.
  package internal(set) var clock: Int64?
  /// Clocks an advance was told that lie before the last instant that changed anything, or beyond the advance's end.
  package private(set) var impossibleClocks: [(told: Int64, least: Int64, most: Int64)] = []
  /// Look at every hour; false: only at hours in which a tile leaves a window or a local day begins. Same results.
  package var looksAtEveryHour = true

  /// The sources that are stalled.
  var stalls: [ReferenceStall] = []
  /// What became of stalls, one line each.
  package internal(set) var stallLog: [String] = []
  /// By source: the latest hour of each account's lines.
  var delivered: [Int: [String: Int64]] = [:]
  private var remembered: [ReferenceEvent] = []
  private var eventNames: Set<String> = []
  let context: ReferenceContext

  /// A model that has seen nothing.
  /// - Parameters:
  ///   - filterStarts: Since when filters have been looked for; others always have been.
  ///   - sumStarts: Since when properties have been added up; others always have been.
  package init(
    model: Model, sources: [SourceModel], filterStarts: [FilterStart] = [], sumStarts: [SumStart] = []
  ) {
    self.model = model
    self.sources = sources
    counters = sources.map { _ in ReferenceCounters() }
    context = ReferenceContext(model: model, filterStarts: filterStarts, sumStarts: sumStarts)
  }

  /// Feeds one input.
  package mutating func apply(_ input: ReferenceInput) {
    switch input {
    case .event(let event): apply(event)
    case .advance(let instant, let engineClock):
      guard let old = clock, instant > old else { return }
      let lastChange = fireDeadlines(through: instant)
      let least = max(lastChange ?? old, old)
      let new = engineClock ?? least
      if new < least || new > instant { impossibleClocks.append((new, least, instant)) }
      clock = max(least, min(new, instant))
      for index in accounts.indices { accounts[index].rewind(to: max(least, min(new, instant)), context: context) }
      noteWhereAccountsAre()
    case .stall(let source, let at, let from): beginStall(source, at: at, from: from, isAwaited: false)
    case .waitFor(let source, let at, let from): beginStall(source, at: at, from: from, isAwaited: true)
    case .endStall(let source, let at): endStall(source, at: at)
    case .settle(let instant):
      if let old = clock, instant <= old { return }
      _ = fireDeadlines(through: instant)
      clock = instant
      noteWhereAccountsAre()
    }
  }

  private mutating func apply(_ event: ReferenceEvent) {
    counters[event.source].lines += 1
    switch verdict(on: event) {
    case .refused(let reason):
      counters[event.source].refused[reason, default: 0] += 1
      return
    case .duplicate:
      counters[event.source].duplicates += 1
      return
    case .accepted: break
    }
    var event = event
    event.matched = context.filters.filter { event.matches($0) }.sorted()
    // Deadlines that its source's watermark passes do not wait any more, and come before the line.
    counters[event.source].watermark = max(counters[event.source].watermark ?? event.at, event.at)
    if event.kind == .heartbeat {
      if let clock { _ = fireDeadlines(through: clock) }
      noteWhereAccountsAre()
      count(event)
      return
    }
    let now = max(clock ?? event.at, event.at)
    _ = fireDeadlines(through: now)
    clock = now
    noteWhereAccountsAre()
    count(event)
    guard let name = event.account else { return }
    let number = accounts.firstIndex { $0.name == name } ?? accounts.count
    if number == accounts.count { accounts.append(ReferenceAccount(name: name, context: context)) }
    if event.kind == .identify {
      accounts[number].identify(event, at: now, time: min(now, limit(of: name)), context: context)
      return
    }
    let hour = max(delivered[event.source]?[name] ?? event.hour, event.hour)
    delivered[event.source, default: [:]][name] = hour
    let time = min(now, limit(of: name))
    accounts[number].lookedTo = time
    accounts[number].receive(event, at: now, time: time, context: context)
  }

  // MARK: - Which lines count

  private enum Verdict {
    case accepted, duplicate
    case refused(RefusalReason)
  }

  private func verdict(on event: ReferenceEvent) -> Verdict {
    if event.kind == .usage, context.summed.contains(where: { event.amount(of: $0)?.isTooLarge ?? false }) {
      return .refused(.badType)
    }
    if event.count > 1 << 40 && event.kind != .heartbeat { return .refused(.badType) }
    if event.at > event.latestAcceptable { return .refused(.future) }
    if let watermark = counters[event.source].watermark {
      if let retention = model.limits.retentionMilliseconds, event.at < watermark - retention {
        return .refused(.expired)
      }
      if let lateness = sources[event.source].allowedLatenessMilliseconds, event.at < watermark - lateness {
        return .refused(.late)
      }
    }
    if event.id != nil, isWithinDedupHorizon(event.at, of: event.source) {
      let known = remembered.filter { old in
        old.id == event.id && isWithinDedupHorizon(old.at, of: event.source)
          && isWithinDedupHorizon(old.at, of: old.source)
      }
      if known.contains(where: { $0.sameContent(as: event) }) { return .duplicate }
      if !known.isEmpty { return .refused(.idConflict) }
    }
    if let account = event.account, !accounts.contains(where: { $0.name == account }),
      accounts.count >= model.limits.accounts
    {
      return .refused(.tooMany)
    }
    if event.kind == .usage, !eventNames.contains(event.event), eventNames.count >= model.limits.features {
      return .refused(.tooMany)
    }
    return .accepted
  }

  private func isWithinDedupHorizon(_ instant: Int64, of source: Int) -> Bool {
    guard let watermark = counters[source].watermark else { return true }
    return instant >= watermark - model.limits.dedupHorizonMilliseconds
  }

  private mutating func count(_ event: ReferenceEvent) {
    let deduplicated = event.id != nil && isWithinDedupHorizon(event.at, of: event.source)
    if deduplicated { remembered.append(event) }
    if event.kind == .usage { eventNames.insert(event.event) }
    counters[event.source].accepted += 1
    if event.kind != .heartbeat {
      counters[event.source].events += event.count
      if !deduplicated { counters[event.source].undeduplicated += 1 }
    }
    counters[event.source].watermark = max(counters[event.source].watermark ?? event.at, event.at)
  }
}

/// What became of a source's lines.
package struct ReferenceCounters: Equatable, Sendable {
  package var lines: Int64 = 0
  /// Accepted lines.
  package var accepted: Int64 = 0
  /// The events they stand for.
  package var events: Int64 = 0
  package var duplicates: Int64 = 0
  /// Accepted lines that could not be compared by id.
  package var undeduplicated: Int64 = 0
  package var refused: [RefusalReason: Int64] = [:]
  /// Highest accepted instant.
  package var watermark: Int64?
}
