import KizashiConfig
import KizashiCore
import KizashiIngest
import KizashiStore
import Logging

extension Commands {
  /// Most lines of one retry: each is held in memory.
  static let mostLines = 10_000

  /// Reads quarantined lines again, as their source's, after a mistake in a mapping or a limit was mended. Those that are
  /// refused again stand in quarantine again.
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
    let lines = try await store.use { try $0.quarantined(source: source, reason: reason, limit: mostLines) }
    guard !lines.isEmpty else {
      return ControlReply(exitCode: DaemonError.Code.no.rawValue, message: "no such line is in quarantine")
    }
    let started = clock.now()
    let refusedBefore = await refusedLines(host)
    let tolerance = configuration.model.limits.futureToleranceMilliseconds
    for (number, group) in Dictionary(grouping: lines, by: \.source).sorted(by: { $0.key < $1.key }) {
      let decode = configuration.sources.first { $0.id == names[number] }?.decode ?? DecodeOptions()
      let intake = SourceIntake(
        source: number, decode: decode, host: host, clock: clock, logger: logger,
        latestAcceptable: { $0.advanced(by: tolerance) })
      var position = StreamPosition(
        source: names[number], key: "quarantine:\(started.milliseconds)", path: BytePath("quarantine"))
      position.ending = .closed
      let bytes = group.flatMap { $0.line + [UInt8(ascii: "\n")] }
      try await intake.accept(
        Chunk(source: names[number], position: position, bytes: bytes, startOffset: 0, oversize: []),
        releasing: group.map(\.sequence))
      try await intake.settle()
      await host.release(number)
    }
    try await host.flush()
    let refused = await refusedLines(host) - refusedBefore
    let read = "\(lines.count) \(lines.count == 1 ? "line" : "lines") read again"
    return ControlReply(message: refused == 0 ? read : "\(read), \(refused) refused again")
  }

  private static func refusedLines(_ host: EngineHost) async -> Int64 {
    await host.sourceRows.reduce(0) { $0 + $1.refused.reduce(0, +) }
  }
}
