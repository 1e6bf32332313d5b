import GRDB
import KizashiCore

/// Keeps config versions, and what follows from the current one: measures, features, windows, local days.
struct ConfigRegistry {
  /// Makes a registration current, inside a transaction, and gives its version and the numbers commits under it use.
  static func register(_ config: ConfigRegistration, _ db: Database) throws -> (version: Int, mapping: ConfigMapping) {
    let zone = zoneText(config.model.calendar)
    let last = try Row.fetchOne(db, sql: "SELECT version, hash, zone FROM config_version ORDER BY version DESC LIMIT 1")
    let version: Int
    // Zone rules belong to the version: newer ones of the system's time-zone database make a new one too.
    if let last, last["hash"] == config.hash, last["zone"] == zone {
      version = last["version"]
    } else {
      version = (last?["version"] ?? 0) + 1
      try db.execute(
        sql: "INSERT INTO config_version VALUES (?, ?, ?, ?, ?)",
        arguments: [version, config.hash, config.text, zone, config.madeAt.milliseconds])
    }
    try db.execute(sql: "UPDATE store_state SET config_version = ?", arguments: [version])
    let measures = try intern(config.model, db)
    let marks = try (config.model.bands.bands.map(\.name) + ["unknown"]).map { try mark($0, version, db) }
    try forgetMilestones(except: config.model.milestones.map(\.name), db)
    try setWindows(config.windows, db)
    try setLocalDays(config.model.calendar, db)
    try FilterTable.register(config.model, db)
    let properties = try SumTable.register(config.model, db)
    try FeatureMap(config.model).rebuild(db)
    return (
      version,
      ConfigMapping(
        measures: measures, marks: marks, properties: properties, rules: config.model.rules,
        milestones: config.model.milestones.map(\.name), calendar: config.model.calendar,
        retentionMilliseconds: config.model.limits.retentionMilliseconds)
    )
  }

  /// The calendar as JSON, so that what a day was can be told without the system's time-zone database.
  static func zoneText(_ calendar: BusinessCalendar) -> String {
    let transitions = calendar.transitions.map { "[\($0.since),\($0.offset)]" }.joined(separator: ",")
    let name = calendar.timezone.filter { $0 != "\"" && $0 != "\\" }
    return "{\"timezone\":\"\(name)\",\"transitions\":[\(transitions)]}"
  }

  /// Store-wide numbers of the model's measures, and the list of current ones.
  private static func intern(_ model: Model, _ db: Database) throws -> [Int64] {
    try db.execute(sql: "DELETE FROM current_measure")
    return try model.measures.enumerated().map { order, measure in
      try db.execute(
        sql: """
          INSERT INTO measure_name VALUES ((SELECT max(id, -1) + 1 FROM (SELECT max(id) AS id FROM measure_name)), ?)
          ON CONFLICT (name) DO NOTHING
          """, arguments: [measure.name])
      guard
        let id = try Int64.fetchOne(db, sql: "SELECT id FROM measure_name WHERE name = ?", arguments: [measure.name])
      else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a measure name was not kept") }
      let dimension = model.scorecards.lazy.flatMap(\.dimensions).first {
        $0.measures.contains { $0.name == measure.name }
      }?.name
      try db.execute(
        sql: "INSERT OR REPLACE INTO current_measure VALUES (?, ?, ?)", arguments: [id, order, dimension])
      return id
    }
  }

  /// The store-wide number of a band under a config version. They are dense, because a day's value has bits for two million.
  private static func mark(_ band: String, _ version: Int, _ db: Database) throws -> Int64 {
    try db.execute(sql: "INSERT INTO band_name (name) VALUES (?) ON CONFLICT (name) DO NOTHING", arguments: [band])
    try db.execute(
      sql: """
        INSERT INTO score_mark VALUES (
          (SELECT ifnull(max(id) + 1, 0) FROM score_mark), (SELECT id FROM band_name WHERE name = ?), ?)
        ON CONFLICT (band, config_version) DO NOTHING
        """, arguments: [band, version])
    let mark = try Int64.fetchOne(
      db,
      sql: "SELECT m.id FROM band_name n JOIN score_mark m ON m.band = n.id WHERE n.name = ? AND m.config_version = ?",
      arguments: [band, version])
    guard let mark else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a band name was not kept") }
    return mark
  }

  /// Rows of milestones that are in the config no more.
  private static func forgetMilestones(except names: [String], _ db: Database) throws {
    let stored = try String.fetchSet(db, sql: "SELECT DISTINCT milestone FROM milestone")
    for name in stored.subtracting(names).sorted() {
      try db.execute(sql: "DELETE FROM milestone WHERE milestone = ?", arguments: [name])
    }
  }

  private static func setWindows(_ windows: [UsageWindow], _ db: Database) throws {
    try db.execute(sql: "DELETE FROM usage_window")
    for (id, window) in windows.enumerated() {
      try db.execute(
        sql: "INSERT INTO usage_window VALUES (?, ?, ?)", arguments: [id, window.name, window.hours])
    }
    try Views(windows: windows).install(db)
  }

  /// Gives the stored hours their day in the calendar, where it differs.
  private static func setLocalDays(_ calendar: BusinessCalendar, _ db: Database) throws {
    for row in try Row.fetchAll(db, sql: "SELECT hour, day FROM tile") {
      let day = calendar.day(of: Tile(hour: row["hour"])).number
      guard day != row["day"] else { continue }
      try db.execute(sql: "UPDATE tile SET day = ? WHERE hour = ?", arguments: [day, row["hour"] as Int32])
    }
  }

  /// The windows the store was last given.
  static func windows(_ db: Database) throws -> [UsageWindow] {
    let windows = try Row.fetchAll(db, sql: "SELECT name, hours FROM usage_window ORDER BY id")
    return windows.isEmpty ? UsageWindow.standard : windows.map { UsageWindow(name: $0[0], hours: $0[1]) }
  }
}
