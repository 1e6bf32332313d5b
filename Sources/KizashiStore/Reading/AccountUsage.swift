import GRDB
import KizashiCore

/// How one account uses the product: what the views `feature_usage`, `usage_daily` and `users` say of it, found in one
/// pass over its facts instead of one each (each costs a seek for every hour of its history).
package struct AccountUsage: Sendable, Equatable {
  /// The window of the figures, and of the previous ones before it, in hours.
  package var windowHours: Int
  /// `any` first, then by events, previous events, and name.
  package var features: [FeatureUse] = []
  /// Those with the most events in the window; equal ones by the events before, last use, and order of
  /// appearance.
  package var users: [UserUse] = []
  /// How many users it has ever had.
  package var userCount = 0
  /// Local days with usage (in the zone of the config in force), oldest first.
  package var days: [DayUse] = []

  /// A feature in the window and the one before.
  package struct FeatureUse: Sendable, Equatable {
    package var feature: String
    package var events: Int64 = 0
    package var users: Int64 = 0
    package var activeDays: Int64 = 0
    package var previousEvents: Int64 = 0
    package var previousUsers: Int64 = 0
    package var previousActiveDays: Int64 = 0
    package var firstSeen: Instant
    package var lastSeen: Instant
  }

  /// A user, over all features.
  package struct UserUse: Sendable, Equatable {
    package var user: String
    /// In the window.
    package var events: Int64
    package var activeDays: Int64
    package var previousEvents: Int64
    package var firstSeen: Instant
    package var lastSeen: Instant
  }

  /// All usage of one local day.
  package struct DayUse: Sendable, Equatable {
    package var day: LocalDay
    package var events: Int64
    package var users: Int64
  }
}

extension AccountUsage {
  static func read(account: Int64, windowHours: Int, userLimit: Int?, _ db: Database) throws -> AccountUsage {
    let nowHour = try Int64.fetchOne(db, sql: "SELECT now_hour FROM store_state") ?? 0
    var pass = Pass(current: nowHour - Int64(windowHours), previous: nowHour - 2 * Int64(windowHours))
    let facts = try Row.fetchCursor(
      db,
      sql: """
        SELECT f.hour, t.day, f.event, f.user, f.events, f.first, f.span
        FROM tile t CROSS JOIN fact f ON f.hour = t.hour AND f.account = ?1
        WHERE t.hour >= (SELECT first_ms / 3600000 FROM account WHERE id = ?1) - 1 ORDER BY t.hour
        """, arguments: [account])
    while let row = try facts.next() {
      let first = (row[0] as Int64) * Tile.length + (row[5] as Int64)
      pass.add(
        hour: row[0], day: row[1], event: row[2], user: row[3], events: row[4], first: first,
        last: first + (row[6] as Int64))
    }
    var usage = AccountUsage(windowHours: windowHours)
    usage.features = try pass.features(db)
    usage.userCount = pass.users.count
    usage.users = try pass.namedUsers(limit: userLimit, db)
    usage.days = pass.days.map { DayUse(day: LocalDay(number: $0), events: $1.events, users: Int64($1.users.count)) }
      .sorted { $0.day < $1.day }
    return usage
  }
}

/// Running sums over the facts of one account.
private struct Pass {
  /// Events, users and days of one window.
  struct Sums {
    var events: Int64 = 0
    var users: Set<Int64> = []
    var days: Set<Int32> = []

    mutating func add(day: Int32, user: Int64, events: Int64) {
      self.events += events
      if user > 0 { users.insert(user) }
      days.insert(day)
    }
  }

  /// A window, the one before, and when anything was first and last seen.
  struct Both {
    var current = Sums()
    var previous = Sums()
    var first = Int64.max
    var last = Int64.min

    mutating func see(_ first: Int64, _ last: Int64) {
      self.first = min(self.first, first)
      self.last = max(self.last, last)
    }

    mutating func merge(_ other: Both) {
      current.events += other.current.events
      current.users.formUnion(other.current.users)
      current.days.formUnion(other.current.days)
      previous.events += other.previous.events
      previous.users.formUnion(other.previous.users)
      previous.days.formUnion(other.previous.days)
      see(other.first, other.last)
    }
  }

  /// First hours of the current and the previous window.
  let currentFrom: Int64
  let previousFrom: Int64
  var byEvent: [Int64: Both] = [:]
  var users: [Int64: Both] = [:]
  var days: [Int32: Sums] = [:]

  init(current: Int64, previous: Int64) {
    currentFrom = current
    previousFrom = previous
  }

  mutating func add(hour: Int64, day: Int32, event: Int64, user: Int64, events: Int64, first: Int64, last: Int64) {
    note(&byEvent[event, default: Both()], hour, day, user, events, first, last)
    if user > 0 { note(&users[user, default: Both()], hour, day, user, events, first, last) }
    if events > 0 { days[day, default: Sums()].add(day: day, user: user, events: events) }
  }

  /// An expired fact has no events left: it only proves when something was seen.
  private func note(
    _ sums: inout Both, _ hour: Int64, _ day: Int32, _ user: Int64, _ events: Int64, _ first: Int64, _ last: Int64
  ) {
    sums.see(first, last)
    guard events > 0 else { return }
    if hour >= currentFrom {
      sums.current.add(day: day, user: user, events: events)
    } else if hour >= previousFrom {
      sums.previous.add(day: day, user: user, events: events)
    }
  }

  /// Several events can be one feature and one event can be in several: sums of events are merged by feature.
  func features(_ db: Database) throws -> [AccountUsage.FeatureUse] {
    var names: [Int64: String] = [:]
    for row in try Row.fetchAll(db, sql: "SELECT id, name FROM feature") { names[row[0]] = row[1] }
    let memberships = try db.cachedStatement(sql: "SELECT feature FROM feature_event WHERE event = ?")
    var merged: [Int64: Both] = [:]
    for (event, sums) in byEvent {
      for feature in try Int64.fetchAll(memberships, arguments: [event]) {
        merged[feature, default: Both()].merge(sums)
      }
    }
    return merged.map { feature, sums in
      AccountUsage.FeatureUse(
        feature: names[feature] ?? "", events: sums.current.events, users: Int64(sums.current.users.count),
        activeDays: Int64(sums.current.days.count), previousEvents: sums.previous.events,
        previousUsers: Int64(sums.previous.users.count), previousActiveDays: Int64(sums.previous.days.count),
        firstSeen: Instant(milliseconds: sums.first), lastSeen: Instant(milliseconds: sums.last))
    }.sorted { a, b in
      if (a.feature == "any") != (b.feature == "any") { return a.feature == "any" }
      if a.events != b.events { return a.events > b.events }
      if a.previousEvents != b.previousEvents { return a.previousEvents > b.previousEvents }
      return a.feature < b.feature
    }
  }

  func namedUsers(limit: Int?, _ db: Database) throws -> [AccountUsage.UserUse] {
    let ordered = users.sorted { a, b in
      if a.value.current.events != b.value.current.events { return a.value.current.events > b.value.current.events }
      // Of an account that fell silent, those who used it most before are the ones to call.
      if a.value.previous.events != b.value.previous.events { return a.value.previous.events > b.value.previous.events }
      if a.value.last != b.value.last { return a.value.last > b.value.last }
      return a.key < b.key
    }
    let name = try db.cachedStatement(sql: "SELECT name FROM user_name WHERE id = ?")
    return try ordered.prefix(limit ?? .max).map { id, sums in
      AccountUsage.UserUse(
        user: try String.fetchOne(name, arguments: [id]) ?? "", events: sums.current.events,
        activeDays: Int64(sums.current.days.count), previousEvents: sums.previous.events,
        firstSeen: Instant(milliseconds: sums.first), lastSeen: Instant(milliseconds: sums.last))
    }
  }
}
