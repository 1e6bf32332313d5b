import KizashiCore
import KizashiStore

/// What is taken for the end of a customer.
package enum ChurnDefinition: Sendable, Equatable {
  /// A reserved or usage event of this name.
  case event(String)
  /// A `group` line that gives the attribute this value, as text.
  case attribute(name: String, value: String)
  /// What a list says, ascending by instant.
  case list([(account: String, at: Instant)])

  /// As a person would write it.
  package var text: String {
    switch self {
    case .event(let name): name
    case .attribute(let name, let value): "\(name)=\(value)"
    case .list: "list"
    }
  }

  package static func == (a: ChurnDefinition, b: ChurnDefinition) -> Bool {
    switch (a, b) {
    case (.event(let a), .event(let b)): a == b
    case (.attribute(let a, let x), .attribute(let b, let y)): a == b && x == y
    case (.list(let a), .list(let b)): a.elementsEqual(b, by: ==)
    default: false
    }
  }
}

/// One time that an account was a customer: from its first line, or from its return, until it churned.
struct Stay: Sendable, Equatable {
  var account: AccountID
  /// Milliseconds.
  var from: Int64
  /// The instant of the churn, milliseconds; `.max`: it is still a customer. Equal to `from`: it never was one, because its
  /// first line told of the end.
  var to: Int64 = .max

  var hasEnded: Bool { to != .max }
}

/// Who was a customer when, learned hour by hour.
///
/// A customer is one from its first line on. After a churn it is none, whatever it still sends, until a
/// `contract.started` or, where an attribute tells of churn, another value of it. A churn of one that is no customer is
/// nothing.
struct Stays: Sendable {
  /// In the order they began; those of one account in order of time.
  private(set) var stays: [Stay] = []
  /// Churns of a list that fit no customer: of an unknown account, before its first line, or behind the history.
  private(set) var unmatched = 0

  private let definition: ChurnDefinition
  /// The event's numbers; empty: it is none of usage.
  private let usageEvents: Set<EventNameID>
  private let listed: [(account: AccountID, at: Int64)]
  private var listedDone = 0
  /// Per account: its latest stay; -1: none.
  private var latest: [Int32]

  init(_ definition: ChurnDefinition, accounts: [String: AccountID], count: Int, usageEvents: Set<EventNameID>) {
    self.definition = definition
    self.usageEvents = usageEvents
    latest = Array(repeating: -1, count: count)
    guard case .list(let churns) = definition else {
      listed = []
      return
    }
    listed = churns.compactMap { churn in accounts[churn.account].map { ($0, churn.at.milliseconds) } }
    unmatched = churns.count - listed.count
  }

  /// Whether the account is a customer at an instant not before its latest stay, as far as is known.
  func isCustomer(_ account: AccountID, at instant: Int64) -> Bool {
    let index = Int(latest[Int(account)])
    return index >= 0 && stays[index].from <= instant && instant < stays[index].to
  }

  /// Takes in an hour.
  mutating func take(_ hour: HistoryHour) {
    // What a list says lies before or among these lines.
    settle(before: Int64(hour.hour) * Tile.length)
    for fact in hour.facts {
      enter(fact.account, fact.first)
      if usageEvents.contains(fact.event) { churn(fact.account, fact.first) }
    }
    for stored in hour.records {
      guard let account = stored.account, stored.record.kind != .identify else { continue }
      enter(account, stored.at.milliseconds)
      take(stored, of: account)
    }
    settle(before: Int64(hour.hour + 1) * Tile.length)
  }

  /// Takes in what a list says of the time before an instant.
  mutating func settle(before instant: Int64) {
    while listedDone < listed.count, listed[listedDone].at < instant {
      let (account, at) = listed[listedDone]
      if !churn(account, at) { unmatched += 1 }
      listedDone += 1
    }
  }

  /// Nothing more will come.
  mutating func finish() { unmatched += listed.count - listedDone }

  private mutating func take(_ stored: StoredRecord, of account: AccountID) {
    let record = stored.record
    let at = stored.at.milliseconds
    if record.kind == .track, record.event == "contract.started" { comeBack(account, at) }
    switch definition {
    case .event(let name):
      if record.kind == .track, record.event == name { churn(account, at) }
    case .attribute(let name, let value):
      guard record.kind == .group, let given = record.fields.last(where: { $0.name == name })?.value else { return }
      if given.shown == value { churn(account, at) } else { comeBack(account, at) }
    case .list: break
    }
  }

  private mutating func enter(_ account: AccountID, _ at: Int64) {
    let index = Int(latest[Int(account)])
    if index < 0 { return begin(account, at) }
    // An hour's facts are taken before its records, so that a record can show an earlier beginning.
    if !stays[index].hasEnded, at < stays[index].from { stays[index].from = at }
  }

  private mutating func begin(_ account: AccountID, _ at: Int64) {
    latest[Int(account)] = Int32(stays.count)
    stays.append(Stay(account: account, from: at))
  }

  private mutating func comeBack(_ account: AccountID, _ at: Int64) {
    let index = Int(latest[Int(account)])
    guard index >= 0, stays[index].hasEnded, at > stays[index].to else { return }
    begin(account, at)
  }

  @discardableResult
  private mutating func churn(_ account: AccountID, _ at: Int64) -> Bool {
    let index = Int(latest[Int(account)])
    guard index >= 0, !stays[index].hasEnded, at >= stays[index].from else { return false }
    stays[index].to = at
    return true
  }
}
