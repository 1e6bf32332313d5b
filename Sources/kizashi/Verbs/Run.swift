import ArgumentParser
import KizashiDaemon
import Logging

/// `kizashi run`
struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The daemon: follow the sources until told to stop.",
    discussion: """
      Runs in the foreground; systemd or a script starts it. HUP reloads the config (a bad one changes nothing), TERM \
      and INT store what was read and end with exit code 0.

      Examples:
        kizashi run
        kizashi run --config ./kizashi.yaml --db ./kizashi.db
      """)

  @OptionGroup var store: StoreOptions

  func run() async throws {
    let session = try Session(store, needsFile: true)
    try await Daemon.run(
      configuration: session.configuration, configPath: session.configPath ?? "", storePath: session.storePath,
      logger: LogOutput.logger(level: Logger.Level(rawValue: session.configuration.logLevel.rawValue) ?? .info))
  }
}
