import Glibc
import KizashiConfig
import KizashiCore
import KizashiStore

extension Daemon {
  /// Reads the config file again and puts it in force, or keeps the old one and says why.
  ///
  /// Sources that did not change go on undisturbed. Where a number could differ, history is rebased under the new version
  /// first: no episode opens because of it.
  func reload() async -> ControlReply {
    await reloading.run { [self] in
      var time = timespec()
      clock_gettime(CLOCK_MONOTONIC, &time)
      let microseconds = UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
      states.tell { [notifier] in
        try notifier.reloading(monotonicMicroseconds: microseconds, status: "reading the config again")
      }
      let reply = await performReload()
      states.tell { [notifier] in try notifier.ready(status: reply.message) }
      if reply.exitCode == 0 {
        logger.notice("Reloaded", metadata: ["result": "\(reply.message)"])
      } else {
        logger.error("Reload refused; the old config stays", metadata: ["problems": "\(reply.details)"])
      }
      return reply
    }
  }

  private func performReload() async -> ControlReply {
    let new: Configuration
    do {
      new = try Configuration.load(path: configPath, environment: environment)
    } catch .problems(let problems) {
      return ControlReply(
        exitCode: DaemonError.Code.badConfig.rawValue, message: "the config is bad; the old one stays in force",
        details: problems.map(\.description))
    } catch {
      return ControlReply(
        exitCode: DaemonError.Code.badConfig.rawValue,
        message: "the config cannot be read; the old one stays in force", details: ["\(error)"])
    }
    let old = current.withLock { $0 }
    // Where --db chose the store, what the config says of it counts for nothing, before a restart and after.
    if old.storePath == storePath, new.storePath != storePath {
      return ControlReply(
        exitCode: DaemonError.Code.badConfig.rawValue,
        message: "the config moves the store; the old one stays in force",
        details: ["store.path: a running daemon stays on \(storePath); restart it to use \(new.storePath)"])
    }
    do {
      let rebased = try await putInForce(new, old)
      current.withLock { $0 = new }
      return ControlReply(message: rebased ? "reloaded; history is rebased under the new config" : "reloaded")
    } catch {
      return ControlReply(
        exitCode: DaemonError.Code.unavailable.rawValue, message: "the new config could not be put in force",
        details: ["\(error)"])
    }
  }

  /// Whether history was rebased.
  private func putInForce(_ new: Configuration, _ old: Configuration) async throws -> Bool {
    let now = clock.now()
    let rebases = !new.decidesTheSameNumbers(as: old)
    // What is remembered of sources, or of rules that flap, differs: the same numbers, by another engine.
    let rebuilds = rebases || !new.asksTheSameOfSources(as: old) || !new.findsTheSameFlapping(as: old)
    let store = store
    let prepare: @Sendable () async throws -> OpenedStore = {
      try await store.use {
        try OpenedStore.prepare($0, new, extraSources: [Daemon.control], suppression: nil, now: now)
      }
    }
    let known = try await store.use { try $0.sourceNames() }
    if rebuilds {
      try await host.rebuild { try await prepare().parts }
    } else {
      try await host.flush()
    }
    let quarantineRows = new.daemonLimits.quarantineRows
    try await store.use { $0.quarantineRows = quarantineRows }
    let opened = try await prepare()
    if !rebuilds {
      for name in opened.sources.names.dropFirst(known.count) {
        await host.addSource(opened.parts.sources[opened.sources.number(of: name)])
      }
      await host.use(opened.parts.builder)
    }
    try await store.use { try $0.planAnew(new, at: now) }
    hooks.configure(HookDefinition.all(of: new), runningLimit: new.daemonLimits.hooksRunning)
    // Positions of sources that restart are read after they stopped.
    if await !sources.changed(by: new.sources).isEmpty {
      await sources.stopChanged(new.sources)
      try await host.flush()
      try await sources.follow(new.sources, try await prepare().sources)
    } else {
      try await sources.follow(new.sources, opened.sources)
    }
    // What it owes of rules that are gone, and whom other hours let go.
    hooks.notify()
    return rebases
  }
}
