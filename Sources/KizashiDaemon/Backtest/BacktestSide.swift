import KizashiConfig
import KizashiCore
import KizashiStore

/// An episode that a config would have opened.
struct BacktestEpisode: Sendable, Equatable {
  /// Index into the config's rules.
  var rule: Int
  var account: AccountID
  /// Milliseconds.
  var at: Int64
  /// Milliseconds; `.max`: it was still firing at the end.
  var resolved = Int64.max
}

/// How many account-days a config's bands had in a month.
struct BandMonth: Sendable, Equatable {
  /// `2026-05`.
  var month: String
  /// In the order of the model's bands, worst first as it has them, then `unknown`.
  var days: [Int64]
}

/// One config on its way through the history.
final class BacktestSide {
  let configuration: Configuration
  private(set) var episodes: [BacktestEpisode] = []
  private(set) var months: [BandMonth] = []
  /// The model's bands and `unknown`.
  let bands: [String]
  /// What the config asks for and the store has not read in all of the period.
  let unread: [BacktestReport.Unread]

  private var engine: Engine
  private let bandNumbers: [String: Int]
  private let calendar: BusinessCalendar
  /// Days that end in here count, milliseconds.
  private let period: ClosedRange<Int64>
  /// The local day that has not ended yet; nil: no hour came yet.
  private var day: LocalDay?
  /// Per account: its band at the end of the last day; -1: none yet.
  private var bandOf: [Int16]
  /// Open episodes by rule and account: their place.
  private var open: [UInt64: Int] = [:]

  /// An engine that knows the store's names by the store's numbers and nothing else.
  init(_ configuration: Configuration, _ history: StoredHistory, period: ClosedRange<Int64>) throws {
    self.configuration = configuration
    self.period = period
    calendar = configuration.model.calendar
    bands = configuration.model.bands.bands.map(\.name) + ["unknown"]
    bandNumbers = Dictionary(bands.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    bandOf = Array(repeating: -1, count: history.accounts.ends.count)
    engine = Engine(model: configuration.model, configVersion: 0, sources: [SourceModel(name: "history")], seed: 0)
    // What nobody read when the lines came is missing, and not nothing.
    let asked = configuration.model.filters.map { filter in
      BacktestReport.Unread(
        property: filter.property, value: filter.value,
        since: history.filterStarts.first { $0.filter == filter }?.since)
    }
    let added = configuration.model.summed.map { property in
      BacktestReport.Unread(
        property: property, since: history.sumStarts.first { $0.property == property }?.since)
    }
    // Windows reach back behind the period.
    let oldest = period.lowerBound - Int64(configuration.model.factHorizonHours) * Tile.length
    unread = (asked + added).filter { $0.since.map { $0.milliseconds > oldest } ?? true }
    let now = history.now ?? Instant(milliseconds: .min)
    let filterStarts = asked.map {
      FilterStart(filter: PropertyFilter(property: $0.property, value: $0.value ?? ""), since: $0.since ?? now)
    }
    let sumStarts = added.map { SumStart(property: $0.property, since: $0.since ?? now) }
    try engine.restore(
      Restored(
        now: Instant(milliseconds: .min), accounts: StoredRows([history.accounts]), eventNames: history.eventNames,
        users: StoredRows([history.users]), facts: StoredRows([]), records: StoredRows([]), fingerprints: [],
        accountRows: StoredRows([]), sources: [],
        lastChangeSequence: 0, lastRecordSequence: 0, filterStarts: filterStarts, sumStarts: sumStarts),
      mode: .recompute)
  }

  /// Ends the local days before an hour. `stays` must know all before that hour.
  func endDays(before hour: Int32, _ stays: borrowing Stays) {
    let next = calendar.day(of: Tile(hour: hour))
    guard let first = day else {
      day = next
      return
    }
    var today = first
    while today < next {
      let end = calendar.firstTile(of: LocalDay(number: today.number + 1)).start.milliseconds - 1
      engine.advance(to: Instant(milliseconds: end))
      collect()
      if period.contains(end) { count(today, endingAt: end, stays) }
      today = LocalDay(number: today.number + 1)
    }
    day = next
  }

  /// What of properties rows must carry.
  var wanted: WantedProperties { engine.wanted }

  /// Applies rows of one hour whose earlier days have ended.
  func apply(_ batch: borrowing EventBatch) { engine.apply(batch) }

  /// Moves the clock to the end of the period.
  func finish(_ stays: borrowing Stays) {
    let end = Instant(milliseconds: period.upperBound)
    if day != nil { endDays(before: end.advanced(by: 1).tile.hour, stays) }
    engine.settle(at: end)
    collect()
  }

  /// Takes out what the engine has gathered, so that it gathers no more than a day.
  private func collect() {
    let commit = engine.drain()
    for row in commit.accountRows {
      if let number = row.band.flatMap({ bandNumbers[$0] }) { bandOf[Int(row.account)] = Int16(number) }
    }
    for alert in commit.alerts {
      guard let rule = alert.rule else { continue }
      let key = UInt64(rule) << 32 | UInt64(alert.account)
      switch alert.state {
      case .firing:
        open[key] = episodes.count
        episodes.append(BacktestEpisode(rule: rule, account: alert.account, at: alert.at.milliseconds))
      case .resolved, .retracted:
        if let index = open.removeValue(forKey: key) { episodes[index].resolved = alert.at.milliseconds }
      }
    }
  }

  private func count(_ day: LocalDay, endingAt end: Int64, _ stays: borrowing Stays) {
    let month = String(InstantText.text(InstantText.civil(days: Int64(day.number))).prefix(7))
    if months.last?.month != month { months.append(BandMonth(month: month, days: bands.map { _ in 0 })) }
    for account in bandOf.indices where bandOf[account] >= 0 && stays.isCustomer(AccountID(account), at: end) {
      months[months.count - 1].days[Int(bandOf[account])] += 1
    }
  }
}
