/// What accounts answered in surveys. Few have many answers.
struct AnswerBook {
  private struct Answer {
    var survey: String
    var at: Int64
    var score: Rational
    /// How many gave it.
    var count: Int64
  }
  private var answers: [AccountID: [Answer]] = [:]

  /// Takes in an answer.
  ///
  /// - Parameter count: How many gave it.
  mutating func add(_ account: AccountID, _ survey: String, _ score: Rational, count: Int64, at: Int64) {
    answers[account, default: []].append(Answer(survey: survey, at: at, score: score, count: count))
  }

  /// A survey's number at the clock's tile; ties among the latest: later in the log.
  func number(
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

  /// The instant of the latest answer that ``number(_:_:_:windowHours:clockHour:)`` looks at; nil: there is none.
  func last(_ account: AccountID, _ name: String, windowHours: Int?, clockHour: Int32) -> Int64? {
    let from = windowHours.map { clockHour - Int32($0) } ?? .min
    return (answers[account] ?? []).lazy
      .filter { $0.survey == name && Instant(milliseconds: $0.at).tile.hour >= from }.map(\.at).max()
  }

  /// Whether an answer to a survey leaves a window of `hours` at exactly this instant.
  func leaves(_ account: AccountID, _ name: String, windowHours: Int, at instant: Int64) -> Bool {
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
