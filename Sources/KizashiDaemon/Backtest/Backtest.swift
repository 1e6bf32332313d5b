import KizashiConfig
import KizashiCore
import KizashiStore

/// What the new config is compared with.
package enum BacktestBaseline: Sendable {
  /// The config the store's numbers were last computed under.
  case stored
  case configuration(Configuration)
  case none

  /// What it turned out to be.
  package enum Kind: String, Sendable {
    /// The store's own config.
    case stored
    /// A file.
    case file
    /// Nothing was asked for.
    case none
    /// It decides the same numbers as the new one.
    case same
    /// The stored text cannot be read by this version.
    case unreadable
  }
}

/// What a backtest is asked to do.
package struct BacktestRequest: Sendable {
  package var configuration: Configuration
  package var baseline = BacktestBaseline.stored
  package var storePath: String
  /// Nil: from the first hour, and to the store's clock.
  package var from: Instant?
  package var to: Instant?
  package var horizonMilliseconds: Int64 = 180 * 86_400_000
  package var leadMilliseconds: Int64 = 30 * 86_400_000
  package var churn = ChurnDefinition.event("contract.cancelled")
  /// Names of the rules whose alerts count in the totals; nil: all but those of severity `opportunity`.
  package var rules: Set<String>?
  /// Whether episodes are listed.
  package var listsEpisodes = false

  /// A backtest of a config over the store at `storePath`, against the store's own config.
  package init(configuration: Configuration, storePath: String) {
    self.configuration = configuration
    self.storePath = storePath
  }
}

/// How far a backtest is.
package struct BacktestProgress: Sendable {
  /// Hours of the history, gone through and in all.
  package var hours: Int64
  package var totalHours: Int64
  package var events: Int64
  package var elapsedMilliseconds: Int64
}

/// A config over the stored history: what would have fired, against what did and against churn. Nothing is written.
package enum Backtest {
  /// Goes through one snapshot, also beside a running daemon.
  package static func run(
    _ request: BacktestRequest, clock: WallClock = .system,
    progress: @escaping @Sendable (BacktestProgress) -> Void = { _ in }
  ) throws(DaemonError) -> BacktestReport {
    let started = clock.now().milliseconds
    let pass = BacktestPass(request) { hours, total, events in
      progress(
        BacktestProgress(
          hours: hours, totalHours: total, events: events,
          elapsedMilliseconds: clock.now().milliseconds - started))
    }
    do {
      try StoredHistory.read(path: request.storePath, begin: pass.begin, visit: pass.visit)
      var report = try pass.report()
      report.elapsedMilliseconds = clock.now().milliseconds - started
      return report
    } catch {
      throw DaemonError(error)
    }
  }
}

/// One way through the history.
private final class BacktestPass {
  private let request: BacktestRequest
  private let progress: (Int64, Int64, Int64) -> Void
  private var history: StoredHistory?
  private var maker: HistoryBatch?
  private var stays: Stays?
  private var new: BacktestSide?
  private var old: BacktestSide?
  private var baseline = BacktestBaseline.Kind.none
  private var period: ClosedRange<Int64> = 0...0
  private var isPast = false
  private var hours: ClosedRange<Int32> = 0...0
  private var facts: Int64 = 0
  private var events: Int64 = 0
  private var records: Int64 = 0

  init(_ request: BacktestRequest, progress: @escaping (Int64, Int64, Int64) -> Void) {
    self.request = request
    self.progress = progress
  }

  func begin(_ history: StoredHistory) throws {
    self.history = history
    guard let now = history.now, now.milliseconds != .min, let firstHour = history.firstHour else { return }
    let first = Tile(hour: firstHour).start.milliseconds
    hours = min(firstHour, now.tile.hour)...now.tile.hour
    let to = min(request.to?.milliseconds ?? .max, now.milliseconds)
    let from = max(request.from?.milliseconds ?? .min, first)
    guard from <= to else { return }
    period = from...to
    maker = HistoryBatch(history)
    var numbers: [String: AccountID] = [:]
    if case .list = request.churn {
      for number in history.accounts.ends.indices {
        numbers[history.accounts.text(AccountID(number))] = AccountID(number)
      }
    }
    var usageEvents: Set<EventNameID> = []
    if case .event(let name) = request.churn {
      // Whatever filters it matched.
      usageEvents = Set(
        history.eventNames.ends.indices.map { EventNameID($0) }
          .filter { EventVariant(name: history.eventNames.text($0)).event == name })
    }
    stays = Stays(request.churn, accounts: numbers, count: history.accounts.ends.count, usageEvents: usageEvents)
    new = try BacktestSide(request.configuration, history, period: period)
    if let other = other(history) {
      if other.fingerprint == request.configuration.fingerprint {
        baseline = .same
      } else {
        old = try BacktestSide(other, history, period: period)
      }
    }
  }

  private func other(_ history: StoredHistory) -> Configuration? {
    switch request.baseline {
    case .none: return nil
    case .configuration(let configuration):
      baseline = .file
      return configuration
    case .stored:
      guard let stored = history.config else { return nil }
      let read = try? Configuration.parse(text: stored.text, file: "the store's config", directory: "")
      baseline = read == nil ? .unreadable : .stored
      return read
    }
  }

  private var sides: [BacktestSide] { [new, old].compactMap { $0 } }

  func visit(_ hour: HistoryHour) throws {
    guard let maker, stays != nil else { return }
    let start = Tile(hour: hour.hour).start.milliseconds
    stays?.settle(before: start)
    if start > period.upperBound {
      finishSides()
    } else if let stays {
      for side in sides { side.endDays(before: hour.hour, stays) }
    }
    stays?.take(hour)
    guard start <= period.upperBound else { return }
    var batch = maker.batch(hour, through: period.upperBound, wanted: sides.first?.wanted ?? WantedProperties())
    for side in sides {
      if side.wanted != batch.wanted {
        batch = maker.batch(hour, through: period.upperBound, wanted: side.wanted)
      }
      side.apply(batch)
    }
    facts += Int64(hour.facts.count)
    records += Int64(hour.records.count)
    events += hour.facts.reduce(0) { $0 + $1.events }
    progress(Int64(hour.hour - hours.lowerBound), Int64(hours.count), events)
  }

  private func finishSides() {
    guard !isPast, let stays else { return }
    isPast = true
    for side in sides { side.finish(stays) }
  }

  func report() throws -> BacktestReport {
    guard let history, let now = history.now, let firstHour = history.firstHour else {
      throw DaemonError(
        .unavailable, "there is no history in \(request.storePath): `kizashi run` and `kizashi replay` fill a store")
    }
    guard let new, stays != nil else {
      throw DaemonError(
        .usage,
        "the time asked for has no history: the store's goes from \(InstantText.text(Tile(hour: firstHour).start)) to \(InstantText.text(now))"
      )
    }
    stays?.settle(before: now.milliseconds + 1)
    finishSides()
    stays?.finish()
    let terms = BacktestTerms(
      from: period.lowerBound, to: period.upperBound, end: now.milliseconds, horizon: request.horizonMilliseconds,
      lead: request.leadMilliseconds)
    let judge = AlertJudge(terms: terms, stays: stays?.stays ?? [])
    let base = BacktestBase(judge)
    let summary = BacktestSummary(request: request, history: history, judge: judge, base: base, new: new, old: old)
    var report = BacktestReport(
      from: Instant(milliseconds: terms.from), to: Instant(milliseconds: terms.to), first: Tile(hour: firstHour).start,
      now: now, horizon: terms.horizon, lead: terms.lead, churn: request.churn, base: base, new: summary.side(new),
      old: old.map(summary.side), baseline: baseline, rules: summary.rules(),
      episodes: request.listsEpisodes ? summary.episodes() : [])
    (report.facts, report.events, report.records) = (facts, events, records)
    report.unmatched = stays?.unmatched ?? 0
    report.accounts = Int64(
      Set(judge.stays.filter { $0.to > max($0.from, terms.from) && $0.from <= terms.to }.map(\.account)).count)
    return report
  }
}
