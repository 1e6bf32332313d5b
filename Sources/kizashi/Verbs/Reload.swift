import ArgumentParser
import KizashiDaemon

/// `kizashi reload`
struct Reload: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ask the daemon to read its config again; wait and report.",
    discussion: """
      A bad config changes nothing: its problems are printed, the old one stays in force, and the exit code is 78.

      Examples:
        kizashi reload
        kizashi check && kizashi reload
        systemctl reload kizashi              the same, with the outcome in its status
      """)

  @OptionGroup var store: StoreOptions
  @OptionGroup var output: FormatOptions

  func run() async throws {
    // The config on disk says where the store is; if it is bad, that is the answer already.
    let session: Session
    do {
      session = try Session(store)
    } catch {
      throw error.status == ExitStatus.badConfig.rawValue ? Reload.unchanged(error) : error
    }
    // A config that moves the store is the daemon's to refuse, which has the old one.
    let reply = try await session.perform(
      .reload, needsStore: false, ofThisStore: store.db != nil, timeout: .seconds(300))
    try reply.report(output.format)
  }

  /// The same failure, saying what it means for a daemon: nobody has told it anything.
  private static func unchanged(_ failure: Failure) -> Failure {
    var failure = failure
    failure.message += "\nnothing is reloaded: a running daemon's old config stays in force"
    return failure
  }
}
