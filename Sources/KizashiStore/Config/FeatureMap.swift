import GRDB
import KizashiCore

/// Which features each event name belongs to, as the usage views join it: `any`, `core`, the configured features and,
/// with `features.auto`, one for each event name that none of them claims.
struct FeatureMap {
  private static let any: Int64 = 0
  private static let core: Int64 = 1

  private let configured: [Feature]
  private let isAutomatic: Bool
  /// With no feature marked as core, all events are.
  private let isEverythingCore: Bool

  init(_ model: Model) {
    configured = model.features
    isAutomatic = model.autoFeatures
    isEverythingCore = !model.features.contains { $0.core }
  }

  /// Makes the tables anew for every event name in the store.
  func rebuild(_ db: Database) throws {
    try db.execute(sql: "DELETE FROM feature_event; DELETE FROM feature")
    try db.execute(sql: "INSERT INTO feature VALUES (?, 'any'), (?, 'core')", arguments: [Self.any, Self.core])
    for feature in configured {
      try db.execute(
        sql: "INSERT INTO feature (name) VALUES (?) ON CONFLICT (name) DO NOTHING", arguments: [feature.name])
    }
    for row in try Row.fetchAll(db, sql: "SELECT id, name FROM event_name ORDER BY id") {
      try add(event: row[0], named: row[1], db)
    }
  }

  /// Adds the names of a commit.
  func add(_ names: NameBlock, _ db: Database) throws {
    var start = 0
    for (index, end) in names.ends.enumerated() {
      let name = String(decoding: names.bytes[start..<Int(end)], as: UTF8.self)
      try add(event: Int64(names.firstID) + Int64(index), named: name, db)
      start = Int(end)
    }
  }

  private func add(event: Int64, named name: String, _ db: Database) throws {
    let claiming = configured.filter { $0.patterns.contains { Pattern.matches(name, $0) } }
    try join(event, to: Self.any, db)
    if isEverythingCore || claiming.contains(where: \.core) { try join(event, to: Self.core, db) }
    for feature in claiming { try join(event, toFeatureNamed: feature.name, db) }
    if claiming.isEmpty && isAutomatic && !configured.contains(where: { $0.name == name }) {
      try db.execute(sql: "INSERT INTO feature (name) VALUES (?) ON CONFLICT (name) DO NOTHING", arguments: [name])
      try join(event, toFeatureNamed: name, db)
    }
  }

  private func join(_ event: Int64, to feature: Int64, _ db: Database) throws {
    try db.execute(sql: "INSERT OR IGNORE INTO feature_event VALUES (?, ?)", arguments: [event, feature])
  }

  private func join(_ event: Int64, toFeatureNamed name: String, _ db: Database) throws {
    try db.execute(
      sql: "INSERT OR IGNORE INTO feature_event SELECT ?, id FROM feature WHERE name = ?", arguments: [event, name])
  }
}
