import KizashiCore

/// What one hook has to do: a bounded window of its due deliveries, and what runs.
struct HookQueue: Sendable {
  /// Most deliveries held in memory for one hook; the others wait in the outbox.
  static let windowLimit = 512
  /// With more than this many waiting to be run one by one, the outbox is not asked for more.
  static let lowWater = 64
  /// Most deliveries that are handed over in one run where all that waits is to be.
  static let summaryLimit = 4096

  var policy: HookPolicy
  /// Due and not begun, ascending by sequence.
  private(set) var waiting: [OwedDelivery] = []
  /// Ids waiting, running, or ended with an outcome that is not stored yet.
  private(set) var held: Set<String> = []
  /// Accounts with a delivery that runs or whose outcome is not stored: the next one must not overtake it.
  private(set) var busyAccounts: [String: Int] = [:]
  /// Runs, not deliveries.
  private(set) var running = 0
  var launches = LaunchLog()
  /// Whether ``launches`` holds what was begun before the daemon started.
  var knowsEarlierStarts = false
  /// Since when something has been waiting to be grouped.
  private var gatheringSince: Instant?
  /// Whether the outbox may know more than the window.
  var isStale = true
  /// When the outbox has something new to give by the passing of time.
  var nextAt: Instant?
  /// Whether `max_per_hour` has kept something waiting that is not begun yet: it comes in one run then, not one by one.
  private var isHeldBack = false
  /// In quiet hours: the severities that go through; nil: all do.
  private(set) var letThrough: Set<String>?
  /// No longer configured; kept until its last run has ended.
  var isRemoved = false

  init(policy: HookPolicy) { self.policy = policy }

  /// Whether nothing of it would be lost by forgetting it.
  var isIdle: Bool { running == 0 && held.isEmpty }

  /// Whether the next run takes all that waits, shown or counted.
  private var takesAll: Bool { policy.isDigest || isHeldBack }

  private var capacity: Int { takesAll ? Self.summaryLimit : Self.windowLimit }

  /// How many rows to ask the outbox for; nil: nothing to ask now.
  mutating func fetchLimit(now: Instant) -> Int? {
    observeQuiet(now)
    if let nextAt, nextAt <= now {
      isStale = true
      self.nextAt = nil
    }
    guard letThrough?.isEmpty != true, wantsMore(now: now) else { return nil }
    isStale = false
    // What is held is answered again; ask for enough to get past it.
    return held.count + max(0, capacity - waiting.count)
  }

  /// Notices that quiet hours began or ended: then the outbox has other things to give, and what waits here and is held back
  /// from now on goes back to it.
  private mutating func observeQuiet(_ now: Instant) {
    let hold = policy.quiet?.hold(at: now)
    if hold?.letThrough != letThrough {
      letThrough = hold?.letThrough
      isStale = true
      if let letThrough { release { !letThrough.contains($0.severity) } }
    }
    if let hold { nextAt = min(nextAt ?? hold.until, hold.until) }
  }

  /// Whether an answer would change what is begun now: in a flood each commit says that there is more, and reading the
  /// outbox each time would cost more than the hooks.
  private mutating func wantsMore(now: Instant) -> Bool {
    guard isStale, !isRemoved, running < policy.concurrency, waiting.count <= capacity / 2 else { return false }
    guard hasEligible else { return true }
    switch launches.allowance(maxPerHour: policy.maxPerHour, now: now) {
    case .nothing: return false
    case .group: return true
    case .single:
      guard policy.groupWaitMilliseconds > 0 else { return takesAll || waiting.count <= Self.lowWater }
      return gatheringSince.map { $0.advanced(by: policy.groupWaitMilliseconds) <= now } ?? false
    }
  }

  mutating func supply(_ window: DueWindow, limit: Int) {
    nextAt = [nextAt, window.nextAt].compactMap(\.self).min()
    var isSorted = true
    var room = capacity - waiting.count
    var leftOut = window.deliveries.count >= limit
    for delivery in window.deliveries where !held.contains(delivery.id) {
      guard room > 0 else {
        leftOut = true
        break
      }
      room -= 1
      held.insert(delivery.id)
      if let last = waiting.last, last.sequence > delivery.sequence { isSorted = false }
      waiting.append(delivery)
    }
    if !isSorted { waiting.sort { $0.sequence < $1.sequence } }
    if leftOut { isStale = true }
  }

  /// Whether something could be begun if budgets allowed.
  private var hasEligible: Bool { waiting.contains { busyAccounts[$0.account] == nil } }

  /// What may be begun now: the deliveries of one run, in order; empty: nothing.
  mutating func takeNext(now: Instant) -> [OwedDelivery] {
    observeQuiet(now)
    guard hasEligible else {
      gatheringSince = nil
      return []
    }
    guard !isRemoved, running < policy.concurrency else { return [] }
    let since = min(gatheringSince ?? now, now)
    gatheringSince = since
    guard since.advanced(by: policy.groupWaitMilliseconds) <= now else { return [] }
    let allowance = launches.allowance(maxPerHour: policy.maxPerHour, now: now)
    let taken: [OwedDelivery]
    switch allowance {
    case .nothing:
      if !isHeldBack && launches.isUsedUp(maxPerHour: policy.maxPerHour, now: now) {
        isHeldBack = true
        // The outbox has more than fits where only a group is wanted.
        isStale = true
      }
      return []
    case .single, .group:
      let isGroup = allowance == .group || policy.groupWaitMilliseconds > 0
      taken = takesAll ? takeAll() : take(limit: isGroup ? AlertGroup.shownLimit : 1)
    }
    // What did not fit into so large a run is not told one by one either.
    isHeldBack = isHeldBack && taken.count > Self.windowLimit
    launches.record(allowance, now: now)
    running += 1
    if !hasEligible { gatheringSince = nil }
    return taken
  }

  /// Takes all eligible deliveries, in order.
  private mutating func takeAll() -> [OwedDelivery] {
    let taken = waiting.filter { busyAccounts[$0.account] == nil }
    waiting.removeAll { busyAccounts[$0.account] == nil }
    for delivery in taken { busyAccounts[delivery.account, default: 0] += 1 }
    return taken
  }

  /// Takes the first eligible deliveries, of one account also several, in order.
  private mutating func take(limit: Int) -> [OwedDelivery] {
    var taken: [OwedDelivery] = []
    var bytes = 0
    var isFull = false
    var rest: [OwedDelivery] = []
    for delivery in waiting {
      if isFull || busyAccounts[delivery.account] != nil {
        rest.append(delivery)
        continue
      }
      if !taken.isEmpty && (taken.count == limit || bytes + delivery.payload.utf8.count > AlertGroup.byteLimit) {
        isFull = true
        rest.append(delivery)
        continue
      }
      bytes += delivery.payload.utf8.count
      taken.append(delivery)
    }
    waiting = rest
    for delivery in taken { busyAccounts[delivery.account, default: 0] += 1 }
    return taken
  }

  /// When ``takeNext(now:)`` may have something without any further input; nil: never.
  mutating func nextLaunch(now: Instant) -> Instant? {
    observeQuiet(now)
    guard !isRemoved, running < policy.concurrency, hasEligible else { return nil }
    let gathered = (gatheringSince ?? now).advanced(by: policy.groupWaitMilliseconds)
    guard case .nothing(let until) = launches.allowance(maxPerHour: policy.maxPerHour, now: now) else {
      return gathered
    }
    return max(gathered, until)
  }

  /// A run has ended; its deliveries stay held until their outcomes are stored.
  mutating func runEnded() {
    running -= 1
  }

  /// The outcomes of these deliveries are stored; those of `retried` will be tried again at `instant`.
  mutating func settled(_ deliveries: [OwedDelivery], retried: Set<String>, at instant: Instant?) {
    if let instant { nextAt = min(nextAt ?? instant, instant) }
    // What was counted once is not told one by one because that failed.
    if !retried.isEmpty && AlertGroup.shownCount(deliveries) < deliveries.count { isHeldBack = true }
    for delivery in deliveries {
      held.remove(delivery.id)
      if let count = busyAccounts[delivery.account] {
        busyAccounts[delivery.account] = count > 1 ? count - 1 : nil
      }
      // What waits behind it goes back to the outbox, which gives it out again once it is no longer behind something.
      // Not before now: until the outcome was stored, the outbox could have given it out once more.
      if retried.contains(delivery.id) {
        release { $0.account == delivery.account && $0.sequence > delivery.sequence }
      }
    }
  }

  /// Forgets waiting deliveries.
  mutating func release(where isReleased: (OwedDelivery) -> Bool) {
    waiting.removeAll { delivery in
      guard isReleased(delivery) else { return false }
      held.remove(delivery.id)
      isStale = true
      return true
    }
  }
}
