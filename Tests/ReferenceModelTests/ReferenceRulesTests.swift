import KizashiCore
import Testing

@testable import ReferenceModel

@Suite struct ReferenceRulesTests {
  /// `state episode instant` of each transition, the instant in hours since 1 January.
  private func alerts(_ rule: Rule, _ inputs: [ReferenceInput], bands: BandModel = .standard) -> [String] {
    let model = fed(attributeModel(["x"], bands: bands, rules: [rule]), inputs)
    return model.accounts[0].alerts.map {
      "\($0.state.name) \($0.episode) \(Rational($0.at - january(1)) / Rational(3_600_000) == Rational(($0.at - january(1)) / 3_600_000) ? "\(($0.at - january(1)) / 3_600_000)h" : "\($0.at - january(1))ms")"
    }
  }

  private func score(_ at: Int64, _ text: String) -> ReferenceInput { group(at, [("x", .number(text))]) }

  private func threshold(_ comparison: Comparison, clear: Rational? = nil) -> RuleKind {
    .threshold(.measure("x"), comparison, clear: clear)
  }

  @Test func `a threshold waits, clears, keeps firing and cools down`() {
    let hour: Int64 = 3_600_000
    let rule = Rule(
      name: "low", kind: threshold(.below(Rational(50)), clear: Rational(60)), forMilliseconds: 2 * hour,
      keepFiringForMilliseconds: hour, cooldownMilliseconds: 10 * hour)
    #expect(
      alerts(
        rule,
        [
          score(january(1), "49.99"), score(january(1, 3), "55"), score(january(1, 4), "60"),
          score(january(1, 6), "10"), .settle(at: january(3)),
        ]) == ["firing 1 2h", "resolved 1 5h", "firing 2 15h"])
    // Not long enough below: pending and back.
    #expect(alerts(rule, [score(january(1), "10"), score(january(1, 1), "50"), .settle(at: january(3))]) == [])
  }

  @Test func `a score leaves the drop's memory exactly its span after it was replaced`() {
    let rule = Rule(name: "drop", kind: .drop(by: 1500, withinMilliseconds: 6 * 3_600_000))
    #expect(
      alerts(
        rule,
        [
          score(january(1), "80"), score(january(1, 1), "70"), score(january(1, 4), "65"), .settle(at: january(2)),
        ]) == ["firing 1 4h", "resolved 1 7h"])
  }

  @Test func `silence opens an hour-end plus its span after the last tile and ends with the next events`() {
    let rule = Rule(name: "quiet", kind: .silence(feature: .any, after: .milliseconds(90_000), clear: 3))
    #expect(
      alerts(
        rule,
        [
          usage(january(1, 0, 30)), usage(january(1, 2), count: 2), usage(january(1, 2, 1)), .settle(at: january(1, 9)),
        ]) == ["firing 1 3690000ms", "resolved 1 7260000ms", "firing 2 10890000ms"])
  }

  @Test func `silence in business days counts whole days strictly between`() {
    let rule = Rule(name: "quiet", kind: .silence(feature: .any, after: .businessDays(2), clear: 1))
    // Last seen Thursday 1 January: Friday 2 and Monday 5 lie between it and Tuesday 6.
    #expect(alerts(rule, [usage(january(1, 12)), .settle(at: january(9))]) == ["firing 1 120h"])
  }

  @Test func `a band change fires for as long as the band stays`() {
    var bands = BandModel.standard
    bands.downForMilliseconds = 0
    let inputs = [
      score(january(1), "80"), score(january(1, 1), "50"), score(january(1, 2), "20"), score(january(1, 3), "80"),
    ]
    let any = Rule(name: "worse", kind: .bandChange(from: [], to: ["yellow", "red"]))
    #expect(alerts(any, inputs, bands: bands) == ["firing 1 1h", "resolved 1 2h", "firing 2 2h", "resolved 2 3h"])
    let one = Rule(name: "worse", kind: .bandChange(from: ["yellow"], to: []), cooldownMilliseconds: 1)
    #expect(alerts(one, inputs, bands: bands) == ["firing 1 2h", "resolved 1 3h"])
  }

  @Test func `a line is counted or refused once, in the order of the reasons`() {
    var model = Model()
    model.limits.accounts = 1
    model.limits.retentionMilliseconds = 10 * day
    let sources = [SourceModel(name: "s", allowedLatenessMilliseconds: day)]
    let result = fed(
      model, sources: sources,
      [
        usage(january(20), id: "1"), usage(january(20), id: "1"), usage(january(20), "closed", id: "1"),
        usage(january(1)), usage(january(18)), usage(january(20), account: "b"),
        usage(january(22), latestAcceptable: january(21)), usage(january(19), count: 3),
      ])
    let counters = result.counters[0]
    #expect(counters.lines == 8)
    #expect(counters.accepted == 2)
    #expect(counters.events == 4)
    #expect(counters.duplicates == 1)
    #expect(counters.undeduplicated == 1)
    #expect(counters.refused == [.idConflict: 1, .expired: 1, .late: 1, .tooMany: 1, .future: 1])
    #expect(result.clock == january(20))
  }
}
