import KizashiCore

@testable import KizashiDaemon

/// An outbox as the protocol describes it, in memory: the oracle of the tests of scheduler and service.
struct ModelOutbox {
  enum State: Equatable { case open, done, dead }
  struct Row {
    var delivery: OwedDelivery
    var state = State.open
    var nextAt: Instant
    /// Outcome states in the order they were stored.
    var history: [DeliveryOutcome.State] = []
    var output = ""
    var exitCode: Int32?
  }
  /// Ascending by sequence.
  private(set) var rows: [Row] = []
  private var index: [String: Int] = [:]
  /// Ascending indices of the open rows: most rows are closed, and the tests ask often.
  private var open: [Int] = []

  /// Whether nothing is owed any more.
  var isSettled: Bool { open.isEmpty }

  mutating func add(_ delivery: OwedDelivery, at now: Instant) {
    index[delivery.id] = rows.count
    open.append(rows.count)
    rows.append(Row(delivery: delivery, nextAt: now))
  }

  subscript(id: String) -> Row? { index[id].map { rows[$0] } }

  func due(hook: String, now: Instant, limit: Int, severities: Set<String>? = nil) -> DueWindow {
    var window = DueWindow(deliveries: [], nextAt: nil)
    var blocked: Set<String> = []
    for index in open where rows[index].delivery.hook == hook {
      let row = rows[index]
      if let severities, !severities.contains(row.delivery.severity) { continue }
      if row.nextAt > now {
        window.nextAt = min(window.nextAt ?? row.nextAt, row.nextAt)
        blocked.insert(row.delivery.account)
      } else if !blocked.contains(row.delivery.account) && window.deliveries.count < limit {
        window.deliveries.append(row.delivery)
      }
    }
    return window
  }

  mutating func mark(_ outcomes: [DeliveryOutcome]) {
    for outcome in outcomes {
      guard let row = index[outcome.deliveryID], rows[row].state == .open else { continue }
      rows[row].delivery.attempts = outcome.attempts
      rows[row].history.append(outcome.state)
      rows[row].output = outcome.output ?? rows[row].output
      rows[row].exitCode = outcome.exitCode
      switch outcome.state {
      case .running: break
      case .done: close(row, as: .done)
      case .dead: close(row, as: .dead)
      case .retry(let at): rows[row].nextAt = at
      }
    }
  }

  /// What a person does with `deliveries drop`.
  mutating func drop(_ id: String) {
    if let row = index[id] { close(row, as: .dead) }
  }

  private mutating func close(_ row: Int, as state: State) {
    rows[row].state = state
    open.removeAll { $0 == row }
  }

  /// What a person does with `deliveries retry`.
  mutating func retry(_ id: String, at now: Instant) {
    guard let row = index[id] else { return }
    rows[row].state = .open
    open.append(row)
    open.sort()
    rows[row].delivery.attempts = 0
    rows[row].nextAt = now
  }

  /// Open deliveries of the same account and hook that became owed before this one.
  func openBefore(_ delivery: OwedDelivery) -> [String] {
    open.map { rows[$0].delivery }.filter {
      $0.hook == delivery.hook && $0.account == delivery.account && $0.sequence < delivery.sequence
    }.map(\.id)
  }
}
