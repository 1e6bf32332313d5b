import KizashiCore

/// Reads the steps of one scenario into event lines.
struct StoryReader {
  let clock: StoryClock
  /// Of the config, whose events those of the story mostly are.
  let features: [Feature]
  /// Whose story it is, unless a step says otherwise; nil: each step has to.
  let account: String?

  /// `story:`, in the order the lines arrive.
  func lines(_ cursor: Cursor) -> [StoryLine] {
    var lines: [StoryLine] = []
    for item in cursor.items("a list of what happens") ?? [] {
      lines += step(item)
      if lines.count > Repetition.mostLines {
        item.fail(
          "this makes more than \(Repetition.mostLines) event lines", hint: "write times: instead of more events")
        break
      }
    }
    // The standard library's sort is not promised to keep the order of equals.
    return lines.enumerated().sorted { ($0.element.arrives, $0.offset) < ($1.element.arrives, $1.offset) }.map(
      \.element)
  }

  private func step(_ cursor: Cursor) -> [StoryLine] {
    guard let kind = cursor.kind(of: Shape.stepKinds, "what happens, such as {event: report.created, at: 3d 9h}"),
      let section = cursor.section(.step(kind: kind), "a step")
    else { return [] }
    let instants = self.instants(section)
    let accounts = self.accounts(section, kind)
    let delay = lateness(section["late_by"])
    guard let value = section[kind], let events = self.events(kind, value, section), let instants, let accounts,
      let delay
    else { return [] }
    var lines: [StoryLine] = []
    for (index, instant) in instants.enumerated() {
      let arrives = delay.map { clock.calendar.instant($0, after: instant) } ?? instant
      guard arrives <= clock.until else {
        section["late_by"]?.fail("what happens at \(timestamp(instant)) arrives after the end of this scenario")
        return lines
      }
      for account in accounts {
        for event in events(index, instants.count, instant, account) {
          lines.append(StoryLine(arrives: arrives, content: event, line: cursor.node.line, path: cursor.path))
        }
      }
      // One too many is enough to be refused.
      if lines.count > Repetition.mostLines { break }
    }
    return lines
  }

  /// Nothing is no lateness; what is wrong is nil.
  private func lateness(_ cursor: Cursor?) -> StoryLength?? {
    guard let cursor else { return .some(nil) }
    return cursor.length().map { .some($0) }
  }

  private func accounts(_ section: Section, _ kind: String) -> [String?]? {
    guard let place = section["account"] else {
      if let account { return [account] }
      if kind == "line" { return [nil] }
      section.cursor.fail("\"account\" is missing: whose event it is", hint: "write it here, or once for the scenario")
      return nil
    }
    return place.names("the name of an account")
  }

  // MARK: When

  private func instants(_ section: Section) -> [Instant]? {
    guard let every = section["every"] else {
      for key in ["from", "to", "for"] {
        section[key]?.fail("\(quoted(key)) belongs to every:", hint: "write every: day, or at: for a single time")
      }
      return section["at"].map { place in clock.instant(place).map { [$0] } } ?? [clock.start]
    }
    let what = "one of day, business day, week, hour, or a length such as 2h"
    let interval = every.text(what).flatMap { text in
      let interval = Repetition.Interval(text)
      if interval == nil {
        let near = nearestName(to: text, in: ["day", "business day", "week", "hour"])
        every.failExpecting(what, hint: near.map { "did you mean \(quoted($0))?" })
      }
      return interval
    }
    let from = section["from"].map { clock.instant($0) } ?? clock.start
    let timeOfDay = section["at"].map { self.timeOfDay($0, interval) } ?? .some(nil)
    let end = self.end(section, from)
    guard let interval, let from, let timeOfDay, let end else { return nil }
    let instants = Repetition(from: from, before: end, interval: interval, timeOfDay: timeOfDay)
      .instants(clock.calendar)
    guard !instants.isEmpty else {
      section.cursor.fail(
        "this never happens", hint: "from \(timestamp(from)) to \(timestamp(end)) there is no such time")
      return nil
    }
    return instants
  }

  private func end(_ section: Section, _ from: Instant?) -> Instant? {
    if let length = section["for"] {
      section["to"]?.fail("only one of \"to\", \"for\" can stand here", hint: "for: is a length, to: a time")
      guard let length = length.length(), let from else { return nil }
      return min(clock.calendar.instant(length, after: from), clock.until)
    }
    guard let to = section["to"] else { return clock.until }
    return clock.written(to)?.end
  }

  private func timeOfDay(_ cursor: Cursor, _ interval: Repetition.Interval?) -> Int64?? {
    if case .length = interval {
      cursor.fail("a time of the day belongs to every: day, business day or week", hint: "write from: instead")
      return nil
    }
    guard let text = cursor.text("a time of the day such as 09:30") else { return nil }
    guard let seconds = StoryClock.timeOfDay(text) else {
      cursor.failExpecting("a time of the day such as 09:30", hint: "with every:, from: says on which day it begins")
      return nil
    }
    return .some(seconds)
  }

  // MARK: What

  /// Makes the lines of the `index`-th of `count` times for one account.
  private typealias Maker = (_ index: Int, _ count: Int, Instant, _ account: String?) -> [StoryValue]

  private func events(_ kind: String, _ value: Cursor, _ section: Section) -> Maker? {
    switch kind {
    case "event": event(value, section)
    case "attributes": attributes(value)
    case "survey": survey(value, section)
    default: line(value)
    }
  }

  private func event(_ value: Cursor, _ section: Section) -> Maker? {
    let name = value.text("the name of an event")
    let times = section["times"].map { $0.ramp("a number of events, such as 5, or 50 to 5", most: 1_000_000) }
    let users = self.users(section)
    let properties = section["with"].map { $0.fields("a mapping of properties") } ?? []
    guard let name, times != .some(nil), let users, let properties else { return nil }
    warnOfTypo(name, value)
    let count = times ?? nil
    return { index, of, instant, account in
      let times = count?.value(index, of: of) ?? 1
      guard times > 0 else { return [] }
      return users(index, of).map { user in
        var fields: [StoryValue.Field] = [.init("timestamp", .text(timestamp(instant)))]
        if let account { fields.append(.init("account", .text(account))) }
        if let user { fields.append(.init("user", .text(user))) }
        fields.append(.init("event", .text(name)))
        if times > 1 { fields.append(.init("count", .number("\(times)"))) }
        if !properties.isEmpty { fields.append(.init("properties", .object(properties))) }
        return .object(fields)
      }
    }
  }

  /// Any name is an event's. One that is nearly that of a feature's event is probably meant to be it, and then the story
  /// would show what an account comes to that does not use the feature. A reserved name is none of a feature's, and right so.
  private func warnOfTypo(_ name: String, _ place: Cursor) {
    guard !Feature.reservedWords.contains(where: { name.hasPrefix($0) }) else { return }
    guard !features.contains(where: { $0.patterns.contains { matches(name, pattern: $0) } }) else { return }
    let known = features.flatMap(\.patterns).filter { !$0.contains("*") }
    guard let near = nearestName(to: name, in: known) else { return }
    place.warn("no feature of the config has the event \(quoted(name))", hint: "did you mean \(quoted(near))?")
  }

  /// `user: sato`, `users: [sato, tanaka]`, `users: 8` (user-1 … user-8), `users: 10 to 2`; else nobody in particular.
  private func users(_ section: Section) -> ((Int, Int) -> [String?])? {
    if let one = section["user"] {
      section["users"]?.fail(
        "only one of \"user\", \"users\" can stand here", hint: "users: [sato, tanaka] names several")
      guard let name = one.text("the name of a user") else { return nil }
      return { _, _ in [name] }
    }
    guard let place = section["users"] else { return { _, _ in [nil] } }
    if case .list = place.node.value {
      guard let names = place.names("the name of a user") else { return nil }
      return { _, _ in names }
    }
    guard let ramp = place.ramp("a number of users, such as 8, or 10 to 2, or a list of names", most: 10_000) else {
      return nil
    }
    return { index, count in
      let users = ramp.value(index, of: count)
      return users > 0 ? (1...users).map { "user-\($0)" } : []
    }
  }

  private func attributes(_ value: Cursor) -> Maker? {
    guard let fields = value.fields("a mapping of attributes, such as {seats_issued: 10}") else { return nil }
    return { _, _, instant, account in
      [
        .object([
          .init("timestamp", .text(timestamp(instant))), .init("type", .text("group")),
          .init("account", account.map { .text($0) } ?? .null), .init("traits", .object(fields)),
        ])
      ]
    }
  }

  private func survey(_ value: Cursor, _ section: Section) -> Maker? {
    guard let answers = value.section(.fields, "a mapping of surveys and answers, such as {nps: 9}") else { return nil }
    let user = section["user"].map { $0.text("the name of a user") }
    var fields: [[StoryValue.Field]] = []
    for (name, _, answer) in answers.names {
      guard let score = answer.decimal("an answer, a number such as 9"), case .scalar(let text) = answer.node.value
      else { continue }
      _ = score
      fields.append([.init("survey", .text(name)), .init("score", .number(text))])
    }
    if answers.names.isEmpty { value.failExpecting("at least one survey, such as {nps: 9}") }
    guard fields.count == answers.names.count, user != .some(nil) else { return nil }
    return { _, _, instant, account in
      fields.map { answer in
        var line: [StoryValue.Field] = [
          .init("timestamp", .text(timestamp(instant))), .init("account", account.map { .text($0) } ?? .null),
          .init("event", .text("survey.responded")), .init("properties", .object(answer)),
        ]
        if let user = user ?? nil { line.append(.init("user", .text(user))) }
        return .object(line)
      }
    }
  }

  /// A line as a producer would send it: a mapping, which gets the step's time where it has none, or text as it is.
  private func line(_ value: Cursor) -> Maker? {
    switch value.node.value {
    case .scalar(let text):
      guard !text.isEmpty, !text.contains(where: \.isNewline) else {
        value.fail("a line is one line of text, or a mapping")
        return nil
      }
      return { _, _, _, _ in [.verbatim(text)] }
    case .mapping(let entries):
      let isTimed = entries.contains { $0.key == "timestamp" }
      guard case .object(let fields) = StoryValue(value.node) else { return nil }
      return { _, _, instant, _ in
        [.object(isTimed ? fields : [.init("timestamp", .text(timestamp(instant)))] + fields)]
      }
    default:
      value.failExpecting("an event line: a mapping such as {type: identify, account: acme, user: u1}, or text")
      return nil
    }
  }
}

extension Cursor {
  /// Which of several keys is there: it says what the mapping is about.
  func kind(of kinds: [String], _ what: String) -> String? {
    guard case .mapping(let entries) = node.value else {
      failExpecting(what)
      return nil
    }
    let present = kinds.filter { kind in entries.contains { $0.key == kind } }
    if present.count == 1 { return present[0] }
    let list = kinds.map { quoted($0) }.joined(separator: ", ")
    if present.isEmpty {
      let near = entries.compactMap { nearestName(to: $0.key, in: kinds) }.first
      fail("one of \(list) is missing: it says \(what)", hint: near.map { "did you mean \(quoted($0))?" })
    } else {
      fail("only one of \(list) can stand here, found \(present.map { quoted($0) }.joined(separator: " and "))")
    }
    return nil
  }

  /// A name or a list of different ones.
  func names(_ what: String) -> [String]? {
    guard let items = itemsOrOne("\(what), or a list of them") else { return nil }
    guard !items.isEmpty else {
      failExpecting("\(what), or a list of them")
      return nil
    }
    var names: [String] = []
    for item in items {
      guard let name = item.text(what) else { continue }
      if names.contains(name) { item.fail("\(quoted(name)) stands twice here") } else { names.append(name) }
    }
    return names.count == items.count ? names : nil
  }

  /// `3d 9h`.
  func length() -> StoryLength? {
    guard let text = text("a length of time such as 2h or 3d 9h") else { return nil }
    guard let length = StoryLength(text), length.days + length.rest > 0 else {
      failExpecting("a length of time such as 2h or 3d 9h")
      return nil
    }
    return length
  }

  /// `8`, or `10 to 2`.
  func ramp(_ what: String, most: Int) -> Ramp? {
    guard let text = text(what) else { return nil }
    let ends = text.split(separator: " to ").map { Milliseconds.digits($0) }
    guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], max(first, last) <= most,
      max(first, last) > 0
    else {
      failExpecting("\(what), up to \(most)")
      return nil
    }
    return Ramp(first: Int(first), last: Int(last))
  }

  /// Names and values, as JSON has them.
  func fields(_ what: String) -> [StoryValue.Field]? {
    guard let section = section(.fields, what) else { return nil }
    guard !section.names.isEmpty else {
      failExpecting(what)
      return nil
    }
    return section.names.map { StoryValue.Field($0.name, StoryValue($0.value.node)) }
  }
}
