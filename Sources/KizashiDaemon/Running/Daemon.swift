import Foundation
import Glibc
import KizashiConfig
import KizashiCore
import KizashiIngest
import KizashiStore
import Logging
import ServiceLifecycle
import Synchronization

/// The daemon: follows the sources, keeps the numbers, runs the hooks, until it is told to stop.
///
/// Everything that acts is a service of one group; the order in which they are listed is the reverse of the order in which
/// they stop: reading ends first, then what was read is stored, then the hooks end.
package final class Daemon: Sendable {
  let configPath: String
  let storePath: String
  let clock: WallClock
  let logger: Logger
  let environment: [String: String]
  let store: StoreHost
  let host: EngineHost
  let sources: SourceSet
  let hooks: HookService
  let hookBase: HookBaseEnvironment
  let hookRunner: HookRunner
  let notifier: ServiceNotifier
  let states: StateNotices
  /// The config in force.
  let current: Mutex<Configuration>
  /// Whether somebody looks for files and sockets.
  let isLooking = Mutex(false)
  /// What cannot be read.
  let troubles = Mutex(TroubleWatch())
  /// One reload at a time.
  let reloading = AsyncLock()
  private let failures: AsyncStream<any Error>

  /// Runs until TERM or INT; then everything read is stored and it returns.
  ///
  /// - Parameters:
  ///   - configuration: As loaded from `configPath`, which a reload reads again.
  ///   - storePath: The SQLite file.
  package static func run(
    configuration: Configuration, configPath: String, storePath: String, clock: WallClock = .system, logger: Logger,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) async throws(DaemonError) {
    // A producer or a hook that goes away must not take the daemon with it.
    signal(SIGPIPE, SIG_IGN)
    let signals = StopSignals.start()
    let openFiles = OpenFiles.raise()
    do {
      let daemon = try await Daemon(
        configuration: configuration, configPath: configPath, storePath: storePath, clock: clock, logger: logger,
        environment: environment, openFiles: openFiles)
      try await daemon.serve(signals)
    } catch {
      throw DaemonError(error)
    }
  }

  /// As they were when the store was opened: what else was opened has gone into the engine.
  private let opened: KnownSources
  private let watchdog: WatchdogFeeder?

  private init(
    configuration: Configuration, configPath: String, storePath: String, clock: WallClock, logger: Logger,
    environment: [String: String], openFiles: OpenFiles
  ) async throws {
    self.configPath = configPath
    self.storePath = storePath
    self.clock = clock
    self.logger = logger
    self.environment = environment
    current = Mutex(configuration)
    notifier = ServiceNotifier(environment: environment)
    states = StateNotices(logger: logger)
    hookBase = HookBaseEnvironment(environment)
    hookRunner = HookRunner(openFiles: openFiles)
    let watchdog = WatchdogSettings(environment: environment, pid: getpid())
      .map { [notifier] in WatchdogFeeder(settings: $0, notifier: notifier, logger: logger) }
    self.watchdog = watchdog
    try await Self.lookForNeighbour(of: storePath)
    let store = try await StoreHost(
      path: storePath, programVersion: ProgramVersion.current,
      quarantineRows: configuration.daemonLimits.quarantineRows, logger: logger, waits: true,
      progress: { [notifier] in
        watchdog?.progress()
        // Counts while systemd waits for a start or a stop; else it means nothing.
        try? notifier.extendTimeout(microseconds: 30_000_000)
      })
    self.store = store
    let started = clock.now()
    let opened = try await store.useWhenWritable {
      try $0.planAnew(configuration, at: started)
      return try OpenedStore.prepare($0, configuration, extraSources: [Self.control], suppression: nil, now: started)
    }
    self.opened = opened.sources
    try await Self.tellOfNewStore(store, storePath, logger)
    let hooks = HookService(
      outbox: store, definitions: HookDefinition.all(of: configuration),
      runningLimit: configuration.daemonLimits.hooksRunning, base: hookBase, runner: hookRunner, logger: logger,
      now: clock.now)
    self.hooks = hooks
    host = try EngineHost(
      parts: opened.parts, store: store, clock: clock, policy: .live,
      liveSources: Set(configuration.sources.map { opened.sources.number(of: $0.id) }), logger: logger,
      committed: { owes in
        watchdog?.idle()
        if owes { hooks.notify() }
      })
    let (failures, continuation) = AsyncStream<any Error>.makeStream()
    self.failures = failures
    sources = SourceSet(
      host: host, clock: clock, logger: logger,
      excluded: [storePath, storePath + "-wal", storePath + "-shm", storePath + ".lock"],
      sockets: ActivatedSockets(environment: environment, pid: getpid()),
      toleranceMilliseconds: configuration.model.limits.futureToleranceMilliseconds,
      progress: { _ in watchdog?.progress() }, failed: { continuation.yield($0) })
  }

  /// The stream of commands.
  static let control = "control"

  /// Where the command line finds the daemon of a store.
  package static func controlPath(storePath: String) -> String {
    (absolute(storePath) as NSString).deletingLastPathComponent + "/control.sock"
  }

  /// A path as any process understands it.
  package static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }

  /// Throws where the daemon of another store in the same folder has the socket that this one's commands would come through:
  /// before this one's store is opened or made.
  private static func lookForNeighbour(of storePath: String) async throws {
    let path = controlPath(storePath: storePath)
    do throws(ControlError) {
      _ = try await ControlClient.send(
        path: path, request: .status, store: absolute(storePath), timeout: .seconds(2))
    } catch {
      // All else is told by whoever takes the store's lock or listens.
      if case .otherStore = error { throw error }
    }
  }

  /// A store that is not there is made, and then every source is read from its beginning: nobody may find that out by the
  /// numbers only.
  private static func tellOfNewStore(_ store: StoreHost, _ path: String, _ logger: Logger) async throws {
    let (isNew, wasRemoved) = try await store.use { ($0.isNew, $0.wasRemoved) }
    if wasRemoved {
      logger.warning(
        "The store is gone and was made anew; every source is read again from its beginning",
        metadata: [
          "store": "\(path)",
          "hint": "restore a backup instead where event files are missing or producers sent lines to a socket",
        ])
    } else if isNew {
      logger.notice("Made a new store; every source is read from its beginning", metadata: ["store": "\(path)"])
    }
  }

  private func serve(_ signals: StopSignals) async throws {
    let control = try ControlServer(
      path: Self.controlPath(storePath: storePath), store: Self.absolute(storePath), logger: logger
    ) { [self] request in await answer(request) }
    try await host.flush()
    let (stops, stop) = AsyncStream<Void>.makeStream()
    let (hangups, hangup) = AsyncStream<Void>.makeStream()
    signals.hand { number in
      if number == SIGHUP { hangup.yield() } else { stop.yield() }
    }
    var services: [any Service] = []
    if let watchdog { services.append(watchdog) }
    services += [
      hooks, Reminding(daemon: self), control, StoreCheck(daemon: self), ReloadOnHangup(daemon: self, hangups: hangups),
      ClockDriver(daemon: self), Reading(daemon: self, failures: failures),
    ]
    var members: [ServiceGroupConfiguration.ServiceConfiguration] = services.map {
      .init(service: $0, successTerminationBehavior: .ignore, failureTerminationBehavior: .gracefullyShutdownGroup)
    }
    members.append(.init(service: Stop(stops: stops), successTerminationBehavior: .gracefullyShutdownGroup))
    let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: members, logger: quiet))
    do {
      try await group.run()
    } catch {
      logger.error("Stopping after a failure", metadata: ["error": "\(error)"])
      try? await store.close(clean: false)
      throw error
    }
    try await store.close(clean: true)
    logger.notice("Stopped; everything read is stored")
  }

  /// Begins to read. Called when the group already takes TERM: whoever is told READY may stop us the next moment.
  func startReading() async throws {
    let configured = current.withLock { $0.sources }
    try await sources.follow(configured, opened)
    states.tell { [notifier] in try notifier.ready(status: "following \(configured.count) sources") }
    logger.notice(
      "Started", metadata: ["version": "\(ProgramVersion.current)", "store": "\(storePath)", "config": "\(configPath)"])
  }

  /// The service group tells each step at info; an operator does not need them.
  private var quiet: Logger {
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .error)
    return quiet
  }

  /// Tells systemd how things stand; that it cannot be told is worth a line, no more, and that it has no time not even that: it is
  /// told again.
  func tell(_ send: () throws -> Void) {
    do { try send() } catch NotifyError.busy {} catch {
      logger.warning("systemd cannot be told", metadata: ["error": "\(error)"])
    }
  }
}

/// Reads until the group shuts down; then stops the sources and stores what they read.
private struct Reading: Service {
  let daemon: Daemon
  let failures: AsyncStream<any Error>

  func run() async throws {
    try await daemon.startReading()
    var failure: (any Error)?
    for await error in failures.cancelOnGracefulShutdown() {
      failure = error
      break
    }
    daemon.states.tell { [notifier = daemon.notifier] in try notifier.stopping(status: "storing what was read") }
    // A full disk may stay full, and whoever stops us wants an end.
    await daemon.store.stopWaiting(after: .seconds(10))
    await daemon.sources.stopAll()
    if let failure { throw failure }
    try await daemon.host.flush()
  }
}

/// Lets the wall clock move the engine's, and tells systemd how things stand.
private struct ClockDriver: Service {
  let daemon: Daemon

  func run() async throws {
    var beats = 0
    for await _ in AsyncTimer.seconds(1).cancelOnGracefulShutdown() {
      let settle = daemon.current.withLock { $0.model.limits.settleMilliseconds }
      // A long silence goes by in parts; all else that is looked at each second has its turn meanwhile.
      let second = ContinuousClock.now.advanced(by: .seconds(1))
      while try await !daemon.host.tick(settleMilliseconds: settle), second > .now, !Task.isShuttingDownGracefully {}
      beats += 1
      // What a look takes, on a file system that hangs, must not stop the clock.
      if beats % 5 == 1 { daemon.lookForSources() }
      daemon.lookForTroubles()
      daemon.states.tellAgain()
      guard beats % 10 == 0, daemon.notifier.address != nil else { continue }
      let status = await daemon.statusLine()
      daemon.tell { try daemon.notifier.status(status) }
    }
  }
}

/// Ends when it is told to stop, and with it the group.
private struct Stop: Service {
  let stops: AsyncStream<Void>

  func run() async {
    for await _ in stops.cancelOnGracefulShutdown() { return }
  }
}

/// Reads the config again on HUP.
private struct ReloadOnHangup: Service {
  let daemon: Daemon
  let hangups: AsyncStream<Void>

  func run() async throws {
    for await _ in hangups.cancelOnGracefulShutdown() { _ = await daemon.reload() }
  }
}

extension HookDefinition {
  /// The hooks of a config, in its order.
  package static func all(of configuration: Configuration) -> [HookDefinition] {
    configuration.hooks.map { HookDefinition($0, configuration.model.calendar) }
  }

  /// A hook as the config defines it, in its business calendar.
  package init(_ configuration: HookConfiguration, _ calendar: BusinessCalendar) {
    self.init(
      policy: HookPolicy(
        name: configuration.name, retries: configuration.retries, concurrency: configuration.concurrency,
        retryOn: configuration.retryOn.map { Set($0.map(Int32.init)) },
        groupWaitMilliseconds: configuration.groupWaitMilliseconds, maxPerHour: configuration.maxPerHour,
        quiet: configuration.quietHours.map { QuietTimes($0, calendar: calendar) },
        isDigest: configuration.digest != nil),
      run: configuration.run, timeout: .milliseconds(configuration.timeoutMilliseconds),
      environment: configuration.env)
  }
}
