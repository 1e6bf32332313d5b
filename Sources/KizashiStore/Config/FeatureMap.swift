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
    try db.execute(
      sql: "INSERT INTO feature (id, name) VALUES (?, 'any'), (?, 'core')", arguments: [Self.any, Self.core])
    for feature in configured {
      try db.execute(
        sql: "INSERT INTO feature (name) VALUES (?) ON CONFLICT (name) DO NOTHING", arguments: [feature.name])
    }
    let starts = try FilterTable.starts(db)
    for (name, filters) in [("core", core)] + configured.map({ ($0.name, $0.conditions) }) {
      guard let since = starts.filter({ filters.contains($0.filter) }).map(\.since).max(), since.milliseconds != .min
      else { continue }
      try db.execute(sql: "UPDATE feature SET since_ms = ? WHERE name = ?", arguments: [since.milliseconds, name])
    }
    for row in try Row.fetchAll(db, sql: "SELECT id, name, conditions FROM event_name ORDER BY id") {
      try add(event: row[0], EventVariant(event: row[1], conditions: row[2] as String), db)
    }
  }

  /// The filters of the features that are core.
  private var core: [PropertyFilter] { configured.filter(\.core).flatMap(\.conditions) }

  /// Adds the names of a commit.
  func add(_ names: NameBlock, _ db: Database) throws {
    try names.forEachEvent { number, variant in try add(event: number, variant, db) }
  }

  private func add(event: Int64, _ variant: EventVariant, _ db: Database) throws {
    let name = variant.event
    let including = configured.filter { $0.includes(variant) }
    try join(event, to: Self.any, db)
    if isEverythingCore || including.contains(where: \.core) { try join(event, to: Self.core, db) }
    for feature in including { try join(event, toFeatureNamed: feature.name, db) }
    if isAutomatic && !Feature.builtIn.contains(name)
      && !configured.contains(where: { $0.name == name || $0.claims(name) })
    {
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
