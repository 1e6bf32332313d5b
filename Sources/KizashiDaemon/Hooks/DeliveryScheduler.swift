import KizashiCore

/// Decides which hook runs start when, and what becomes of their deliveries. Has no effects: it is told what happened and
/// answers with what to do; ``HookService`` does it.
///
/// It promises: at most `concurrency` runs of a hook and `runningLimit` in all at one time; at most `max_per_hour` starts
/// of a hook in any hour; deliveries of one account and hook begin in order, each only after the one before it is done or
/// dead *and that is stored*; in a hook's quiet hours nothing of it begins but what they let through; memory bounded by
/// ``HookQueue/windowLimit`` deliveries a hook, or ``HookQueue/summaryLimit`` where they are handed over all at once.
package struct DeliveryScheduler: Sendable {
  /// A run to start.
  package struct Launch: Sendable, Hashable {
    /// Numbers the runs of this scheduler; not stored.
    package var run: Int
    package var hook: String
    /// One delivery, or the members of a group in order; never empty.
    package var deliveries: [OwedDelivery]
  }

  /// What an ended run means for its deliveries.
  package struct Settlement: Sendable, Hashable {
    package var launch: Launch
    /// One for each delivery of the launch, in order.
    package var outcomes: [DeliveryOutcome]
    /// When those of its deliveries that failed are due again; nil: none.
    package var retryAt: Instant?
  }

  /// A question for the outbox.
  package struct Fetch: Sendable, Hashable {
    package var hook: String
    package var limit: Int
    /// Only of these; nil: of all.
    package var severities: Set<String>?
  }

  private var queues: [String: HookQueue] = [:]
  /// Hook names in config order: the order of every iteration.
  private var order: [String] = []
  /// Where the next search for something to start begins, so that a busy hook does not starve the others.
  private var rotation = 0
  private var runningLimit: Int
  private var running: [Int: Launch] = [:]
  private var lastRun = 0

  /// - Parameters:
  ///   - policies: In config order.
  ///   - runningLimit: `limits.hooks_running`.
  package init(policies: [HookPolicy], runningLimit: Int = 8) {
    self.runningLimit = max(1, runningLimit)
    configure(policies: policies, runningLimit: runningLimit)
  }

  /// Takes over a changed config. Runs of hooks that are gone end normally; what they owe stays in the outbox.
  package mutating func configure(policies: [HookPolicy], runningLimit: Int) {
    self.runningLimit = max(1, runningLimit)
    let names = Set(policies.map(\.name))
    for name in order where !names.contains(name) {
      queues[name]?.isRemoved = true
      queues[name]?.release { _ in true }
    }
    for policy in policies {
      if queues[policy.name] == nil { queues[policy.name] = HookQueue(policy: policy) }
      queues[policy.name]?.policy = policy
      queues[policy.name]?.isRemoved = false
    }
    order = policies.map(\.name) + order.filter { !names.contains($0) }
    forgetRemoved()
  }

  /// Runs begun and not ended.
  package var runningCount: Int { running.count }

  /// The outbox may have new deliveries.
  package mutating func outboxChanged() {
    for name in order { queues[name]?.isStale = true }
  }

  /// What waits here may have been put off in the outbox: it goes back there. What runs goes on.
  package mutating func reconsider() {
    for name in order { queues[name]?.release { _ in true } }
    outboxChanged()
  }

  /// Hooks of which it is not known yet what was begun before the daemon started. Each answer goes to
  /// ``rememberStarts(_:of:)``, before anything is launched.
  package var unremembered: [String] {
    order.filter { queues[$0].map { !$0.knowsEarlierStarts && !$0.isRemoved } ?? false }
  }

  /// The outbox has answered when runs of a hook were begun in the last hour; ascending.
  package mutating func rememberStarts(_ instants: [Instant], of hook: String) {
    guard let queue = queues[hook], !queue.knowsEarlierStarts else { return }
    queues[hook]?.launches = LaunchLog(earlier: instants, maxPerHour: queue.policy.maxPerHour)
    queues[hook]?.knowsEarlierStarts = true
  }

  /// What to ask the outbox now. Each answer goes to ``supply(_:for:)``.
  package mutating func fetches(now: Instant) -> [Fetch] {
    order.compactMap { name in
      guard let limit = queues[name]?.fetchLimit(now: now) else { return nil }
      return Fetch(hook: name, limit: limit, severities: queues[name]?.letThrough)
    }
  }

  /// The outbox has answered.
  package mutating func supply(_ window: DueWindow, for fetch: Fetch) {
    queues[fetch.hook]?.supply(window, limit: fetch.limit)
  }

  /// The outbox could not answer; it is asked again with the next ``fetches(now:)``.
  package mutating func fetchFailed(_ fetch: Fetch) {
    queues[fetch.hook]?.isStale = true
  }

  /// What to start now.
  package mutating func launches(now: Instant) -> [Launch] {
    var result: [Launch] = []
    var idle = 0
    while running.count < runningLimit && idle < order.count {
      let name = order[rotation % order.count]
      rotation = (rotation + 1) % order.count
      guard let deliveries = queues[name]?.takeNext(now: now), !deliveries.isEmpty else {
        idle += 1
        continue
      }
      idle = 0
      lastRun += 1
      let launch = Launch(run: lastRun, hook: name, deliveries: deliveries)
      running[lastRun] = launch
      result.append(launch)
    }
    return result
  }

  /// The row updates that a launch brings.
  package func begun(_ launch: Launch, now: Instant) -> [DeliveryOutcome] {
    launch.deliveries.map {
      DeliveryOutcome(deliveryID: $0.id, state: .running, attempts: $0.attempts + 1, at: now)
    }
  }

  /// A run has ended. Store the answer's outcomes, then call ``stored(_:)`` with it.
  package mutating func ended(run: Int, _ ending: HookEnding, output: String, now: Instant) -> Settlement? {
    guard let launch = running.removeValue(forKey: run), let policy = queues[launch.hook]?.policy else { return nil }
    queues[launch.hook]?.runEnded()
    // The hook was not at fault: its deliveries stay open, and held, so that nothing starts behind them.
    if ending == .cancelled { return nil }
    // Members of a group are tried again at one instant, so that they stay a group if there still is a flood then.
    let attempt = (launch.deliveries.map(\.attempts).max() ?? 0) + 1
    let delay = RetryPolicy.delayMilliseconds(afterAttempt: attempt, id: launch.deliveries[0].id)
    var settlement = Settlement(launch: launch, outcomes: [], retryAt: nil)
    let shown = AlertGroup.shownCount(launch.deliveries)
    for (index, delivery) in launch.deliveries.enumerated() {
      var outcome = DeliveryOutcome(
        deliveryID: delivery.id, state: .done, attempts: delivery.attempts + 1, exitCode: ending.exitCode,
        output: index < shown ? output : AlertGroup.outputOfCounted(launch.deliveries), at: now)
      if ending != .exited(0) {
        let isRetried = RetryPolicy.isRetryable(ending, policy) && delivery.attempts < policy.retries
        outcome.state = isRetried ? .retry(at: now.advanced(by: delay)) : .dead
        if isRetried { settlement.retryAt = now.advanced(by: delay) }
      }
      settlement.outcomes.append(outcome)
    }
    return settlement
  }

  /// The outcomes of a run are in the outbox: what waits behind its deliveries may follow.
  package mutating func stored(_ settlement: Settlement) {
    let retried = settlement.outcomes.filter {
      if case .retry = $0.state { true } else { false }
    }
    queues[settlement.launch.hook]?.settled(
      settlement.launch.deliveries, retried: Set(retried.map(\.deliveryID)), at: settlement.retryAt)
    forgetRemoved()
  }

  /// Forgets deliveries that wait here, because the outbox has closed them by hand. What runs goes on.
  package mutating func drop(_ ids: Set<String>) {
    for name in order { queues[name]?.release { ids.contains($0.id) } }
  }

  /// When ``fetches(now:)`` or ``launches(now:)`` may answer something new without further input; nil: never.
  package mutating func nextWake(now: Instant) -> Instant? {
    var result: Instant?
    for name in order {
      guard var queue = queues[name], !queue.isRemoved else { continue }
      // Without a free slot the next event is the end of a run.
      let launch = running.count < runningLimit ? queue.nextLaunch(now: now) : nil
      queues[name] = queue
      for instant in [launch, queue.nextAt].compactMap(\.self) { result = min(result ?? instant, instant) }
    }
    return result
  }

  private mutating func forgetRemoved() {
    for name in order where queues[name].map({ $0.isRemoved && $0.isIdle }) ?? true { queues[name] = nil }
    order.removeAll { queues[$0] == nil }
  }
}
