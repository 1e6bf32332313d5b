import KizashiCore

/// Measures whose grade grows old.
extension ReferenceFacts {
  /// What a measure grades at an instant: its metric's value, nil where that is missing or has expired.
  func value(ofMeasure measure: Measure, at now: Int64, context: ReferenceContext) -> Rational? {
    guard let value = value(of: measure.metric, at: now, context: context) else { return nil }
    guard let decay = measure.decay, let age = age(of: measure.metric, at: now, context: context) else { return value }
    return age > decay.expireDays ? nil : value
  }

  /// The grade of such a value, in hundredths.
  func grade(of value: Rational, by measure: Measure, at now: Int64, context: ReferenceContext) -> Int {
    let own = measure.grade.grade(of: value)
    guard let decay = measure.decay, let age = age(of: measure.metric, at: now, context: context) else { return own }
    let left = Rational(Int128(decay.expireDays - age), Int128(decay.expireDays - decay.freshDays))
    let weight = min(max(left, Rational(0)), Rational(1))
    return Int((Rational(5000) + Rational(Int128(own - 5000)) * weight).halfUp)
  }

  /// Whether an answer leaves the metric's window at exactly this instant.
  func answerLeaves(_ metric: Metric, at now: Int64) -> Bool {
    guard case .survey(let name, _, let hours?) = metric else { return false }
    return records.contains { record in
      isAnswer(record, to: name) && (record.hour + 1 + Int64(hours)) * hourLength == now
    }
  }

  /// Whole local days since the metric's latest datum.
  private func age(of metric: Metric, at now: Int64, context: ReferenceContext) -> Int? {
    let instants: [Int64]
    switch metric {
    case .attribute(let name): instants = attributeLine(name).map { [$0.at] } ?? []
    case .survey(let name, _, let hours):
      let oldest = hours.map { floorDivide(now - Int64($0) * hourLength, hourLength) } ?? .min
      instants = records.filter { isAnswer($0, to: name) && $0.hour >= oldest }.map(\.at)
    default: instants = []
    }
    return instants.max().map { Int(context.day(at: now) - context.day(at: $0)) }
  }
}
