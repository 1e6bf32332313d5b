import KizashiConfig
import KizashiCore
import KizashiDaemon
import KizashiStore

/// A scenario that was told, and what became of its expectations.
struct ToldScenario {
  /// Its file, as the operator named it.
  var file: String
  var scenario: Scenario
  var configuration: Configuration
  var story: Story
  var verdicts: [Verdict]

  var passed: Bool { verdicts.allSatisfy(\.passed) }

  init(file: ScenarioFile, scenario: Scenario) throws(ScenarioError) {
    self.file = file.path
    self.scenario = scenario
    configuration = file.configuration
    let story = try StoryTeller.tell(scenario, file.configuration, file: file.path)
    self.story = story
    verdicts = scenario.expectations.map { Verdict.on($0, among: scenario.expectations, story) }
  }

  /// What its words need.
  func page(_ terminal: Terminal) -> Page {
    Page(
      terminal: terminal, now: scenario.until, calendar: configuration.model.calendar, model: configuration.model)
  }
}

/// The outcome of `kizashi test`, for people and machines.
struct ScenarioReport {
  let told: [ToldScenario]
  /// Whether the journal of each story is printed too.
  var showsStories = false

  var failed: Int { told.count { !$0.passed } }

  func text(_ format: OutputFormat, terminal: Terminal) -> String {
    guard format != .table else { return table(terminal) }
    let rows = told.flatMap { told in told.verdicts.map { Row(told, $0) } }
    return Self.listing.text(rows, format: format, page: Page(terminal: terminal, now: Instant(milliseconds: 0)))
  }

  // MARK: Machines

  /// One expectation.
  private struct Row {
    var file: String
    var scenario: String
    var verdict: Verdict
    var instead: [ScenarioWords.Sentence]

    init(_ told: ToldScenario, _ verdict: Verdict) {
      file = told.file
      scenario = told.scenario.name
      self.verdict = verdict
      instead = ScenarioWords(page: told.page(.none), start: told.scenario.start).instead(verdict)
    }
  }

  private static var listing: Listing<Row> {
    Listing(
      columns: [
        .text("file", nil) { $0.file }, .text("scenario", nil) { $0.scenario },
        .hidden("line") { Value($0.verdict.expectation.line) },
        .text("account", nil) { $0.verdict.expectation.account },
        .text("expected", nil) { ScenarioWords.expected($0.verdict.expectation.what) },
        .hidden("passed") { .bool($0.verdict.passed) },
        .hidden("instead") { row in
          .list(
            row.instead.map { sentence in
              .object([
                .init("text", .text(sentence.text)), .init("at", Value(sentence.at.map(InstantText.text))),
                .init("because", .list(sentence.because.map(ChangeListing.value))),
              ])
            })
        },
      ], nothing: "No expectation.")
  }

  // MARK: People

  private func table(_ terminal: Terminal) -> String {
    let files = Set(told.map(\.file)).count
    var text = ""
    for told in told {
      let page = told.page(terminal)
      text += head(told, page, names: files > 1)
      let words = ScenarioWords(page: page, start: told.scenario.start)
      for verdict in told.verdicts where !verdict.passed { text += failure(verdict, words) }
      if showsStories { text += StoryListing(told: told, words: words).text }
    }
    let count = Wording.counted(Int64(told.count), "scenario")
    return text + (failed == 0 ? "\(count), all as expected.\n" : "\(failed) of \(count) not as expected.\n")
  }

  private func head(_ told: ToldScenario, _ page: Page, names: Bool) -> String {
    let painter = page.painter
    let mark = told.passed ? painter.paint("✓", .green) : painter.paint("✗", .red)
    let failed = told.verdicts.count { !$0.passed }
    let all = Wording.counted(Int64(told.verdicts.count), "expectation")
    let length = StoryLength(from: told.scenario.start, to: told.scenario.until, page.calendar).text
    let what = failed == 0 ? "\(all) over \(length)" : "\(failed) of \(all) failed"
    let name = painter.paint(told.scenario.name, .bold)
    return "\(mark) \(names ? painter.paint("\(told.file): ", .dim) : "")\(name)  \(painter.paint(what, .dim))\n"
  }

  private func failure(_ verdict: Verdict, _ words: ScenarioWords) -> String {
    let painter = words.page.painter
    let expectation = verdict.expectation
    let expected = Styled(
      "\(ScenarioWords.expected(expectation.what)) (\(expectation.account), line \(expectation.line))")
    var text = "    expected  \(painter.paint(expected))\n"
    var label = "but       "
    for sentence in words.instead(verdict) {
      text += "    \(label)\(painter.paint(Styled(sentence.text)))\n"
      for line in sentence.because { text += ChangeWords.line(line, page: words.page, indent: 16) }
      label = "          "
    }
    return text
  }
}

/// The journal of a story, with offsets as a scenario writes them: what expectations are made from.
struct StoryListing {
  let told: ToldScenario
  let words: ScenarioWords

  var text: String {
    var text = ""
    for entry in told.story.journal { text += self.entry(entry) }
    let painter = words.page.painter
    for (account, states) in told.story.states.sorted(by: { $0.key < $1.key }) {
      guard let last = states.last else { continue }
      let score = last.score.map { Rational(Int128($0), 100).text(digits: 2) } ?? "none"
      text += "    \(painter.paint(words.time(told.scenario.until), .dim))  \(painter.paint(account, .bold))"
      text += "  at the end: score \(score), band \(painter.paint(last.band, .band(last.band)))\n"
    }
    return text
  }

  private func entry(_ entry: JournalEntry) -> String {
    let painter = words.page.painter
    let what = ChangeWords.what(entry).map(painter.paint).joined()
    var text = "    \(painter.paint(words.time(entry.at), .dim))  \(painter.paint(entry.account, .bold))  \(what)\n"
    guard entry.kind == Change.Kind.rule.name else {
      for line in entry.because { text += ChangeWords.line(line, page: words.page, indent: 8) }
      return text
    }
    let episodes = told.story.episodes.filter { $0.rule == entry.subject && $0.account == entry.account }
    let reason =
      entry.to == "firing"
      ? episodes.first { $0.opened == entry.at }?.reason : episodes.first { $0.resolved == entry.at }?.resolution
    if let reason { text += "        \(painter.paint(reason, .plain))\n" }
    return text
  }
}
