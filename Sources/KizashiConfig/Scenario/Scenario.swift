import KizashiCore

/// A story about accounts, told on a virtual clock, and what has to come out of it.
package struct Scenario: Sendable {
  /// As the file names it; unique in it.
  package var name: String
  /// Where it stands in its file, from 1.
  package var line: Int
  /// Where the virtual clock begins.
  package var start: Instant
  /// Where the clock is moved at the end.
  package var until: Instant
  /// Event lines in the order they are read: by arrival, of one arrival as written.
  package var lines: [StoryLine]
  /// In the order written; never empty.
  package var expectations: [Expectation]
}

/// One event line of a story and the place it was written at.
package struct StoryLine: Sendable {
  /// When it reaches kizashi.
  package var arrives: Instant
  package var content: StoryValue
  /// Where the step it comes from stands, from 1.
  package var line: Int
  /// The key path of that step.
  package var path: String
}

/// JSON to be. Objects keep their order.
package indirect enum StoryValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// The digits as written.
  case number(String)
  case text(String)
  case list([StoryValue])
  case object([Field])
  /// A whole line as it is, JSON or not.
  case verbatim(String)

  /// One member of an object.
  package struct Field: Sendable, Equatable {
    package var name: String
    package var value: StoryValue

    init(_ name: String, _ value: StoryValue) {
      self.name = name
      self.value = value
    }
  }

  /// What YAML's plain text means: a number, true, false, or text.
  init(scalar text: String) {
    switch text {
    case "true": self = .bool(true)
    case "false": self = .bool(false)
    default: self = Self.isNumber(text) ? .number(text) : .text(text)
    }
  }

  init(_ node: ConfigNode) {
    switch node.value {
    case .null: self = .null
    case .scalar(let text): self.init(scalar: text)
    case .list(let items): self = .list(items.map { StoryValue($0) })
    case .mapping(let entries): self = .object(entries.map { Field($0.key, StoryValue($0.value)) })
    }
  }

  /// RFC 8259 §6, without exponents: a leading zero makes `007` a text.
  private static func isNumber(_ text: String) -> Bool {
    let magnitude = text.hasPrefix("-") ? text.dropFirst() : text[...]
    let parts = magnitude.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), text.utf8.count <= 18,
      parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } })
    else { return false }
    return parts[0] == "0" || !parts[0].hasPrefix("0")
  }
}

/// A stretch of a story's time, as exact as it was written: `13d` is any time of that day, `13d 4h` any of that hour.
package struct StoryTime: Sendable, Equatable {
  package var from: Instant
  /// The first instant behind it.
  package var before: Instant
  /// As written, for people: `2026-05-14`, `between 12d and 14d`.
  package var text: String

  package func contains(_ instant: Instant) -> Bool { from <= instant && instant < before }
}

/// Something that has to come out of a story.
package struct Expectation: Sendable {
  /// Where it stands in its file, from 1.
  package var line: Int
  /// Its key path.
  package var path: String
  /// The account it is about.
  package var account: String
  package var what: What

  /// What has to be so.
  package enum What: Sendable {
    case alert(ExpectedAlert)
    /// No alert of these rules opens in that time.
    case noAlert(rules: [String], during: StoryTime?)
    /// Of these kinds nothing happens in that time but what other expectations of the scenario expect.
    case noOther([OtherKind], during: StoryTime?)
    case change(ExpectedChange)
    /// No such change in that time.
    case noChange(ExpectedChange)
    /// The account is in one of these bands.
    case band([String], ExpectedTime)
    case score(ExpectedNumber, ExpectedTime)
    /// A measure's grade, its value or both, at an instant.
    case measure(String, grade: ExpectedNumber?, value: ExpectedNumber?, at: Instant, text: String)
  }

  /// What is wrong with an account that is none of the story's.
  package static func complaint(about account: String, in accounts: [String]) -> (message: String, hint: String) {
    let near = nearestName(to: account, in: accounts).map { "did you mean \(quoted($0))?" }
    let all = accounts.isEmpty ? "no line of it has an account" : "accounts: \(accounts.joined(separator: ", "))"
    return ("nothing happens to the account \(quoted(account)) in this story", near ?? all)
  }

  /// The instants at which measures have to be looked at.
  package var sampledAt: Instant? { if case .measure(_, _, _, let at, _) = what { at } else { nil } }
}

extension Change.Kind {
  static let all = (UInt8.min...UInt8.max).compactMap { Change.Kind(rawValue: $0) }
}

/// What `no_other` can be about.
package enum OtherKind: Sendable, Equatable {
  case alert
  /// An entry of the journal. What a rule writes there is told by its alerts.
  case change(Change.Kind)

  /// In the order in which they are listed.
  package static let all = [OtherKind.alert] + Change.Kind.all.filter { $0 != .rule }.map { .change($0) }

  package var name: String { if case .change(let kind) = self { kind.name } else { "alert" } }

  init?(name: String) {
    guard let kind = Self.all.first(where: { $0.name == name }) else { return nil }
    self = kind
  }
}

/// An alert that has to open, and perhaps to resolve.
package struct ExpectedAlert: Sendable {
  package enum Resolution: Sendable {
    case never
    case within(StoryTime)
  }
  package var rule: String
  /// Nil: at any time.
  package var opens: StoryTime?
  /// Nil: whenever, or not.
  package var resolves: Resolution?
  /// How many such alerts there have to be; nil: at least one.
  package var times: Int?
  /// Text the reason has to contain.
  package var reason: String?
  package var because: ExpectedReason?
}

/// An entry of the journal.
package struct ExpectedChange: Sendable {
  /// `band`, `score`, `rule` …
  package var kind: String
  /// The rule, milestone or attribute; nil: any.
  package var subject: String?
  /// Empty: from anything.
  package var from: [String]
  /// Empty: to anything.
  package var to: [String]
  /// Nil: at any time.
  package var when: StoryTime?
  package var because: ExpectedReason?
}

/// What has to stand at the top of an explanation.
package struct ExpectedReason: Sendable, Equatable {
  /// Nil: any.
  package var measure: String?
  /// Nil: any.
  package var cause: String?
}

/// When a state has to be so.
package enum ExpectedTime: Sendable {
  case at(Instant, text: String)
  /// All the time.
  case during(StoryTime)
}

/// A number within bounds.
package struct ExpectedNumber: Sendable, Equatable {
  /// Nil: however small.
  package var least: Rational?
  /// Nil: however large.
  package var most: Rational?
  /// Less than this; nil: ``most`` says it.
  package var below: Rational?
  /// There has to be no number.
  package var missing = false
  /// As written: `60 to 80`.
  package var text: String

  /// - Parameter number: nil: there is none.
  package func holds(_ number: Rational?) -> Bool {
    guard let number else { return missing }
    return !missing && (least.map { $0 <= number } ?? true) && (most.map { number <= $0 } ?? true)
      && (below.map { number < $0 } ?? true)
  }
}
