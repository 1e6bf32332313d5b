import GRDB
import KizashiCore

/// The config the store's numbers were last computed under.
package struct StoredConfig: Sendable, Equatable {
  package var version: Int
  package var hash: String
  /// The canonical text.
  package var text: String
}

extension Store {
  /// The config last registered; nil in a new store.
  package func currentConfig() throws(StoreError) -> StoredConfig? {
    try access("reading") { db in try StoredConfig.current(db) }
  }
}

extension StoredConfig {
  static func current(_ db: Database) throws -> StoredConfig? {
    try Row.fetchOne(db, sql: "SELECT version, hash, text FROM config_version ORDER BY version DESC LIMIT 1")
      .map { StoredConfig(version: $0[0], hash: $0[1], text: $0[2]) }
  }
}
