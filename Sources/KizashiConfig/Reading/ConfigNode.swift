/// A piece of a config with the place it was written at. Scalars stay text: what they mean, their reader decides.
struct ConfigNode {
  /// From 1.
  var line: Int
  /// From 1, in Unicode scalars.
  var column: Int
  var value: Value

  indirect enum Value {
    /// Nothing, `~` or `null`.
    case null
    case scalar(String)
    case list([ConfigNode])
    /// In the order written; a key may stand twice.
    case mapping([Entry])
  }

  /// One key of a mapping.
  struct Entry {
    var key: String
    var line: Int
    var column: Int
    var value: ConfigNode
  }

  /// What was found, for "expected …, found …".
  var found: String {
    switch value {
    case .null: "nothing"
    case .scalar(let text): quoted(text)
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}
