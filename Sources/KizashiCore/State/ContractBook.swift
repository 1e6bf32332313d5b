/// One product's contract of an account, as its events leave it.
public struct Contract: Sendable, Equatable {
  /// As the events name it; empty where they name none.
  public var product: String
  /// `active` or `cancelled`.
  public var state: ContractState
  /// Monthly recurring revenue in minor units of the currency; nil: never said.
  public var mrr: Int64?
  /// As sent; nil: never said.
  public var currency: String?
  /// When it last began. Milliseconds.
  public var startedAt: Int64
  /// As sent.
  public var termEnd: String?
  /// Why it was cancelled, as sent.
  public var reason: String?
}

/// What contract events say, by account and product: the events in order of time, and what they come to.
struct ContractBook {
  private struct Event {
    var at: Int64
    var record: Record
  }
  private var events: [AccountID: [String: [Event]]] = [:]

  /// Takes in a contract event; the product it is about.
  mutating func add(_ record: Record, _ account: AccountID, at: Int64) -> String {
    let product = record.text("product") ?? ""
    var list = events[account]?[product] ?? []
    var record = record
    // What it says is in its fields.
    record.line = ""
    // Of equal instants the later in the log comes later.
    let place = list.lastIndex { $0.at <= at }.map { $0 + 1 } ?? 0
    list.insert(Event(at: at, record: record), at: place)
    events[account, default: [:]][product] = list
    return product
  }

  /// The contract of one product; nil: no event says anything of one.
  func contract(_ account: AccountID, product: String) -> Contract? {
    var result: Contract?
    for event in events[account]?[product] ?? [] { Self.apply(event, product, &result) }
    return result
  }

  private static func apply(_ event: Event, _ product: String, _ contract: inout Contract?) {
    let kind = event.record.event.dropFirst("contract.".count)
    let isOver = contract.map { $0.state == .cancelled } ?? true
    switch kind {
    case "started", "renewed", "expanded", "contracted":
      // What goes on without a start we know of began when we first heard of it.
      if kind == "started" || isOver {
        contract = Contract(product: product, state: .active, startedAt: event.at)
      }
    case "cancelled":
      if contract == nil { contract = Contract(product: product, state: .cancelled, startedAt: event.at) }
      contract?.state = .cancelled
      contract?.reason = event.record.text("reason")
    default: return
    }
    if let amount = event.record.value("mrr").flatMap(\.decimal) { contract?.mrr = Int64(clamping: amount.halfUp) }
    if let currency = event.record.text("currency") { contract?.currency = currency }
    if let end = event.record.text("term_end") { contract?.termEnd = end }
  }

  /// All contracts together: whether one is active, and when the earliest of those that are (else of all) began.
  func summary(_ account: AccountID) -> (state: ContractState, startedAt: Int64?) {
    guard let products = events[account] else { return (.none, nil) }
    let contracts = products.keys.compactMap { contract(account, product: $0) }
    let active = contracts.filter { $0.state == .active }
    // A minimum does not depend on the order of a dictionary.
    if let start = active.map(\.startedAt).min() { return (.active, start) }
    return (contracts.isEmpty ? .none : .cancelled, contracts.map(\.startedAt).min())
  }
}

extension Record {
  /// The last field of a name.
  func value(_ name: String) -> Scalar? { fields.last { $0.name == name }?.value }

  /// The last field of a name as text; nil where it is none.
  func text(_ name: String) -> String? {
    switch value(name) {
    case .string(let text), .number(let text): text
    case .bool, .null, nil: nil
    }
  }
}
