import KizashiCore

/// One run of one hook for one state of one episode, owed until it is done or given up.
///
/// The row behind it is written in the transaction that stores the change, so that a crash loses none.
package struct OwedDelivery: Sendable, Hashable {
  /// `rule:account:n:state:hook`; the same at each attempt.
  package var id: String
  /// Position in the outbox; ascending in the order the runs became owed.
  package var sequence: Int64
  /// Name of the hook to run.
  package var hook: String
  /// The account's id as the producer wrote it.
  package var account: String
  package var rule: String
  /// `firing`, `resolved`, `retracted` or `flapping`.
  package var state: String
  package var severity: String
  /// Attempts begun so far, as the outbox knows them.
  package var attempts: Int
  /// The `kizashi.alert/1` object as JSON text.
  package var payload: String

  /// All parts as the outbox stores them.
  package init(
    id: String, sequence: Int64, hook: String, account: String, rule: String, state: String, severity: String,
    attempts: Int, payload: String
  ) {
    self.id = id
    self.sequence = sequence
    self.hook = hook
    self.account = account
    self.rule = rule
    self.state = state
    self.severity = severity
    self.attempts = attempts
    self.payload = payload
  }
}

/// What has become of a delivery: a row update for the outbox.
package struct DeliveryOutcome: Sendable, Hashable {
  /// What the delivery's row says from now on.
  package enum State: Sendable, Hashable {
    /// An attempt has begun. The delivery is still open: after a crash it is tried again.
    case running
    case done
    /// To be tried again at that instant.
    case retry(at: Instant)
    /// Given up; listed, and retried only by hand.
    case dead

    /// The name users see in `deliveries.state`.
    package var name: String {
      switch self {
      case .running: "running"
      case .done: "done"
      case .retry: "retry"
      case .dead: "dead"
      }
    }
  }
  package var deliveryID: String
  package var state: State
  /// Attempts begun, this one included.
  package var attempts: Int
  /// What the leader exited with; 128 + n when signal n ended it; nil: it runs, timed out or never started.
  package var exitCode: Int32?
  /// What the hook wrote (at most 64 KiB), after a line of our own where it did not exit by itself; nil: it still runs, and
  /// what the attempt before it wrote stays.
  package var output: String?
  package var at: Instant

  /// All parts of the row update.
  package init(
    deliveryID: String, state: State, attempts: Int, exitCode: Int32? = nil, output: String? = nil, at: Instant
  ) {
    self.deliveryID = deliveryID
    self.state = state
    self.attempts = attempts
    self.exitCode = exitCode
    self.output = output
    self.at = at
  }
}

/// An answer of the outbox: deliveries of one hook that may be tried now.
package struct DueWindow: Sendable, Equatable {
  /// Ascending by sequence.
  package var deliveries: [OwedDelivery]
  /// When the next open delivery of this hook that is not due yet becomes due; nil: there is none.
  package var nextAt: Instant?

  /// An answer.
  package init(deliveries: [OwedDelivery], nextAt: Instant?) {
    self.deliveries = deliveries
    self.nextAt = nextAt
  }
}

/// The store's side of the hooks. A delivery is *open* while its state is `owed`, `running` or `retry`.
package protocol Outbox: Sendable {
  /// The open deliveries of `hook` whose `next_at` is not after `now`, ascending by sequence, at most `limit`; those with an
  /// earlier open delivery of the same account and hook that is *not* due are left out, because they must not overtake it.
  ///
  /// With `severities`, as if there were no deliveries of others: in quiet hours what is let through waits for nothing that
  /// is held back. An episode has one severity, so that its end never overtakes its beginning.
  ///
  /// Must show everything ``mark(_:)`` has stored before.
  func due(hook: String, now: Instant, limit: Int, severities: Set<String>?) async throws -> DueWindow
  /// Ends the snoozes whose time has come; whether there were any, so that there may be more to give out.
  func endSnoozes(at now: Instant) async throws -> Bool
  /// When runs of `hook` were begun, as far as it is known, from `since` on; ascending, one instant a run.
  func starts(hook: String, since: Instant, now: Instant) async throws -> [Instant]
  /// Stores outcomes, in their order, in one transaction. A delivery that is no longer open (dropped by hand while it
  /// ran) keeps its state.
  func mark(_ outcomes: [DeliveryOutcome]) async throws
}
