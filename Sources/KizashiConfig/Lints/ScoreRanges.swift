import KizashiCore

/// Between which bounds metrics, grades and scores can lie, whatever an account does. Wider than what can happen, never
/// narrower.
struct ScoreRanges {
  /// Bounds of each measure's grade, in points.
  let grades: [String: ClosedRange<Rational>]
  /// Bounds of the score that measures and caps make, in points: any of the measures may be missing, and the others share
  /// its weight. An override is a person's word, and not bound by them.
  let score: ClosedRange<Rational>

  init(_ model: Model) {
    let grades = Dictionary(
      model.measures.map { ($0.name, Self.grade(of: $0)) }, uniquingKeysWith: { first, _ in first })
    self.grades = grades
    let used = model.scorecards.flatMap(\.dimensions).flatMap(\.measures).compactMap { grades[$0.name] }
    let caps = model.scorecards.flatMap(\.caps).map { Rational(Int128($0.most), 100) }
    let low = (used.map(\.lowerBound) + caps).min() ?? Rational(0)
    let high = used.map(\.upperBound).max() ?? Rational(100)
    score = low...max(low, high)
  }

  private static func grade(of measure: Measure) -> ClosedRange<Rational> {
    let corners: [GradePoint] =
      switch measure.grade {
      case .points(let corners), .bands(let corners): corners
      }
    var points = corners.map(\.points)
    switch measure.missing {
    case .zero: points.append(Rational(0))
    case .neutral: points.append(Rational(50))
    case .exclude, .hold: break
    }
    // A datum that grows old comes to say nothing.
    if measure.decay != nil { points.append(Rational(50)) }
    let low = points.min() ?? Rational(0)
    return low...max(low, points.max() ?? Rational(100))
  }

  /// Bounds of a metric's value; nil: there is none on that side.
  static func value(of metric: Metric) -> (low: Rational?, high: Rational?) {
    switch metric {
    case .count, .distinctUsers, .featuresUsed, .daysSinceLast: (Rational(0), nil)
    // A window of whole days can touch one more, and another where one of them has 23 hours.
    case .activeDays(_, let hours): (Rational(0), Rational(Int64((hours + 23) / 24 + 2)))
    // A sum may have been above 0 and be below it.
    case .trend(.sum, _, _): (nil, nil)
    // (now − before) / max(before, floor): at least nothing of all there was.
    case .trend: (Rational(-1), nil)
    case .survey(_, .netPromoter, _): (Rational(-100), Rational(100))
    case .milestones, .shareTopUser: (Rational(0), Rational(1))
    // Of one user or more; missing of none.
    case .effectiveUsers: (Rational(1), nil)
    case .ratio, .attribute, .survey, .sum: (nil, nil)
    }
  }

  /// Bands whose scores lie beyond what the score can reach.
  func unreachable(_ bands: BandModel) -> Set<String> {
    var result: Set<String> = []
    var above: Rational?
    for band in bands.bands {
      let bound = Rational(Int128(band.bound), 100)
      if score.upperBound < bound { result.insert(band.name) }
      if let above, score.lowerBound >= above { result.insert(band.name) }
      above = bound
    }
    return result
  }
}
