import KizashiCore

extension Reading {
  /// `digest:` of a hook.
  func digest(_ cursor: Cursor) -> Digest? {
    let what = "{at: \"08:00\"}"
    guard case .mapping = cursor.node.value, let section = cursor.section(.digest, what) else {
      cursor.failExpecting(what)
      return nil
    }
    let at = section.required("at", "a time of day such as \"08:00\"").flatMap { timeOfDay($0, last: 1439) }
    var weekdays: Set<Int> = []
    for item in section["days"]?.itemsOrOne("a list of days such as [mon, thu]") ?? [] {
      guard let name = item.choice(Self.weekdays), let day = Self.weekdays.firstIndex(of: name) else { continue }
      if !weekdays.insert(day).inserted { item.fail("\(quoted(name)) stands twice here") }
    }
    if let days = section["days"], case .list(let items) = days.node.value, items.isEmpty {
      days.failExpecting("a list of days such as [mon, thu]")
    }
    return at.map { Digest(at: $0, weekdays: weekdays.isEmpty ? Set(0..<7) : weekdays) }
  }

  /// `flap:` of a rule; nil: it cannot flap.
  func flap(_ cursor: Cursor) -> FlapSettings? {
    let standard = FlapSettings()
    guard case .mapping = cursor.node.value else {
      guard case .scalar = cursor.node.value else {
        cursor.failExpecting("true, false or {start: \(standard.start), stop: \(standard.stop)}")
        return nil
      }
      return cursor.boolean() == true ? standard : nil
    }
    guard let section = cursor.section(.flap, "{start: \(standard.start), stop: \(standard.stop)}") else { return nil }
    let gap = FlapSettings.leastGap
    let start =
      section["start"].map { $0.integer("a whole number of percent \(gap)–100", in: gap...100) } ?? standard.start
    let stop =
      section["stop"].map { $0.integer("a whole number of percent 0–\(100 - gap)", in: 0...100 - gap) } ?? standard.stop
    guard let start, let stop else { return nil }
    guard start - stop >= gap else {
      (section["stop"] ?? cursor).fail(
        "a rule that starts to flap at \(start) % cannot stop at \(stop) %",
        hint: "one change of state is worth up to 6.25 %: stop at \(start - gap) or less")
      return nil
    }
    return FlapSettings(start: start, stop: stop)
  }
}
