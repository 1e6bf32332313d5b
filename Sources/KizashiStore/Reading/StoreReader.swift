import GRDB
import KizashiCore

/// Read-only questions to a store, at any time, with or without a daemon running.
///
/// Answers come from the documented views, and where a view would look at more than the question needs, from the tables
/// behind them: tests hold the two together. Every method is one consistent look: what one call returns was true at one
/// moment.
package struct StoreReader: Sendable {
  let database: DatabaseQueue
  /// The database file.
  package let path: String

  /// Opens the store for reading.
  package init(path: String) throws(StoreError) {
    database = try StoreFile.openReader(path)
    self.path = path
  }

  /// The store as a whole: its clock and versions.
  package func meta() throws(StoreError) -> StoreMeta {
    try read { db in
      guard let row = try Row.fetchOne(db, sql: "SELECT * FROM meta") else {
        throw StoreError("reading the store", path: path, .corrupt, detail: "the view meta is empty")
      }
      return StoreMeta(
        now: (row["now_ms"] as Int64?).map(Instant.init(milliseconds:)), schemaVersion: row["schema_version"],
        configVersion: row["config_version"], programVersion: row["program_version"], cleanStop: row["clean_stop"])
    }
  }

  /// The hash of the config in force; nil before one was registered.
  package func configHash() throws(StoreError) -> String? {
    try read { db in
      try String.fetchOne(
        db, sql: "SELECT hash FROM config_version WHERE version = (SELECT config_version FROM store_state)")
    }
  }

  /// The business calendar of the config in force, without weekends and holidays: what local days mean in this store.
  /// Nil before a config was registered.
  package func calendar() throws(StoreError) -> BusinessCalendar? {
    try read { db in
      let zone = "(SELECT zone FROM config_version WHERE version = (SELECT config_version FROM store_state))"
      let transitions = try Row.fetchAll(
        db, sql: "SELECT value ->> 0, value ->> 1 FROM json_each(\(zone), '$.transitions') ORDER BY key"
      ).map { BusinessCalendar.Transition(since: $0[0], offset: $0[1]) }
      guard !transitions.isEmpty, let name = try String.fetchOne(db, sql: "SELECT \(zone) ->> 'timezone'") else {
        return nil
      }
      return BusinessCalendar(timezone: name, transitions: transitions)
    }
  }

  func read<T>(_ body: (Database) throws -> T) throws(StoreError) -> T {
    try StoreError.wrap("reading the store", path: path) { try database.read(body) }
  }
}

/// The view `meta`.
package struct StoreMeta: Sendable, Equatable {
  /// The engine's clock; nil before the first commit.
  package var now: Instant?
  package var schemaVersion: Int
  package var configVersion: Int
  package var programVersion: String
  /// Whether the last program that wrote ended in order.
  package var cleanStop: Bool
}

extension Row {
  /// An instant the views write as text; nil where it is NULL.
  func instant(_ column: String) -> Instant? { (self[column] as String?).flatMap(InstantText.instant) }

  /// The same where the view never has NULL; what cannot be read is the epoch.
  func instantOrEpoch(_ column: String) -> Instant { instant(column) ?? Instant(milliseconds: 0) }
}
