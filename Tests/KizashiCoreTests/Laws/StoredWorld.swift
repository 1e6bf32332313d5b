import KizashiCore
import ReferenceModel

/// What a store keeps of the commits of an engine: everything, in plain arrays.
struct StoredWorld {
  var now = Instant(milliseconds: .min)
  var leftBehind: Instant?
  var accounts: [String] = []
  var eventNames: [String] = []
  var users: [String] = []
  var userAccounts: [AccountID] = []
  var facts: [Fact] = []
  var amounts: [Amount] = []
  var records: [StoredRecord] = []
  var fingerprints: [FingerprintBlock] = []
  var accountRows: [AccountID: AccountRow] = [:]
  var measures: [[Int64]: MeasureRow] = [:]
  var history: [[Int64]: ScoreHistoryRow] = [:]
  var changes: [Change] = []
  var alerts: [AlertTransition] = []
  /// Their places count from the first alert on.
  var flaps: [FlapNotice] = []
  var attributes: [String: AttributeRow] = [:]
  var givenAccounts: [String: UserAccountRow] = [:]
  var contracts: [String: ContractRow] = [:]
  var milestones: [String: MilestoneRow] = [:]
  var sources: [Int: SourceRow] = [:]
  var stalls: [StallTransition] = []
  /// As a config's registration would note them.
  var filterStarts: [FilterStart] = []
  var sumStarts: [SumStart] = []
  /// What the numbers of properties in amounts stand for.
  var properties: [String] = []

  mutating func store(_ commit: Commit) {
    now = commit.now
    leftBehind = commit.leftBehind
    accounts += Self.names(commit.accounts)
    eventNames += Self.names(commit.eventNames)
    users += Self.names(commit.users)
    userAccounts += commit.users.accounts
    facts = Facts.combined(facts + commit.facts)
    amounts = Amount.combined(amounts + commit.amounts)
    records += commit.records
    fingerprints = (fingerprints + commit.fingerprints).filter {
      $0.hour >= commit.fingerprintsFrom
    }
    for row in commit.accountRows { accountRows[row.account] = row }
    for row in commit.measureRows { measures[[Int64(row.account), Int64(row.measure)]] = row }
    for row in commit.scoreHistory { history[[Int64(row.account), Int64(row.day.number)]] = row }
    changes += commit.changes
    flaps += commit.flaps.map { FlapNotice(began: $0.began, alert: $0.alert, place: $0.place + alerts.count) }
    alerts += commit.alerts
    for row in commit.attributes { attributes["\(row.account) \(row.name)"] = row }
    for row in commit.userAccounts { givenAccounts["\(row.source) \(row.user)"] = row }
    for row in commit.contracts { contracts["\(row.account) \(row.contract.product)"] = row }
    for row in commit.milestones { milestones["\(row.account) \(row.milestone)"] = row }
    for row in commit.sources { sources[row.source] = row }
    stalls += commit.stalls
  }

  /// What a store forgets when another config is registered: rows by the numbers of the old one's measures and milestones.
  ///
  /// - Parameter scores: Whether they follow from other measures, milestones or phases now.
  ///
  /// Amounts are stored by the property's name: their numbers become those of the new model's `summed`.
  mutating func forgetConfig(summed: [String], scores: Bool) {
    let names = summed + properties.filter { !summed.contains($0) }
    for index in amounts.indices {
      amounts[index].property = names.firstIndex(of: properties[amounts[index].property]) ?? 0
    }
    properties = names
    guard scores else { return }
    measures = [:]
    milestones = [:]
  }

  /// What a new engine is given. `all`: also the facts that no window sees any more. `computed`: every line that was not usage, and not
  /// what they come to.
  func restored(model: Model, all: Bool, computed: Bool = false) -> Restored {
    let last = Dictionary(stalls.map { ($0.stall.source, $0.stall) }, uniquingKeysWith: { $1 })
    // Whoever waits is looked at as of the beginning of the stall, or later; whom the clock has left behind as of before that.
    let held = last.values.filter { $0.waitsUntil != nil }.map(\.clock).min() ?? now
    let clock = min(held, leftBehind?.advanced(by: -1) ?? now)
    let oldest =
      all || now.milliseconds == .min ? Int32.min : clock.tile.hour - Int32(model.factHorizonHours)
    return Restored(
      now: now, leftBehind: leftBehind, accounts: StoredRows(Self.blocks(accounts, firstID: 0)),
      eventNames: Self.block(eventNames, firstID: 0),
      users: StoredRows(Self.blocks(users, firstID: 1, accounts: userAccounts)),
      facts: StoredRows(facts.filter { $0.hour >= oldest }), amounts: amounts.filter { $0.hour >= oldest },
      properties: properties,
      records: StoredRows(
        records.filter { computed || $0.record.kind == .track || $0.record.kind == .identify && model.readsTraits }),
      attributes: StoredRows(computed ? [] : attributes.keys.sorted().compactMap { attributes[$0] }),
      userAccounts: StoredRows(computed ? [] : givenAccounts.keys.sorted().compactMap { givenAccounts[$0] }),
      fingerprints: fingerprints,
      accountRows: StoredRows(accountRows.keys.sorted().compactMap { accountRows[$0] }),
      sources: sources.keys.sorted().compactMap { sources[$0] },
      stalls: last.keys.sorted().compactMap { last[$0] },
      episodes: all
        ? Dictionary(alerts.map { ("\($0.ruleName) \($0.account)", $0) }, uniquingKeysWith: { $1 }).values.map {
          LastEpisode(rule: $0.ruleName, account: $0.account, number: $0.episode)
        } : [],
      lastChangeSequence: changes.last?.sequence ?? 0,
      lastRecordSequence: records.last?.sequence ?? 0, filterStarts: filterStarts,
      sumStarts: sumStarts)
  }

  private static func names(_ block: NameBlock) -> [String] {
    var start = 0
    return block.ends.map { end in
      defer { start = Int(end) }
      return String(decoding: block.bytes[start..<Int(end)], as: UTF8.self)
    }
  }

  /// Names in blocks of two and the rest, as a store with many has them.
  private static func blocks(_ names: [String], firstID: UInt32, accounts: [AccountID] = []) -> [NameBlock] {
    let cut = min(2, names.count)
    return [
      block(Array(names[..<cut]), firstID: firstID, accounts: Array(accounts.prefix(cut))),
      block(Array(names[cut...]), firstID: firstID + UInt32(cut), accounts: Array(accounts.dropFirst(cut))),
    ]
  }

  private static func block(_ names: [String], firstID: UInt32, accounts: [AccountID] = [])
    -> NameBlock
  {
    var block = NameBlock(firstID: firstID)
    for name in names {
      block.bytes += Array(name.utf8)
      block.ends.append(UInt32(block.bytes.count))
    }
    block.accounts = accounts
    return block
  }

  /// What differs, in words. Engine-internal bytes are compared too: they are stored, so they may not depend on chance.
  func differences(from other: StoredWorld) -> [String] {
    var result: [String] = []
    func compare<T>(_ what: String, _ mine: T, _ theirs: T) {
      let (a, b) = (String(describing: mine), String(describing: theirs))
      if a != b { result.append("\(what): \(firstDifference(a, b))") }
    }
    compare("clock", now, other.now)
    compare("accounts", accounts, other.accounts)
    compare("event names", eventNames, other.eventNames)
    compare("users", users, other.users)
    compare("facts", facts, other.facts)
    compare("amounts", amounts, other.amounts)
    compare("records", records.map { "\($0)" }, other.records.map { "\($0)" })
    compare("changes", changes.map(Self.line), other.changes.map(Self.line))
    compare("stalls", stalls.map { "\($0)" }, other.stalls.map { "\($0)" })
    compare("alerts", alerts.map { "\($0)" }, other.alerts.map { "\($0)" })
    compare("flapping", flaps.map { "\($0)" }, other.flaps.map { "\($0)" })
    let numbers = measures.keys.sorted { $0.lexicographicallyPrecedes($1) }
    let otherNumbers = other.measures.keys.sorted { $0.lexicographicallyPrecedes($1) }
    compare(
      "measures", numbers.map { "\($0) \(measures[$0] as Any)" },
      otherNumbers.map { "\($0) \(other.measures[$0] as Any)" })
    let days = history.keys.sorted { $0.lexicographicallyPrecedes($1) }
    let otherDays = other.history.keys.sorted { $0.lexicographicallyPrecedes($1) }
    compare(
      "score history", days.map { "\($0) \(history[$0] as Any)" },
      otherDays.map { "\($0) \(other.history[$0] as Any)" })
    compare(
      "account rows", accountRows.sorted { $0.key < $1.key }.map { "\($0.value)" },
      other.accountRows.sorted { $0.key < $1.key }.map { "\($0.value)" })
    compare(
      "attributes", attributes.sorted { $0.key < $1.key }.map { "\($0.value)" },
      other.attributes.sorted { $0.key < $1.key }.map { "\($0.value)" })
    compare(
      "accounts of users", givenAccounts.sorted { $0.key < $1.key }.map { "\($0.value)" },
      other.givenAccounts.sorted { $0.key < $1.key }.map { "\($0.value)" })
    compare(
      "contracts", contracts.sorted { $0.key < $1.key }.map { "\($0.value)" },
      other.contracts.sorted { $0.key < $1.key }.map { "\($0.value)" })
    compare(
      "milestones", milestones.sorted { $0.key < $1.key }.map { "\($0.value)" },
      other.milestones.sorted { $0.key < $1.key }.map { "\($0.value)" })
    compare(
      "sources", sources.sorted { $0.key < $1.key }.map { "\($0.value)" },
      other.sources.sorted { $0.key < $1.key }.map { "\($0.value)" })
    return result
  }

  /// What hooks are told of an account, and what not, in its order.
  func told(of account: AccountID) -> [String] {
    var lines: [(place: Int, line: String)] = []
    for (place, alert) in alerts.enumerated() where alert.account == account {
      lines.append(
        (
          place * 2 + 1,
          "\(alert.ruleName) \(alert.episode) \(alert.state) \(alert.at.milliseconds)\(alert.isSilenced ? " silenced" : "")"
        ))
    }
    for notice in flaps where notice.alert.account == account {
      let percent = notice.alert.reason.split(separator: "weighted ").last?.prefix { $0 != " " } ?? ""
      lines.append(
        (
          notice.place * 2,
          "\(notice.alert.ruleName) \(notice.alert.episode) \(notice.began ? "began" : "ceased") to flap at "
            + "\(notice.alert.at.milliseconds), \(percent) %, \(notice.alert.state)"
        ))
    }
    // Stable, by hand: sorting is not.
    return lines.enumerated().sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }.map(
      \.element.line)
  }

  /// The facts by names.
  var namedFacts: [ReferenceFact] {
    ReferenceFact.sorted(
      facts.map { fact in
        ReferenceFact(
          hour: Int64(fact.hour), account: accounts[Int(fact.account)],
          event: eventNames[Int(fact.event)],
          user: fact.user == 0 ? nil : users[Int(fact.user) - 1], events: fact.events,
          first: fact.first,
          last: fact.last)
      })
  }

  /// What is added up, by names.
  var namedSums: [ReferenceSum] {
    ReferenceSum.sorted(
      amounts.map { amount in
        ReferenceSum(
          hour: Int64(amount.hour), account: accounts[Int(amount.account)], event: eventNames[Int(amount.event)],
          property: properties[amount.property], micros: amount.micros)
      })
  }

  /// The journal and the alerts account by account, each in its order, without their places among those of others.
  func byAccount() -> StoredWorld {
    var world = self
    let numbers = accountRows.keys.sorted()
    world.changes = numbers.flatMap { account in changes.filter { $0.account == account } }
    for index in world.changes.indices { world.changes[index].sequence = 0 }
    world.alerts = numbers.flatMap { account in
      alerts.filter { $0.account == account }
    }
    world.flaps = numbers.flatMap { account in
      flaps.filter { $0.alert.account == account }.map { FlapNotice(began: $0.began, alert: $0.alert, place: 0) }
    }
    return world
  }

  private static func line(_ change: Change) -> String { "\(change)" }
}

/// The place where two texts begin to differ.
func firstDifference(_ a: String, _ b: String) -> String {
  let common = zip(a.utf8, b.utf8).prefix { $0 == $1 }.count
  func around(_ text: String) -> String {
    String(decoding: text.utf8.dropFirst(max(0, common - 200)).prefix(500), as: UTF8.self)
  }
  return "\n    \(around(a))\n  ≠ \(around(b))"
}
