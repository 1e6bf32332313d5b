import ArgumentParser
import KizashiDaemon
import KizashiStore

/// The program: `kizashi <verb>`.
@main
struct Kizashi: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kizashi",
    abstract: "Usage events in, explained changes of customer health out.",
    discussion: """
      kizashi follows your product's event logs, keeps exact usage figures and a health score for each account in one \
      SQLite file, records every change with its reasons, and runs your hooks when one needs somebody's attention.

      Exit codes: 0 ok; 1 the answer is "no"; 64 wrong usage; 65 bad data; 69 not available (no store, no daemon); \
      73 cannot create; 75 try again later; 78 bad config.

      Shell completions: kizashi --generate-completion-script bash (or zsh, fish).
      """,
    version: "kizashi \(ProgramVersion.current)",
    groupedSubcommands: [
      CommandGroup(name: "Looking", subcommands: [Accounts.self, Account.self, Changes.self, Alerts.self]),
      CommandGroup(
        name: "Running",
        subcommands: [
          Run.self, Check.self, TestScenarios.self, Reload.self, Replay.self, Send.self, Verify.self, Backtest.self,
        ]),
      CommandGroup(
        name: "Operating",
        subcommands: [
          Sources.self, SourceCommands.self, Quarantine.self, Deliveries.self, SnoozeVerb.self, Hook.self, Backup.self,
          Generate.self,
        ]),
    ])

  static func main() async {
    // Before anything that could make a thread. Other verbs end by these signals as any program does.
    if CommandLine.arguments.dropFirst().first == "run" { StopSignals.take() }
    do {
      try checkVerb()
      var command = try await asyncParseAsRoot(nil)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let failure as Failure {
      Output.writeError(failure.text)
      exit(withError: ExitCode(failure.status))
    } catch let error as DaemonError {
      Output.writeError(Failure(code: error.exitCode, error.description).text)
      exit(withError: ExitCode(error.exitCode))
    } catch {
      exit(withError: error)
    }
  }

  /// The parser knows options by likeness, but not verbs.
  private static func checkVerb() throws {
    guard let verb = CommandLine.arguments.dropFirst().first, !verb.hasPrefix("-") else { return }
    let known =
      configuration.groupedSubcommands.flatMap(\.subcommands).map {
        $0.configuration.commandName ?? "\($0)".lowercased()
      } + ["help"]
    if known.contains(verb) { return }
    let nearest = NearestName.of(verb, in: known).map { "did you mean \($0)? " } ?? ""
    throw Failure(.usage, "there is no verb “\(verb)”", hint: "\(nearest)kizashi --help lists them")
  }
}
