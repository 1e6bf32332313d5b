import GRDB

/// What rows name that a config defines, or once did.
package enum StoredName: String, Sendable {
  case rule, hook, band, source, phase, touch
}

extension StoreReader {
  /// Every name of a kind that a row has, by name. All but bands and sources are looked for in all rows.
  package func names(_ kind: StoredName) throws(StoreError) -> [String] {
    let sql =
      switch kind {
      case .rule: "SELECT DISTINCT rule FROM alert"
      case .hook: "SELECT DISTINCT hook FROM delivery"
      case .band: "SELECT name FROM band_name"
      case .source: "SELECT name FROM source"
      case .phase: "SELECT DISTINCT phase FROM account WHERE phase NOT NULL"
      case .touch: "SELECT DISTINCT touch FROM account WHERE touch NOT NULL"
      }
    return try read { try String.fetchAll($0, sql: "\(sql) ORDER BY 1") }
  }

  /// The config the store's numbers were last computed under; nil before one was registered.
  package func config() throws(StoreError) -> StoredConfig? { try read { try StoredConfig.current($0) } }
}
