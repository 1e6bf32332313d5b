import KizashiConfig
import KizashiCore
import KizashiIngest
import KizashiStore
import Logging

/// A decoded chunk on its way to the engine.
struct DecodedChunk: Sendable {
  var batch: EventBatch
  var chunk: Chunk
  var readAt: Instant
}

/// Owns the engine: applies what is decoded, moves its clock, and hands what has gathered to the store.
///
/// One actor on one thread: it is crossed once per chunk. While the store writes one commit the next gathers; a commit that
/// finds the store still writing waits with its source.
actor EngineHost {
  private var engine: Engine
  private var builder: CommitBuilder
  private let store: StoreHost
  private let clock: WallClock
  private let policy: CommitPolicy
  private let executor: ThreadExecutor
  /// Told after each stored commit: whether it owes deliveries.
  private let committed: @Sendable (_ owes: Bool) -> Void

  private var positions: [String: (position: StreamPosition, source: Int)] = [:]
  private var quarantine: [QuarantineRow] = []
  private var writing: Task<Void, any Error>?
  private var failure: (any Error)?
  private var lastCommit: Instant
  private var isRebuilding = false
  private var waiting: [CheckedContinuation<Void, Never>] = []
  /// Sources with something unread at the last look.
  private var undrained: Set<Int>
  private(set) var totals = Totals()

  /// What went through since the start.
  struct Totals: Sendable {
    var bytes: Int64 = 0
    var lines: Int64 = 0
    var commits: Int64 = 0
    var changes: Int64 = 0
    var alerts: Int64 = 0
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(
    parts: EngineParts, store: StoreHost, clock: WallClock, policy: CommitPolicy,
    liveSources: Set<Int>, committed: @escaping @Sendable (Bool) -> Void
  ) throws {
    engine = try parts.makeEngine()
    builder = parts.builder
    self.store = store
    self.clock = clock
    self.policy = policy
    self.committed = committed
    executor = try ThreadExecutor(name: "kz-engine")
    undrained = liveSources
    lastCommit = clock.now()
  }

  // MARK: Input

  /// Counts a chunk. Returns when it is applied, or later where the store lags behind.
  func take(_ decoded: DecodedChunk, source: Int) async throws {
    while isRebuilding { await withCheckedContinuation { waiting.append($0) } }
    if let failure { throw failure }
    undrained.insert(source)
    engine.apply(decoded.batch)
    let refusals = engine.takeRefusals()
    if !refusals.isEmpty { keep(refusals, decoded, source) }
    for line in decoded.chunk.oversize {
      engine.refuse(.oversize, source: source)
      quarantine.append(
        QuarantineRow(
          source: source, path: decoded.chunk.position.path.bytes, offset: line.offset, reason: .oversize,
          seenAt: decoded.readAt, line: line.sample))
    }
    positions[decoded.chunk.position.key] = (decoded.chunk.position, source)
    totals.bytes += Int64(decoded.chunk.bytes.count)
    totals.lines += Int64(decoded.batch.lines.count)
    try await commitIfDue()
  }

  private func keep(_ refusals: [Refusal], _ decoded: DecodedChunk, _ source: Int) {
    for refusal in refusals {
      let range = decoded.batch.lines[refusal.line]
      let start = Int(range.offset)
      let length = min(Int(range.length), QuarantineRow.longestLine)
      quarantine.append(
        QuarantineRow(
          source: source, path: decoded.chunk.position.path.bytes,
          offset: decoded.chunk.startOffset + Int64(start), reason: refusal.reason, seenAt: decoded.readAt,
          line: Array(decoded.chunk.bytes[start..<start + length])))
    }
  }

  /// A source had nothing unread at its last look.
  func drained(_ source: Int) async throws {
    undrained.remove(source)
    try await commitIfDue()
  }

  /// A source that is about to be read has to be drained before the wall clock may move the engine's.
  func follow(_ source: Int) { undrained.insert(source) }

  /// A source that ended cannot hold the clock.
  func release(_ source: Int) { undrained.remove(source) }

  // MARK: Time

  /// Lets the wall clock move the engine's, unless a backlog would look like silence.
  func tick(settleMilliseconds: Int64) async throws {
    if let failure { throw failure }
    guard undrained.isEmpty, !isRebuilding else { return }
    engine.advance(to: clock.now().advanced(by: -settleMilliseconds))
    try await commitIfDue()
  }

  /// The end of a replay `--until`.
  func settle(at instant: Instant) { engine.settle(at: instant) }

  // MARK: Commits

  private func commitIfDue() async throws {
    let (events, anything) = engine.undrained
    guard anything || !positions.isEmpty || !quarantine.isEmpty else { return }
    switch policy.decide(
      events: events, since: lastCommit, now: clock.now(), isDrained: undrained.isEmpty, storeIsFree: writing == nil)
    {
    case .gather: return
    case .commit: try begin()
    case .waitForStore:
      try await writing?.value
      // Somebody else may have begun the next one while we waited.
      guard writing == nil, engine.undrained.anything else { return }
      try begin()
    }
  }

  /// Drains the engine into a unit and starts to write it.
  private func begin() throws {
    let now = clock.now()
    let commit = engine.drain()
    let rows = try positions.values.sorted { $0.position.key < $1.position.key }
      .map { try StoredPosition.row($0.position, source: $0.source) }
    let unit = builder.unit(commit, engine, streams: rows, quarantine: quarantine, detectedAt: now)
    positions.removeAll(keepingCapacity: true)
    quarantine.removeAll(keepingCapacity: true)
    lastCommit = now
    totals.commits += 1
    totals.changes += Int64(unit.commit.changes.count)
    totals.alerts += Int64(unit.commit.alerts.count)
    let owes = unit.durable
    let store = store
    let committed = committed
    writing = Task {
      do {
        try await store.write(unit)
      } catch {
        self.failed(error)
        throw error
      }
      committed(owes)
      self.written()
    }
  }

  private func written() {
    writing = nil
    guard failure == nil else { return }
    let (_, anything) = engine.undrained
    guard policy.whenDrained, undrained.isEmpty, anything || !positions.isEmpty else { return }
    do { try begin() } catch { failure = error }
  }

  private func failed(_ error: any Error) {
    writing = nil
    failure = error
  }

  /// Stores everything that has gathered and waits until it is stored.
  func flush() async throws {
    while let write = writing { try await write.value }
    if let failure { throw failure }
    if engine.undrained.anything || !positions.isEmpty || !quarantine.isEmpty { try begin() }
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
    let parts = try await prepare()
    engine = try parts.makeEngine()
    builder = parts.builder
    try await flush()
  }

  /// Takes over what a changed config says of rules' hooks, where no number changes.
  func use(_ builder: CommitBuilder) { self.builder = builder }

  /// Registers a source that a changed config added.
  func addSource(_ source: SourceModel) { engine.addSource(source) }

  /// Figures for a summary.
  var accountCount: Int { engine.accountCount }
  /// What each source has delivered, by number.
  var sourceRows: [SourceRow] { engine.sourceRows }
  /// The engine's clock.
  var now: Instant { engine.now }
}
