import KizashiConfig
import KizashiCore
import KizashiDecode
import KizashiIngest
import Logging

/// What one source's chunks go through: decoded here, then handed to the engine, one chunk ahead of it.
///
/// While the engine applies one chunk the next is read and decoded; a third waits. That is all the buffering there is.
actor SourceIntake: ChunkSink {
  private let source: Int
  private let decode: DecodeOptions
  private var decoder: LineDecoder
  private let host: EngineHost
  private let clock: WallClock
  private let logger: Logger
  private let latestAcceptable: @Sendable (Instant) -> Instant
  /// Told how many rows each chunk had, for meters and the watchdog.
  private let progress: @Sendable (Int) -> Void
  private var handOver: Task<Void, any Error>?

  /// - Parameter latestAcceptable: the latest instant an event may carry, of a chunk read at an instant.
  init(
    source: Int, decode: DecodeOptions, host: EngineHost,
    clock: WallClock, logger: Logger, latestAcceptable: @escaping @Sendable (Instant) -> Instant,
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.source = source
    self.host = host
    self.clock = clock
    self.logger = logger
    self.latestAcceptable = latestAcceptable
    self.progress = progress
    self.decode = decode
    decoder = LineDecoder(options: decode)
  }

  func accept(_ chunk: Chunk) async throws { try await accept(chunk, retrying: nil) }

  /// Takes lines from quarantine, whose rows are to go in the same transaction.
  func accept(_ chunk: Chunk, retrying retried: RetriedLines?) async throws {
    let decoded = decoded(chunk, readAt: clock.now(), retrying: retried)
    progress(decoded.batch.rowCount)
    try await handOver?.value
    handOver = Task { [host, source] in
      var decoded = decoded
      while let wanted = try await host.take(decoded, source: source) { decoded = self.again(decoded, wanted) }
    }
  }

  private func decoded(_ chunk: Chunk, readAt: Instant, retrying retried: RetriedLines?) -> DecodedChunk {
    var batch = EventBatch()
    batch.source = source
    batch.latestAcceptable = latestAcceptable(readAt)
    chunk.bytes.withUnsafeBytes {
      decoder.decode($0, atStreamStart: chunk.atStreamStart, receivedAt: readAt, into: &batch)
    }
    return DecodedChunk(batch: batch, chunk: chunk, readAt: readAt, retried: retried)
  }

  /// Decodes a chunk for another config than it was decoded for: the first one, and those on their way when it changes.
  private func again(_ chunk: DecodedChunk, _ wanted: WantedProperties) -> DecodedChunk {
    if decoder.wanted != wanted { decoder = LineDecoder(options: decode, wanted: wanted) }
    return decoded(chunk.chunk, readAt: chunk.readAt, retrying: chunk.retried)
  }

  /// Waits until everything accepted is applied.
  func settle() async throws {
    try await handOver?.value
    handOver = nil
  }

  func drained(source _: String) async {
    do {
      try await settle()
      try await host.drained(source)
    } catch {
      // The engine keeps the failure and gives it to the next chunk; here nobody waits for it.
      logger.debug("The engine takes nothing more", metadata: ["error": "\(error)"])
    }
  }

  func report(_ event: SourceEvent) async {
    let level: Logger.Level =
      switch event.kind {
      case .opened, .connectionOpened, .connectionClosed: .debug
      case .rotated: .info
      case .truncated(let lost), .gone(let lost): lost > 0 ? .error : .notice
      case .unreadable, .corrupt: .error
      case .takenBack, .ignored, .oversize, .unwatched, .connectionRefused, .producerForgotten: .warning
      }
    logger.log(level: level, "Source event", metadata: ["source": "\(event.source)", "event": "\(event)"])
  }
}
