import GRDB
import KizashiCore

/// Why a question about accounts has no answer.
package enum AccountQueryError: Error, Sendable, Equatable {
  case store(StoreError)
  /// The config in force has no such measure; what it has.
  case unknownMeasure(String, known: [String])
  /// No such feature has ever been configured or seen; a name that is near.
  case unknownFeature(String, nearest: String?)
}

extension StoreReader {
  /// The accounts a query asks for, in its order.
  ///
  /// Trends cost one seek an account, so they are computed only for the rows that are returned, unless they decide the
  /// order: then for those accounts they can decide about. (20,000 accounts take 30 ms, a million about a second.)
  package func accounts(_ query: AccountQuery) throws(AccountQueryError) -> [AccountSummary] {
    do {
      return try database.read { db in
        try check(query, db)
        let ids = query.order == .attention ? try idsByAttention(query, db) : try ids(query, db, orderedBy: query.order)
        var rows = try summaries(ids, db)
        if let low = query.low {
          let figures = try figures(of: low, ids, db)
          for index in rows.indices { rows[index].figure = figures[index] }
        }
        return rows
      }
    } catch let error as AccountQueryError {
      throw error
    } catch {
      throw .store(wrapped(error))
    }
  }

  private func wrapped(_ error: any Error) -> StoreError {
    do {
      return try StoreError.wrap("reading the store", path: path) { () throws -> StoreError in throw error }
    } catch {
      return error
    }
  }

  private func check(_ query: AccountQuery, _ db: Database) throws {
    switch query.low {
    case .measure(let name, _):
      let known = try String.fetchAll(
        db, sql: "SELECT n.name FROM current_measure c JOIN measure_name n ON n.id = c.id ORDER BY c.ord")
      if !known.contains(name) { throw AccountQueryError.unknownMeasure(name, known: known) }
    case .feature(let name, _, _):
      let known = try Set(String.fetchAll(db, sql: "SELECT name FROM feature")).union(["any", "core"])
      if !known.contains(name) {
        throw AccountQueryError.unknownFeature(name, nearest: NearestName.of(name, in: known.sorted()))
      }
    case nil: break
    }
  }

  /// An alert that asks for somebody; one of a rule in shadow does not.
  private static let firing = "state = \(AlertTransition.State.firing.rawValue) AND NOT shadow"

  /// Who had contracts of which none is active: whatever their score, nobody can keep them any more.
  private static let hasLeft = """
    r.id IN (SELECT account FROM contract GROUP BY account HAVING max(state = '\(ContractState.active.rawValue)') = 0)
    """

  /// Customers first, then those who have left.
  private func idsByAttention(_ query: AccountQuery, _ db: Database) throws -> [Int64] {
    var ids = try idsByAttention(query, "NOT \(Self.hasLeft)", query.limit, db)
    if query.limit.map({ ids.count < $0 }) ?? true {
      ids += try idsByAttention(query, Self.hasLeft, query.limit.map { $0 - ids.count }, db)
    }
    return ids
  }

  /// Worst first, stage by stage, so that trends are computed only for the bands the list reaches.
  private func idsByAttention(
    _ query: AccountQuery, _ condition: String, _ most: Int?, _ db: Database
  ) throws -> [Int64] {
    let firing = """
      SELECT account, max(\(Severity.rankSQL("severity"))) AS severity FROM alert
      WHERE \(Self.firing) GROUP BY account
      """
    let rank = bandRankSQL(query.bandsWorstFirst)
    var filter = Filter(query)
    filter.add(condition)
    var ids = try Int64.fetchAll(
      db,
      sql: """
        SELECT r.id FROM (\(firing)) f CROSS JOIN account r ON r.id = f.account JOIN account_name a ON a.id = r.id
          JOIN store_state s WHERE \(filter.sql)
        ORDER BY f.severity DESC, \(rank), \(Self.drop) IS NULL, \(Self.drop), r.score IS NULL, r.score, a.name
        \(limit(most))
        """, arguments: filter.arguments)
    filter.add("r.id NOT IN (SELECT account FROM alert WHERE \(Self.firing))")
    let bands = query.bandsWorstFirst.map { "r.band = '\($0.replacing("'", with: "''"))'" }
    let others = bands.isEmpty ? "1" : "ifnull(NOT (\(bands.joined(separator: " OR "))), 1)"
    for band in bands + [others] {
      let left = most.map { $0 - ids.count }
      if let left, left <= 0 { break }
      ids += try Int64.fetchAll(
        db,
        sql: """
          SELECT r.id FROM account r JOIN account_name a ON a.id = r.id JOIN store_state s
          WHERE \(band) AND \(filter.sql)
          ORDER BY \(Self.drop) IS NULL, \(Self.drop), r.score IS NULL, r.score, a.name \(limit(left))
          """, arguments: filter.arguments)
    }
    return ids
  }

  private func ids(_ query: AccountQuery, _ db: Database, orderedBy order: AccountQuery.Order) throws -> [Int64] {
    let key =
      switch order {
      case .attention, .name: "a.name"
      case .score: "r.score IS NULL, r.score, a.name"
      case .trend: "\(Self.drop) IS NULL, \(Self.drop), a.name"
      case .lastSeen: "r.last_ms IS NULL, r.last_ms, a.name"
      }
    let filter = Filter(query)
    return try Int64.fetchAll(
      db,
      sql: """
        SELECT r.id FROM account r JOIN account_name a ON a.id = r.id JOIN store_state s WHERE \(filter.sql)
        ORDER BY \(key) \(limit(query.limit))
        """, arguments: filter.arguments)
  }

  /// What `trend_7d` has.
  private static let drop = Views.rise(days: 7)

  private func bandRankSQL(_ worstFirst: [String]) -> String {
    let cases = worstFirst.enumerated().map { "WHEN '\($1.replacing("'", with: "''"))' THEN \($0)" }
    return cases.isEmpty ? "0" : "CASE r.band \(cases.joined(separator: " ")) ELSE \(cases.count) END"
  }

  private func limit(_ rows: Int?) -> String { rows.map { "LIMIT \(max(0, $0))" } ?? "" }

  /// The rows of these accounts, in the order of the ids. In pieces, because SQLite bounds the text of a statement.
  func summaries(_ ids: [Int64], _ db: Database) throws -> [AccountSummary] {
    var rows: [AccountSummary] = []
    rows.reserveCapacity(ids.count)
    var rest = ids[...]
    while !rest.isEmpty {
      let piece = rest.prefix(5000)
      rest = rest.dropFirst(5000)
      let values = piece.enumerated().map { "(\($0),\($1))" }.joined(separator: ",")
      rows += try Row.fetchAll(
        db,
        sql: """
          WITH wanted(place, id) AS (VALUES \(values)),
            firing AS (
              SELECT account, count(*) AS alerts, max(\(Severity.rankSQL("severity"))) AS severity_rank,
                min(severity) AS any_severity
              FROM alert WHERE account IN (SELECT id FROM wanted) AND \(Self.firing)
              GROUP BY account)
          SELECT v.*, ifnull(f.alerts, 0) AS firing_alerts, f.severity_rank, f.any_severity
          FROM wanted w CROSS JOIN account_name n ON n.id = w.id CROSS JOIN accounts v ON v.account = n.name
            LEFT JOIN firing f ON f.account = w.id
          ORDER BY w.place
          """
      ).map(AccountSummary.init)
    }
    return rows
  }

  /// What these accounts have of what the list was asked for, in the order of the ids.
  private func figures(of low: AccountQuery.Low, _ ids: [Int64], _ db: Database) throws -> [AccountQuery.Figure] {
    switch low {
    case .measure(let name, _):
      let statement = try db.makeStatement(
        sql: """
          SELECT m.value, m.grade / 100.0 AS grade FROM measure_name n
            JOIN measure m ON m.key = \(MeasureKey.key(of: "?1", "n.id")) WHERE n.name = ?2
          """)
      return try ids.map { id in
        let row = try Row.fetchOne(statement, arguments: [id, name])
        return .measure(value: row?["value"], grade: row?["grade"])
      }
    case .feature(let name, let hours, let below):
      // In one pass over the window, as the accounts were found; who is not among the rows has none.
      let events = try Row.fetchAll(
        db, sql: "SELECT f.account, sum(f.events) AS events \(Self.uses) HAVING sum(f.events) < ?",
        arguments: [hours, name, below]
      ).reduce(into: [:]) { $0[$1["account"] as Int64] = $1["events"] as Int64 }
      return ids.map { .feature(events: events[$0] ?? 0) }
    }
  }

  /// The facts of a feature in the last so many hours, by account.
  fileprivate static let uses = """
    FROM fact f
    WHERE f.hour >= (SELECT now_hour FROM store_state) - ? AND f.event IN (
      SELECT m.event FROM feature_event m JOIN feature n ON n.id = m.feature WHERE n.name = ?)
    GROUP BY f.account
    """
}

/// The conditions of a query on `account r` and `store_state s`.
private struct Filter {
  var sql = "1"
  var arguments = StatementArguments()

  init(_ query: AccountQuery) {
    add("ifnull(r.band, 'unknown')", isOneOf: query.bands)
    add("r.phase", isOneOf: query.phases)
    add("r.touch", isOneOf: query.touches)
    for attribute in query.attributes {
      add("r.id IN (SELECT account FROM attribute WHERE name = ? AND value = ?)")
      arguments += [attribute.name, attribute.value]
    }
    switch query.low {
    case .measure(let name, let below):
      add(
        """
        EXISTS (SELECT 1 FROM measure_name n
          JOIN measure m ON m.key = \(MeasureKey.key(of: "r.id", "n.id"))
          WHERE n.name = ? AND NOT m.missing AND m.grade < ? * 100)
        """)
      arguments += [name, below]
    case .feature(let name, let hours, let below):
      // Accounts without any event have no fact at all, so the question is asked the other way round.
      add(
        """
        r.id NOT IN (SELECT f.account \(StoreReader.uses) HAVING sum(f.events) >= ?)
        """)
      // What a feature with filters counts is too little until they have been looked for through all of the window.
      add(
        """
        NOT EXISTS (SELECT 1 FROM feature n JOIN store_state s
          WHERE n.name = ? AND s.now_ms < n.since_ms + ? * 3600000)
        """)
      arguments += [hours, name, below, name, hours]
    case nil: break
    }
  }

  mutating func add(_ condition: String) { sql += " AND \(condition)" }

  /// Of no names any will do.
  private mutating func add(_ column: String, isOneOf names: [String]) {
    guard !names.isEmpty else { return }
    add("\(column) IN (\(names.map { _ in "?" }.joined(separator: ",")))")
    arguments += StatementArguments(names)
  }
}
