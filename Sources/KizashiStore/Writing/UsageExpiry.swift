import GRDB
import KizashiCore

/// Takes usage that has expired (`store.retention`) out of the store: some of it after each commit, so that no commit waits long.
///
/// Usage of hours before ``keptHour`` counts nowhere any more, from the commit on that moves it: nobody can tell whether its
/// rows are still there. What they prove for good, when a feature and a user were first and last seen, becomes a *trace*: a fact
/// without events, in a tile before all others. Traces are as many as pairs of accounts and event names, and users.
final class UsageExpiry {
  /// The tile of traces. The earliest instant that an event line can name is 27.8 million hours before 1970.
  static let traceHour: Int32 = -30_000_000
  /// Stands for the event name in the trace of a user: it is of none of theirs.
  static let noEvent: Int64 = -1

  /// The first hour that is kept: never goes back, whatever becomes of the config.
  private(set) var keptHour: Int32
  /// Whether there is something to take out.
  private(set) var isDue = false
  /// What ``keptHour`` was when it was last looked whether there is.
  private var lookedAt = traceHour

  private let first: HotStatement
  private let nth: HotStatement
  private let traceTile: HotStatement
  private let traceFeatures: HotStatement
  private let traceUsers: HotStatement
  private let removals: RemovalStatements

  /// Rows before (hour, account).
  private struct Bound {
    var hour: Int64
    var account: Int64
  }

  private struct RemovalStatements: ~Copyable {
    let facts: HotStatement
    let amounts: HotStatement
    let tiles: HotStatement
  }

  init(_ db: Database) throws {
    let trace = Self.traceHour
    keptHour = try Int32.fetchOne(db, sql: "SELECT kept_hour FROM store_state") ?? trace
    first = try HotStatement(
      db, "SELECT hour, account FROM fact WHERE hour > \(trace) ORDER BY hour, account, event, user LIMIT 1")
    nth = try HotStatement(
      db, "SELECT hour, account FROM fact WHERE hour > \(trace) ORDER BY hour, account, event, user LIMIT 1 OFFSET ?")
    traceTile = try HotStatement(db, "INSERT INTO tile VALUES (\(trace), ?) ON CONFLICT (hour) DO NOTHING")
    traceFeatures = try HotStatement(db, Self.traces(event: "event", user: "0", "true"))
    traceUsers = try HotStatement(db, Self.traces(event: "\(Self.noEvent)", user: "user", "user > 0"))
    let isBefore = "hour > \(trace) AND (hour, account) < (?1, ?2)"
    removals = RemovalStatements(
      facts: try HotStatement(db, "DELETE FROM fact WHERE \(isBefore)"),
      amounts: try HotStatement(db, "DELETE FROM amount WHERE \(isBefore)"),
      tiles: try HotStatement(db, "DELETE FROM tile WHERE hour > \(trace) AND hour < ?"))
  }

  /// The first and last instants of facts before a bound, as facts of the tile of traces.
  private static func traces(event: String, user: String, _ condition: String) -> String {
    let start = "\(Int64(traceHour) * Tile.length)"
    return """
      INSERT INTO fact
      SELECT \(traceHour), account, \(event) AS e, \(user) AS u, 0, min(hour * \(Tile.length) + first) - \(start),
        max(hour * \(Tile.length) + first + span) - min(hour * \(Tile.length) + first)
      FROM fact WHERE hour > \(traceHour) AND (hour, account) < (?1, ?2) AND \(condition) GROUP BY account, e, u
      ON CONFLICT (hour, account, event, user) DO UPDATE SET
        first = min(first, excluded.first),
        span = max(first + span, excluded.first + excluded.span) - min(first, excluded.first)
      """
  }

  /// The clock has moved: whole local days before the retention expire.
  func move(to now: Instant, _ config: ConfigMapping) {
    guard let retention = config.retentionMilliseconds else { return }
    let day = config.calendar.day(of: now.advanced(by: -retention).tile)
    keptHour = max(keptHour, config.calendar.firstTile(of: day).hour)
  }

  /// Looks whether there is something to take out. A sixteenth of the retention goes at once, because what goes together costs
  /// one trace for each pair, not one a day.
  ///
  /// - Parameter oldest: The oldest hour with usage; asked once a day.
  func look(_ config: ConfigMapping, oldest: () -> Int32?) {
    guard !isDue, keptHour != lookedAt else { return }
    lookedAt = keptHour
    let patience = (config.retentionMilliseconds ?? 0) / 16 / Tile.length
    isDue = oldest().map { Int64($0) + patience < Int64(keptHour) } ?? false
  }

  /// What a step came to is stored.
  func stepped(to hour: Int32) { isDue = hour < keptHour }

  /// Takes out the oldest of what has expired, inside a transaction.
  ///
  /// - Parameter facts: About how many; those of one account and hour go together.
  /// - Returns: The hour before which nothing is left.
  func step(facts: Int, calendar: BusinessCalendar) throws -> Int32 {
    guard let bound = try bound(facts: facts, before: Int64(keptHour)) else { return keptHour }
    traceTile.bind(1, Int64(calendar.day(of: Tile(hour: Self.traceHour)).number))
    try traceTile.run()
    for (index, value) in [bound.hour, bound.account].enumerated() {
      traceFeatures.bind(Int32(index + 1), value)
      traceUsers.bind(Int32(index + 1), value)
      removals.facts.bind(Int32(index + 1), value)
      removals.amounts.bind(Int32(index + 1), value)
    }
    try traceFeatures.run()
    try traceUsers.run()
    try removals.facts.run()
    try removals.amounts.run()
    removals.tiles.bind(1, bound.hour)
    try removals.tiles.run()
    return Int32(bound.hour)
  }

  /// Nil: no fact before the hour.
  private func bound(facts: Int, before hour: Int64) throws -> Bound? {
    guard let oldest = try Self.row(first), oldest.hour < hour else { return nil }
    nth.bind(1, Int64(facts))
    guard let next = try Self.row(nth), next.hour < hour else { return Bound(hour: hour, account: 0) }
    let isOneAccount = next.hour == oldest.hour && next.account == oldest.account
    return isOneAccount ? Bound(hour: oldest.hour, account: oldest.account + 1) : next
  }

  private static func row(_ query: borrowing HotStatement) throws -> Bound? {
    var bound: Bound?
    try query.forEachRow { bound = Bound(hour: $0.int(0), account: $0.int(1)) }
    return bound
  }
}

extension Store {
  /// Before which instant usage has expired; nil: none has.
  package func usageExpiredBefore() throws(StoreError) -> Instant? {
    try access("reading") { db in
      // What is left of expired usage lies before that hour, too.
      let hour = try Int64.fetchOne(
        db, sql: "SELECT kept_hour FROM store_state WHERE EXISTS (SELECT 1 FROM fact WHERE hour < kept_hour)")
      return hour.map { Instant(milliseconds: $0 * Tile.length) }
    }
  }
}
