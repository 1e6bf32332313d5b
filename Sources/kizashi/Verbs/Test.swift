import ArgumentParser
import Foundation
import KizashiConfig
import KizashiDaemon

/// `kizashi test SCENARIO.yaml…`
///
/// Not called `Test`: that is a macro's name where this module is tested.
struct TestScenarios: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Rules under test: stories about accounts, and what has to come out of them.",
    usage: "kizashi test [<options>] <scenario> ...",
    discussion: """
      A scenario tells what happens to accounts on a virtual clock and what is expected: alerts that open and resolve, \
      bands, scores, reasons, and what must not happen. It goes the way of real events; nothing is stored and no hook \
      runs. A file names its config (config:); else --config is taken, else the built-in one. How to write one: \
      docs/SCENARIOS.md.

      Exit code 0 where all is as expected, 1 where not, 65 where a scenario is wrong, 78 where its config is.

      Examples:
        kizashi test scenarios/*.yaml
        kizashi test --show scenarios/summer.yaml           what happens, to write expectations from
        kizashi test --format ndjson scenarios/*.yaml | jq 'select(.passed | not)'
      """)

  @OptionGroup var output: FormatOptions

  @Option(
    help: ArgumentHelp("The config of files that name none. (default: the built-in one)", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var config: String?

  @Flag(name: [.long, .customLong("verbose")], help: "Print the journal of each story too.")
  var show = false

  @Argument(
    help: ArgumentHelp("Files of scenarios.", valueName: "scenario"), completion: .file(extensions: ["yaml", "yml"]))
  var files: [String]

  func validate() throws {
    if show, output.format != .table { throw ValidationError("--show is for people: use it with --format table.") }
  }

  func run() throws {
    var told: [ToldScenario] = []
    var refusals: [ScenarioError] = []
    let environment = ProcessInfo.processInfo.environment
    for path in files {
      do throws(ScenarioError) {
        let file = try ScenarioFile.load(path: path, config: config, environment: environment)
        for warning in file.warnings {
          Output.writeError("kizashi: warning: \(Visible.text(warning.description))\n")
        }
        for scenario in file.scenarios { told.append(try ToldScenario(file: file, scenario: scenario)) }
      } catch {
        refusals.append(error)
      }
    }
    if let failure = Failure(scenarios: refusals) { throw failure }
    let report = ScenarioReport(told: told, showsStories: show)
    try Output.write(report.text(output.format, terminal: .behind(1)))
    if report.failed > 0 { throw ExitCode(ExitStatus.no.rawValue) }
  }
}

extension Failure {
  /// Scenarios that cannot be told: 78 where it is a config that is wrong, else 65; nil: there is none.
  init?(scenarios refusals: [ScenarioError]) {
    guard !refusals.isEmpty else { return nil }
    var status = ExitStatus.badData
    var lines: [String] = []
    for refusal in refusals {
      switch refusal {
      case .problems(let problems):
        let count = problems.count == 1 ? "a problem" : "\(problems.count) problems"
        lines.append("the scenarios \(problems[0].file) have \(count):")
        lines += problems.map { "  \($0.description)" }
      case .unreadable(let path, let why): lines.append("cannot read the scenarios \(path): \(why)")
      case .config(let error, let path):
        status = .badConfig
        lines.append(Failure(config: error, path: path).message)
      }
    }
    // Several files may name one config.
    var seen: Set<String> = []
    self.init(status, lines.filter { seen.insert($0).inserted }.joined(separator: "\n"))
  }
}
