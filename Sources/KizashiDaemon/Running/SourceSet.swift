import KizashiConfig
import KizashiCore
import KizashiIngest
import KizashiStore
import Logging

/// The sources that are being read: starts, stops and restarts them.
actor SourceSet {
  private struct Running {
    var configuration: SourceConfiguration
    var number: Int
    /// What it is asked to read and cannot.
    var troubles: @Sendable () -> [SourceTrouble]
    var task: Task<Void, Never>
  }

  private let host: EngineHost
  private let clock: WallClock
  private let logger: Logger
  private let progress: @Sendable (Int) -> Void
  private let excluded: [String]
  private let sockets: ActivatedSockets
  private let toleranceMilliseconds: Int64
  /// Told when a source ends with an error: the daemon cannot go on without it.
  private let failed: @Sendable (any Error) -> Void
  private var running: [String: Running] = [:]
  private var isStopped = false

  init(
    host: EngineHost, clock: WallClock, logger: Logger, excluded: [String], sockets: ActivatedSockets,
    toleranceMilliseconds: Int64, progress: @escaping @Sendable (Int) -> Void,
    failed: @escaping @Sendable (any Error) -> Void
  ) {
    self.host = host
    self.clock = clock
    self.logger = logger
    self.excluded = excluded
    self.sockets = sockets
    self.toleranceMilliseconds = toleranceMilliseconds
    self.progress = progress
    self.failed = failed
  }

  /// Reads exactly the configured sources: those that did not change go on undisturbed.
  func follow(_ configurations: [SourceConfiguration], _ known: KnownSources) async throws {
    await stopChanged(configurations)
    for configuration in configurations where running[configuration.id] == nil {
      try await start(configuration, known)
    }
  }

  /// Stops what is not among these; positions in the store are theirs after the next flush.
  func stopChanged(_ configurations: [SourceConfiguration]) async {
    for (id, source) in running where !configurations.contains(source.configuration) {
      await stop(id)
      await host.release(source.number)
    }
  }

  /// Ids of sources that would have to be stopped for these.
  func changed(by configurations: [SourceConfiguration]) -> [String] {
    running.values.filter { !configurations.contains($0.configuration) }.map(\.configuration.id).sorted()
  }

  /// What sources are asked to read and cannot, as rows of the store; nil: nobody reads any more.
  var troubles: [TroubleRow]? {
    guard !isStopped else { return nil }
    return running.values.flatMap { source in
      source.troubles().map { TroubleRow(source: source.number, path: $0.path.bytes, state: $0.kind.rawValue) }
    }.sorted()
  }

  /// The configured id of a number.
  func name(of number: Int) -> String? { running.values.first { $0.number == number }?.configuration.id }

  /// What is looked for to know whether a source that can stall is there, by its number.
  var watchedPlaces: [Int: SourceConfiguration.Kind] {
    running.values.reduce(into: [:]) { places, source in
      if source.configuration.stallAfterMilliseconds != nil { places[source.number] = source.configuration.kind }
    }
  }

  private func start(_ configuration: SourceConfiguration, _ known: KnownSources) async throws {
    let number = known.number(of: configuration.id)
    let tolerance = toleranceMilliseconds
    let intake = SourceIntake(
      source: number, decode: configuration.decode, host: host,
      clock: clock, logger: logger, latestAcceptable: { $0.advanced(by: tolerance) }, progress: progress)
    let positions = known.positions.filter { $0.source == configuration.id }
    let run: @Sendable () async throws -> Void
    var troubles: @Sendable () -> [SourceTrouble] = { [] }
    switch configuration.kind {
    case .file(let paths, let rotated):
      var options = FileSourceOptions()
      options.excluded = excluded
      let source = try FileSource(
        id: configuration.id, paths: paths, rotated: rotated, positions: positions, options: options)
      run = { try await source.run(sink: intake) }
      troubles = { source.troubles }
    case .unix(let path, let mode, let allowUIDs):
      let inherited = sockets.listener(at: path)
      let source = try UnixSocketSource(
        id: configuration.id, path: path, mode: mode, allowedUIDs: Set(allowUIDs), inherited: inherited,
        epoch: "\(clock.now().milliseconds)", positions: positions)
      try await source.listen()
      run = { try await source.run(sink: intake) }
    }
    await host.follow(number)
    let failed = failed
    running[configuration.id] = Running(
      configuration: configuration, number: number, troubles: troubles,
      task: Task {
        do {
          try await run()
          try await intake.settle()
        } catch is CancellationError {
          // Stopped on purpose.
        } catch {
          failed(error)
        }
      })
  }

  private func stop(_ id: String) async {
    guard let source = running.removeValue(forKey: id) else { return }
    source.task.cancel()
    await source.task.value
  }

  /// Stops reading; everything accepted so far is applied when this returns.
  func stopAll() async {
    isStopped = true
    for source in running.values { source.task.cancel() }
    for source in running.values { await source.task.value }
    running.removeAll()
  }
}
