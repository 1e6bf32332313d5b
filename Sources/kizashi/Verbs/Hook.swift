import ArgumentParser
import KizashiConfig
import KizashiDaemon
import KizashiStore

/// `kizashi hook test NAME`
struct Hook: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Try a hook.", subcommands: [Test.self])

  /// `kizashi hook test NAME`
  struct Test: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run a hook once with a sample alert and show what it did.",
      discussion: """
        The daemon runs it, with the rights and environment real alerts get; where none is running, this command does, \
        with yours. Nothing is stored. Exit code 0 where the hook ended with 0, else 1.

        Examples:
          kizashi hook test pager
          kizashi hook test pager --config ./kizashi.yaml
        """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: FormatOptions

    @Argument(help: "The hook's name in the config.")
    var name: String

    func run() async throws {
      let session = try Session(store)
      guard let hook = session.configuration.hooks.first(where: { $0.name == name }) else {
        let known = session.configuration.hooks.map(\.name)
        let nearest = NearestName.of(name, in: known).map { "did you mean \($0)? " } ?? ""
        throw Failure(
          .usage, "there is no hook \(name) in the config",
          hint: known.isEmpty ? "it has no hooks" : "\(nearest)there are: \(known.joined(separator: ", "))")
      }
      let timeout = Duration.milliseconds(hook.timeoutMilliseconds) + .seconds(15)
      try await session.perform(.hookTest(name: name), needsStore: false, timeout: timeout).report(output.format)
    }
  }
}
