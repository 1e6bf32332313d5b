import KizashiCore
import Logging
import ServiceLifecycle
import Synchronization

/// Owns the hooks while the daemon runs: asks the outbox what is owed, runs it, stores what became of it.
///
/// One loop takes one event at a time, so the scheduler needs no lock and an outcome is stored before anything that must
/// come after it begins. A crash at any point leaves deliveries open in the outbox; they are tried again.
package final class HookService: Service, Sendable {
  enum Event: Sendable {
    /// Something to look for: a commit, a timer.
    case wake
    case ended(run: Int, HookResult)
    case configure([HookDefinition], runningLimit: Int)
    case drop(Set<String>)
    case reconsider
    case stop
    case graceOver
  }

  let outbox: any Outbox
  let runner: HookRunner
  let base: HookBaseEnvironment
  let logger: Logger
  let now: @Sendable () -> Instant
  let stopGrace: Duration
  private let events: AsyncStream<Event>
  private let continuation: AsyncStream<Event>.Continuation
  /// Whether a wake is on its way: many commits make one.
  private let isWoken = Atomic(false)

  /// - Parameters:
  ///   - definitions: In config order.
  ///   - runningLimit: `limits.hooks_running`.
  ///   - stopGrace: How long a graceful shutdown waits for hooks that run; then they get TERM and count as not run.
  ///   - now: The wall clock.
  package init(
    outbox: any Outbox, definitions: [HookDefinition], runningLimit: Int = 8, base: HookBaseEnvironment,
    runner: HookRunner = HookRunner(), stopGrace: Duration = .seconds(10), logger: Logger,
    now: @escaping @Sendable () -> Instant
  ) {
    self.outbox = outbox
    self.runner = runner
    self.base = base
    self.logger = logger
    self.now = now
    self.stopGrace = stopGrace
    (events, continuation) = AsyncStream.makeStream()
    continuation.yield(.configure(definitions, runningLimit: runningLimit))
  }

  func send(_ event: Event) { continuation.yield(event) }

  /// From here on a commit needs a wake of its own again.
  func wakeTaken() { isWoken.store(false, ordering: .releasing) }

  /// Call after each commit that owes deliveries, and after open deliveries were changed by hand. Cheap.
  package func notify() {
    if isWoken.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged {
      continuation.yield(.wake)
    }
  }

  /// Takes over a changed config.
  package func configure(_ definitions: [HookDefinition], runningLimit: Int) {
    continuation.yield(.configure(definitions, runningLimit: runningLimit))
  }

  /// Call after the outbox has closed these deliveries by hand. A run that has begun goes on.
  package func drop(_ ids: [String]) { continuation.yield(.drop(Set(ids))) }

  /// Call after the outbox has put deliveries off, or no longer does.
  package func reconsider() { continuation.yield(.reconsider) }

  /// Starts nothing more, waits for what runs, ends it after the grace; then ``run()`` returns.
  package func stop() { continuation.yield(.stop) }

  /// Runs until a graceful shutdown, ``stop()`` or cancellation.
  package func run() async {
    await withGracefulShutdownHandler {
      var loop = HookLoop(service: self)
      // Ends by itself when the task is cancelled.
      for await event in events {
        await loop.take(event)
        if loop.isFinished { break }
      }
      await loop.finish()
    } onGracefulShutdown: {
      self.stop()
    }
  }
}

extension HookEnding {
  /// A few words, for logs and answers.
  package var summary: String {
    switch self {
    case .exited(let code): "exit \(code)"
    case .signalled(let signal): "signal \(signal)"
    case .timedOut: "timeout"
    case .notStarted(let reason): reason
    case .cancelled: "cancelled"
    }
  }
}
