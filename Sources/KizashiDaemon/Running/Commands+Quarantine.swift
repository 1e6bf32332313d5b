import KizashiConfig
import KizashiCore
import KizashiIngest
import KizashiStore
import Logging

extension Commands {
  /// Most lines that are in memory at one time.
  static let linesAtOnce = 256
  /// Most lines that the answer names.
  private static let linesNamed = 100

  /// Reads quarantined lines again, as their source's, after a mistake in a mapping or a limit was mended. Those that are
  /// refused again stand in quarantine again, where they were found first; those that cannot be read again stay.
  static func retryQuarantine(
    source: String?, reason: String?, _ configuration: Configuration, _ store: StoreHost, _ host: EngineHost,
    _ clock: WallClock, _ logger: Logger
  ) async throws -> ControlReply {
    if let reason, !RefusalReason.allCases.contains(where: { $0.name == reason }) {
      return ControlReply(
        exitCode: DaemonError.Code.usage.rawValue, message: "there is no reason \(reason)",
        details: RefusalReason.allCases.map(\.name))
    }
    let names = try await store.use { try $0.sourceNames() }
    // What is refused again is put behind this.
    let last = try await store.use { try $0.lastQuarantined() }
    let refusedBefore = await refusedLines(host)
    let retry = Retry(configuration, names, host, clock, logger)
    var (after, read, left) = (Int64(0), 0, Left())
    while true {
      let from = after
      let lines = try await store.use {
        try $0.quarantined(source: source, reason: reason, after: from, last: last, limit: linesAtOnce)
      }
      guard let newest = lines.last else { break }
      after = newest.sequence
      for line in lines {
        guard let why = retry.obstacle(line) else { continue }
        left.add(line, "\(names[line.source]): \(place(line)): \(line.reason.name); \(why)")
      }
      let readable = lines.filter { retry.obstacle($0) == nil }
      read += readable.count
      try await retry.read(readable)
    }
    try await host.flush()
    guard read + left.count > 0 else {
      return ControlReply(exitCode: DaemonError.Code.no.rawValue, message: "no such line is in quarantine")
    }
    let refused = await refusedLines(host) - refusedBefore + Int64(read)
    var message = "\(read) \(read == 1 ? "line" : "lines") read again"
    if refused > 0 { message += ", \(refused) refused again" }
    if left.count > 0 { message += "; \(left.count) cannot be read again and \(left.count == 1 ? "stays" : "stay")" }
    return ControlReply(
      exitCode: read == 0 ? DaemonError.Code.no.rawValue : 0, message: message, details: left.details)
  }

  /// Where a line lies.
  private static func place(_ line: RetryableLine) -> String {
    let path = line.path.map { BytePath(bytes: $0).description } ?? "a connection"
    return "\(path) byte \(line.offset)"
  }

  private static func refusedLines(_ host: EngineHost) async -> Int64 {
    await host.sourceRows.reduce(0) { $0 + $1.refused.reduce(0, +) }
  }

  /// The lines that cannot be read again.
  private struct Left {
    var count = 0
    var named: [String] = []

    mutating func add(_ line: RetryableLine, _ text: String) {
      count += 1
      if named.count < Commands.linesNamed { named.append(text) }
    }

    var details: [String] {
      count > named.count ? named + ["… and \(count - named.count) more (kizashi quarantine list)"] : named
    }
  }

  /// How lines are read again.
  private struct Retry {
    let configuration: Configuration
    let names: [String]
    let host: EngineHost
    let clock: WallClock
    let logger: Logger

    init(
      _ configuration: Configuration, _ names: [String], _ host: EngineHost, _ clock: WallClock, _ logger: Logger
    ) {
      self.configuration = configuration
      self.names = names
      self.host = host
      self.clock = clock
      self.logger = logger
    }

    /// Why a line cannot be read again; nil: it can.
    func obstacle(_ line: RetryableLine) -> String? {
      if !line.isWhole {
        return "only its beginning is kept: take it from there and send it again"
      }
      if decoding(line.source) == nil { return "its source is not in the config any more, which says how to read it" }
      return nil
    }

    private func decoding(_ source: Int) -> DecodeOptions? {
      let name = names[source]
      if let configured = configuration.sources.first(where: { $0.id == name }) { return configured.decode }
      return name == Replay.source ? DecodeOptions() : nil
    }

    /// Returns when they are applied.
    func read(_ lines: [RetryableLine]) async throws {
      let tolerance = configuration.model.limits.futureToleranceMilliseconds
      for (number, group) in Dictionary(grouping: lines, by: \.source).sorted(by: { $0.key < $1.key }) {
        let intake = SourceIntake(
          source: number, decode: decoding(number) ?? DecodeOptions(), host: host, clock: clock, logger: logger,
          latestAcceptable: { $0.advanced(by: tolerance) })
        var position = StreamPosition(
          source: names[number], key: "quarantine:\(clock.now().milliseconds)", path: BytePath("quarantine"))
        position.ending = .closed
        let retried = RetriedLines(group)
        // Not at 0: no line is the first of its stream, where a byte order mark would be taken out.
        let chunk = Chunk(
          source: names[number], position: position, bytes: retried.bytes, startOffset: 1, oversize: [])
        try await intake.accept(chunk, retrying: retried)
        try await intake.settle()
      }
    }
  }
}
