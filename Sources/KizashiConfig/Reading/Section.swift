/// A mapping whose keys are known to be right: unknown ones, later ones and repeated ones were reported.
struct Section {
  let cursor: Cursor
  /// The keys the operator chose, in the order written; only where the shape takes names.
  private(set) var names: [(name: String, key: Cursor, value: Cursor)] = []
  private var values: [String: Cursor] = [:]

  init(_ cursor: Cursor, entries: [ConfigNode.Entry], shape: Shape) {
    self.cursor = cursor
    var lines: [String: Int] = [:]
    for entry in entries {
      // Problems with a key stand where the key stands, not where its value does.
      let key = cursor.child(
        entry.key, ConfigNode(line: entry.line, column: entry.column, value: .scalar(entry.key)))
      if let line = lines[entry.key] {
        key.fail("\(quoted(entry.key)) stands twice here", hint: "the other one is on line \(line)")
        continue
      }
      lines[entry.key] = entry.line
      let value = cursor.child(entry.key, entry.value)
      if shape.keys.contains(entry.key) {
        values[entry.key] = value
      } else if shape.takesNames, entry.key != "<<" {
        names.append((entry.key, key, value))
      } else {
        Self.refuse(key, entry.key, shape)
      }
    }
  }

  private static func refuse(_ key: Cursor, _ name: String, _ shape: Shape) {
    if let version = shape.later[name] {
      key.fail(version.refusal(of: name), hint: "remove it, or run a version that reads it")
    } else if let place = shape.elsewhere[name] {
      key.fail("\(quoted(name)) does not belong here", hint: "it is a key of \(place)")
    } else if name == "<<" {
      key.fail("merge keys (<<) are not read", hint: "write the keys out; aliases of whole values are fine")
    } else if shape.keys == ["when"] {
      key.fail("unknown key \(quoted(name))", hint: "what has to hold stands under when: — {when: {\(name): …}}")
    } else {
      let known = "known here: \(shape.keys.sorted().joined(separator: ", "))"
      let near = nearestName(to: name, in: shape.keys + shape.later.keys.sorted())
      key.fail("unknown key \(quoted(name))", hint: near.map { "did you mean \(quoted($0))? \(known)" } ?? known)
    }
  }

  /// The value of a key; nil when it is not there.
  subscript(key: String) -> Cursor? { values[key] }

  /// The value of a key that must be there.
  func required(_ key: String, _ what: String) -> Cursor? {
    if let value = values[key] { return value }
    cursor.fail("\(quoted(key)) is missing: \(what)")
    return nil
  }

  /// The one of these keys that is there; reports none and several.
  func exactlyOne(of keys: [String]) -> (key: String, value: Cursor)? {
    let present = keys.filter { values[$0] != nil }
    let list = keys.map { quoted($0) }.joined(separator: ", ")
    guard present.count == 1, let value = values[present[0]] else {
      cursor.fail(
        present.isEmpty
          ? "one of \(list) is missing"
          : "only one of \(list) can stand here, found \(present.map { quoted($0) }.joined(separator: " and "))")
      return nil
    }
    return (present[0], value)
  }
}

extension Cursor {
  /// Checks a name the operator chose; this cursor stands at the key. Ids of alerts and deliveries are made of names of
  /// rules and hooks, with colons between, so those take neither colons nor spaces.
  func isName(_ name: String, of what: String, inIds: Bool = false, reserved: [String] = []) -> Bool {
    guard text("a name of a \(what)", bytes: 128) != nil else { return false }
    if reserved.contains(name) {
      fail("\(quoted(name)) is built in and cannot be the name of a \(what)", hint: "choose another name")
      return false
    }
    if inIds, let bad = name.first(where: { $0 == ":" || $0 == "/" || $0.isWhitespace }) {
      fail("the name of a \(what) has no \(quoted(String(bad))): ids of alerts are made of it", hint: "use - or _")
      return false
    }
    return true
  }
}
