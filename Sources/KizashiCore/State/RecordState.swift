/// What an account's records say: attributes and survey answers. Few accounts have many, so these are dictionaries.
struct RecordState {
  struct Attribute {
    /// nil: removed.
    var value: Scalar?
    var at: Int64
  }
  struct Answer {
    var survey: String
    var at: Int64
    var score: Rational
    /// How many gave it.
    var count: Int64
  }
  private var attributes: [AccountID: [String: Attribute]] = [:]
  private var answers: [AccountID: [Answer]] = [:]

  /// Sets an attribute unless a later one is known; whether it did.
  mutating func set(_ account: AccountID, _ name: String, _ value: Scalar?, at: Int64) -> Bool {
    if let known = attributes[account]?[name], known.at > at { return false }
    attributes[account, default: [:]][name] = Attribute(value: value, at: at)
    return true
  }

  /// - Parameter count: How many gave it.
  mutating func answer(_ account: AccountID, _ survey: String, _ score: Rational, count: Int64, at: Int64) {
    answers[account, default: []].append(Answer(survey: survey, at: at, score: score, count: count))
  }

  /// What is set, ascending by name.
  func attributes(_ account: AccountID) -> [(name: String, value: Scalar)] {
    (attributes[account] ?? [:]).sorted { $0.key < $1.key }
      .compactMap { entry in entry.value.value.map { (entry.key, $0) } }
  }

  /// An attribute's value; nil: not set.
  func value(_ account: AccountID, _ name: String) -> Scalar? { attributes[account]?[name]?.value }

  /// An attribute as a number; nil: not set, or none.
  func number(_ account: AccountID, _ name: String) -> Rational? {
    value(account, name).flatMap(RecordState.number)
  }

  /// An attribute as a date or an instant; nil: not set, or neither.
  func time(_ account: AccountID, _ name: String) -> RecordTime? {
    guard case .string(let text)? = value(account, name) else { return nil }
    return RecordTime(text)
  }

  /// A value as a number: decimal text to 6 digits, half-up; true/false as 1/0.
  static func number(_ value: Scalar) -> Rational? {
    switch value {
    case .null: nil
    case .bool(let b): Rational(b ? 1 : 0)
    case .number(let text), .string(let text): decimal(text)
    }
  }

  /// Decimal text, with an exponent or without, to 6 digits, half-up; nil for anything else.
  static func decimal(_ text: String) -> Rational? { DecimalText(text)?.micros.map { Rational($0, 1_000_000) } }

  /// A survey's number at the clock's tile; ties among the latest: later in the log.
  func survey(
    _ account: AccountID, _ name: String, _ aggregate: SurveyAggregate, windowHours: Int?, clockHour: Int32
  ) -> Rational? {
    let from = windowHours.map { clockHour - Int32($0) } ?? .min
    let given = (answers[account] ?? []).filter {
      $0.survey == name && Instant(milliseconds: $0.at).tile.hour >= from
    }
    guard let first = given.first else { return nil }
    switch aggregate {
    case .latest: return given.dropFirst().reduce(first) { $1.at >= $0.at ? $1 : $0 }.score
    case .mean:
      let total = given.reduce(Rational(0)) { $0 + $1.score * Rational($1.count) }
      return total / Rational(Self.people(given) { _ in true })
    case .netPromoter:
      let promoters = Self.people(given) { $0 >= Rational(9) }
      let detractors = Self.people(given) { $0 <= Rational(6) }
      return Rational(100 * Int128(promoters - detractors), Int128(Self.people(given) { _ in true }))
    }
  }

  private static func people(_ answers: [Answer], who isMeant: (Rational) -> Bool) -> Int64 {
    answers.reduce(0) { isMeant($1.score) ? $0 + $1.count : $0 }
  }

  /// The instant of an attribute in force; nil: there is none.
  func attributeInstant(_ account: AccountID, _ name: String) -> Int64? {
    guard let known = attributes[account]?[name], known.value != nil else { return nil }
    return known.at
  }

  /// The instant of the latest answer that ``survey(_:_:_:windowHours:clockHour:)`` looks at; nil: there is none.
  func lastAnswer(_ account: AccountID, _ name: String, windowHours: Int?, clockHour: Int32) -> Int64? {
    let from = windowHours.map { clockHour - Int32($0) } ?? .min
    return (answers[account] ?? []).lazy
      .filter { $0.survey == name && Instant(milliseconds: $0.at).tile.hour >= from }.map(\.at).max()
  }

  /// Whether an answer to a survey leaves a window of `hours` at exactly this instant.
  func answerLeaves(_ account: AccountID, _ name: String, windowHours: Int, at instant: Int64) -> Bool {
    (answers[account] ?? []).contains { $0.survey == name && Self.leaving($0.at, windowHours) == instant }
  }

  private static func leaving(_ at: Int64, _ windowHours: Int) -> Int64 {
    (Int64(Instant(milliseconds: at).tile.hour) + 1 + Int64(windowHours)) * Tile.length
  }

  /// The next instant at which an answer leaves a window of `hours`; `.max`: none.
  func nextLeaving(_ account: AccountID, windowHours: Int, after now: Int64) -> Int64 {
    var next = Int64.max
    for answer in answers[account] ?? [] {
      let leaving = Self.leaving(answer.at, windowHours)
      if leaving > now { next = min(next, leaving) }
    }
    return next
  }
}
