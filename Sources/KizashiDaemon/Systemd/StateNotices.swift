import Logging
import Synchronization

/// What systemd waits for: that the daemon is ready, reloads, has reloaded, stops. While it takes nothing this is kept, and told with
/// the next beats in the same order: who reloads would otherwise wait for the end of what has long ended.
final class StateNotices: Sendable {
  private let logger: Logger
  private let untold = Mutex<[@Sendable () throws -> Void]>([])

  init(logger: Logger) { self.logger = logger }

  /// Tells a state, behind those that could not be told yet.
  func tell(_ send: @escaping @Sendable () throws -> Void) {
    untold.withLock { $0.append(send) }
    tellAgain()
  }

  /// Tells what could not be told yet. What can never be told is worth a line, and forgotten.
  func tellAgain() {
    untold.withLock { untold in
      while let send = untold.first {
        do { try send() } catch NotifyError.busy { return } catch {
          logger.warning("systemd cannot be told", metadata: ["error": "\(error)"])
        }
        untold.removeFirst()
      }
    }
  }
}
