import KizashiConfig
import KizashiCore
import KizashiIngest
import KizashiStore
import Logging

/// Owns the pipeline: hands it what is decoded, tells it the time, and gives the store what it cuts off.
///
/// One actor on one thread: it is crossed once per chunk. While the store writes one commit the next gathers; a commit that
/// finds the store still writing waits with its source.
actor EngineHost {
  private var pipeline: Pipeline
  private let store: StoreHost
  private let clock: WallClock
  private let executor: ThreadExecutor
  private let logger: Logger?
  /// Told after each stored commit: whether it owes deliveries.
  private let committed: @Sendable (_ owes: Bool) -> Void

  private var writing: Task<Void, any Error>?
  private var failure: (any Error)?
  private var isRebuilding = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(
    parts: EngineParts, store: StoreHost, clock: WallClock, policy: CommitPolicy,
    liveSources: Set<Int>, logger: Logger? = nil, committed: @escaping @Sendable (Bool) -> Void
  ) throws {
    pipeline = try Pipeline(parts: parts, policy: policy, liveSources: liveSources, now: clock.now())
    self.store = store
    self.clock = clock
    self.logger = logger
    self.committed = committed
    executor = try ThreadExecutor(name: "kz-engine")
  }

  // MARK: Input

  /// Counts a chunk. Returns when it is applied, or later where the store lags behind.
  ///
  /// - Returns: Nil; or what to read of properties instead, where the chunk was decoded for another config: then it was not counted.
  func take(_ decoded: DecodedChunk, source: Int) async throws -> WantedProperties? {
    while isRebuilding { await withCheckedContinuation { waiting.append($0) } }
    if let failure { throw failure }
    guard decoded.batch.wanted == pipeline.engine.wanted else { return pipeline.engine.wanted }
    pipeline.take(decoded, source: source)
    try await commitIfDue()
    return nil
  }

  /// A source had nothing unread at its last look.
  func drained(_ source: Int) async throws {
    pipeline.drained(source)
    try await commitIfDue()
  }

  /// A source that is about to be read has to be drained before the wall clock may move the engine's.
  func follow(_ source: Int) { pipeline.follow(source) }

  /// A source that ended cannot hold the clock.
  func release(_ source: Int) { pipeline.release(source) }

  // MARK: Time

  /// Lets the wall clock move the engine's, unless a backlog would look like silence.
  ///
  /// - Returns: False where time brought as much as a commit is to hold: it is on its way to the store; call again. In between
  ///   whoever delivers gets a turn.
  @discardableResult
  func tick(settleMilliseconds: Int64) async throws -> Bool {
    if let failure { throw failure }
    guard !isRebuilding else { return true }
    let now = clock.now()
    let isThere = pipeline.tick(to: now.advanced(by: -settleMilliseconds), wall: now, storeIsFree: writing == nil)
    if isThere { try await commitIfDue() } else { try await commitNow() }
    return isThere
  }

  /// Somebody looked whether the file or socket of a source is there.
  func looked(_ source: Int, isThere: Bool) { pipeline.looked(source, isThere: isThere, now: clock.now()) }

  /// Nothing waits for a source any more, until it delivers again.
  func retire(_ source: Int) async throws {
    while isRebuilding { await withCheckedContinuation { waiting.append($0) } }
    if let failure { throw failure }
    pipeline.retire(source, at: clock.now())
    try await commitIfDue()
  }

  /// The end of a replay `--until`.
  func settle(at instant: Instant) async throws {
    while !pipeline.settle(at: instant) { try await commitNow() }
  }

  // MARK: Commits

  private func commitIfDue() async throws {
    // Nothing is stored behind a commit that failed: positions behind its lines would lose them.
    if let failure { throw failure }
    switch pipeline.decide(now: clock.now(), storeIsFree: writing == nil) {
    case .gather: return
    case .commit: try begin()
    case .waitForStore: try await commitNow()
    }
  }

  /// Begins a commit as soon as the store is free.
  private func commitNow() async throws {
    try await writing?.value
    if let failure { throw failure }
    // Somebody else may have begun the next one while we waited.
    guard writing == nil, pipeline.hasSomething else { return }
    try begin()
  }

  /// Cuts a commit off and starts to write it.
  private func begin() throws {
    let parcel = try pipeline.cut(now: clock.now())
    for transition in parcel.unit.commit.stalls { tell(transition) }
    let store = store
    let committed = committed
    let unit = StoredOnce(parcel.unit)
    let (receipts, owesRuns) = (parcel.receipts, parcel.owesRuns)
    let version = parcel.unit.configVersion
    // While it is written the engine goes on with what the clock has left behind.
    defer { pipeline.catchUp() }
    writing = Task {
      do {
        try await store.write(unit)
      } catch {
        self.failed(error)
        throw error
      }
      for (receipt, taker) in receipts { taker.take(receipt) }
      committed(owesRuns)
      // For what the clock has left behind nobody waits.
      await store.tidy(configVersion: version, isIdle: pipeline.isBehind || !pipeline.hasSomething)
      self.written()
    }
  }

  private func tell(_ transition: StallTransition) {
    let (level, message): (Logger.Level, Logger.Message) =
      switch transition.kind {
      case .stalled: (.error, "A source is stalled; its accounts wait")
      case .awaited: (.info, "A source is to be read first; its accounts wait")
      case .resumed, .retired, .heldLongest:
        (transition.stall.isAwaited ? .info : .notice, "A source's accounts wait no longer")
      }
    logger?.log(
      level: level, message,
      metadata: ["source": "\(transition.sourceName)", "reason": "\(transition.reason)"])
  }

  private func written() {
    writing = nil
    guard failure == nil, pipeline.followsAtOnce else { return }
    do { try begin() } catch { failure = error }
  }

  private func failed(_ error: any Error) {
    writing = nil
    failure = error
  }

  /// Stores everything that has gathered and waits until it is stored.
  func flush() async throws {
    while !pipeline.catchUp() { try await commitNow() }
    while let write = writing { try await write.value }
    if let failure { throw failure }
    if pipeline.hasSomething { try begin() }
    while let write = writing { try await write.value }
    if let failure { throw failure }
  }

  /// Puts another engine in place because the config has changed. Chunks that come meanwhile wait.
  ///
  /// `prepare` is called when everything gathered so far is stored, and gives what the new engine is made of.
  func rebuild(_ prepare: @Sendable () async throws -> EngineParts) async throws {
    isRebuilding = true
    defer {
      isRebuilding = false
      for continuation in waiting { continuation.resume() }
      waiting.removeAll()
    }
    try await flush()
    try pipeline.rebuild(try await prepare(), now: clock.now())
    try await flush()
  }

  /// Takes over what a changed config says of rules' hooks, where no number changes.
  func use(_ builder: CommitBuilder) { pipeline.use(builder) }

  /// Registers a source that a changed config added.
  func addSource(_ source: SourceModel) { pipeline.addSource(source) }

  // MARK: Figures

  /// What went through since the start.
  var totals: Pipeline.Totals { pipeline.totals }
  /// Figures for a summary.
  var accountCount: Int { pipeline.engine.accountCount }
  /// What each source has delivered, by number.
  var sourceRows: [SourceRow] { pipeline.engine.sourceRows }
  /// The engine's clock.
  var now: Instant { pipeline.engine.now }
}
