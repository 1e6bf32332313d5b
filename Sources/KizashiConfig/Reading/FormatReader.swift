import KizashiCore

extension Reading {
  private static let formats = ["kizashi", "segment", "rudderstack", "posthog", "cloudevents", "custom"]
  private static let laterFormats: [String: Later] = [
    "mixpanel": .formats, "amplitude": .formats, "lago": .formats, "otlp": .formats,
  ]
  /// SDK streams mostly carry no account but in `group` events, which these formats remember.
  private static let rememberingFormats: Set<String> = ["segment", "rudderstack", "posthog"]

  /// How a source's lines are read.
  func decodeOptions(_ section: Section) -> DecodeOptions? {
    guard let name = section["format"].map({ $0.choice(Self.formats, later: Self.laterFormats) }) ?? "kizashi" else {
      return nil
    }
    var options = DecodeOptions()
    for (key, format) in [
      ("mapping", "custom"), ("group_type", "posthog"), ("user", "cloudevents"), ("account_attribute", "cloudevents"),
    ] where format != name {
      section[key]?.fail("\(quoted(key)) belongs to format: \(format), and this source's is \(name)")
    }
    guard let format = self.format(name, section) else { return nil }
    options.format = format
    let missing = section["timestamp_missing"].map { $0.choice(["refuse", "receive"]) }
    options.receiveTimeIfMissing = (missing ?? (name == "cloudevents" ? "receive" : "refuse")) == "receive"
    options.rememberAccount =
      section["remember_account"]?.boolean() ?? Self.rememberingFormats.contains(name)
    options.eachAccount = section["account_arrays"]?.choice(["first", "each"]) == "each"
    if let place = section["timezone"], let zone = self.timezone(place) {
      options.naiveTimezone = BusinessCalendar(timezone: zone.name, transitions: zone.transitions)
    }
    return options
  }

  private func format(_ name: String, _ section: Section) -> SourceFormat? {
    switch name {
    case "segment": return .segment
    case "rudderstack": return .rudderstack
    case "posthog":
      let group = section["group_type"].map { $0.text("a group type such as company") } ?? "company"
      return group.map { .posthog(groupType: $0) }
    case "cloudevents":
      let user = section["user"].map { self.pointer($0) } ?? "/data/user"
      let attribute = section["account_attribute"].map { $0.text("the name of an extension attribute") }
      guard let user, attribute != .some(nil) else { return nil }
      return .cloudevents(user: user, accountAttribute: attribute ?? nil)
    case "custom":
      return section.required("mapping", "where each field is found")?
        .section(.mapping, "a mapping of fields to JSON Pointers").flatMap { self.mapping($0) }.map { .custom($0) }
    default: return .kizashi
    }
  }

  private func mapping(_ section: Section) -> FieldMapping? {
    var mapping = FieldMapping()
    mapping.unwrap = section["unwrap"].flatMap { self.pointer($0) }
    mapping.properties = section["properties"].flatMap { self.pointer($0) }
    mapping.traits = section["traits"].flatMap { self.pointer($0) }
    let fields: [(String, WritableKeyPath<FieldMapping, FieldSource?>)] = [
      ("type", \.type), ("timestamp", \.timestamp), ("account", \.account), ("event", \.event), ("user", \.user),
      ("id", \.id), ("count", \.count),
    ]
    for (key, field) in fields { mapping[keyPath: field] = section[key].flatMap { self.field($0, key) } }
    for (key, what) in [("account", "every event has an account"), ("event", "every event has a name")] {
      _ = section.required(key, what)
    }
    return mapping
  }

  /// A pointer, a list of pointers, `{join: […]}`, `{split: …}` or `{constant: …}`.
  private func field(_ cursor: Cursor, _ key: String) -> FieldSource? {
    switch cursor.node.value {
    case .scalar: return self.pointer(cursor).map { .pointers([$0]) }
    case .list:
      let pointers = self.pointers(cursor)
      return pointers.isEmpty ? nil : .pointers(pointers)
    case .mapping(let entries):
      if entries.contains(where: { $0.key == "join" }) {
        if key != "id", key != "event" {
          cursor.fail("join is for id and event, not for \(key)")
          return nil
        }
        return self.join(cursor)
      }
      if entries.contains(where: { $0.key == "split" }) { return self.split(cursor) }
      if entries.contains(where: { $0.key == "constant" }) {
        return cursor.section(.constant, "{constant: text}")?["constant"].flatMap { self.constant($0, key) }
      }
      fallthrough
    case .null:
      cursor.failExpecting("a JSON Pointer such as /org/id, a list of them, {join: …}, {split: …} or {constant: …}")
      return nil
    }
  }

  /// One that would have every line refused is a mistake.
  private func constant(_ cursor: Cursor, _ key: String) -> FieldSource? {
    switch key {
    case "type": return cursor.choice(["track", "identify", "group", "heartbeat"]).map { .constant($0) }
    case "count": return cursor.integer("1 or more", in: 1...1 << 40).map { .constant("\($0)") }
    default: return cursor.text("text").map { .constant($0) }
    }
  }

  private func join(_ cursor: Cursor) -> FieldSource? {
    guard let section = cursor.section(.join, "{join: [/a, /b], separator: \".\"}"), let place = section["join"] else {
      return nil
    }
    let pointers = self.pointers(place)
    let separator = section["separator"].map { self.separator($0) } ?? ""
    guard let separator, !pointers.isEmpty else { return nil }
    return .join(pointers, separator: separator)
  }

  private func split(_ cursor: Cursor) -> FieldSource? {
    guard let section = cursor.section(.split, "{split: /a, separator: \"/\", index: 0}") else { return nil }
    let pointer = section["split"].flatMap { self.pointer($0) }
    let separator = section.required("separator", "at what the text is split").flatMap { self.separator($0) }
    let index = section.required("index", "which piece, from 0").flatMap { $0.integer("0 to 100", in: 0...100) }
    if separator == "" { section["separator"]?.fail("expected at least one character to split at, found \"\"") }
    guard let pointer, let separator, let index else { return nil }
    return .split(pointer: pointer, separator: separator, index: index)
  }

  private func separator(_ cursor: Cursor) -> String? {
    guard case .scalar(let text) = cursor.node.value, text.utf8.count <= 16 else {
      cursor.failExpecting("text of at most 16 bytes")
      return nil
    }
    return text
  }

  private func pointers(_ cursor: Cursor) -> [String] {
    guard let items = cursor.items("a list of JSON Pointers") else { return [] }
    if items.isEmpty { cursor.fail("expected at least one JSON Pointer, found none") }
    return items.compactMap { self.pointer($0) }
  }

  /// A JSON Pointer (RFC 6901) to something inside the event.
  private func pointer(_ cursor: Cursor) -> String? {
    let what = "a JSON Pointer such as /org/id"
    guard let text = cursor.text(what) else { return nil }
    guard text.hasPrefix("/") else {
      cursor.failExpecting(
        what, hint: text.hasPrefix("$") ? "this is a JSONPath" : "write /\(text.replacing(".", with: "/"))")
      return nil
    }
    let bytes = Array(text.utf8)
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "~") {
      guard index + 1 < bytes.count, bytes[index + 1] == 48 || bytes[index + 1] == 49 else {
        cursor.failExpecting(what, hint: "~ is written ~0, and / inside a name ~1")
        return nil
      }
    }
    return text
  }
}
