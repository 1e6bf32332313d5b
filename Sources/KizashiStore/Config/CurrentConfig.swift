import GRDB
import KizashiCore

/// The config the store's numbers were last computed under: not one that was registered and then had no time to compute any.
package struct StoredConfig: Sendable, Equatable {
  package var version: Int
  package var hash: String
  /// The canonical text.
  package var text: String
}

extension Store {
  /// The config of the last commit; nil where there was none.
  package func currentConfig() throws(StoreError) -> StoredConfig? {
    try access("reading") { db in try StoredConfig.current(db) }
  }
}

extension Store {
  /// The version that was registered last; 0: none.
  package func registeredVersion() throws(StoreError) -> Int {
    try access("reading") { db in try Int.fetchOne(db, sql: "SELECT config_version FROM store_state") ?? 0 }
  }
}

extension StoredConfig {
  static func current(_ db: Database) throws -> StoredConfig? {
    try Row.fetchOne(
      db, sql: "SELECT version, hash, text FROM config_version WHERE version = (SELECT scored_version FROM store_state)"
    )
    .map { StoredConfig(version: $0[0], hash: $0[1], text: $0[2]) }
  }
}
