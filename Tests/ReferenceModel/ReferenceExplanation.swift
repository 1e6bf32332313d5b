import KizashiCore

/// What the score was made of at the last journal entry, and what has moved it since.
struct ReferenceBase: Sendable {
  var reading: ReferenceReading
  /// By measure: what changed its grade since.
  var causes: [Set<Cause>]
  var capCauses: Set<Cause> = []
  var overrideCauses: Set<Cause> = []
  /// Of changes to other scorecards.
  var cardCauses: Set<Cause> = []
  /// What the score was made of when the last of them came into force.
  var switched: ReferenceReading?
}

/// The lines that explain how the score came from the base to now; empty from or to no score.
func explanation(from base: ReferenceBase, to now: ReferenceReading, fallback: Cause) -> [ExplanationLine] {
  let old = base.reading
  guard let oldScore = old.score, let newScore = now.score else { return [] }
  guard let oldUncapped = old.uncapped, let newUncapped = now.uncapped, let oldComputed = old.computed,
    let newComputed = now.computed
  else {
    return [line(ExplanationLine.override, newScore - oldScore, base.overrideCauses, fallback)].filter {
      $0.points != 0
    }
  }
  var lines: [ExplanationLine]
  let from = base.switched ?? old
  let start = from.uncapped ?? oldUncapped
  if from.card == now.card {
    lines = measureLines(from: from, base.causes, start, to: now, newUncapped)
    lines.append(line(ExplanationLine.scorecard, start - oldUncapped, base.cardCauses, fallback))
  } else {
    lines = [line(ExplanationLine.scorecard, newUncapped - oldUncapped, base.cardCauses, fallback)]
  }
  lines.append(
    line(
      ExplanationLine.cap, (newComputed - newUncapped) - (oldComputed - oldUncapped), base.capCauses, fallback))
  lines.append(
    line(
      ExplanationLine.override, (newScore - newComputed) - (oldScore - oldComputed), base.overrideCauses, fallback))
  lines.removeAll { $0.points == 0 && $0.measure < 0 }
  return lines.enumerated().sorted { a, b in
    let (x, y) = (a.element.points.magnitude, b.element.points.magnitude)
    return x != y ? x > y : a.offset < b.offset
  }.map(\.element)
}

private func line(_ what: Int, _ points: Int, _ causes: Set<Cause>, _ fallback: Cause) -> ExplanationLine {
  let cause = causes.count == 1 ? causes.first ?? fallback : causes.isEmpty ? fallback : .mixed
  return ExplanationLine(measure: what, points: points, from: Rational?.none, to: Rational?.none, cause: cause)
}

private func measureLines(
  from old: ReferenceReading, _ causes: [Set<Cause>], _ oldScore: Int, to now: ReferenceReading, _ newScore: Int
) -> [ExplanationLine] {
  let middle = Rational(Int128(oldScore + newScore), 2)
  var parts: [(measure: Int, amount: Rational)] = []
  for index in now.grades.indices {
    let shareChange = now.shares[index] - old.shares[index]
    let shareMean = (now.shares[index] + old.shares[index]) / Rational(2)
    var gradeChange = Rational(0)
    var gradeMean = Rational(0)
    switch (old.grades[index], now.grades[index]) {
    case (let before?, let after?):
      gradeChange = Rational(Int128(after - before))
      gradeMean = Rational(Int128(after + before), 2)
    case (let only?, nil), (nil, let only?): gradeMean = Rational(Int128(only))
    case (nil, nil): continue
    }
    let amount = (shareMean * gradeChange + shareChange * (gradeMean - middle)).reduced
    if amount != Rational(0) { parts.append((index, amount)) }
  }
  let points = wholeHundredths(parts.map(\.amount), total: newScore - oldScore)
  var lines = zip(parts, points).map { part, points in
    ExplanationLine(
      measure: part.measure, points: points, from: old.values[part.measure], to: now.values[part.measure],
      cause: cause(of: part.measure, from: old, causes, to: now))
  }
  // Largest first; a stable order for equals.
  lines.sort { a, b in
    a.points.magnitude != b.points.magnitude ? a.points.magnitude > b.points.magnitude : a.measure < b.measure
  }
  return lines
}

/// Rounds amounts to whole hundredths that add up to the total: floors, then +1 to the largest remainders, of equals
/// (to 9 decimals) to the first.
func wholeHundredths(_ amounts: [Rational], total: Int) -> [Int] {
  var result = amounts.map { Int($0.floor) }
  let remainders = amounts.map { (($0 - Rational($0.floor)) * Rational(1_000_000_000)).floor }
  let missing = total - result.reduce(0, +)
  precondition(missing >= 0 && missing <= amounts.count, "the lines cannot add up to the change")
  let order = amounts.indices.sorted { a, b in remainders[a] != remainders[b] ? remainders[a] > remainders[b] : a < b }
  for index in order.prefix(missing) { result[index] += 1 }
  return result
}

private func cause(
  of measure: Int, from old: ReferenceReading, _ causes: [Set<Cause>], to now: ReferenceReading
) -> Cause {
  if let before = old.grades[measure], before == now.grades[measure] { return .reweighted }
  let causes = causes[measure]
  return causes.count == 1 ? causes.first ?? .mixed : .mixed
}

/// The cause of a whole entry: the one its lines share.
func commonCause(of lines: [ExplanationLine], otherwise: Cause) -> Cause {
  guard let first = lines.first?.cause else { return otherwise }
  return lines.allSatisfy { $0.cause == first } ? first : .mixed
}

extension Metric {
  /// The feature and window of what is counted of usage.
  var window: (feature: FeatureReference, hours: Int)? {
    switch self {
    case .count(let feature, let hours), .distinctUsers(let feature, let hours), .activeDays(let feature, let hours),
      .shareTopUser(let feature, let hours), .effectiveUsers(let feature, let hours), .sum(_, let feature, let hours):
      (feature, hours)
    default: nil
    }
  }

  /// The feature it looks at; nil: none, or its parts do.
  var feature: FeatureReference? {
    if case .daysSinceLast(let feature, _) = self { feature } else { window?.feature }
  }

  /// Whether any part of it looks through a window.
  var isWindowed: Bool {
    switch self {
    case .count, .distinctUsers, .activeDays, .featuresUsed, .shareTopUser, .effectiveUsers, .sum, .trend: true
    case .survey(_, _, let hours): hours != nil
    case .ratio(let a, let b): a.isWindowed || b.isWindowed
    case .daysSinceLast, .attribute, .milestones: false
    }
  }

  /// Whether any part of it counts days since the last event.
  var countsDays: Bool {
    switch self {
    case .daysSinceLast: true
    case .ratio(let a, let b): a.countsDays || b.countsDays
    default: false
    }
  }
}
