import KizashiConfig
import KizashiCore
import KizashiDecode
import KizashiStore

/// What came out of a scenario.
package struct Story: Sendable {
  /// One opening of a rule, and its resolution.
  package struct Episode: Sendable {
    package var account: String
    package var rule: String
    /// From 1 for the (rule, account) pair.
    package var number: Int
    package var opened: Instant
    package var reason: String
    /// How the score came to what it was at the opening, largest first. Where it has not moved since the last entry of the
    /// journal (a rule's `for:` went by), that entry's lines.
    package var because: [StoredExplanation]
    /// Nil: still open at the end.
    package var resolved: Instant?
    package var resolution: String?
  }

  /// An account's score and band from an instant on.
  package struct State: Sendable {
    package var at: Instant
    /// Hundredths; nil: none.
    package var score: Int?
    package var band: String
  }

  /// In the order of detection.
  package var journal: [JournalEntry] = []
  /// In the order of their openings.
  package var episodes: [Episode] = []
  /// By account, ascending.
  package var states: [String: [State]] = [:]
  /// The measures of each account at the instants expectations ask about.
  package var measures: [String: [Instant: [Explanation.MeasureState]]] = [:]

  /// The state of an account at an instant; nil: nothing had happened to it yet.
  package func state(of account: String, at instant: Instant) -> State? { states[account]?.last { $0.at <= instant } }
}

/// Tells a scenario to the decoder and the engine that the daemon has, with a clock of its own.
package struct StoryTeller: ~Copyable {
  private let scenario: Scenario
  private let measureNames: [String]
  private let tolerance: Int64
  private let decoder: LineDecoder
  private var engine: Engine
  private var accounts: [String] = []
  private var story = Story()
  private var refused: [Problem] = []
  /// The accounts that a line names, in the order of the lines.
  private var named: [String] = []

  /// What comes out of a scenario.
  ///
  /// - Parameter file: how problems name the scenario's file.
  /// - Throws: a problem for each step of which a line was refused; where there is none, for each account that is expected
  ///   something of and has no line.
  package static func tell(
    _ scenario: Scenario, _ configuration: Configuration, file: String
  ) throws(ScenarioError) -> Story {
    var teller = StoryTeller(scenario, configuration)
    teller.run(file: file)
    let problems = teller.refused.isEmpty ? teller.strangers(file: file) : teller.refused
    guard problems.isEmpty else { throw .problems(problems) }
    return teller.story
  }

  private init(_ scenario: Scenario, _ configuration: Configuration) {
    self.scenario = scenario
    measureNames = configuration.model.measures.map(\.name)
    tolerance = configuration.model.limits.futureToleranceMilliseconds
    // One seed will do: nothing that is computed depends on it.
    engine = Engine(
      model: configuration.model, configVersion: 1, sources: [SourceModel(name: "scenario")], seed: 1)
    decoder = LineDecoder(options: DecodeOptions(), wanted: engine.wanted)
  }

  private mutating func run(file: String) {
    var samples = Set(scenario.expectations.compactMap(\.sampledAt)).sorted()[...]
    for line in scenario.lines {
      // A sample shows what the lines of its own instant did.
      while let sample = samples.first, sample < line.arrives {
        self.sample(at: sample)
        samples.removeFirst()
      }
      advance(to: line.arrives)
      apply(line, file: file)
    }
    for sample in samples { self.sample(at: sample) }
    advance(to: scenario.until)
    engine.settle(at: scenario.until)
    gather()
  }

  /// Deadline by deadline, because what they did to a score is told once a commit.
  private mutating func advance(to instant: Instant) {
    while !engine.advance(to: instant, within: 1) { gather() }
    gather()
  }

  private mutating func apply(_ line: StoryLine, file: String) {
    let text = line.content.line
    var batch = EventBatch()
    batch.latestAcceptable = line.arrives.advanced(by: tolerance)
    Array(text.utf8).withUnsafeBytes {
      decoder.decode($0, atStreamStart: false, receivedAt: line.arrives, into: &batch)
    }
    for row in batch.account.indices where !batch.account[row].isAbsent {
      let name = batch.string(batch.account[row])
      if !named.contains(name) { named.append(name) }
    }
    engine.apply(batch)
    for refusal in engine.takeRefusals() {
      refuse(line, "this makes a line that kizashi refuses as \(refusal.reason.name)", hint: text, file: file)
    }
    // A daemon keeps it and makes nothing of it: a producer may not know whose user it is, a story does.
    for (row, record) in batch.records where record.kind == .identify && batch.account[row].isAbsent {
      refuse(
        line, "this makes a line of a user of no account, which changes nothing", hint: "write account: in the line",
        file: file)
    }
    gather()
  }

  /// One problem of a step is enough: it may make thousands of lines.
  private mutating func refuse(_ line: StoryLine, _ message: String, hint: String, file: String) {
    guard !refused.contains(where: { $0.path == line.path }) else { return }
    refused.append(
      Problem(file: file, line: line.line, column: 0, path: line.path, message: message, hint: hint))
  }

  private func strangers(file: String) -> [Problem] {
    scenario.expectations.filter { !named.contains($0.account) }.map { expectation in
      let complaint = Expectation.complaint(about: expectation.account, in: named)
      return Problem(
        file: file, line: expectation.line, column: 0, path: expectation.path, message: complaint.message,
        hint: complaint.hint)
    }
  }

  private mutating func sample(at instant: Instant) {
    advance(to: instant)
    engine.settle(at: instant)
    gather()
    for account in accounts {
      guard let number = engine.account(named: account) else { continue }
      story.measures[account, default: [:]][instant] = engine.explain(number).measures
    }
  }

  // MARK: What came out

  private mutating func gather() {
    guard engine.hasUndrained else { return }
    let commit = engine.drain()
    while accounts.count < engine.accountCount { accounts.append(engine.name(of: AccountID(accounts.count))) }
    for change in commit.changes { story.journal.append(entry(change)) }
    for alert in commit.alerts { take(alert) }
    for row in commit.accountRows { take(row, commit) }
  }

  private func entry(_ change: Change) -> JournalEntry {
    JournalEntry(
      sequence: change.sequence, account: accounts[Int(change.account)], at: change.at, detected: change.at,
      kind: change.kind.name, subject: change.subject, from: change.from?.text, to: change.to?.text,
      delta: change.delta.map { Double($0) / 100 }, cause: change.cause.name, because: explained(change.because))
  }

  private func explained(_ lines: [ExplanationLine]) -> [StoredExplanation] {
    return lines.map { line in
      StoredExplanation(
        measure: line.name(measureNames),
        points: Double(line.points) / 100, from: Self.text(line.from), to: Self.text(line.to), cause: line.cause.name)
    }
  }

  /// As the view `changes` has it.
  private static func text(_ value: ShownValue) -> String? {
    value.rational.map { $0.text(digits: $0 == Rational($0.floor) ? 0 : 2) }
  }

  private mutating func take(_ alert: AlertTransition) {
    let account = accounts[Int(alert.account)]
    if alert.state == .firing {
      let own = explained(alert.because)
      let before = story.journal.last { $0.account == account && $0.kind != Change.Kind.rule.name && $0.at <= alert.at }
      story.episodes.append(
        Story.Episode(
          account: account, rule: alert.ruleName, number: alert.episode, opened: alert.at, reason: alert.reason,
          because: own.isEmpty ? before?.because ?? [] : own))
    } else if let index = story.episodes.lastIndex(where: {
      $0.account == account && $0.rule == alert.ruleName && $0.number == alert.episode
    }) {
      story.episodes[index].resolved = alert.at
      story.episodes[index].resolution = alert.reason
    }
  }

  private mutating func take(_ row: AccountRow, _ commit: Commit) {
    guard let band = row.band, let scoredAt = row.scoredAt else { return }
    let account = accounts[Int(row.account)]
    let last = story.states[account]?.last
    guard last?.score != row.score || last?.band != band else { return }
    var at = scoredAt
    if let last {
      let scored = commit.scoreHistory.last { $0.account == row.account }?.at
      let banded = commit.changes.last { $0.account == row.account && $0.kind == .band }?.at
      let changed = [last.score != row.score ? scored : nil, last.band != band ? banded : nil].compactMap { $0 }
      at = changed.max() ?? scoredAt
    }
    // Of what several lines of one instant did, the last counts: nobody could have seen the others.
    if last?.at == at { story.states[account]?.removeLast() }
    if let before = story.states[account]?.last, before.score == row.score, before.band == band { return }
    story.states[account, default: []].append(Story.State(at: at, score: row.score, band: band))
  }
}

extension StoryValue {
  /// One event line, without its end.
  package var line: String {
    if case .verbatim(let text) = self { return text }
    var json = JSONText()
    write(to: &json)
    return json.text
  }

  private func write(to json: inout JSONText) {
    switch self {
    case .null: json.raw("null")
    case .bool(let value): json.raw(value ? "true" : "false")
    case .number(let digits): json.raw(digits)
    case .text(let text), .verbatim(let text): json.value(text)
    case .list(let items):
      json.beginArray()
      for item in items { item.write(to: &json) }
      json.endArray()
    case .object(let fields):
      json.beginObject()
      for field in fields {
        json.key(field.name)
        field.value.write(to: &json)
      }
      json.endObject()
    }
  }
}
