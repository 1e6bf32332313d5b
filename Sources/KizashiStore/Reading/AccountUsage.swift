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
    /// False: its filters have not been looked for through all of the window, and its figures are too small.
    package var isWhole = true
    /// The same of the window before.
    package var isPreviousWhole = true

    /// A figure of the window; nil: it would be too small.
    package func current(_ figure: KeyPath<FeatureUse, Int64>) -> Int64? { isWhole ? self[keyPath: figure] : nil }
    /// A figure of the window before; nil: it would be too small.
    package func previous(_ figure: KeyPath<FeatureUse, Int64>) -> Int64? {
      isPreviousWhole ? self[keyPath: figure] : nil
    }
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
    var pass = UsagePass(currentFrom: nowHour - Int64(windowHours), previousFrom: nowHour - 2 * Int64(windowHours))
    let memberships = try db.makeStatement(sql: "SELECT feature FROM feature_event WHERE event = ?")
    let facts = try Row.fetchCursor(
      db,
      sql: """
        SELECT f.hour, t.day, f.event, f.user, iif(f.hour < s.kept_hour, 0, f.events), f.first, f.span
        FROM store_state s CROSS JOIN tile t CROSS JOIN fact f ON f.hour = t.hour AND f.account = ?1
        WHERE t.hour >= (SELECT first_ms / 3600000 FROM account WHERE id = ?1) - 1
          OR t.hour = \(UsageExpiry.traceHour) ORDER BY t.hour
        """, arguments: [account])
    while let row = try facts.next() {
      let event: Int64 = row[2]
      if event != pass.event {
        try pass.turn(to: event) { try Int64.fetchAll(memberships, arguments: [event]) }
      }
      let hour: Int64 = row[0]
      let first = hour * Tile.length + (row[5] as Int64)
      pass.add(
        UsagePass.Fact(
          hour: hour, day: row[1], user: row[3], events: row[4], first: first, last: first + (row[6] as Int64)))
    }
    var usage = AccountUsage(windowHours: windowHours)
    usage.features = try features(pass, db)
    usage.userCount = pass.users.count
    usage.users = try users(pass, limit: userLimit, db)
    usage.days = pass.days
    return usage
  }

  private static func features(_ pass: UsagePass, _ db: Database) throws -> [FeatureUse] {
    let query = try db.makeStatement(
      sql: "SELECT n.name, n.since_ms, s.now_ms FROM feature n JOIN store_state s WHERE n.id = ?")
    let length = (pass.currentFrom - pass.previousFrom) * Tile.length
    return try pass.features.map { feature, sums in
      let row = try Row.fetchOne(query, arguments: [feature])
      let age = (row?[1] as Int64?).map { since in (row?[2] ?? since) - since } ?? .max
      return FeatureUse(
        feature: row?[0] ?? "", events: sums.current.events,
        users: sums.current.users, activeDays: sums.current.days, previousEvents: sums.previous.events,
        previousUsers: sums.previous.users, previousActiveDays: sums.previous.days,
        firstSeen: Instant(milliseconds: sums.first), lastSeen: Instant(milliseconds: sums.last),
        isWhole: age >= length, isPreviousWhole: age >= 2 * length)
    }.sorted { a, b in
      if (a.feature == "any") != (b.feature == "any") { return a.feature == "any" }
      if a.events != b.events { return a.events > b.events }
      if a.previousEvents != b.previousEvents { return a.previousEvents > b.previousEvents }
      return a.feature < b.feature
    }
  }

  private static func users(_ pass: UsagePass, limit: Int?, _ db: Database) throws -> [UserUse] {
    let name = try db.makeStatement(sql: "SELECT name FROM user_name WHERE id = ?")
    let ordered = pass.users.sorted { a, b in
      if a.sums.current.events != b.sums.current.events { return a.sums.current.events > b.sums.current.events }
      // Of an account that fell silent, those who used it most before are the ones to call.
      if a.sums.previous.events != b.sums.previous.events { return a.sums.previous.events > b.sums.previous.events }
      if a.sums.last != b.sums.last { return a.sums.last > b.sums.last }
      return a.user < b.user
    }
    return try ordered.prefix(limit ?? .max).map { user, sums in
      UserUse(
        user: try String.fetchOne(name, arguments: [user]) ?? "", events: sums.current.events,
        activeDays: sums.current.days, previousEvents: sums.previous.events,
        firstSeen: Instant(milliseconds: sums.first), lastSeen: Instant(milliseconds: sums.last))
    }
  }
}
