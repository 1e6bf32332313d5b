import KizashiConfig
import KizashiCore
import KizashiStore

/// Whether a story is as expected, and what happened instead where not.
package struct Verdict: Sendable {
  package var expectation: Expectation
  package var passed: Bool
  /// The nearest that did happen first; empty where it passed.
  package var instead: [Instead] = []

  /// Something that did happen.
  package enum Instead: Sendable {
    /// An alert, and in what it differs from the one expected.
    case episode(Story.Episode, [Miss])
    case change(JournalEntry, [Miss])
    /// So many alerts, where another number was expected.
    case count(Int)
    /// The rule waited for its `for:` from then on, and no longer.
    case pending(JournalEntry)
    /// The account's score and band at an instant; nil: nothing had happened to it yet.
    case state(Story.State?, at: Instant)
    case measure(Explanation.MeasureState?, at: Instant)
    /// Nothing of the kind in the whole story: how the account fared.
    case course([Story.State])
  }

  /// How something that happened differs from what was expected.
  package enum Miss: Sendable, Equatable {
    /// Milliseconds too early; at its opening, or when a change came.
    case early(Int64)
    case late(Int64)
    case stillOpen
    /// It resolved, where it was not to.
    case resolved
    case resolvedEarly(Int64)
    case resolvedLate(Int64)
    case reason
    /// The top of its explanation.
    case because
    case from
    case to
  }

  /// Looks at one expectation.
  ///
  /// - Parameter others: all expectations of its scenario, which say what `no_other` is not about.
  package static func on(_ expectation: Expectation, among others: [Expectation], _ story: Story) -> Verdict {
    let instead: [Instead] =
      switch expectation.what {
      case .alert(let alert): story.instead(of: alert, expectation.account)
      case .noAlert(let rules, let during): story.alerts(expectation.account, rules, during)
      case .noOther(let kinds, let during):
        story.unexpected(kinds, during, others.filter { $0.account == expectation.account })
      case .change(let change): story.instead(of: change, expectation.account)
      case .noChange(let change): story.changes(expectation.account, change)
      case .band(let bands, let time): story.states(expectation.account, time) { bands.contains($0.band) }
      case .score(let number, let time):
        story.states(expectation.account, time) { number.holds($0.score.map { Rational(Int128($0), 100) }) }
      case .measure(let name, let grade, let value, let at, _):
        story.instead(ofMeasure: name, grade, value, at, expectation.account)
      }
    return Verdict(expectation: expectation, passed: instead.isEmpty, instead: instead)
  }
}

extension StoryTime {
  /// How an instant misses this time; nil: it does not. What comes at the very end is late by nothing.
  fileprivate func miss(_ instant: Instant) -> (early: Int64, late: Int64)? {
    if instant < from { return (from.milliseconds - instant.milliseconds, 0) }
    if instant >= before { return (0, instant.milliseconds - before.milliseconds) }
    return nil
  }
}

extension ExpectedReason {
  fileprivate func holds(_ lines: [StoredExplanation]) -> Bool {
    guard let top = lines.first else { return false }
    return (measure.map { $0 == top.measure } ?? true) && (cause.map { $0 == top.cause } ?? true)
  }
}

extension Story {
  /// The nearest few are enough to see what is wrong.
  private static let shown = 3

  /// Where something that could be meant stands among its like, and in what it differs from what is expected.
  private typealias Candidate = (index: Int, misses: [Verdict.Miss])

  // MARK: Alerts

  fileprivate func instead(of alert: ExpectedAlert, _ account: String) -> [Verdict.Instead] {
    let missed = candidates(alert, account).map { (episode: episodes[$0.index], misses: $0.misses) }
    let fitting = missed.count { $0.misses.isEmpty }
    if let times = alert.times, fitting > 0 || times == 0 {
      guard fitting != times else { return [] }
      return [.count(fitting)] + missed.filter(\.misses.isEmpty).prefix(Self.shown).map { .episode($0.episode, []) }
    }
    guard fitting == 0 else { return [] }
    if let nearest = missed.min(by: { Self.distance($0.misses) < Self.distance($1.misses) }) {
      return [.episode(nearest.episode, nearest.misses)]
    }
    let pending = journal.filter {
      $0.account == account && $0.kind == Change.Kind.rule.name && $0.subject == alert.rule && $0.to == "pending"
    }
    return pending.prefix(Self.shown).map { .pending($0) } + [.course(states[account] ?? [])]
  }

  /// The alerts of its rule, and in what each differs from it.
  private func candidates(_ alert: ExpectedAlert, _ account: String) -> [Candidate] {
    episodes.indices.filter { episodes[$0].account == account && episodes[$0].rule == alert.rule }
      .map { ($0, misses(episodes[$0], alert)) }
  }

  private func misses(_ episode: Episode, _ alert: ExpectedAlert) -> [Verdict.Miss] {
    var misses: [Verdict.Miss] = []
    if let miss = alert.opens?.miss(episode.opened) {
      misses.append(miss.early > 0 ? .early(miss.early) : .late(miss.late))
    }
    switch (alert.resolves, episode.resolved) {
    case (.never, .some): misses.append(.resolved)
    case (.within, nil): misses.append(.stillOpen)
    case (.within(let time), let resolved?):
      if let miss = time.miss(resolved) {
        misses.append(miss.early > 0 ? .resolvedEarly(miss.early) : .resolvedLate(miss.late))
      }
    case (nil, _), (.never, nil): break
    }
    if let reason = alert.reason, !episode.reason.contains(reason) { misses.append(.reason) }
    if let because = alert.because, !because.holds(episode.because) { misses.append(.because) }
    return misses
  }

  /// Fewer differences are nearer, then less time.
  private static func distance(_ misses: [Verdict.Miss]) -> (Int, Int64) {
    let time = misses.reduce(Int64(0)) { sum, miss in
      switch miss {
      case .early(let length), .late(let length), .resolvedEarly(let length), .resolvedLate(let length): sum + length
      default: sum
      }
    }
    return (misses.count, time)
  }

  fileprivate func alerts(_ account: String, _ rules: [String], _ during: StoryTime?) -> [Verdict.Instead] {
    episodes.filter {
      $0.account == account && (rules.isEmpty || rules.contains($0.rule)) && during?.contains($0.opened) ?? true
    }.prefix(Self.shown).map { .episode($0, []) }
  }

  // MARK: Changes

  fileprivate func instead(of change: ExpectedChange, _ account: String) -> [Verdict.Instead] {
    let missed = candidates(change, account).map { (entry: journal[$0.index], misses: $0.misses) }
    guard let nearest = missed.min(by: { Self.distance($0.misses) < Self.distance($1.misses) }) else {
      return [.course(states[account] ?? [])]
    }
    return nearest.misses.isEmpty ? [] : [.change(nearest.entry, nearest.misses)]
  }

  /// The entries of its kind and subject, and in what each differs from it.
  private func candidates(_ change: ExpectedChange, _ account: String) -> [Candidate] {
    journal.indices.filter { index in
      let entry = journal[index]
      return entry.account == account && entry.kind == change.kind
        && change.subject.map { $0 == entry.subject } ?? true
    }.map { ($0, misses(journal[$0], change)) }
  }

  private func misses(_ entry: JournalEntry, _ change: ExpectedChange) -> [Verdict.Miss] {
    var misses: [Verdict.Miss] = []
    if let miss = change.when?.miss(entry.at) { misses.append(miss.early > 0 ? .early(miss.early) : .late(miss.late)) }
    if !change.from.isEmpty, !change.from.contains(entry.from ?? "") { misses.append(.from) }
    if !change.to.isEmpty, !change.to.contains(entry.to ?? "") { misses.append(.to) }
    if let because = change.because, !because.holds(entry.because) { misses.append(.because) }
    return misses
  }

  fileprivate func changes(_ account: String, _ change: ExpectedChange) -> [Verdict.Instead] {
    candidates(change, account).filter(\.misses.isEmpty).prefix(Self.shown).map { .change(journal[$0.index], []) }
  }

  // MARK: What nobody expected

  /// What happened of some kinds and is none of what an account's expectations are about, in the order in which it happened.
  fileprivate func unexpected(
    _ kinds: [OtherKind], _ during: StoryTime?, _ expectations: [Expectation]
  ) -> [Verdict.Instead] {
    guard let account = expectations.first?.account else { return [] }
    var alerts: Set<Int> = []
    var changes: Set<Int> = []
    for expectation in expectations {
      switch expectation.what {
      case .alert(let alert): alerts.formUnion(Self.meant(candidates(alert, account)))
      case .change(let change): changes.formUnion(Self.meant(candidates(change, account)))
      default: break
      }
    }
    var found: [(at: Instant, what: Verdict.Instead)] = []
    for (index, episode) in episodes.enumerated() where episode.account == account && !alerts.contains(index) {
      if kinds.contains(.alert) { found.append((episode.opened, .episode(episode, []))) }
    }
    for (index, entry) in journal.enumerated() where entry.account == account && !changes.contains(index) {
      if kinds.contains(where: { $0 != .alert && $0.name == entry.kind }) {
        found.append((entry.at, .change(entry, [])))
      }
    }
    return found.filter { during?.contains($0.at) ?? true }.sorted { $0.at < $1.at }.prefix(Self.shown).map(\.what)
  }

  /// What an expectation is about: all that it fits; where it fits nothing, what comes nearest, which it is told of already.
  private static func meant(_ candidates: [Candidate]) -> [Int] {
    let fitting = candidates.filter(\.misses.isEmpty).map(\.index)
    guard fitting.isEmpty else { return fitting }
    return candidates.min { distance($0.misses) < distance($1.misses) }.map { [$0.index] } ?? []
  }

  // MARK: States

  /// The states of a time that do not hold.
  fileprivate func states(
    _ account: String, _ time: ExpectedTime, hold: (State) -> Bool
  ) -> [Verdict.Instead] {
    switch time {
    case .at(let instant, _):
      let state = state(of: account, at: instant)
      return state.map(hold) == true ? [] : [.state(state, at: instant)]
    case .during(let during):
      // Before its first event an account has no state that could be wrong.
      let within = (states[account] ?? []).filter { during.contains($0.at) }
      let first = state(of: account, at: during.from).map { state in
        State(at: during.from, score: state.score, band: state.band)
      }
      return ([first].compactMap { $0 } + within).filter { !hold($0) }.prefix(1).map { .state($0, at: $0.at) }
    }
  }

  fileprivate func instead(
    ofMeasure name: String, _ grade: ExpectedNumber?, _ value: ExpectedNumber?, _ at: Instant, _ account: String
  ) -> [Verdict.Instead] {
    let state = measures[account]?[at]?.first { $0.name == name }
    let found = state.map { state in
      grade?.holds(state.grade.map { Rational(Int128($0), 100) }) ?? true && value?.holds(state.value) ?? true
    }
    return found == true ? [] : [.measure(state, at: at)]
  }
}
