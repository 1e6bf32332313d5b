import KizashiCore

/// A file of scenarios and the config they are told under.
package struct ScenarioFile: Sendable {
  /// As the operator named it.
  package var path: String
  /// The config's file; nil: the one the distribution begins with.
  package var configPath: String?
  package var configuration: Configuration
  /// In the order written; never empty.
  package var scenarios: [Scenario]
  /// What is doubtful but no mistake, in the order of the lines.
  package var warnings: [Problem]
}

/// Why a scenario file could not be used.
package enum ScenarioError: Error, Sendable {
  /// Everything wrong with it, in the order of the lines. Never empty.
  case problems([Problem])
  /// The file itself could not be read.
  case unreadable(path: String, why: String)
  /// The config it is told under.
  case config(ConfigurationError, path: String)
}

extension ScenarioFile {
  /// More than this is no scenario.
  private static let mostBytes = 1 << 20

  /// Reads a file and the config it names.
  ///
  /// - Parameters:
  ///   - config: the config's path where the file names none; nil: the built-in one.
  ///   - environment: for `TZDIR`.
  package static func load(
    path: String, config: String?, environment: [String: String] = [:]
  ) throws(ScenarioError) -> ScenarioFile {
    let bytes: [UInt8]
    do {
      bytes = try FileContent.read(path, limit: mostBytes)
    } catch {
      throw .unreadable(path: path, why: error.why)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .unreadable(path: path, why: "it is not UTF-8 text")
    }
    return try parse(text: text, file: path, directory: directoryOf(path), config: config, environment: environment)
  }

  /// Reads a text; see ``load(path:config:environment:)``.
  ///
  /// - Parameters:
  ///   - file: How problems name the file.
  ///   - directory: Where a relative `config:` starts; empty leaves it as it is.
  package static func parse(
    text: String, file: String, directory: String, config: String?, environment: [String: String] = [:]
  ) throws(ScenarioError) -> ScenarioFile {
    let report = Report(file: file)
    let root: ConfigNode
    do { root = try YAMLReader.read(text) } catch { throw .problems([error.problem(in: file)]) }
    let cursor = Cursor(node: root, path: "", report: report)
    guard let section = cursor.section(.scenarioFile, "a mapping with scenarios:") else {
      throw .problems(report.problems)
    }
    var path = config
    if let place = section["config"] {
      path = place.text("the path of a config", bytes: 4096).map { resolvedPath($0, in: directory) }
      // Without the config no name could be looked up: what it costs is one more round.
      if path == nil { throw .problems(report.problems.inReadingOrder(file)) }
    }
    let configuration = try Self.configuration(path, environment)
    let scenarios = section.required("scenarios", "names of scenarios, each with start, until, story and expect")
      .map { Self.scenarios($0, configuration.model) }
    let problems = report.problems.inReadingOrder(file)
    guard problems.isEmpty, let scenarios else { throw .problems(problems) }
    return ScenarioFile(
      path: file, configPath: path, configuration: configuration, scenarios: scenarios,
      warnings: report.warnings.inReadingOrder(file))
  }

  private static func configuration(
    _ path: String?, _ environment: [String: String]
  ) throws(ScenarioError) -> Configuration {
    do {
      guard let path else {
        return try Configuration.parse(text: Configuration.standardText, file: "the built-in config", directory: "")
      }
      return try Configuration.load(path: path, environment: environment)
    } catch {
      throw .config(error, path: path ?? "the built-in config")
    }
  }

  private static func scenarios(_ cursor: Cursor, _ model: Model) -> [Scenario] {
    guard let section = cursor.section(.scenarios, "a mapping of names and scenarios") else { return [] }
    if section.names.isEmpty { cursor.failExpecting("at least one scenario") }
    return section.names.compactMap { name, key, value in
      guard key.isName(name, of: "scenario") else { return nil }
      return scenario(name, key, value, model)
    }
  }

  private static func scenario(_ name: String, _ key: Cursor, _ cursor: Cursor, _ model: Model) -> Scenario? {
    guard let section = cursor.section(.scenario, "a mapping with start, until, story and expect") else { return nil }
    let account = section["account"].flatMap { $0.text("the name of an account") }
    let story = section.required("story", "a list of what happens")
    let expect = section.required("expect", "a list of what has to come out")
    guard let clock = self.clock(section, model.calendar) else { return nil }
    let before = cursor.report.problems.count
    let lines = story.map { StoryReader(clock: clock, features: model.features, account: account).lines($0) } ?? []
    // Whom a story with a mistake is about is not known, and one mistake is one problem.
    let isWhole = story != nil && cursor.report.problems.count == before
    let reader = ExpectationReader(
      clock: clock, model: model, account: account, accounts: isWhole ? Self.accounts(lines) : nil)
    let expectations = expect.map { reader.expectations($0) } ?? []
    return Scenario(
      name: name, line: key.node.line, start: clock.start, until: clock.until, lines: lines,
      expectations: expectations)
  }

  /// The accounts of some lines; nil where one of them is a text, or names its account otherwise or not at all: what becomes of it
  /// only the decoder knows.
  private static func accounts(_ lines: [StoryLine]) -> [String]? {
    var accounts: [String] = []
    for line in lines {
      guard case .object(let fields) = line.content else { return nil }
      switch fields.last(where: { $0.name == "account" })?.value {
      case .text(let name), .number(let name): if !accounts.contains(name) { accounts.append(name) }
      default: return nil
      }
    }
    return accounts
  }

  private static func clock(_ section: Section, _ calendar: BusinessCalendar) -> StoryClock? {
    let from = section.required("start", "the day or time the story begins at, such as 2026-04-20")
      .flatMap { place -> Instant? in
        let text = place.text("a day or time such as 2026-04-20")
        let start = text.flatMap { StoryClock.date($0, calendar)?.from }
        if text != nil, start == nil {
          place.failExpecting(
            "a day or time such as 2026-04-20", hint: "with a time: 2026-04-20 09:00 (local), 2026-04-20T09:00:00+09:00"
          )
        }
        return start
      }
    let until = section.required("until", "how long the story goes on, such as 30d or 2026-05-31")
    guard let from, let until, let text = until.text("a length such as 30d, or a day") else { return nil }
    // Any end will do to read the end.
    let open = StoryClock(start: from, until: from.advanced(by: Milliseconds.longest), calendar: calendar)
    guard let end = open.written(until, "a length such as 30d, or a day")?.end else { return nil }
    guard end > from else {
      until.fail(
        "the story ends with \(quoted(text)), which is where it starts", hint: "write how long it goes on: 30d")
      return nil
    }
    return StoryClock(start: from, until: end, calendar: calendar)
  }
}
