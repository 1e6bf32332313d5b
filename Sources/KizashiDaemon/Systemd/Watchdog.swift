import Logging
import ServiceLifecycle
import Synchronization

/// What systemd expects of a service with `WatchdogSec=`.
package struct WatchdogSettings: Sendable, Hashable {
  /// How long it waits for a sign of life.
  package var interval: Duration

  /// Nil: no watchdog, or it is meant for another process.
  /// - Parameters:
  ///   - environment: The daemon's own.
  ///   - pid: Its process id.
  package init?(environment: [String: String], pid: Int32) {
    guard let microseconds = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), microseconds > 0 else { return nil }
    if let text = environment["WATCHDOG_PID"], Int32(text) != pid { return nil }
    interval = .microseconds(microseconds)
  }

  /// An interval as known otherwise.
  package init(interval: Duration) { self.interval = interval }

  /// How often to look whether there is a sign of life to give. Six times an interval, not the usual two: the sign is
  /// only given after progress, so progress must be seen soon after a commit that took half the interval.
  package var lookEvery: Duration { interval / 6 }
}

/// Decides when there is a sign of life to give: whenever the commit loop has got on since the last one, or has nothing to
/// do. A loop that hangs in a commit gives none, and systemd restarts the service.
package struct WatchdogState: Sendable, Hashable {
  private var fedProgress: UInt64 = 0
  private var isFirst = true

  /// Nothing seen yet.
  package init() {}

  /// Whether to give a sign now.
  /// - Parameters:
  ///   - progress: How often the loop has got on so far.
  ///   - isIdle: Whether it waits for input.
  package mutating func look(progress: UInt64, isIdle: Bool) -> Bool {
    // The first look always gives one: systemd counts from READY, not from the first commit.
    defer {
      fedProgress = progress
      isFirst = false
    }
    return isFirst || isIdle || progress != fedProgress
  }
}

/// Feeds systemd's watchdog for as long as the commit loop lives.
package final class WatchdogFeeder: Service, Sendable {
  private let settings: WatchdogSettings
  private let notifier: ServiceNotifier
  private let logger: Logger
  private let steps = Atomic<UInt64>(0)
  private let waits = Atomic(true)

  /// A feeder; it is idle until ``progress()``.
  package init(settings: WatchdogSettings, notifier: ServiceNotifier, logger: Logger) {
    self.settings = settings
    self.notifier = notifier
    self.logger = logger
  }

  /// The commit loop has got on: a chunk taken in, a commit done. Any thread, any rate.
  package func progress() {
    steps.wrappingAdd(1, ordering: .relaxed)
    waits.store(false, ordering: .relaxed)
  }

  /// The commit loop has done everything and waits for input, until the next ``progress()`` or ``busy()``.
  package func idle() { waits.store(true, ordering: .relaxed) }

  /// The commit loop begins something that has to end.
  package func busy() { waits.store(false, ordering: .relaxed) }

  /// Feeds until a graceful shutdown reaches it or it is cancelled. List it first in its `ServiceGroup`: what is listed first
  /// stops last, and draining is work that can hang too.
  package func run() async {
    await cancelWhenGracefulShutdown { await self.feed() }
  }

  private func feed() async {
    var state = WatchdogState()
    while !Task.isCancelled {
      if state.look(progress: steps.load(ordering: .relaxed), isIdle: waits.load(ordering: .relaxed)) {
        do {
          try notifier.watchdog()
        } catch {
          logger.warning("The watchdog cannot be fed", metadata: ["error": "\(error)"])
        }
      }
      do { try await Task.sleep(for: settings.lookEvery) } catch { return }
    }
  }
}
