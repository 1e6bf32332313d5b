import Foundation
import KizashiConfig
import KizashiCore
import Logging

extension Commands {
  /// Does what a verb asks for where no daemon runs: takes the store's lock itself.
  package static func perform(
    _ request: ControlRequest, configuration: Configuration, storePath: String, clock: WallClock = .system,
    logger: Logger = Logger(label: "kizashi"),
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) async -> ControlReply {
    do {
      switch request {
      case .hookTest(let name):
        return await testHook(name, configuration, HookBaseEnvironment(environment), now: clock.now())
      case .reload:
        // It is looked for beside the store that the config names, which may be another than the one it runs on.
        return ControlReply(
          exitCode: DaemonError.Code.unavailable.rawValue,
          message: "no daemon runs on \(storePath) (start it: systemctl start kizashi; "
            + "one that was started before store.path was changed stays on the old store: restart it)")
      case .status:
        return ControlReply(
          exitCode: DaemonError.Code.unavailable.rawValue,
          message: "no daemon runs on \(storePath) (start it: systemctl start kizashi)")
      case .deliveriesRetry, .deliveriesDrop, .quarantineRetry, .snooze, .snoozeCancel, .sourceRetire: break
      }
      let store = try await StoreHost(
        path: storePath, programVersion: ProgramVersion.current,
        quarantineRows: configuration.daemonLimits.quarantineRows, logger: logger)
      do {
        let reply = try await change(request, configuration, store, clock, logger)
        try await store.close(clean: true)
        return reply
      } catch {
        try? await store.close(clean: false)
        throw error
      }
    } catch {
      let failure = DaemonError(error)
      return ControlReply(exitCode: failure.exitCode, message: failure.description)
    }
  }

  private static func change(
    _ request: ControlRequest, _ configuration: Configuration, _ store: StoreHost, _ clock: WallClock, _ logger: Logger
  ) async throws -> ControlReply {
    let now = clock.now()
    switch request {
    case .deliveriesRetry(let ids): return try await retryDeliveries(ids, store, now: now)
    case .deliveriesDrop(let ids): return try await dropDeliveries(ids, store).reply
    case .snooze, .snoozeCancel: return try await snooze(request, configuration, store, now: now)
    case .quarantineRetry(let source, let reason):
      return try await retryQuarantine(
        source: source, reason: reason, configuration, store, try await engine(configuration, store, clock), clock,
        logger)
    case .sourceRetire(let id):
      let host = try await engine(configuration, store, clock)
      let reply = try await retire(id, store, host)
      try await host.flush()
      return reply
    case .hookTest, .reload, .status: return ControlReply(message: "")
    }
  }

  /// An engine that goes on from what is stored. Another config than that of the store is put in force by a daemon or a replay, and
  /// not on the way by a verb that may just not have found the right one.
  private static func engine(
    _ configuration: Configuration, _ store: StoreHost, _ clock: WallClock
  ) async throws -> EngineHost {
    let now = clock.now()
    let opened = try await store.use {
      if let stored = try $0.currentConfig(), stored.hash != configuration.fingerprint {
        throw DaemonError(
          .badConfig,
          "the store was computed under another config than this one (name that with --config; a new one is put in force by `kizashi run`)"
        )
      }
      return try OpenedStore.prepare($0, configuration, extraSources: [Daemon.control], suppression: nil, now: now)
    }
    return try EngineHost(
      parts: opened.parts, store: store, clock: clock, policy: .replay, liveSources: [], committed: { _ in })
  }
}
