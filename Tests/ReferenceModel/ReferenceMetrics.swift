import KizashiCore

/// A span of UTC hours, both ends included.
private struct HourSpan {
  var first: Int64
  var last: Int64

  /// The window of `hours` at an instant, or the window before it. The window has no end: an account that waits for a
  /// stalled source is looked at behind the clock, and has all its lines in it.
  init(hours: Int, at instant: Int64, previous: Bool) {
    let start = floorDivide(instant - Int64(hours) * hourLength, hourLength)
    if previous {
      first = start - Int64(hours)
      last = start - 1
    } else {
      first = start
      last = .max
    }
  }

  func contains(_ hour: Int64) -> Bool { first <= hour && hour <= last }
}

/// The lines of one account, and every number that follows from them.
struct ReferenceFacts: Sendable {
  /// Accepted usage, in log order.
  var usage: [ReferenceEvent] = []
  /// Accepted group lines and reserved events, in log order.
  var records: [ReferenceEvent] = []
  /// Accepted `identify` lines, in log order.
  var identified: [ReferenceEvent] = []
  /// When each milestone was reached.
  var reached: [String: Int64] = [:]

  /// A metric's value at an instant, nil where it is missing.
  func value(of metric: Metric, at now: Int64, previous: Bool = false, context: ReferenceContext) -> Rational? {
    if let (feature, hours) = metric.window {
      var property: String?
      if case .sum(let name, _, _) = metric { property = name }
      let from = context.holdsFrom(feature, sumOf: property, hours: hours, previous: previous)
      if let from, now < from { return nil }
    }
    switch metric {
    case .count(let feature, let hours):
      return whole(usage(of: feature, hours, now, previous, context).reduce(0) { $0 + Int($1.count) })
    case .distinctUsers(let feature, let hours):
      return whole(Set(usage(of: feature, hours, now, previous, context).compactMap(\.user)).count)
    case .activeDays(let feature, let hours):
      return whole(Set(usage(of: feature, hours, now, previous, context).map { context.day(ofHour: $0.hour) }).count)
    case .sum(let property, let feature, let hours):
      let micros = usage(of: feature, hours, now, previous, context).map { $0.amount(of: property)?.micros ?? 0 }
      return Rational(micros.reduce(0, +), 1_000_000).reduced
    case .shareTopUser(let feature, let hours):
      let shares = previous ? [] : userEvents(usage(of: feature, hours, now, false, context))
      return shares.max().map { Rational($0, shares.reduce(0, +)) }
    case .effectiveUsers(let feature, let hours):
      let shares = previous ? [] : userEvents(usage(of: feature, hours, now, false, context))
      let all = shares.reduce(0, +)
      return all == 0 ? nil : Rational(all * all, shares.reduce(0) { $0 + $1 * $1 }).reduced
    case .featuresUsed(let hours):
      let events = usage(of: .any, hours, now, previous, context).map(\.variant)
      return whole(Set(events.flatMap { context.features(of: $0) }).count)
    case .daysSinceLast(let feature, let unit):
      guard !previous, let last = lastHour(of: feature, context: context) else { return nil }
      let today = context.day(at: now)
      return whole(
        context.days(after: context.day(ofHour: last), before: today + 1, businessOnly: unit == .businessDays))
    case .ratio(let a, let b):
      guard let a = value(of: a, at: now, previous: previous, context: context),
        let b = value(of: b, at: now, previous: previous, context: context), b != Rational(0)
      else { return nil }
      return (a / b).reduced
    case .trend(let of, let floor, let minVolume):
      guard !previous, let current = value(of: of, at: now, context: context),
        let before = value(of: of, at: now, previous: true, context: context), before >= minVolume
      else { return nil }
      return ((current - before) / max(before, floor)).reduced
    case .milestones(let names):
      if previous { return nil }
      return Rational(Int128(names.count { reached[$0] != nil }), Int128(names.count))
    case .attribute(let name):
      guard !previous, let scalar = attribute(name) else { return nil }
      return number(scalar)
    case .survey(let name, let aggregate, let hours):
      return survey(name, aggregate, hours.map { HourSpan(hours: $0, at: now, previous: previous) })
    }
  }

  /// How many of the events each user made.
  private func userEvents(_ events: [ReferenceEvent]) -> [Int128] {
    Set(events.compactMap(\.user)).map { user in
      events.reduce(Int128(0)) { $0 + ($1.user == user ? Int128($1.count) : 0) }
    }
  }

  private func whole(_ value: Int) -> Rational { Rational(Int128(value)) }

  /// The usage events of a feature in a window.
  private func usage(
    of feature: FeatureReference, _ hours: Int, _ now: Int64, _ previous: Bool, _ context: ReferenceContext
  ) -> [ReferenceEvent] {
    let span = HourSpan(hours: hours, at: now, previous: previous)
    return usage.filter { span.contains($0.hour) && context.feature(feature, includes: $0.variant) }
  }

  /// The last UTC hour with an event of the feature.
  func lastHour(of feature: FeatureReference, context: ReferenceContext) -> Int64? {
    usage.filter { context.feature(feature, includes: $0.variant) }.map(\.hour).max()
  }

  /// First and last instant of a feature.
  func seen(_ feature: FeatureReference, context: ReferenceContext) -> (first: Int64, last: Int64)? {
    let instants = usage.filter { context.feature(feature, includes: $0.variant) }.map(\.at)
    guard let first = instants.min(), let last = instants.max() else { return nil }
    return (first, last)
  }

  // MARK: - Records

  /// What a line says about an attribute; nil: nothing.
  private func attribute(_ name: String, saidBy record: ReferenceEvent) -> Scalar? {
    if record.kind == .group { return record.field(name) }
    if record.event == "sentiment.recorded", name == "sentiment" { return record.field("value") }
    if record.event.hasPrefix("contract."), name == "mrr" { return record.field("mrr") }
    if record.event.hasPrefix("contract."), name == "renewal_at" { return record.field("term_end") }
    return nil
  }

  /// The attribute in force: the latest by instant, of equals the later in the log.
  func attribute(_ name: String) -> Scalar? {
    let value = attributeLine(name)?.value
    return value == .null ? nil : value
  }

  /// The value in force or its removal, and when it was said.
  func attributeLine(_ name: String) -> (at: Int64, value: Scalar)? {
    var best: (at: Int64, value: Scalar)?
    for record in records {
      guard let value = attribute(name, saidBy: record) else { continue }
      if let known = best, known.at > record.at { continue }
      best = (record.at, value)
    }
    return best
  }

  func number(_ scalar: Scalar) -> Rational? {
    switch scalar {
    case .null: nil
    case .bool(let value): Rational(value ? 1 : 0)
    case .number(let text): decimalNumber(text)
    case .string(let text): text == "true" ? Rational(1) : text == "false" ? Rational(0) : decimalNumber(text)
    }
  }

  /// The score a record gives a survey; nil: it is no answer to it.
  private func answer(_ record: ReferenceEvent, to survey: String) -> Rational? {
    guard record.event == "survey.responded", record.field("survey") == .string(survey) else { return nil }
    switch record.field("score") {
    case .number(let text)?, .string(let text)?: return decimalNumber(text)
    case .bool?, .null?, nil: return nil
    }
  }

  /// Whether a record is an answer to a survey.
  func isAnswer(_ record: ReferenceEvent, to survey: String) -> Bool { answer(record, to: survey) != nil }

  private func survey(_ name: String, _ aggregate: SurveyAggregate, _ span: HourSpan?) -> Rational? {
    // One line may stand for many answers.
    var answers: [(at: Int64, score: Rational, count: Int128)] = []
    for record in records where span?.contains(record.hour) ?? true {
      if let score = answer(record, to: name) { answers.append((record.at, score, Int128(record.count))) }
    }
    guard var latest = answers.first else { return nil }
    let total = Rational(answers.reduce(0) { $0 + $1.count })
    switch aggregate {
    case .latest:
      for answer in answers where answer.at >= latest.at { latest = answer }
      return latest.score
    case .mean:
      return (answers.reduce(Rational(0)) { ($0 + $1.score * Rational($1.count)).reduced } / total).reduced
    case .netPromoter:
      let promoters = answers.reduce(0) { $0 + ($1.score >= Rational(9) ? $1.count : 0) }
      let detractors = answers.reduce(0) { $0 + ($1.score <= Rational(6) ? $1.count : 0) }
      return (Rational(100 * (promoters - detractors)) / total).reduced
    }
  }
}
