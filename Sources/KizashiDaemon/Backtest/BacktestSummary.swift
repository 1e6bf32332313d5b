import KizashiCore
import KizashiStore

/// Makes the report of what the sides have gathered.
struct BacktestSummary {
  let request: BacktestRequest
  let history: StoredHistory
  let judge: AlertJudge
  let base: BacktestBase
  let new: BacktestSide
  let old: BacktestSide?

  private var terms: BacktestTerms { judge.terms }

  /// Whether alerts of a rule are among the totals.
  private func counts(_ rule: Rule) -> Bool { request.rules?.contains(rule.name) ?? (rule.severity != "opportunity") }

  func side(_ side: BacktestSide) -> BacktestReport.Side {
    let rules = side.configuration.model.rules
    return BacktestReport.Side(
      fingerprint: side.configuration.fingerprint, total: figures(side) { counts(rules[$0.rule]) }, bands: side.bands,
      unread: side.unread, months: side.months.map { ($0.month, $0.days) })
  }

  private func figures(_ side: BacktestSide, _ counts: (BacktestEpisode) -> Bool) -> BacktestFigures {
    BacktestFigures(side.episodes.filter(counts).map { ($0.account, $0.at) }, judge, base)
  }

  func rules() -> [BacktestReport.RuleRow] {
    let newRules = new.configuration.model.rules
    let oldRules = old?.configuration.model.rules ?? []
    var names: [String] = []
    for name in newRules.map(\.name) + oldRules.map(\.name) + storedInPeriod.map(\.rule) where !names.contains(name) {
      names.append(name)
    }
    let comparing = Comparing(new, stored: history.episodes)
    return names.map { name in
      let newIndex = newRules.firstIndex { $0.name == name }
      let oldIndex = oldRules.firstIndex { $0.name == name }
      let rule = newIndex.map { newRules[$0] } ?? oldIndex.map { oldRules[$0] }
      return BacktestReport.RuleRow(
        rule: name, severity: rule?.severity, counts: rule.map(counts) ?? false,
        new: newIndex.map { index in figures(new) { $0.rule == index } },
        old: oldIndex.flatMap { index in old.map { figures($0) { $0.rule == index } } },
        comparison: comparing.compare(rule: newIndex, named: name, in: terms.from...terms.to))
    }
  }

  private var storedInPeriod: [StoredEpisode] {
    history.episodes.filter { (terms.from...terms.to).contains($0.at.milliseconds) }
  }

  /// All of the period, and those before it that come within the horizon of one of its churns, because recall counts them;
  /// where rules were picked, only theirs.
  func episodes() -> [BacktestReport.Episode] {
    let comparing = Comparing(new, stored: history.episodes)
    let rules = new.configuration.model.rules
    var found: [BacktestReport.Episode] = new.episodes.filter(isListed).map { episode in
      let name = rules[episode.rule].name
      return row(
        name, episode.account, episode.at, episode.resolved,
        comparing.isStored(name, episode) ? .both : .onlyNew)
    }
    for stored in storedInPeriod where !comparing.isNew(stored) {
      found.append(
        row(
          stored.rule, stored.account, stored.at.milliseconds, stored.resolved?.milliseconds ?? .max, .onlyStored))
    }
    return found.filter { request.rules?.contains($0.rule) ?? true }.sorted {
      ($0.at, $0.account, $0.rule) < ($1.at, $1.account, $1.rule)
    }
  }

  private func isListed(_ episode: BacktestEpisode) -> Bool {
    if (terms.from...terms.to).contains(episode.at) { return true }
    let judged = judge.judge(episode.account, at: episode.at)
    guard episode.at < terms.from, judged.outcome == .hit, let stay = judged.stay else { return false }
    return (terms.from...terms.to).contains(judge.stays[stay].to)
  }

  private func row(
    _ rule: String, _ account: AccountID, _ at: Int64, _ resolved: Int64, _ seen: BacktestReport.Episode.Seen
  ) -> BacktestReport.Episode {
    let judged = judge.judge(account, at: at)
    let churned = judged.outcome == .hit ? judged.stay.map { Instant(milliseconds: judge.stays[$0].to) } : nil
    return BacktestReport.Episode(
      rule: rule, account: history.accounts.text(account), at: Instant(milliseconds: at),
      resolved: resolved == .max ? nil : Instant(milliseconds: resolved), seen: seen, outcome: judged.outcome,
      churned: churned)
  }
}

/// Finds episodes of the same rule and account that were open at the same time.
struct Comparing {
  private struct Key: Hashable {
    var rule: String
    var account: AccountID
  }
  private var new: [Key: [ClosedRange<Int64>]] = [:]
  private var stored: [Key: [ClosedRange<Int64>]] = [:]
  private let newEpisodes: [BacktestEpisode]
  private let storedEpisodes: [StoredEpisode]

  init(_ side: BacktestSide, stored episodes: [StoredEpisode]) {
    newEpisodes = side.episodes
    storedEpisodes = episodes
    let rules = side.configuration.model.rules
    for episode in side.episodes {
      new[Key(rule: rules[episode.rule].name, account: episode.account), default: []].append(Comparing.span(episode))
    }
    for episode in episodes {
      stored[Key(rule: episode.rule, account: episode.account), default: []].append(Comparing.span(episode))
    }
  }

  private static func span(_ episode: BacktestEpisode) -> ClosedRange<Int64> {
    episode.at...max(episode.at, episode.resolved)
  }

  private static func span(_ episode: StoredEpisode) -> ClosedRange<Int64> {
    let at = episode.at.milliseconds
    return at...max(at, episode.resolved?.milliseconds ?? .max)
  }

  /// Whether a stored episode was open together with one of the new config.
  func isStored(_ rule: String, _ episode: BacktestEpisode) -> Bool {
    stored[Key(rule: rule, account: episode.account)]?.contains { $0.overlaps(Comparing.span(episode)) } ?? false
  }

  /// Whether one of the new config was open together with a stored one.
  func isNew(_ episode: StoredEpisode) -> Bool {
    new[Key(rule: episode.rule, account: episode.account)]?.contains { $0.overlaps(Comparing.span(episode)) } ?? false
  }

  /// - Parameter rule: the new config's number of it; nil: it has none.
  func compare(rule: Int?, named name: String, in period: ClosedRange<Int64>) -> BacktestReport.Comparison {
    var comparison = BacktestReport.Comparison()
    for episode in newEpisodes where episode.rule == rule && period.contains(episode.at) {
      if isStored(name, episode) { comparison.both += 1 } else { comparison.onlyNew += 1 }
    }
    for episode in storedEpisodes where episode.rule == name && period.contains(episode.at.milliseconds) {
      comparison.stored += 1
      if !isNew(episode) { comparison.onlyStored += 1 }
    }
    return comparison
  }
}
