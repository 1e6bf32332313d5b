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
      case .sourceRetire(let id): return try await retire(id)
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

  private func retire(_ id: String) async throws -> ControlReply {
    let names = try await store.use { try $0.sourceNames() }
    guard let number = names.firstIndex(of: id) else {
      return ControlReply(
        exitCode: DaemonError.Code.usage.rawValue, message: "there is no source \(id)",
        details: names.map { "known: \($0)" })
    }
    try await host.retire(number)
    return ControlReply(message: "nothing waits for source \(id) any more, until it delivers again")
  }

  /// One sentence for `systemctl status` and `kizashi sources`.
  func statusLine() async -> String {
    if let trouble = await store.trouble { return "waiting for the store: \(trouble)" }
    let totals = await host.totals
    let accounts = await host.accountCount
    return "\(accounts) accounts, \(totals.lines) lines and \(totals.changes) changes since the start"
  }
}

/// Commands that change something: by the running daemon, or by the verb itself where none runs.
package enum Commands {
  static func retryDeliveries(_ ids: [String], _ store: StoreHost, now: Instant) async throws -> ControlReply {
    let found = try await store.use { try $0.retryDeliveries(ids, at: now) }
    return reply(found, ids, done: "to be tried again", none: "no dead delivery")
  }

  static func dropDeliveries(
    _ ids: [String], _ store: StoreHost
  ) async throws -> (reply: ControlReply, dropped: [String]) {
    let found = try await store.use { try $0.dropDeliveries(ids) }
    return (reply(found, ids, done: "dropped", none: "no open delivery"), found)
  }

  private static func reply(_ found: [String], _ asked: [String], done: String, none: String) -> ControlReply {
    let missed = asked.filter { !found.contains($0) }
    if found.isEmpty {
      return ControlReply(exitCode: DaemonError.Code.no.rawValue, message: none, details: missed)
    }
    return ControlReply(
      message: "\(found.count) \(found.count == 1 ? "delivery" : "deliveries") \(done)",
      details: found + missed.map { "not in a state for it: \($0)" })
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
