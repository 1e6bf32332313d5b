import GRDB
import KizashiCore

/// Writes what facts are made of: names, hours, the facts themselves and the fingerprints of ids.
final class UsageWriter {
  private let account: HotInsert
  private let event: HotStatement
  private let user: HotInsert
  private let fact: HotInsert
  /// For hours that have no fact yet: nothing can be there to join, and a plain insert costs a third less.
  private let newFact: HotInsert
  private let tile: HotStatement
  private let fingerprint: HotStatement
  private let forgetFingerprints: HotStatement
  /// The hours `tile` already holds.
  private var hours: Set<Int32>
  /// Hours added in the transaction under way: known for good only once it is committed.
  private var addedHours: [Int32] = []
  private var fingerprintsFrom: Int32 = .min

  init(_ db: Database) throws {
    account = try HotInsert(db, "INSERT OR FAIL INTO account_name", columns: 2)
    event = try HotStatement(db, "INSERT INTO event_name VALUES (?, ?, ?)")
    user = try HotInsert(db, "INSERT OR FAIL INTO user_name", columns: 3)
    fact = try HotInsert(
      db, "INSERT INTO fact", columns: 7,
      upsert: """
        ON CONFLICT (hour, account, event, user) DO UPDATE SET
          events = events + excluded.events,
          first = min(first, excluded.first),
          span = max(first + span, excluded.first + excluded.span) - min(first, excluded.first)
        """)
    newFact = try HotInsert(db, "INSERT OR FAIL INTO fact", columns: 7)
    tile = try HotStatement(db, "INSERT INTO tile VALUES (?, ?) ON CONFLICT (hour) DO NOTHING")
    fingerprint = try HotStatement(db, "INSERT INTO fingerprint (hour, bytes) VALUES (?, ?)")
    forgetFingerprints = try HotStatement(db, "DELETE FROM fingerprint WHERE hour < ?")
    hours = try Int32.fetchSet(db, sql: "SELECT hour FROM tile")
  }

  /// Writes a commit's names, facts and fingerprints.
  /// - Parameter calendar: Gives new hours their local day.
  func write(_ commit: borrowing Commit, calendar: BusinessCalendar) throws {
    addedHours.removeAll(keepingCapacity: true)
    try write(names: commit.accounts, with: account)
    try commit.eventNames.forEachEvent { number, variant in
      event.bind(1, number)
      event.bind(2, variant.event)
      event.bind(3, variant.conditions)
      try event.run()
    }
    try write(names: commit.users, with: user)
    try write(facts: Facts.combined(commit.facts), calendar: calendar)
    for block in commit.fingerprints where block.hour >= commit.fingerprintsFrom {
      fingerprint.bind(1, Int64(block.hour))
      fingerprint.bind(2, blob: block.bytes)
      try fingerprint.run()
    }
    if commit.fingerprintsFrom > fingerprintsFrom {
      forgetFingerprints.bind(1, Int64(commit.fingerprintsFrom))
      try forgetFingerprints.run()
    }
  }

  /// The oldest hour with usage; nil: there is none.
  var oldestHour: Int32? { hours.lazy.filter { $0 > UsageExpiry.traceHour }.min() }

  /// The hours before one have been taken out.
  func forget(before hour: Int32) { hours = hours.filter { $0 >= hour || $0 == UsageExpiry.traceHour } }

  /// The transaction is committed: what it added is there.
  func committed(_ commit: borrowing Commit) {
    hours.formUnion(addedHours)
    fingerprintsFrom = max(fingerprintsFrom, commit.fingerprintsFrom)
  }

  private func write(names: NameBlock, with insert: borrowing HotInsert) throws {
    insert.begin()
    try names.bytes.withUnsafeBufferPointer { bytes in
      var start = 0
      for (index, end) in names.ends.enumerated() {
        insert.bind(1, Int64(names.firstID) + Int64(index))
        if names.accounts.isEmpty {
          insert.bind(2, text: UnsafeBufferPointer(rebasing: bytes[start..<Int(end)]))
        } else {
          insert.bind(2, Int64(names.accounts[index]))
          insert.bind(3, text: UnsafeBufferPointer(rebasing: bytes[start..<Int(end)]))
        }
        try insert.add()
        start = Int(end)
      }
    }
    try insert.finish()
  }

  private func write(facts: [Fact], calendar: BusinessCalendar) throws {
    var newest: Int32?
    var isNew = false
    newFact.begin()
    fact.begin()
    for row in facts {
      if row.hour != newest {
        newest = row.hour
        isNew = !hours.contains(row.hour)
        try add(hour: row.hour, calendar: calendar)
      }
      if isNew { try write(row, with: newFact) } else { try write(row, with: fact) }
    }
    try newFact.finish()
    try fact.finish()
  }

  private func write(_ row: Fact, with insert: borrowing HotInsert) throws {
    insert.bind(1, Int64(row.hour))
    insert.bind(2, Int64(row.account))
    insert.bind(3, Int64(row.event))
    insert.bind(4, Int64(row.user))
    insert.bind(5, row.events)
    insert.bind(6, row.first - Int64(row.hour) * Tile.length)
    insert.bind(7, row.last - row.first)
    try insert.add()
  }

  private func add(hour: Int32, calendar: BusinessCalendar) throws {
    guard !hours.contains(hour) else { return }
    tile.bind(1, Int64(hour))
    tile.bind(2, Int64(calendar.day(of: Tile(hour: hour)).number))
    try tile.run()
    addedHours.append(hour)
  }
}
