import KizashiCore
import Logging

/// The state of ``HookService/run()``: takes one event at a time and does what the scheduler says.
struct HookLoop {
  /// How long to wait before asking a store again that has just failed.
  private static let storePause = Duration.seconds(1)
  /// The longest sleep: a wall clock that was set is noticed after this.
  private static let longestSleep = Duration.seconds(30)

  private let service: HookService
  private var scheduler = DeliveryScheduler(policies: [])
  private var definitions: [String: HookDefinition] = [:]
  /// Outcomes not stored yet, in order, with what to tell the scheduler once they are.
  private var unstored: [(outcomes: [DeliveryOutcome], settlement: DeliveryScheduler.Settlement?)] = []
  private var runs: [Int: Task<Void, Never>] = [:]
  private var timer: Task<Void, Never>?
  private var graceTimer: Task<Void, Never>?
  private var storeFailed = false
  /// Whether it has been said that the store fails.
  private var isComplaining = false
  private var lastStart = Instant(milliseconds: .min)
  private var isStopping = false

  init(service: HookService) { self.service = service }

  var isFinished: Bool { isStopping && runs.isEmpty }

  mutating func take(_ event: HookService.Event) async {
    switch event {
    case .wake:
      service.wakeTaken()
      scheduler.outboxChanged()
    case .ended(let run, let result): ended(run, result)
    case .configure(let definitions, let runningLimit):
      self.definitions = Dictionary(definitions.map { ($0.name, $0) }) { _, last in last }
      scheduler.configure(policies: definitions.map(\.policy), runningLimit: runningLimit)
    case .drop(let ids): scheduler.drop(ids)
    case .reconsider: scheduler.reconsider()
    case .stop: beginStop()
    case .graceOver: endRuns()
    }
    await work()
  }

  /// Ends what still runs and waits for it. Its deliveries stay open in the outbox.
  mutating func finish() async {
    timer?.cancel()
    graceTimer?.cancel()
    endRuns()
    for run in runs.values { await run.value }
  }

  /// Everything that can be done now.
  private mutating func work() async {
    storeFailed = false
    var isSettled = false
    while !isSettled {
      // In this order: the outbox answers by what is stored, and a group takes all that has been read.
      let isStored = await store()
      await remember()
      await endSnoozes()
      let isFetched = await fetch()
      launch()
      isSettled = storeFailed || (!isStored && !isFetched && unstored.isEmpty)
    }
    if !storeFailed { isComplaining = false }
    setTimer()
  }

  private mutating func launch() {
    // While outcomes cannot be stored nothing more starts: after a restart it would have to run again.
    guard !isStopping, !storeFailed else { return }
    let now = service.now()
    for launch in scheduler.launches(now: now) {
      // Each run has an instant of its own, by which it is known after a restart; unless the clock was set back.
      let isNear = lastStart >= now && lastStart.milliseconds - now.milliseconds < 1000
      lastStart = isNear ? lastStart.advanced(by: 1) : now
      guard let definition = definitions[launch.hook] else {
        preconditionFailure("the scheduler starts hook \(launch.hook), which is not configured")
      }
      let invocation = HookInvocation(definition, deliveries: launch.deliveries, base: service.base)
      runs[launch.run] = Task { [service] in
        let result = await service.runner.run(
          definition.run, environment: invocation.environment, input: invocation.input, timeout: definition.timeout)
        service.send(.ended(run: launch.run, result))
      }
      unstored.append((scheduler.begun(launch, now: lastStart), nil))
    }
  }

  private mutating func ended(_ run: Int, _ result: HookResult) {
    runs[run] = nil
    guard let settlement = scheduler.ended(run: run, result.ending, output: result.text, now: service.now()) else {
      return
    }
    unstored.append((settlement.outcomes, settlement))
    log(settlement, result)
  }

  /// Stores what is to be stored; false: there was nothing, or it failed.
  private mutating func store() async -> Bool {
    guard !unstored.isEmpty, !storeFailed else { return false }
    do {
      try await service.outbox.mark(unstored.flatMap(\.outcomes))
    } catch {
      failed("Outcomes of hooks cannot be stored; trying again", error)
      return false
    }
    for settlement in unstored.compactMap(\.settlement) { scheduler.stored(settlement) }
    unstored = []
    return true
  }

  /// Asks the outbox what was begun before this process, once a hook.
  private mutating func remember() async {
    let now = service.now()
    for hook in scheduler.unremembered where !storeFailed && !isStopping {
      do {
        let since = now.advanced(by: -LaunchLog.hourMilliseconds)
        scheduler.rememberStarts(try await service.outbox.starts(hook: hook, since: since, now: now), of: hook)
      } catch {
        failed("Earlier runs of hooks cannot be read; trying again", error)
      }
    }
  }

  /// Lets go what was snoozed until now.
  private mutating func endSnoozes() async {
    guard !isStopping, !storeFailed else { return }
    do {
      if try await service.outbox.endSnoozes(at: service.now()) { scheduler.outboxChanged() }
    } catch {
      failed("Snoozes cannot be ended; trying again", error)
    }
  }

  /// Asks the outbox; false: there was nothing to ask, or it failed.
  private mutating func fetch() async -> Bool {
    guard !isStopping, !storeFailed else { return false }
    var isAnswered = false
    let now = service.now()
    for fetch in scheduler.fetches(now: now) {
      guard !storeFailed else {
        scheduler.fetchFailed(fetch)
        continue
      }
      do {
        let window = try await service.outbox.due(
          hook: fetch.hook, now: now, limit: fetch.limit, severities: fetch.severities)
        scheduler.supply(window, for: fetch)
        isAnswered = true
      } catch {
        scheduler.fetchFailed(fetch)
        failed("Owed deliveries cannot be read; trying again", error)
      }
    }
    return isAnswered
  }

  private mutating func failed(_ message: Logger.Message, _ error: any Error) {
    storeFailed = true
    // Once, not each second that a full disk lasts.
    if !isComplaining { service.logger.error(message, metadata: ["error": "\(error)"]) }
    isComplaining = true
  }

  private mutating func setTimer() {
    timer?.cancel()
    timer = nil
    guard !isStopping else { return }
    let now = service.now()
    let sleep: Duration
    if storeFailed {
      sleep = Self.storePause
    } else if let wake = scheduler.nextWake(now: now) {
      // Never zero: an instant that has just passed must not become a spin.
      sleep = min(Self.longestSleep, .milliseconds(max(1, wake.milliseconds - now.milliseconds)))
    } else {
      // Only the outbox or the end of a run brings anything new.
      return
    }
    timer = Task { [service] in
      do { try await Task.sleep(for: sleep) } catch { return }
      service.send(.wake)
    }
  }

  private mutating func beginStop() {
    guard !isStopping else { return }
    isStopping = true
    guard !runs.isEmpty else { return }
    service.logger.info("Waiting for hooks that run", metadata: ["running": "\(runs.count)"])
    graceTimer = Task { [service] in
      do { try await Task.sleep(for: service.stopGrace) } catch { return }
      service.send(.graceOver)
    }
  }

  private func endRuns() {
    guard !runs.isEmpty else { return }
    service.logger.warning(
      "Ending hooks that still run; they are tried again after the next start", metadata: ["running": "\(runs.count)"])
    for run in runs.values { run.cancel() }
  }

  /// One line a run.
  private func log(_ settlement: DeliveryScheduler.Settlement, _ result: HookResult) {
    let first = settlement.outcomes[0]
    var metadata: Logger.Metadata = [
      "hook": "\(settlement.launch.hook)", "delivery": "\(first.deliveryID)", "attempt": "\(first.attempts)",
      "ending": "\(result.ending.summary)", "duration": "\(result.duration.formattedSeconds)",
    ]
    if settlement.outcomes.count > 1 { metadata["deliveries"] = "\(settlement.outcomes.count)" }
    if let retryAt = settlement.retryAt {
      metadata["retry_at"] = "\(retryAt.rfc3339)"
      service.logger.warning("Hook failed and will be tried again", metadata: metadata)
    } else if first.state == .dead {
      metadata["hint"] = "see kizashi deliveries list; after mending it: kizashi deliveries retry"
      service.logger.error("Hook failed for good", metadata: metadata)
    } else {
      service.logger.debug("Hook ran", metadata: metadata)
    }
  }
}
