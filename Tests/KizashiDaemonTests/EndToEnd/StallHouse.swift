import KizashiConfig
import KizashiCore
import KizashiIngest
import KizashiStore
import Logging

@testable import KizashiDaemon

/// Two sources under a clock of ours: `app`, which can stall, and `billing`, which cannot. The engine, the store and the
/// intakes are the daemon's.
struct StallHouse {
  static let hour: Int64 = 3_600_000
  /// 2026-03-01T00:00:00Z.
  static let start: Int64 = 1_772_323_200_000

  let host: EngineHost
  let store: StoreHost
  let clock: FakeClock
  private let intakes: [String: SourceIntake]
  private let numbers: [String: Int]

  static func configure(
    _ place: Workspace, app: String = "stall_after: 30m", more: String = ""
  ) throws -> Configuration {
    try place.write(
      "kizashi.yaml",
      """
      version: 1
      store: {path: \(place.store)}
      sources:
        - {id: app, kind: file, paths: [\(place.path)/app*.ndjson], \(app)}
        - {id: billing, kind: file, paths: [\(place.path)/billing*.ndjson]}
      rules:
        gone-quiet: {kind: silence, feature: any, after: 5h, hooks: [pager]}
      hooks:
        pager: {run: [/bin/true]}
        mail: {run: [/bin/true]}
      \(more)
      """)
    return try Configuration.load(path: place.config)
  }

  /// - Parameter isUnread: Whether sources may have something to say that is older than the start.
  init(
    _ place: Workspace, at now: Int64, app: String = "stall_after: 30m", more: String = "", isUnread: Bool = false
  ) async throws {
    let configuration = try Self.configure(place, app: app, more: more)
    clock = FakeClock(now)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    store = try await StoreHost(path: place.store, programVersion: "test", quarantineRows: 100, logger: logger)
    let instant = clock.wall.now()
    let opened = try await store.use {
      try OpenedStore.prepare($0, configuration, extraSources: ["control"], suppression: nil, now: instant)
    }
    let numbers = ["app": opened.sources.number(of: "app"), "billing": opened.sources.number(of: "billing")]
    let host = try EngineHost(
      parts: opened.parts, store: store, clock: clock.wall, policy: .live,
      liveSources: isUnread ? Set(numbers.values) : [], committed: { _ in })
    self.host = host
    let wall = clock.wall
    self.numbers = numbers
    intakes = numbers.mapValues { number in
      SourceIntake(
        source: number, decode: DecodeOptions(), host: host, clock: wall, logger: logger,
        latestAcceptable: { $0.advanced(by: 300_000) })
    }
    try await host.flush()
  }

  /// Lines of (account, instant) from a source, in one chunk; then nothing of it is unread.
  func deliver(_ source: String, _ lines: [(account: String, at: Int64)], isAll: Bool = true) async throws {
    let text = lines.map { #"{"timestamp":\#($0.at),"account":"\#($0.account)","user":"u","event":"used"}"# + "\n" }
    var position = StreamPosition(source: source, key: "\(source):1", path: BytePath(source))
    position.offset = clock.wall.now().milliseconds
    try await intakes[source]?.accept(
      Chunk(source: source, position: position, bytes: Array(text.joined().utf8), startOffset: 0, oversize: []))
    if isAll { await intakes[source]?.drained(source: source) }
    try await host.flush()
  }

  /// Nothing of a source is unread.
  func drain(_ source: String) async throws {
    await intakes[source]?.drained(source: source)
    try await host.flush()
  }

  /// The wall clock goes there, and the clock driver looks once a minute on the way.
  func pass(to instant: Int64) async throws {
    while clock.wall.now().milliseconds < instant {
      clock.set(min(clock.wall.now().milliseconds + 60_000, instant))
      try await host.tick(settleMilliseconds: 2000)
    }
    try await host.flush()
  }

  /// Says whether the files of a source are there.
  func look(_ source: String, isThere: Bool) async { await host.looked(numbers[source] ?? 0, isThere: isThere) }

  func retire(_ source: String) async throws {
    try await host.retire(numbers[source] ?? 0)
    try await host.flush()
  }

  func close() async throws { try await store.close(clean: true) }
}
