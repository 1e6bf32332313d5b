import KizashiCore

@testable import ReferenceModel

/// Milliseconds in a day.
let day: Int64 = 24 * 3_600_000

/// An instant of January 2026 in universal time; the 5th is a Monday. Days beyond 31 run on into February.
func january(_ dayOfMonth: Int64, _ hour: Int64 = 0, _ minute: Int64 = 0) -> Int64 {
  1_767_225_600_000 + (dayOfMonth - 1) * day + hour * 3_600_000 + minute * 60_000
}

/// A usage line of account `a`.
func usage(
  _ at: Int64, _ event: String = "opened", user: String? = "u", account: String = "a", id: String? = nil,
  count: Int64 = 1, source: Int = 0, latestAcceptable: Int64 = .max
) -> ReferenceInput {
  .event(
    ReferenceEvent(
      source: source, at: at, account: account, user: user, event: event, id: id, count: count,
      latestAcceptable: latestAcceptable))
}

/// Account attributes of account `a`.
func group(_ at: Int64, _ fields: [(name: String, value: Scalar)]) -> ReferenceInput {
  .event(ReferenceEvent(kind: .group, at: at, account: "a", fields: fields))
}

/// A model fed with the inputs.
func fed(_ model: Model, sources: [SourceModel] = [SourceModel(name: "s")], _ inputs: [ReferenceInput])
  -> ReferenceModel
{
  var result = ReferenceModel(model: model, sources: sources)
  for input in inputs { result.apply(input) }
  return result
}

extension ReferenceAccount {
  /// The journal without the attributes that the tests move scores with.
  var scoreChanges: [ReferenceChange] { changes.filter { $0.kind != .attribute } }
}

/// A model of one dimension whose measures, all of weight 1, grade attributes as they are (0…100).
func attributeModel(_ names: [String], bands: BandModel = .standard, rules: [Rule] = []) -> Model {
  let curve = GradeCurve.points([
    GradePoint(value: Rational(0), points: Rational(0)), GradePoint(value: Rational(100), points: Rational(100)),
  ])
  return Model(
    measures: names.map { Measure(name: $0, metric: .attribute($0), grade: curve) },
    scorecards: [
      Scorecard(
        name: "s", minimumCoverage: Rational(0),
        dimensions: [Dimension(name: "d", weight: 1, measures: names.map { ($0, 1) })])
    ],
    bands: bands, rules: rules)
}
