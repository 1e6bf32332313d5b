import ArgumentParser
import KizashiDaemon

/// `kizashi source retire`
struct SourceCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "source", abstract: "Change a source.", subcommands: [Retire.self])

  /// `kizashi source retire ID`
  struct Retire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say that a source is over for good, so that nothing waits for it any more.",
      discussion: """
        Its counts and its accounts stay. The clock no longer waits for it, nor do its accounts if it is stalled, until \
        it delivers again: remove it from the config as well. Where no daemon runs it takes the store's lock itself.

        Examples:
          kizashi source retire old-app
        """)

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: FormatOptions

    @Argument(help: "The source's id in the config.")
    var id: String

    func run() async throws {
      let session = try Session(store)
      try await session.perform(.sourceRetire(id: id)).report(output.format)
    }
  }
}
