import KizashiCore

extension Reading {
  static let severities = QuietHours.severities
  private static let holiday = "holiday"

  /// `quiet_hours:` of a hook: one stretch or a list of them.
  func quietHours(_ cursor: Cursor) -> QuietHours? {
    let what = "{from: \"22:00\", to: \"07:00\"}, or a list of such"
    let items: [Cursor]
    if case .list = cursor.node.value {
      items = cursor.items(what) ?? []
      if items.isEmpty { cursor.failExpecting(what) }
    } else {
      items = [cursor]
    }
    let spans = items.compactMap { quietSpan($0, what) }
    guard !spans.isEmpty, spans.count == items.count else { return nil }
    let quiet = QuietHours(spans: spans)
    if let severity = Self.severities.first(where: { quiet.isNeverOpen(for: $0) }) {
      cursor.fail(
        "these leave no minute of the week in which an alert of severity \(severity) could be told",
        hint: "leave the hook out of the rules instead")
      return nil
    }
    return quiet
  }

  private func quietSpan(_ cursor: Cursor, _ what: String) -> QuietHours.Span? {
    guard case .mapping = cursor.node.value, let section = cursor.section(.quietHours, what) else {
      cursor.failExpecting(what)
      return nil
    }
    let from = section.required("from", "a time of day such as \"22:00\"").flatMap { timeOfDay($0, last: 1439) }
    let to = section.required("to", "a time of day such as \"07:00\"").flatMap { timeOfDay($0, last: 1440) }
    let days = section["days"].map { quietDays($0) } ?? (weekdays: Set(0..<7), onHolidays: false)
    var except: Set<String> = []
    for item in section["except"]?.itemsOrOne("a list of severities such as [critical]") ?? [] {
      guard let severity = item.choice(Self.severities) else { continue }
      if !except.insert(severity).inserted { item.fail("\(quoted(severity)) stands twice here") }
    }
    guard let from, let to else { return nil }
    if from == to {
      cursor.fail("quiet hours that end when they begin", hint: "the whole day is from: \"00:00\", to: \"24:00\"")
      return nil
    }
    return QuietHours.Span(from: from, to: to, weekdays: days.weekdays, onHolidays: days.onHolidays, except: except)
  }

  /// `22:00` as minutes of the day.
  func timeOfDay(_ cursor: Cursor, last: Int) -> Int? {
    let what = "a time of day from \"00:00\" to \(last == 1440 ? "\"24:00\"" : "\"23:59\"")"
    guard case .scalar(let text) = cursor.node.value else {
      cursor.failExpecting(what)
      return nil
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].utf8.count == 2, parts[1].utf8.count == 2,
      let hour = Milliseconds.digits(parts[0]), let minute = Milliseconds.digits(parts[1]), minute < 60,
      hour * 60 + minute <= last
    else {
      cursor.failExpecting(what, hint: "hours and minutes, two digits each")
      return nil
    }
    return Int(hour * 60 + minute)
  }

  private func quietDays(_ cursor: Cursor) -> (weekdays: Set<Int>, onHolidays: Bool) {
    var weekdays: Set<Int> = []
    var onHolidays = false
    for item in cursor.itemsOrOne("a list of days such as [sat, sun, holiday]") ?? [] {
      guard let name = item.choice(Self.weekdays + [Self.holiday]) else { continue }
      if let day = Self.weekdays.firstIndex(of: name) {
        if !weekdays.insert(day).inserted { item.fail("\(quoted(name)) stands twice here") }
      } else {
        if onHolidays { item.fail("\(quoted(name)) stands twice here") }
        onHolidays = true
      }
    }
    if case .list(let items) = cursor.node.value, items.isEmpty {
      cursor.failExpecting("a list of days such as [sat, sun, holiday]")
    }
    return (weekdays, onHolidays)
  }
}

extension QuietHours {
  /// Whether an ordinary week has no minute in which this severity would be told.
  fileprivate func isNeverOpen(for severity: String) -> Bool {
    let week = 7 * 1440
    var pieces: [Range<Int>] = []
    for span in spans where !span.except.contains(severity) {
      for day in span.weekdays {
        let start = day * 1440 + span.from
        pieces.append(start..<min(start + span.length, week))
        if start + span.length > week { pieces.append(0..<start + span.length - week) }
      }
    }
    var covered = 0
    for piece in pieces.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if piece.lowerBound > covered { return false }
      covered = max(covered, piece.upperBound)
    }
    return covered == week
  }
}
