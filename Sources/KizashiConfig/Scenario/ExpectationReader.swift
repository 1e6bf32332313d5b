import KizashiCore

/// Reads what has to come out of one scenario.
struct ExpectationReader {
  let clock: StoryClock
  let model: Model
  /// Whose story it is, unless an expectation says otherwise.
  let account: String?
  /// The accounts of the story; nil: not known.
  let accounts: [String]?

  /// `expect:`, in the order written.
  func expectations(_ cursor: Cursor) -> [Expectation] {
    guard let items = cursor.items("a list of what has to come out") else { return [] }
    if items.isEmpty { cursor.failExpecting("at least one expectation") }
    return items.flatMap { expectation($0) }
  }

  private func expectation(_ cursor: Cursor) -> [Expectation] {
    let example = "what has to come out, such as {alert: gone-quiet, opens: 13d}"
    guard let kind = cursor.kind(of: Shape.expectationKinds, example),
      let section = cursor.section(.expectation(kind: kind), "an expectation"), let value = section[kind]
    else { return [] }
    let accounts = self.accounts(section)
    guard let what = self.what(kind, value, section), let accounts else { return [] }
    return accounts.map { Expectation(line: cursor.node.line, path: cursor.path, account: $0, what: what) }
  }

  private func accounts(_ section: Section) -> [String]? {
    let place = section["account"]
    guard let names = place.map({ $0.names("the name of an account") }) ?? account.map({ [$0] }) else {
      if place == nil {
        section.cursor.fail("\"account\" is missing: whom it is about", hint: "write it here, or once for the scenario")
      }
      return nil
    }
    guard let accounts, let stranger = names.first(where: { !accounts.contains($0) }) else { return names }
    let complaint = Expectation.complaint(about: stranger, in: accounts)
    (place ?? section.cursor).fail(complaint.message, hint: complaint.hint)
    return nil
  }

  private func what(_ kind: String, _ value: Cursor, _ section: Section) -> Expectation.What? {
    switch kind {
    case "alert": return alert(value, section).map { .alert($0) }
    case "no_alert":
      let during = window(section["during"])
      if case .scalar("any") = value.node.value { return during.map { .noAlert(rules: [], during: $0) } }
      let rules = value.choices(ruleNames, "a rule")
      guard let rules, let during else { return nil }
      return .noAlert(rules: rules, during: during)
    case "no_other":
      let kinds = otherKinds(value)
      let during = window(section["during"])
      guard let kinds, let during else { return nil }
      return .noOther(kinds, during: during)
    case "band":
      let time = self.time(section)
      guard let bands = value.choices(bandNames, "a band"), let time else { return nil }
      return .band(bands, time)
    case "score":
      let time = self.time(section)
      guard let number = value.number(), let time else { return nil }
      return .score(number, time)
    case "measure": return measure(value, section)
    case "becomes":
      let to = value.choices(bandNames, "a band")
      let from = section["from"].map { $0.choices(bandNames, "a band") } ?? []
      return change("band", from: from, to: to, section).map { .change($0) }
    case "never_becomes":
      let to = value.choices(bandNames, "a band")
      return change("band", from: [], to: to, section).map { .noChange($0) }
    default:
      let name = value.choice(Change.Kind.all.map(\.name))
      let from = section["from"].map { $0.names("what it was") } ?? []
      let to = section["to"].map { $0.names("what it became") } ?? []
      guard let name else { return nil }
      return change(name, from: from, to: to, section).map { kind == "change" ? .change($0) : .noChange($0) }
    }
  }

  private var ruleNames: [String] { model.rules.map(\.name) }
  private var bandNames: [String] { model.bands.bands.map(\.name) + ["unknown"] }

  // MARK: Parts

  /// Nothing is no bound; what is wrong is nil.
  private func window(_ cursor: Cursor?) -> StoryTime?? {
    guard let cursor else { return .some(nil) }
    return clock.window(cursor).map { .some($0) }
  }

  /// `any`, or some of what can happen to an account.
  private func otherKinds(_ value: Cursor) -> [OtherKind]? {
    if case .scalar("any") = value.node.value { return OtherKind.all }
    let known = OtherKind.all.map(\.name)
    let what = "one of any, \(known.joined(separator: ", ")), or a list of them"
    guard let items = value.itemsOrOne(what) else { return nil }
    if items.isEmpty { value.failExpecting(what) }
    var kinds: [OtherKind] = []
    for item in items {
      if case .scalar("rule") = item.node.value {
        item.fail("what a rule does is told by its alerts", hint: "write alert")
      } else if let kind = item.choice(items.count == 1 ? ["any"] + known : known).flatMap(OtherKind.init(name:)) {
        if kinds.contains(kind) { item.fail("\(quoted(kind.name)) stands twice here") } else { kinds.append(kind) }
      }
    }
    return kinds.isEmpty || kinds.count < items.count ? nil : kinds
  }

  private func alert(_ value: Cursor, _ section: Section) -> ExpectedAlert? {
    let rules = value.choices(ruleNames, "a rule")
    let opens = window(section["opens"])
    let resolves = self.resolution(section["resolves"])
    let times = section["times"].map { $0.integer("a number of alerts 1–1000", in: 1...1000) }
    let reason = section["reason"].map { $0.text("words of the alert's reason") }
    let because = self.because(section["because"])
    guard let rules, let opens, let resolves, times != .some(nil), reason != .some(nil), let because else { return nil }
    guard rules.count == 1 else {
      value.fail("an alert is of one rule", hint: "make an expectation of each")
      return nil
    }
    return ExpectedAlert(
      rule: rules[0], opens: opens, resolves: resolves, times: times ?? nil, reason: reason ?? nil, because: because)
  }

  private func resolution(_ cursor: Cursor?) -> ExpectedAlert.Resolution?? {
    guard let cursor else { return .some(nil) }
    if case .scalar("never") = cursor.node.value { return .some(.never) }
    return clock.window(cursor).map { .some(.within($0)) }
  }

  private func change(
    _ kind: String, from: [String]?, to: [String]?, _ section: Section
  ) -> ExpectedChange? {
    let subject = section["of"].map { $0.text("what changes: the name of a rule, a milestone, an attribute") }
    let when = window(section["when"] ?? section["during"])
    let because = self.because(section["because"])
    guard let from, let to, subject != .some(nil), let when, let because else { return nil }
    if kind == Change.Kind.rule.name, let name = subject ?? nil, let place = section["of"], !ruleNames.contains(name) {
      _ = place.choices(ruleNames, "a rule")
      return nil
    }
    return ExpectedChange(kind: kind, subject: subject ?? nil, from: from, to: to, when: when, because: because)
  }

  /// `because: reports_trend`, or `{measure: reports_trend, cause: expiry}`.
  private func because(_ cursor: Cursor?) -> ExpectedReason?? {
    guard let cursor else { return .some(nil) }
    let measures = model.measures.map(\.name) + ExplanationLine.others.values.sorted()
    if case .scalar = cursor.node.value {
      return cursor.choices(measures, "a measure").map { .some(ExpectedReason(measure: $0[0], cause: nil)) }
    }
    guard let section = cursor.section(.because, "a measure, or {measure: …, cause: …}") else { return nil }
    let measure = section["measure"].map { $0.choices(measures, "a measure") }
    let cause = section["cause"].map { $0.choice(Cause.allCases.map(\.name)) }
    if measure == nil, cause == nil { cursor.failExpecting("a measure, or {measure: …, cause: …}") }
    guard measure != .some(nil), cause != .some(nil), measure != nil || cause != nil else { return nil }
    return .some(ExpectedReason(measure: (measure ?? nil)?.first, cause: cause ?? nil))
  }

  /// `at:` an instant or `during:` a time; else at the end.
  private func time(_ section: Section) -> ExpectedTime? {
    if let during = section["during"] {
      section["at"]?.fail("only one of \"at\", \"during\" can stand here", hint: "at: is an instant, during: a stretch")
      return clock.window(during).map { .during($0) }
    }
    guard let place = section["at"] else { return .at(clock.until, text: "the end") }
    guard let instant = clock.instant(place), case .scalar(let text) = place.node.value else { return nil }
    return .at(instant, text: text)
  }

  private func measure(_ value: Cursor, _ section: Section) -> Expectation.What? {
    let names = value.choices(model.measures.map(\.name), "a measure")
    let grade = section["grade"].map { $0.number() }
    let metric = section["value"].map { $0.number() }
    if grade == nil, metric == nil {
      section.cursor.fail("one of \"grade\", \"value\" is missing: what is expected of the measure")
    }
    guard case .at(let at, let text) = time(section), let names, grade != .some(nil), metric != .some(nil),
      grade != nil || metric != nil
    else { return nil }
    return .measure(names[0], grade: grade ?? nil, value: metric ?? nil, at: at, text: text)
  }
}

extension Cursor {
  /// One or several of some names the config defines.
  func choices(_ known: [String], _ what: String) -> [String]? {
    guard let names = names("the name of \(what)") else { return nil }
    for name in names where !known.contains(name) {
      let near = nearestName(to: name, in: known).map { "did you mean \(quoted($0))?" }
      let list = known.isEmpty ? "the config has none" : "there are: \(known.joined(separator: ", "))"
      fail("there is no \(what.split(separator: " ").last ?? "") \(quoted(name)) in the config", hint: near ?? list)
      return nil
    }
    return names
  }

  /// `71.25`, `60 to 80`, `at least 60`, `at most 80`, `missing`. A single number is as exact as it is written: it is every
  /// number that is rounded to it, half-up.
  func number() -> ExpectedNumber? {
    let what = "a number, 60 to 80, at least 60, at most 80, or missing"
    guard let text = text(what) else { return nil }
    func part(_ text: Substring) -> Rational? {
      Cursor(
        node: ConfigNode(line: node.line, column: node.column, value: .scalar(String(text))), path: path, report: report
      ).decimal(what)
    }
    if text == "missing" { return ExpectedNumber(missing: true, text: text) }
    if text.hasPrefix("at least ") { return part(text.dropFirst(9)).map { ExpectedNumber(least: $0, text: text) } }
    if text.hasPrefix("at most ") { return part(text.dropFirst(8)).map { ExpectedNumber(most: $0, text: text) } }
    let ends = text.split(separator: " to ", maxSplits: 1)
    guard ends.count == 2 else {
      guard let number = part(text[...]) else { return nil }
      let digits = text.split(separator: ".").dropFirst().first?.count ?? 0
      let half = (0..<digits).reduce(Rational(1, 2)) { half, _ in half / Rational(10) }
      return ExpectedNumber(least: number - half, below: number + half, text: text)
    }
    guard let least = part(ends[0]), let most = part(ends[1]) else { return nil }
    guard least <= most else {
      fail("\(quoted(text)) goes down", hint: "write the smaller number first: \(ends[1]) to \(ends[0])")
      return nil
    }
    return ExpectedNumber(least: least, most: most, text: text)
  }
}
