import KizashiCore

/// What is doubtful in a config that is right: a part of it that can have no effect, so that somebody thinks to be watched
/// over who is not. Nothing is said of which an account could be found for which it is wrong.
struct Lints {
  let configuration: Configuration
  /// The document, to say where things stand.
  let root: Cursor
  let ranges: ScoreRanges

  var model: Model { configuration.model }

  init(_ configuration: Configuration, root: Cursor) {
    self.configuration = configuration
    self.root = root
    ranges = ScoreRanges(configuration.model)
  }

  /// Says all of it, as warnings at their places.
  func warn() {
    warnOfWeights()
    warnOfMeasures()
    warnOfBands()
    warnOfFeatures()
    warnOfConditions()
    warnOfRules()
    warnOfHooks()
  }

  /// Says something at a key, or at the nearest place above it that is written.
  func warn(_ keys: [String], _ message: String, hint: String) {
    root.place(keys).warn(message, hint: hint)
  }
}

extension Cursor {
  /// The place of a key, as deep as it is written.
  fileprivate func place(_ keys: [String]) -> Cursor {
    keys.reduce((self, true)) { found, key in
      let (cursor, goesOn) = found
      guard goesOn, case .mapping(let entries) = cursor.node.value,
        let entry = entries.first(where: { $0.key == key })
      else { return (cursor, false) }
      // Where the key stands, which of a long value is another line than where that begins.
      let node = ConfigNode(line: entry.line, column: entry.column, value: entry.value.value)
      return (cursor.child(key, node), true)
    }.0
  }
}
