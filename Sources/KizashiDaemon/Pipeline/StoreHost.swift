import KizashiCore
import KizashiIngest
import KizashiStore
import Logging
import Synchronization

/// Owns the store and the one connection that writes: commits, hook outcomes, configs.
///
/// On a thread of its own, because SQLite blocks. A full disk or a locked file stops nothing but itself: the same commit is
/// tried again until it is stored, meanwhile nothing more is read.
actor StoreHost: Outbox {
  private var store: Store?
  private let logger: Logger
  private let executor: ThreadExecutor
  private let progress: @Sendable () -> Void
  /// What keeps the last commit from being stored, for `status`.
  private(set) var trouble: String?
  /// How long a commit is tried; nil: until it is stored.
  private var deadline: ContinuousClock.Instant?
  /// Why nothing is written any more, whoever asks.
  private var refusal: StoreError?

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// - Parameters:
  ///   - waits: Whether a full disk or a locked file is waited for, as a daemon does; a verb says so and ends.
  ///   - progress: Called whenever waiting is what it should do.
  init(
    path: String, programVersion: String, quarantineRows: Int, logger: Logger, waits: Bool = false,
    progress: @escaping @Sendable () -> Void = {}
  ) async throws {
    self.progress = progress
    executor = try ThreadExecutor(name: "kz-store")
    self.logger = logger
    if !waits { deadline = .now }
    try await open(path, programVersion, quarantineRows)
    deadline = nil
  }

  private func open(_ path: String, _ programVersion: String, _ quarantineRows: Int) async throws {
    try await persist {
      let store = try Store(path: path, programVersion: programVersion)
      store.quarantineRows = quarantineRows
      self.store = store
    }
  }

  /// Runs `body` with the store, on its thread.
  func use<T: Sendable>(_ body: @Sendable (Store) throws -> T) throws -> T {
    if let refusal { throw refusal }
    guard let store else { throw CancellationError() }
    return try body(store)
  }

  /// The same, until space or a lock lets it be done.
  func useWhenWritable<T: Sendable>(_ body: @Sendable (Store) throws -> T) async throws -> T {
    try await persist { try use(body) }
  }

  /// Stores a unit; returns when it is stored, however long space or a lock takes.
  func write(_ unit: StoredOnce) async throws {
    try await persist { try use { try unit.store(in: $0) } }
  }

  /// What a commit leaves to be done when nobody waits for it any more: takes out some of the usage that has expired, and
  /// bounds the write-ahead log. Where that cannot be done now, it is after another commit.
  ///
  /// - Parameter isIdle: Nothing that somebody waits for is to be stored.
  func tidy(configVersion: Int, isIdle: Bool) {
    do {
      try use { store in
        defer { store.checkpointIfDue(isIdle: isIdle) }
        try store.expireUsage(configVersion: configVersion)
      }
    } catch let error as StoreError where error.isRetryable {
      // The next commit will wait for what is missing, and say so.
    } catch {
      logger.error("Expired usage could not be taken out", metadata: ["error": "\(error)"])
    }
  }

  private func persist<T>(_ body: () throws -> T) async throws -> T {
    while true {
      do {
        let result = try body()
        if trouble != nil {
          trouble = nil
          logger.notice("The store can be written again")
        }
        return result
      } catch let error as StoreError where error.isRetryable {
        if let deadline, deadline <= .now { throw error }
        if trouble == nil {
          logger.error("The store cannot be written; reading waits", metadata: ["error": "\(error)"])
        }
        trouble = "\(error)"
        // Waiting for space is what it should do: the watchdog must not take it for a hang.
        progress()
        try await Task.sleep(for: .seconds(1))
      }
    }
  }

  /// The daemon is to stop: what cannot be stored within `grace` is given up. It is read again after the next start.
  func stopWaiting(after grace: Duration) { deadline = .now + grace }

  /// Nothing is written any more: the file is damaged, and each write could make it worse.
  func refuse(_ error: StoreError) { refusal = error }

  /// Closes the store; `clean`: everything read is stored.
  func close(clean: Bool) throws {
    guard let store else { return }
    self.store = nil
    try store.close(clean: clean)
  }

  // MARK: Outbox

  func due(hook: String, now: Instant, limit: Int, severities: Set<String>?) async throws -> DueWindow {
    let (runs, nextAt) = try use { try $0.dueRuns(hook: hook, at: now, limit: limit, severities: severities) }
    return DueWindow(
      deliveries: runs.map {
        OwedDelivery(
          id: $0.deliveryID, sequence: $0.sequence, hook: hook, account: $0.account, rule: $0.rule, state: $0.state,
          severity: $0.severity, attempts: $0.attempts, payload: $0.payload)
      }, nextAt: nextAt)
  }

  func endSnoozes(at now: Instant) async throws -> Bool { try use { try $0.endSnoozes(at: now) } }

  func starts(hook: String, since: Instant, now: Instant) async throws -> [Instant] {
    let runs = try use { try $0.startedRuns(hook: hook, since: since) }
    return StartedRuns.instants(runs, now: now)
  }

  func mark(_ outcomes: [DeliveryOutcome]) async throws {
    _ = try use { try $0.mark(outcomes.map(DeliveryUpdate.init)) }
  }
}

/// A unit on its way to the store. What it holds is given back on the store's thread, as soon as it is stored: there are
/// hundreds of thousands of pieces, and the engine has no time for them.
final class StoredOnce: Sendable {
  private let unit: Mutex<CommitUnit?>

  init(_ unit: CommitUnit) { self.unit = Mutex(unit) }

  func store(in store: Store) throws {
    try unit.withLock { unit in
      if let whole = unit { try store.write(whole) }
      unit = nil
    }
  }
}

extension DeliveryUpdate {
  /// An outcome as its row keeps it.
  init(_ outcome: DeliveryOutcome) {
    var next: Instant?
    let state: DeliveryState
    switch outcome.state {
    // What max_per_hour is judged by after a restart, and reminders.
    case .running: (state, next) = (.running, outcome.at)
    case .done: state = .done
    case .retry(let at): (state, next) = (.retry, at)
    case .dead: state = .dead
    }
    self.init(
      deliveryID: outcome.deliveryID, state: state, attempts: outcome.attempts, nextAt: next,
      exitCode: outcome.exitCode.map(Int.init), output: outcome.output)
  }
}
