import Foundation
import KizashiConfig
import KizashiCore
import KizashiDecode
import KizashiStore
import Logging

@testable import KizashiDaemon
@testable import KizashiIngest

/// A chunk as it was applied: what the log of events consists of.
struct AppliedChunk {
  var source: Int
  var bytes: [UInt8]
  var atStart: Bool
  var readAt: Instant
}

/// What a crash takes: a running daemon, put together from the real parts and driven by hand.
final class Machine {
  let store: Store
  var pipeline: Pipeline
  var scheduler: DeliveryScheduler
  /// Hook runs under way: when they end and how.
  var runs: [(launch: DeliveryScheduler.Launch, endsAt: Int64, ending: HookEnding)] = []
  /// Outcomes that are not stored yet.
  var unmarked: [(outcomes: [DeliveryOutcome], settlement: DeliveryScheduler.Settlement?)] = []
  /// A commit that is being written, and how much of the log is stored when it is.
  var writing: (parcel: Parcel, applied: Int)?
  /// Receipts on their way to producers.
  let mailbox = Mailbox()
  /// How the lines of each source are read, by number.
  let formats: [DecodeOptions]
  private let decoders: [LineDecoder]
  private var readers: [String: (framer: LineFramer, position: StreamPosition)] = [:]
  private var acknowledged: [String: Int64] = [:]
  private let number: [String: Int]

  final class Mailbox: ReceiptTaker, @unchecked Sendable {
    // One thread: the simulation's.
    var receipts: [Receipt] = []
    func take(_ receipt: Receipt) { receipts.append(receipt) }
  }

  /// Starts on what is stored.
  ///
  /// - Parameters:
  ///   - mostDeadlines: As of ``CommitPolicy``.
  ///   - isLive: Whether it is a daemon that decides which sources it waits for; else its log says that.
  init(path: String, _ configuration: Configuration, now: Int64, mostDeadlines: Int = .max, isLive: Bool = true) throws
  {
    store = try Store(path: path, programVersion: "simulation")
    let instant = Instant(milliseconds: now)
    try store.planAnew(configuration, at: instant)
    let opened = try OpenedStore.prepare(
      store, configuration, extraSources: ["control"], suppression: nil, now: instant)
    number = ["log": opened.sources.number(of: "log"), "sock": opened.sources.number(of: "sock")]
    formats = opened.sources.names.map { name in
      configuration.sources.first { $0.id == name }?.decode ?? DecodeOptions()
    }
    decoders = formats.map { LineDecoder(options: $0) }
    var policy = CommitPolicy.live
    (policy.mostDeadlines, policy.mostDeadlinesNow) = (mostDeadlines, mostDeadlines)
    pipeline = try Pipeline(
      parts: opened.parts, policy: policy, liveSources: isLive ? Set(number.values) : [], now: instant)
    for position in opened.sources.positions {
      readers[position.key] = (LineFramer(offset: position.offset), position)
      acknowledged[position.key] = position.lines
    }
    scheduler = DeliveryScheduler(
      policies: HookDefinition.all(of: configuration).map(\.policy),
      runningLimit: configuration.daemonLimits.hooksRunning)
    // Whatever was gathered by the start itself.
    if pipeline.hasSomething { try store.write(try pipeline.cut(now: instant).unit) }
  }

  func number(of source: String) -> Int { number[source] ?? 0 }

  // MARK: Files

  private func reader(_ key: String, _ source: String) -> (framer: LineFramer, position: StreamPosition) {
    readers[key] ?? (LineFramer(), StreamPosition(source: source, key: key, path: BytePath("/log/\(key)")))
  }

  func isReadOut(_ file: World.LogFile) -> Bool {
    let reader = reader(file.key, "log")
    if reader.position.finished { return true }
    return reader.framer.readOffset == file.bytes.count && !file.isRotated
  }

  /// Reads a file once: at most `budget` bytes, fewer if the disk feels like it.
  func read(_ file: World.LogFile, budget: Int, now: Int64) -> AppliedChunk? {
    var (framer, position) = reader(file.key, "log")
    guard !position.finished else { return nil }
    let from = Int(framer.readOffset)
    var piece = framer.fill(budget) { room in
      let count = min(room.count, file.bytes.count - from)
      room.copyBytes(from: file.bytes[from..<from + count])
      return count
    }
    if piece.readCount == 0 && file.isRotated {
      piece = framer.finish()
      position.ending = .departed
    }
    position.offset = framer.offset
    readers[file.key] = (framer, position)
    guard !piece.isEmpty || position.finished else { return nil }
    return apply(piece, position, nil, now)
  }

  // MARK: Producers

  /// Whether a hello can be answered: all earlier lines are stored. The answer.
  func greet(_ producer: String) -> Int64? {
    let key = "sock/\(producer)"
    let position = reader(key, "sock").position
    guard acknowledged[key, default: 0] == position.lines else { return nil }
    // A new connection begins at a line.
    readers[key] = (LineFramer(offset: position.offset), position)
    return position.lines
  }

  /// Reads what is on a connection's wire.
  func read(_ producer: String, _ wire: inout [UInt8], budget: Int, now: Int64) -> AppliedChunk? {
    let key = "sock/\(producer)"
    var (framer, position) = reader(key, "sock")
    let piece = framer.fill(budget) { room in
      let count = min(room.count, wire.count)
      room.copyBytes(from: wire.prefix(count))
      wire.removeFirst(count)
      return count
    }
    let feeds = piece.lineFeeds
    let wish = Acknowledgement(firstLine: position.lines + feeds.oversize + 1, taker: mailbox)
    position.offset = framer.offset
    position.lines += feeds.oversize + feeds.bytes
    readers[key] = (framer, position)
    return piece.isEmpty ? nil : apply(piece, position, wish, now)
  }

  /// A receipt has come back to the socket's thread.
  func noteAcknowledged(_ receipt: Receipt) { acknowledged[receipt.key] = receipt.lines }

  private func apply(
    _ piece: LineFramer.Piece, _ position: StreamPosition, _ wish: Acknowledgement?, _ now: Int64
  ) -> AppliedChunk {
    let source = number(of: position.source)
    var chunk = Chunk(
      source: position.source, position: position, bytes: piece.bytes, startOffset: piece.startOffset, oversize: [])
    chunk.acknowledgement = wish
    let applied = AppliedChunk(
      source: source, bytes: piece.bytes, atStart: chunk.atStreamStart, readAt: Instant(milliseconds: now))
    pipeline.take(Self.decode(applied, chunk, decoders[source]), source: source)
    return applied
  }

  static func decode(_ applied: AppliedChunk, _ chunk: Chunk, _ decoder: LineDecoder) -> DecodedChunk {
    var batch = EventBatch()
    batch.source = applied.source
    batch.latestAcceptable = applied.readAt.advanced(by: 300_000)
    chunk.bytes.withUnsafeBytes {
      decoder.decode($0, atStreamStart: applied.atStart, receivedAt: applied.readAt, into: &batch)
    }
    return DecodedChunk(batch: batch, chunk: chunk, readAt: applied.readAt)
  }

  // MARK: Deliveries

  /// Owes the reminders that are due; whether there were any, which then are synced.
  @discardableResult
  func remind(_ configuration: Configuration, now: Int64) throws -> Bool {
    let instant = Instant(milliseconds: now)
    return try store.oweReminders(ReminderPlan(configuration).wanted(at: instant), at: instant) > 0
  }

  /// Asks the outbox and gives what is to start now.
  func launches(now: Int64) throws -> [DeliveryScheduler.Launch] {
    let instant = Instant(milliseconds: now)
    _ = try store.endSnoozes(at: instant)
    scheduler.outboxChanged()
    for fetch in scheduler.fetches(now: instant) {
      let (runs, nextAt) = try store.dueRuns(
        hook: fetch.hook, at: instant, limit: fetch.limit, severities: fetch.severities)
      scheduler.supply(
        DueWindow(
          deliveries: runs.map {
            OwedDelivery(
              id: $0.deliveryID, sequence: $0.sequence, hook: fetch.hook, account: $0.account, rule: $0.rule,
              state: $0.state, severity: $0.severity, attempts: $0.attempts, payload: $0.payload)
          }, nextAt: nextAt), for: fetch)
    }
    let launches = scheduler.launches(now: instant)
    for launch in launches { unmarked.append((scheduler.begun(launch, now: instant), nil)) }
    return launches
  }

  /// A hook's process has ended.
  func ended(_ index: Int, now: Int64) {
    let run = runs.remove(at: index)
    let instant = Instant(milliseconds: now)
    if let settlement = scheduler.ended(run: run.launch.run, run.ending, output: "", now: instant) {
      unmarked.append((settlement.outcomes, settlement))
    }
  }

  /// Stores what became of hooks.
  func mark() throws {
    try store.mark(unmarked.flatMap(\.outcomes).map(DeliveryUpdate.init))
    for settlement in unmarked.compactMap(\.settlement) { scheduler.stored(settlement) }
    unmarked = []
  }
}
