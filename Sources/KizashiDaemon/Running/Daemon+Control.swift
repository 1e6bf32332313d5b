import KizashiConfig
import KizashiCore
import KizashiIngest
import KizashiStore

extension Daemon {
  /// Does what a verb of the command line asks for.
  func answer(_ request: ControlRequest) async -> ControlReply {
    do {
      switch request {
      case .reload: return await reload()
      case .status: return ControlReply(message: await statusLine())
      case .sourceRetire(let id): return try await Commands.retire(id, store, host)
      case .deliveriesRetry(let ids):
        let reply = try await Commands.retryDeliveries(ids, store, now: clock.now())
        hooks.notify()
        return reply
      case .deliveriesDrop(let ids):
        let (reply, dropped) = try await Commands.dropDeliveries(ids, store)
        hooks.drop(dropped)
        return reply
      case .snooze, .snoozeCancel:
        let reply = try await Commands.snooze(request, current.withLock { $0 }, store, now: clock.now())
        hooks.reconsider()
        return reply
      case .quarantineRetry(let source, let reason):
        return try await Commands.retryQuarantine(
          source: source, reason: reason, current.withLock { $0 }, store, host, clock, logger)
      case .hookTest(let name):
        return await Commands.testHook(
          name, current.withLock { $0 }, hookBase, runner: hookRunner, now: clock.now())
      }
    } catch {
      let failure = DaemonError(error)
      return ControlReply(exitCode: failure.exitCode, message: failure.description)
    }
  }

  /// One sentence for `systemctl status` and `kizashi sources`.
  func statusLine() async -> String {
    if let trouble = await store.trouble { return "waiting for the store: \(trouble)" }
    let totals = await host.totals
    let accounts = await host.accountCount
    let unread = troubles.withLock { $0.kept ?? [] }.count
    let hint = unread == 0 ? "" : "; \(unread) \(unread == 1 ? "path" : "paths") cannot be read (kizashi sources)"
    return "\(accounts) accounts, \(totals.lines) lines and \(totals.changes) changes since the start\(hint)"
  }
}

/// Commands that change something: by the running daemon, or by the verb itself where none runs.
package enum Commands {
  static func retire(_ id: String, _ store: StoreHost, _ host: EngineHost) async throws -> ControlReply {
    let names = try await store.use { try $0.sourceNames() }
    // Nothing waits for what commands and replays bring.
    let sources = names.filter { $0 != Daemon.control && $0 != Replay.source }
    guard sources.contains(id), let number = names.firstIndex(of: id) else {
      return ControlReply(
        exitCode: DaemonError.Code.usage.rawValue, message: "there is no source \(id)",
        details: sources.map { "known: \($0)" })
    }
    try await host.retire(number)
    return ControlReply(message: "nothing waits for source \(id) any more, until it delivers again")
  }

  static func retryDeliveries(_ ids: [String], _ store: StoreHost, now: Instant) async throws -> ControlReply {
    let found = try await store.use { try $0.retryDeliveries(ids, at: now) }
    return try await reply(
      found, ids, store, done: "to be tried again",
      none: "only a dead delivery, or one that waits for its next attempt, is tried again")
  }

  static func dropDeliveries(
    _ ids: [String], _ store: StoreHost
  ) async throws -> (reply: ControlReply, dropped: [String]) {
    let found = try await store.use { try $0.dropDeliveries(ids) }
    return (
      try await reply(found, ids, store, done: "dropped", none: "only an open delivery is dropped"), found
    )
  }

  /// - Parameter none: Why nothing was done to any, where there are such deliveries.
  private static func reply(
    _ found: [String], _ asked: [String], _ store: StoreHost, done: String, none: String
  ) async throws -> ControlReply {
    let missed = Set(asked).subtracting(found)
    let states = try await store.use { store in
      try missed.reduce(into: [:]) { $0[$1] = try store.delivery($1)?.state }
    }
    let details = asked.filter(missed.contains).map { id in
      states[id].map { "\(id) is \($0.name)" } ?? "there is no delivery \(id)"
    }
    if found.isEmpty {
      return ControlReply(
        exitCode: DaemonError.Code.no.rawValue, message: states.isEmpty ? "no such delivery" : none, details: details)
    }
    return ControlReply(
      message: "\(found.count) \(found.count == 1 ? "delivery" : "deliveries") \(done)", details: found + details)
  }

  static func testHook(
    _ name: String, _ configuration: Configuration, _ base: HookBaseEnvironment, runner: HookRunner = HookRunner(),
    now: Instant
  ) async -> ControlReply {
    guard let hook = configuration.hooks.first(where: { $0.name == name }) else {
      return ControlReply(
        exitCode: DaemonError.Code.usage.rawValue, message: "the config has no hook \(name)",
        details: configuration.hooks.map { "known: \($0.name)" })
    }
    let result = await HookSample.run(
      HookDefinition(hook, configuration.model.calendar), base: base, now: now, runner: runner)
    let failed = result.ending != .exited(0)
    return ControlReply(
      exitCode: failed ? DaemonError.Code.no.rawValue : 0, message: "hook \(name): \(result.ending.summary)",
      details: result.text.isEmpty ? [] : result.text.split(separator: "\n").map(String.init))
  }
}
