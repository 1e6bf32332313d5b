import KizashiConfig
import KizashiCore
import KizashiIngest
import KizashiStore
import Logging
import Synchronization

/// What a replay is asked to do.
package struct ReplayRequest: Sendable {
  package var configuration: Configuration
  package var storePath: String
  /// Files in the order they are read; `-` is standard input, `.gz` is told by content.
  package var inputs: [String]
  /// Where the clock is moved at the end, and the latest event that is accepted (with the tolerance); nil: the clock
  /// stays at the last event, and events up to the present are accepted.
  package var until: Instant?

  /// A replay of `inputs` into the store at `storePath`.
  package init(configuration: Configuration, storePath: String, inputs: [String], until: Instant? = nil) {
    self.configuration = configuration
    self.storePath = storePath
    self.inputs = inputs
    self.until = until
  }
}

/// How far a replay is.
package struct ReplayProgress: Sendable {
  /// Bytes read from disk, of all inputs; compressed ones where they are.
  package var bytesRead: Int64
  /// Nil: not known (a pipe).
  package var totalBytes: Int64?
  /// Lines and rows of envelopes so far.
  package var events: Int64
  package var elapsedMilliseconds: Int64
}

/// What a replay did.
package struct ReplaySummary: Sendable {
  package var lines: Int64
  package var events: Int64
  package var duplicates: Int64
  package var ignored: Int64
  /// Refused lines by reason; only reasons that occurred.
  package var refused: [(reason: String, lines: Int64)]
  package var bytes: Int64
  package var accounts: Int
  package var changes: Int64
  /// Episodes that opened.
  package var alerts: Int64
  package var now: Instant?
  package var elapsedMilliseconds: Int64
  /// Before which instant usage has expired, whenever it came; nil: none has.
  package var expiredBefore: Instant?

  /// Lines of all reasons.
  package var refusedLines: Int64 { refused.reduce(0) { $0 + $1.lines } }
}

/// The same engine over finite input: the state a live run would have reached. No hook runs.
package enum Replay {
  /// The stream name of files that no source's globs match.
  static let source = "replay"

  /// Reads the inputs to their end, stores everything, and closes the store.
  package static func run(
    _ request: ReplayRequest, clock: WallClock = .system, logger: Logger = Logger(label: "kizashi"),
    progress: @escaping @Sendable (ReplayProgress) -> Void = { _ in }
  ) async throws(DaemonError) -> ReplaySummary {
    do {
      return try await perform(request, clock, logger, progress)
    } catch {
      throw DaemonError(error)
    }
  }

  private static func perform(
    _ request: ReplayRequest, _ clock: WallClock, _ logger: Logger,
    _ progress: @escaping @Sendable (ReplayProgress) -> Void
  ) async throws -> ReplaySummary {
    let configuration = request.configuration
    let started = clock.now()
    let store = try await StoreHost(
      path: request.storePath, programVersion: ProgramVersion.current,
      quarantineRows: configuration.daemonLimits.quarantineRows, logger: logger)
    let opened = try await store.use {
      try OpenedStore.prepare(
        $0, configuration, extraSources: [source], suppression: .replay, now: started)
    }
    let host = try EngineHost(
      parts: opened.parts, store: store, clock: clock, policy: .replay, liveSources: [], committed: { _ in })
    let before = opened.parts.restored.sources
    let meter = Meter(started: started, clock: clock, report: progress)
    let tolerance = configuration.model.limits.futureToleranceMilliseconds
    let latest = (request.until ?? started).advanced(by: tolerance)
    let routes = request.inputs.map { Route(input: $0, configuration) }
    meter.expect(routes.map(\.input))
    var expired: Instant?
    do {
      for route in routes {
        let number = opened.sources.number(of: route.source)
        let intake = SourceIntake(
          source: number, decode: route.decode, host: host, clock: clock,
          logger: logger, latestAcceptable: { _ in latest }, progress: { meter.count($0) })
        let reader = FiniteReader(
          source: route.source, path: route.input,
          positions: opened.sources.positions.filter { $0.source == route.source })
        try await reader.run(sink: intake) { meter.read($0.bytesRead, of: route.input) }
        try await intake.settle()
      }
      if let until = request.until { try await host.settle(at: until) }
      try await host.flush()
      expired = try await store.use { try $0.usageExpiredBefore() }
      try await store.close(clean: true)
    } catch {
      // What is stored stays; the next replay goes on behind it.
      try? await store.close(clean: false)
      throw error
    }
    meter.finish()
    var summary = await summary(host, before, elapsed: clock.now().milliseconds - started.milliseconds)
    summary.expiredBefore = expired
    return summary
  }

  private static func summary(_ host: EngineHost, _ before: [SourceRow], elapsed: Int64) async -> ReplaySummary {
    let totals = await host.totals
    var summary = ReplaySummary(
      lines: 0, events: 0, duplicates: 0, ignored: 0, refused: [], bytes: totals.bytes,
      accounts: await host.accountCount, changes: totals.changes, alerts: totals.alerts, now: await host.now,
      elapsedMilliseconds: elapsed)
    if summary.now?.milliseconds == .min { summary.now = nil }
    var refused = Array(repeating: Int64(0), count: RefusalReason.allCases.count + 1)
    for row in await host.sourceRows {
      let was = before.first { $0.source == row.source } ?? SourceRow(source: row.source)
      summary.lines += row.lines - was.lines
      summary.events += row.events - was.events
      summary.duplicates += row.duplicates - was.duplicates
      summary.ignored += row.ignored - was.ignored
      for reason in RefusalReason.allCases {
        refused[Int(reason.rawValue)] += row.refused[Int(reason.rawValue)] - was.refused[Int(reason.rawValue)]
      }
    }
    summary.refused = RefusalReason.allCases.filter { refused[Int($0.rawValue)] > 0 }
      .map { ($0.name, refused[Int($0.rawValue)]) }
    return summary
  }

  /// As which source's lines an input is read.
  private struct Route {
    var input: String
    var source: String
    var decode: DecodeOptions

    init(input: String, _ configuration: Configuration) {
      self.input = input
      let match = configuration.sources.first { candidate in
        guard case .file(let paths, let rotated) = candidate.kind, input != "-" else { return false }
        return FilePatterns.match(input, paths + rotated)
      }
      source = match?.id ?? Replay.source
      decode = match?.decode ?? DecodeOptions()
    }
  }
}

/// Adds up what the readers of a replay report; reports at most ten times a second.
private final class Meter: Sendable {
  private struct State {
    var events: Int64 = 0
    var read: [String: Int64] = [:]
    var total: Int64? = 0
    var lastReport: Int64 = 0
  }
  private let state = Mutex(State())
  private let started: Instant
  private let clock: WallClock
  private let report: @Sendable (ReplayProgress) -> Void

  init(started: Instant, clock: WallClock, report: @escaping @Sendable (ReplayProgress) -> Void) {
    self.started = started
    self.clock = clock
    self.report = report
  }

  func expect(_ inputs: [String]) {
    state.withLock { state in
      for input in inputs {
        guard let size = FilePatterns.size(input), let total = state.total else {
          state.total = nil
          return
        }
        state.total = total + size
      }
    }
  }

  func count(_ rows: Int) { state.withLock { $0.events += Int64(rows) } }

  func read(_ bytes: Int64, of input: String) {
    let now = clock.now().milliseconds
    let due = state.withLock { state in
      state.read[input] = bytes
      guard now - state.lastReport >= 100 else { return false }
      state.lastReport = now
      return true
    }
    if due { finish() }
  }

  func finish() {
    let elapsed = clock.now().milliseconds - started.milliseconds
    report(
      state.withLock {
        ReplayProgress(
          bytesRead: $0.read.values.reduce(0, +), totalBytes: $0.total, events: $0.events, elapsedMilliseconds: elapsed)
      })
  }
}
