import KizashiCore

/// Where a hook run stands. Values below ``done`` are open: their order per account and hook still matters.
package enum DeliveryState: UInt8, Sendable, CaseIterable {
  /// To be run for the first time.
  case owed = 0
  /// Failed at least once, to be run again.
  case retry = 1
  /// Handed to a process; after a crash it is run again.
  case running = 2
  case done = 3
  /// Failed too often; retryable by hand.
  case dead = 4
  /// Never to be run, see ``Suppression``.
  case suppressed = 5

  /// The name users see.
  package var name: String { String(describing: self) }
}

/// Why a hook run is recorded without being owed. Views show it as the delivery's output.
package enum Suppression: String, Sendable {
  /// The change lies longer back than `limits.hook_max_age`.
  case stale
  /// It was found by a replay.
  case replay
  /// Its episode opened and resolved while it was snoozed.
  case snoozed
  /// Its episode opened while its rule flapped. Owed after all where the episode is still open when that ends.
  case flapping
}

/// A hook run to be stored with the change that owes it.
package struct NewDelivery: Sendable {
  /// `episode:state:hook`; of a reminder `episode:firing.2:hook` and so on. A second row of the same id is not stored, but
  /// that what was not told because its rule flapped may be owed later, behind all that is owed then; nor is one of an episode that opened in shadow.
  package var deliveryID: String
  /// The episode, `rule:account:n`.
  package var alertID: String
  /// Runs of one account and hook keep their order.
  package var account: AccountID
  package var hook: String
  /// The JSON object the hook reads from standard input.
  package var payload: String
  /// When it may start.
  package var nextAt: Instant
  /// Nil: the run is owed.
  package var suppression: Suppression?
  /// Whether it tells that its episode opens: then nobody need look whether it opened in shadow.
  package var opensEpisode = false

  /// A run owed, or one recorded as suppressed.
  package init(
    deliveryID: String, alertID: String, account: AccountID, hook: String, payload: String, nextAt: Instant,
    suppression: Suppression? = nil
  ) {
    self.deliveryID = deliveryID
    self.alertID = alertID
    self.account = account
    self.hook = hook
    self.payload = payload
    self.nextAt = nextAt
    self.suppression = suppression
  }
}

/// A stored hook run.
package struct Delivery: Sendable, Equatable {
  /// Place in the outbox: ascending in the order the runs were owed.
  package var sequence: Int64
  package var deliveryID: String
  package var alertID: String
  /// The account's number and name.
  package var account: AccountID
  package var accountName: String
  package var hook: String
  package var state: DeliveryState
  /// How many runs were started.
  package var attempts: Int
  package var nextAt: Instant
  package var payload: String
}

/// What became of a hook run.
package struct DeliveryUpdate: Sendable {
  package var deliveryID: String
  package var state: DeliveryState
  /// How many runs were started so far.
  package var attempts: Int
  /// When it may start again; nil leaves it.
  package var nextAt: Instant?
  /// Nil leaves what the last run gave.
  package var exitCode: Int?
  package var output: String?

  /// The new state of a run, and of its last attempt where there is something to say.
  package init(
    deliveryID: String, state: DeliveryState, attempts: Int, nextAt: Instant? = nil, exitCode: Int? = nil,
    output: String? = nil
  ) {
    self.deliveryID = deliveryID
    self.state = state
    self.attempts = attempts
    self.nextAt = nextAt
    self.exitCode = exitCode
    self.output = output
  }
}
