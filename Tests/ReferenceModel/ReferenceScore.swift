import KizashiCore

/// Everything an evaluation computes from facts alone, by index of the model's measures.
package struct ReferenceReading: Sendable, Equatable {
  /// Metric values; nil: missing.
  package var values: [Rational?]
  /// Grades as they enter the score, in hundredths; nil: absent.
  package var grades: [Int?]
  /// Whether the measure has a value or a held grade, so that coverage counts it.
  package var present: [Bool]
  /// The share of each measure in the score; 0: absent.
  package var shares: [Rational]
  /// Index of the scorecard; nil: none is for the account.
  package var card: Int?
  /// What the measures say, in hundredths; nil: nothing present.
  package var uncapped: Int?
  /// With caps, without override.
  package var computed: Int?
  /// What holds: with the override.
  package var score: Int?
  /// Whether enough is known for a band.
  package var covered = false
  /// 0…1.
  package var coverage: Rational
}

extension GradeCurve {
  /// The grade of a value in hundredths, rounded once.
  func grade(of value: Rational) -> Int {
    switch self {
    case .points(let corners):
      guard let first = corners.first, let last = corners.last else { preconditionFailure("a curve needs corners") }
      if value <= first.value { return hundredths(first.points) }
      if value >= last.value { return hundredths(last.points) }
      if value.denominator > 1 << 30 { return gradeOfLargeParts(value, corners) }
      for (left, right) in zip(corners, corners.dropFirst()) where left.value <= value && value < right.value {
        let part = ((value - left.value) / (right.value - left.value)).reduced
        return hundredths((left.points + (right.points - left.points) * part).reduced)
      }
      preconditionFailure("corners must ascend")
    case .bands(let steps):
      let step = steps.last { $0.value <= value } ?? steps[0]
      return hundredths(step.points)
    }
  }

  /// The same where the parts of fractions would leave 128 bits: the grade is tried, from below.
  private func gradeOfLargeParts(_ value: Rational, _ corners: [GradePoint]) -> Int {
    guard let right = corners.firstIndex(where: { value <= $0.value }), right > 0 else {
      preconditionFailure("only between corners")
    }
    let (a, b) = (corners[right - 1], corners[right])
    // Where the line reaches g − ½ hundredths; rising lines have passed it, falling ones not yet.
    func reaches(_ grade: Int) -> Bool {
      let points = Rational(Int128(2 * grade - 1), 200)
      let place = a.value + (points - a.points) / (b.points - a.points) * (b.value - a.value)
      return b.points > a.points ? place <= value : place >= value
    }
    if a.points == b.points { return hundredths(a.points) }
    var grade = min(hundredths(a.points), hundredths(b.points))
    while grade < max(hundredths(a.points), hundredths(b.points)), reaches(grade + 1) { grade += 1 }
    return grade
  }

  private func hundredths(_ points: Rational) -> Int { Int((points * Rational(100)).halfUp) }
}

extension ReferenceContext {
  /// Score, coverage and shares of given grades.
  func reading(values: [Rational?], grades: [Int?], present: [Bool], card: Int?) -> ReferenceReading {
    var reading = ReferenceReading(
      values: values, grades: grades, present: present, shares: grades.map { _ in Rational(0) }, card: card,
      coverage: Rational(0))
    guard let card else { return reading }
    let dimensions = model.scorecards[card].dimensions
    let allWeights = dimensions.reduce(0) { $0 + $1.weight }
    var presentWeights = 0
    for dimension in dimensions where !members(dimension, of: grades).isEmpty { presentWeights += dimension.weight }
    var score = Rational(0)
    for dimension in dimensions {
      let members = members(dimension, of: grades)
      let all = dimension.measures.reduce(0) { $0 + $1.weight }
      let here = members.reduce(0) { $0 + $1.weight }
      for member in members {
        let share = fraction(dimension.weight * member.weight, presentWeights * here)
        reading.shares[member.index] = share
        score = (score + share * Rational(Int128(member.grade))).reduced
        if present[member.index] {
          reading.coverage = (reading.coverage + fraction(dimension.weight * member.weight, allWeights * all)).reduced
        }
      }
    }
    if presentWeights > 0 { reading.uncapped = Int(score.halfUp) }
    reading.computed = reading.uncapped
    reading.score = reading.uncapped
    reading.covered = reading.score != nil && reading.coverage >= model.scorecards[card].minimumCoverage
    return reading
  }

  private func fraction(_ a: Int, _ b: Int) -> Rational { Rational(Int128(a), Int128(b)).reduced }

  /// The measures of a dimension that have a grade.
  private func members(_ dimension: Dimension, of grades: [Int?]) -> [(index: Int, weight: Int, grade: Int)] {
    dimension.measures.compactMap { entry in
      guard let index = model.measures.firstIndex(where: { $0.name == entry.name }), let grade = grades[index]
      else { return nil }
      return (index, entry.weight, grade)
    }
  }
}
