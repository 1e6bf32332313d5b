import GRDB
import KizashiCore

/// Writes what is known of accounts: their scores, measures, history, attributes, changes and alerts.
final class AccountWriter {
  private let account: HotInsert
  private let measure: HotInsert
  private let day: HotInsert
  private let change: HotInsert
  private let changeOf: HotInsert
  private let dayBlock: HotStatement
  private let changeBlock: HotStatement
  private let firing: HotStatement
  private let resolved: HotStatement
  private let attribute: HotInsert
  private var because = TextBytes()

  init(_ db: Database) throws {
    account = try HotInsert(db, "INSERT OR REPLACE INTO account", columns: 13)
    measure = try HotInsert(db, "INSERT OR REPLACE INTO measure", columns: 6)
    let days = ScoreDays.columns.map { "\($0) = ifnull(excluded.\($0), \($0))" }.joined(separator: ", ")
    day = try HotInsert(
      db, "INSERT INTO score_days", columns: 1 + ScoreDays.count, upsert: "ON CONFLICT (key) DO UPDATE SET \(days)")
    change = try HotInsert(db, "INSERT OR FAIL INTO change", columns: 11)
    changeOf = try HotInsert(db, "INSERT OR FAIL INTO change_of", columns: 1)
    dayBlock = try HotStatement(db, "INSERT INTO score_block VALUES (?) ON CONFLICT DO NOTHING")
    changeBlock = try HotStatement(db, "INSERT INTO change_block VALUES (?) ON CONFLICT DO NOTHING")
    firing = try HotStatement(
      db,
      """
      INSERT INTO alert (alert_id, rule, account, episode, state, severity, playbook, at_ms, detected_ms, reason,
        score_from, score_to, band, coverage, because, shadow)
      VALUES (?1 || ':' || (SELECT name FROM account_name WHERE id = ?2) || ':' || ?3, ?1, ?2, ?3, 0, ?4, ?5, ?6, ?7,
        ?8, ?9, ?10, ?11, ?12, ?13, ?14)
      """)
    resolved = try HotStatement(
      db,
      """
      UPDATE alert SET state = ?6, resolved_ms = ?4, resolution = ?5
      WHERE alert_id = ?1 || ':' || (SELECT name FROM account_name WHERE id = ?2) || ':' || ?3
      """)
    attribute = try HotInsert(db, "INSERT OR REPLACE INTO attribute", columns: 5)
  }

  /// Writes a unit's account rows, history, changes, alerts and attributes.
  func write(_ unit: borrowing CommitUnit, config: ConfigMapping) throws {
    account.begin()
    try forEach(unit.commit.accountRows) { try write($0) }
    try account.finish()
    // By account and number, the order the table is clustered by; the engine gives them by account.
    measure.begin()
    try forEach(unit.commit.measureRows) { try write($0, config) }
    try measure.finish()
    try write(unit.commit.scoreHistory, config)
    change.begin()
    try forEach(unit.commit.changes) { try write($0, config, unit.detectedAt) }
    try change.finish()
    var block = Int64.min
    changeOf.begin()
    var keys = unit.commit.changes.map { UInt64(ChangeKey.key($0.account, $0.sequence)) }
    RadixOrder.sort(&keys)
    for key in keys {
      try begin(ChangeKey.block(of: Int64(key)), after: &block, changeBlock)
      changeOf.bind(1, Int64(key))
      try changeOf.add()
    }
    try changeOf.finish()
    for row in unit.commit.alerts {
      try write(row, config, unit.detectedAt, isShadow: unit.shadowRules.contains(row.ruleName))
    }
    attribute.begin()
    for row in unit.commit.attributes { try write(row) }
    try attribute.finish()
  }

  /// In place: a loop would make a copy of each row, and count its texts' owners.
  @inline(__always)
  private func forEach<Row>(_ rows: [Row], _ write: (borrowing Row) throws -> Void) rethrows {
    try rows.withUnsafeBufferPointer { rows in
      for index in rows.indices { try write(rows[index]) }
    }
  }

  /// History comes in the order of time, of which a backfill has many days of each account, and goes in that of its table; of a day
  /// that comes twice the last counts.
  private func write(_ rows: [ScoreHistoryRow], _ config: ConfigMapping) throws {
    let keys = rows.map { UInt64(ScoreDays.key($0.account, $0.day.number)) }
    let order = RadixOrder.places(of: keys)
    var block = Int64.min
    day.begin()
    var next = order.startIndex
    while next < order.endIndex {
      let key = Int64(keys[order[next]])
      try begin(ScoreDays.block(of: key), after: &block, dayBlock)
      day.bind(1, key)
      for column in 0..<ScoreDays.count { day.bind(2 + column, Int64?.none) }
      while next < order.endIndex, keys[order[next]] == key {
        let row = rows[order[next]]
        day.bind(2 + ScoreDays.place(row.day.number), ScoreDays.value(row, mark: config.marks[row.band]))
        next += 1
      }
      try day.add()
    }
    try day.finish()
  }

  /// Notes that a block is there, where another was before it.
  private func begin(_ next: Int64, after block: inout Int64, _ statement: borrowing HotStatement) throws {
    guard next != block else { return }
    block = next
    statement.bind(1, block)
    try statement.run()
  }

  private func write(_ row: borrowing AccountRow) throws {
    account.bind(1, Int64(row.account))
    account.bind(2, row.firstSeen)
    account.bind(3, row.lastSeen)
    account.bind(4, row.score.map(Int64.init))
    account.bind(5, row.computedScore.map(Int64.init))
    account.bind(6, row.band)
    account.bind(7, row.coverage)
    account.bind(8, row.phase)
    account.bind(9, row.touch)
    account.bind(10, row.scoredAt?.milliseconds)
    account.bind(11, row.scoreSince?.milliseconds)
    account.bind(12, Int64(row.configVersion))
    account.bind(13, blob: row.state)
    try account.add()
  }

  private func write(_ row: borrowing MeasureRow, _ config: ConfigMapping) throws {
    measure.bind(1, MeasureKey.key(row.account, config.measures[row.measure]))
    measure.bind(2, row.value)
    measure.bind(3, row.grade.map(Int64.init))
    measure.bind(4, row.share)
    measure.bind(5, row.points)
    measure.bind(6, row.missing ? 1 : 0)
    try measure.add()
  }

  private func write(_ row: borrowing Change, _ config: ConfigMapping, _ detectedAt: Instant) throws {
    change.bind(1, row.sequence)
    change.bind(2, Int64(row.account))
    change.bind(3, row.at.milliseconds)
    change.bind(4, detectedAt.milliseconds)
    change.bind(5, Int64(row.kind.rawValue))
    change.bind(6, row.subject.isEmpty ? nil : row.subject)
    bind(row.from, at: 7)
    bind(row.to, at: 8)
    change.bind(9, row.delta.map(Int64.init))
    change.bind(10, Int64(row.cause.rawValue))
    guard !row.because.isEmpty else {
      change.bind(11, Int64?.none)
      return try change.add()
    }
    change.bind(11) { $0.append(row.because, measures: config.measures) }
    try change.add()
  }

  /// Points stay a number, which the view shows.
  private func bind(_ state: Change.State?, at index: Int) {
    switch state {
    case .points(let hundredths): change.bind(index, Int64(hundredths))
    case .name(let name): change.bind(index, name)
    case nil: change.bind(index, Int64?.none)
    }
  }

  private func write(
    _ row: AlertTransition, _ config: ConfigMapping, _ detectedAt: Instant, isShadow: Bool
  ) throws {
    guard row.state == .firing else {
      resolved.bind(1, row.ruleName)
      resolved.bind(2, Int64(row.account))
      resolved.bind(3, Int64(row.episode))
      resolved.bind(4, row.at.milliseconds)
      resolved.bind(5, row.reason)
      resolved.bind(6, Int64(row.state.rawValue))
      try resolved.run()
      return
    }
    let rule = row.rule.map { config.rules[$0] }
    firing.bind(1, row.ruleName)
    firing.bind(2, Int64(row.account))
    firing.bind(3, Int64(row.episode))
    firing.bind(4, rule?.severity ?? "")
    firing.bind(5, rule?.playbook)
    firing.bind(6, row.at.milliseconds)
    firing.bind(7, detectedAt.milliseconds)
    firing.bind(8, row.reason)
    firing.bind(9, row.scoreFrom.map(Int64.init))
    firing.bind(10, row.scoreTo.map(Int64.init))
    firing.bind(11, row.band)
    firing.bind(12, row.coverage)
    because.removeAll()
    because.append(row.because, measures: config.measures)
    firing.bind(13, row.because.isEmpty ? nil : because.text)
    firing.bind(14, isShadow ? 1 : 0)
    try firing.run()
  }

  private func write(_ row: AttributeRow) throws {
    let stored = StoredScalar(row.value ?? .null)
    attribute.bind(1, Int64(row.account))
    attribute.bind(2, row.name)
    attribute.bind(3, stored.type)
    attribute.bind(4, stored.text)
    attribute.bind(5, row.updatedAt.milliseconds)
    try attribute.add()
  }
}
