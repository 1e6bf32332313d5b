import KizashiCore
import Testing

@testable import ReferenceModel

@Suite struct ReferenceTimeTests {
  @Test func `a silent account sinks through scores and bands at the hours the days begin`() {
    let model = fed(Model(), [usage(january(5, 10, 30)), .settle(at: january(13))])
    let account = model.accounts[0]
    // Recency loses 5 points a day from the second on, 0.4 of the score: 50 − 2·(d − 1). 44 on day 4, 38 on day 7,
    // which is below 40 from midnight on, so red two hours later.
    #expect(account.changes.map(\.at) == [january(9), january(12), january(12, 2)])
    #expect(account.changes.map(\.kind) == [.score, .score, .band])
    #expect(account.changes.map(\.delta) == [-600, -600, 0])
    #expect(account.changes.map(\.cause) == [.silence, .silence, .expiry])
    #expect(
      account.changes[0].because == [
        ExplanationLine(measure: 0, points: -600, from: Rational(0), to: Rational(4), cause: .silence)
      ])
    #expect(account.changes[2].from == "yellow")
    #expect(account.changes[2].to == "red")
    #expect(account.scoreHistory.map(\.score) == [5000, 4800, 4600, 4400, 4200, 4000, 3800, 3628])
  }

  @Test func `a tile leaves a window on the hour and is then in the previous one`() {
    func use(at instant: Int64) -> ReferenceUsage {
      let model = fed(Model(), [usage(january(5, 10, 30)), .settle(at: instant)])
      return model.usage(of: model.accounts[0], .any, windowHours: 24)
    }
    #expect(use(at: january(6, 11) - 1) == ReferenceUsage(events: 1, users: 1, activeDays: 1))
    let previous = ReferenceUsage(previousEvents: 1, previousUsers: 1, previousActiveDays: 1)
    #expect(use(at: january(6, 11)) == previous)
    #expect(use(at: january(7, 11) - 1) == previous)
    #expect(use(at: january(7, 11)) == ReferenceUsage())
  }

  @Test func `an account climbs only with a margin and falls only after down_for`() {
    let bands = BandModel.standard
    func history(_ scores: [(Int64, String)]) -> [String] {
      let inputs = scores.map { group($0.0, [("x", .number($0.1))]) }
      let model = fed(attributeModel(["x"], bands: bands), inputs + [.settle(at: january(3))])
      return model.accounts[0].scoreChanges.filter { $0.kind == .band }.map { "\($0.to ?? "") \($0.at - january(1))" }
    }
    // 72 is green at first sight, but from yellow it takes 75.
    #expect(history([(january(1), "69"), (january(1, 1), "72"), (january(1, 2), "75")]) == ["green 7200000"])
    // Back above the bound in time: nothing is lost.
    #expect(history([(january(1), "80"), (january(1, 1), "60"), (january(1, 2, 59), "70")]) == [])
    // Green is lost after two hours; red since only one hour then, another hour later.
    #expect(
      history([(january(1), "80"), (january(1, 1), "60"), (january(1, 2), "20")]) == [
        "yellow \(3 * 3_600_000)", "red \(4 * 3_600_000)",
      ])
  }

  @Test func `unknown is entered and left at once by plain bounds`() {
    var model = attributeModel(["x", "y"])
    model.scorecards[0].minimumCoverage = Rational(1)
    let result = fed(
      model,
      [
        group(january(1), [("x", .number("80"))]), group(january(1, 1), [("y", .number("60"))]),
        group(january(1, 2), [("y", .null)]),
      ])
    #expect(result.accounts[0].scoreChanges.map(\.to) == ["green", "unknown"])
    #expect(result.accounts[0].scoreChanges.map(\.delta) == [-1000, 1000])
  }

  @Test func `looking only at hours that may matter gives the same journal`() {
    let inputs =
      (0..<40).map {
        usage(january(1 + ($0 * 7) % 11, $0 % 24, $0), "e\($0 % 3)", user: "u\($0 % 4)", count: $0 % 5 + 1)
      }
      + [.settle(at: january(75))]
    var every = ReferenceModel(model: Model(), sources: [SourceModel(name: "s")])
    var some = every
    some.looksAtEveryHour = false
    for input in inputs {
      every.apply(input)
      some.apply(input)
    }
    #expect(every.accounts[0].scoreChanges == some.accounts[0].scoreChanges)
    #expect(every.accounts[0].scoreChanges.count > 5)
    #expect(every.accounts[0].scoreHistory == some.accounts[0].scoreHistory)
  }

  @Test func `an advance leaves the clock at the last instant that changed anything`() {
    let model = fed(Model(), [usage(january(5, 10, 30)), .advance(to: january(7, 5))])
    #expect(model.clock == january(7))
  }
}
