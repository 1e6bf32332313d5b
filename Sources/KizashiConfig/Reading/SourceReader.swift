import KizashiCore

extension Reading {
  /// `sources:`, in config order. Hooks and rules must have been read: whoever would have been told of the accounts that went
  /// quiet is told of the source that did.
  func sources(_ cursor: Cursor?, rules: [Rule]) -> [SourceConfiguration] {
    let standardHooks = hookNames.filter { name in rules.contains { $0.hooks.contains(name) } }
    guard let cursor, !cursor.isNull, let items = cursor.items("a list of sources") else { return [] }
    var result: [SourceConfiguration] = []
    var lines: [String: Int] = [:]
    for item in items {
      guard case .mapping(let entries) = item.node.value else {
        item.failExpecting("a mapping such as {id: app, kind: file, paths: [/var/log/app/*.ndjson]}")
        continue
      }
      if let id = entries.first(where: { $0.key == "id" }), case .scalar(let text) = id.value.value {
        if let line = lines.updateValue(id.value.line, forKey: text) {
          item.child("id", id.value).fail(
            "the id \(quoted(text)) is taken", hint: "by the source on line \(line); offsets are kept by id")
        }
      }
      if let source = self.source(item, entries, standardHooks) {
        refuseSharedSocket(source, item, result)
        result.append(source)
      }
    }
    return result
  }

  private func refuseSharedSocket(_ source: SourceConfiguration, _ cursor: Cursor, _ earlier: [SourceConfiguration]) {
    guard case .unix(let path, _, _) = source.kind else { return }
    for other in earlier {
      if case .unix(path, _, _) = other.kind {
        cursor.fail("the socket \(quoted(path: path)) is already that of the source \(quoted(other.id))")
      }
    }
  }

  private func source(
    _ cursor: Cursor, _ entries: [ConfigNode.Entry], _ standardHooks: [String]
  ) -> SourceConfiguration? {
    guard let kindEntry = entries.first(where: { $0.key == "kind" }) else {
      cursor.fail("\"kind\" is missing: file or unix")
      return nil
    }
    guard let kind = cursor.child("kind", kindEntry.value).choice(["file", "unix"]),
      let section = cursor.section(kind == "file" ? .fileSource : .unixSource, "a source")
    else { return nil }
    let id = section.required("id", "a short name; offsets are kept by it").flatMap { sourceId($0) }
    let place = kind == "file" ? self.files(section) : self.socket(section)
    let decode = decodeOptions(section)
    let range = 0...Milliseconds.longest
    let lateness = section["allowed_lateness"].map { $0.durationOrNever("a duration", in: range) } ?? .some(nil)
    let stall =
      section["stall_after"].map {
        $0.durationOrNever("a duration", in: Milliseconds.second...Milliseconds.longest)
      } ?? .some(nil)
    let hold =
      section["max_hold"].map { $0.duration("a duration", in: Milliseconds.second...30 * 24 * Milliseconds.hour) }
      ?? 24 * Milliseconds.hour
    let hooks = section["hooks"].map { self.hooks($0) }
    if stall == .some(nil) {
      for key in ["max_hold", "hooks"] {
        section[key]?.warn("\(quoted(key)) does nothing without stall_after", hint: "add stall_after: 30m, say")
      }
    }
    guard let id, let place, let decode, let lateness, let stall, let hold else { return nil }
    return SourceConfiguration(
      id: id, kind: place, decode: decode, allowedLatenessMilliseconds: lateness, stallAfterMilliseconds: stall,
      maxHoldMilliseconds: hold, stallHooks: hooks ?? (stall == nil ? [] : standardHooks))
  }

  private func sourceId(_ cursor: Cursor) -> String? {
    guard let id = cursor.text("a short name", bytes: 64) else { return nil }
    return cursor.isName(id, of: "source", inIds: true, reserved: ["control", "replay"]) ? id : nil
  }

  private func files(_ section: Section) -> SourceConfiguration.Kind? {
    let what = "paths of files, * and ? as in a shell"
    guard let place = section.required("paths", what), let items = place.itemsOrOne("a list of \(what)") else {
      return nil
    }
    if items.isEmpty { place.fail("expected at least one path, found none") }
    let paths = items.compactMap { self.path($0, "a path") }
    let rotated =
      section["rotated"].map { $0.itemsOrOne("a list of \(what)")?.compactMap { self.path($0, "a path") } } ?? []
    guard let rotated, !paths.isEmpty else { return nil }
    return .file(paths: paths, rotated: rotated)
  }

  private func socket(_ section: Section) -> SourceConfiguration.Kind? {
    let place = section.required("path", "where the socket is made, such as /run/kizashi/events.sock")
    let path = place.flatMap { self.path($0, "a path") }
    if let path, path.utf8.count > 107 {
      place?.fail("the path of a socket has at most 107 bytes; this has \(path.utf8.count)", hint: "use a shorter one")
    }
    let mode = section["mode"].map { self.mode($0) } ?? 0o660
    var users: [UInt32] = []
    for item in section["allow_uids"]?.items("a list of numeric user ids") ?? [] {
      if let user = item.integer("a numeric user id", in: 0...4_294_967_294), !users.contains(UInt32(user)) {
        users.append(UInt32(user))
      }
    }
    guard let path, let mode else { return nil }
    return .unix(path: path, mode: mode, allowUIDs: users)
  }

  private func mode(_ cursor: Cursor) -> UInt32? {
    let what = "permission bits in octal such as \"0660\""
    guard let text = cursor.text(what) else { return nil }
    guard (3...4).contains(text.utf8.count), text.utf8.count == 3 || text.hasPrefix("0"),
      text.utf8.allSatisfy({ (48...55).contains($0) }), let mode = UInt32(text, radix: 8)
    else {
      cursor.failExpecting(what)
      return nil
    }
    return mode
  }
}
