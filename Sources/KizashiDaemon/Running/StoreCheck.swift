import KizashiStore
import Logging
import ServiceLifecycle

/// After an unclean stop: looks through the whole store for damage while the daemon works already.
///
/// Schema and state were looked at when it was opened, and a commit is whole or not there; what this finds is a disk that
/// lied, or somebody who wrote into the file. Then the daemon ends: whatever it went on to compute and send would rest on
/// what cannot be trusted, and each write could destroy more.
struct StoreCheck: Service {
  /// How much of what was found is logged.
  private static let shown = 5

  let daemon: Daemon

  func run() async throws {
    try await look()
    // A service that ends while its group stops counts as failed.
    try? await gracefulShutdown()
  }

  private func look() async throws {
    guard try await daemon.store.use({ $0.needsCheck }) else { return }
    let path = daemon.storePath
    let logger = daemon.logger
    logger.notice("The store was not closed by its last user; looking through it", metadata: ["store": "\(path)"])
    let began = ContinuousClock.now
    do {
      let found = try await cancelWhenGracefulShutdown { try await Store.problems(of: path) }
      guard let first = found.first else {
        try await daemon.store.use { $0.checked() }
        let took = (ContinuousClock.now - began).formattedSeconds
        logger.notice("The store is sound", metadata: ["store": "\(path)", "took": "\(took)"])
        return
      }
      let error = StoreError.damaged(path, first)
      await daemon.store.refuse(error)
      logger.critical(
        "The store is damaged; nothing more is written to it",
        metadata: ["store": "\(path)", "found": "\(found.prefix(Self.shown))"])
      throw error
    } catch let error as StoreError where error.reason != .corrupt {
      logger.error("The store could not be looked through; the next start does it", metadata: ["error": "\(error)"])
    } catch is CancellationError {
      logger.notice("The store could not be looked through before the stop; the next start does it")
    }
  }
}
