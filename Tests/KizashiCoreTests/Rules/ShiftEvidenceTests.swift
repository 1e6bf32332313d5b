import KizashiCore
import ShiftEvidence
import Testing

/// That the detector does what docs/SHIFT.md says of it, in small; and that the measures it is scored by are the published ones.
@Suite struct `The evidence for shift rules` {
  @Test(arguments: [(3.0, 16), (15, 10), (100, 6)])
  func `cries wolf seldom and finds a fall of 80 percent soon`(eventsPerDay: Double, days: Int) {
    for spread in [SimulatedUsage.Spread.poisson, .overdispersed] {
      let shift = Calibration(
        of: ShiftRule.self, eventsPerDay: eventsPerDay, spread, years: 50, falls: 35, seed: 20_261)
      #expect(shift.falseAlarmsPerYear <= 0.8, "\(spread)")
      #expect((2...days).contains(shift.medianDelay), "\(spread)")
      #expect(shift.missed <= 0.1, "\(spread)")
    }
  }

  @Test func `a ratio of weeks cries wolf far more often where use is small`() {
    let ratio = Calibration(of: WeekRatioRule.self, eventsPerDay: 3, .poisson, years: 50, falls: 1, seed: 20_261)
    let shift = Calibration(of: ShiftRule.self, eventsPerDay: 3, .poisson, years: 50, falls: 1, seed: 20_261)
    #expect(ratio.falseAlarmsPerYear > 5 && ratio.falseAlarmsPerYear > 10 * shift.falseAlarmsPerYear)
  }

  @Test func `finds a step, and where it began, in a series without weekdays`() {
    let values = (0..<80).map { index in (index < 40 ? 10.0 : 30.0) + Double(index * 7 % 5) }
    let settings = ShiftSettings(direction: .both, weekDays: 1, farthestWeek: 24)
    // The observation before the step is a large one: it is taken for the beginning.
    #expect(SeriesDetector.changePoints(of: values, settings) == [39])
    #expect(SeriesDetector.changePoints(of: values.map { 5e6 - 1e3 * $0 }, settings) == [39])
    #expect(SeriesDetector.changePoints(of: [1, 1, 1], settings).isEmpty)
  }

  /// By hand, from the definitions of the paper.
  @Test(
    arguments: [
      // Nothing found, nothing there: index 0 is everybody's.
      ([], [[], []], 1.0),
      // Annotators have {0, 10} and {0}; found {0, 12}: P = 2/2, R = (2/2 + 1/1)/2.
      ([12], [[10], []], 1.0),
      // Found {0, 50} of {0, 10}: P = 1/2, R = 1/2.
      ([50], [[10]], 0.5),
      // The margin is 5, inclusive.
      ([15], [[10]], 1.0), ([16], [[10]], 0.5),
      // One found point is used once: {0, 10, 12} and found {0, 11}: P = 2/2, R = 2/3.
      ([11], [[10, 12]], 0.8),
      // {0, 10} ∪ {0, 30} = {0, 10, 30}, found {0, 10}: P = 2/2, R = (1 + 1/2)/2 = 3/4; F = 2·0.75/1.75.
      ([10], [[10], [30]], 6.0 / 7),
      // Near the beginning a point takes nought's place only if it is nearer: {0, 3} and found {0}: P = 1, R = 1/2.
      ([], [[3]], 2.0 / 3),
    ] as [([Int], [[Int]], Double)])
  func `F1 takes all annotators for precision and each for recall`(found: [Int], annotators: [[Int]], f1: Double) {
    #expect(abs(ChangePointScore.f1(found, annotators: annotators) - f1) < 1e-12)
  }

  @Test(
    arguments: [
      ([5], [[5]], 1.0),
      // One segment of 10 against two of 5: each has an overlap of 5/10.
      ([], [[5]], 0.5),
      // Two of 5 against one of 10: 5/10.
      ([5], [[]], 0.5),
      // 0–3 and 4–9 against 0–4 and 5–9: 4·4/5 + 6·5/6, over 10.
      ([5], [[4]], 0.82),
      // The mean of both annotators.
      ([5], [[5], []], 0.75),
      // Nought may be named or not.
      ([0, 5], [[0, 5]], 1.0),
    ] as [([Int], [[Int]], Double)])
  func `cover weighs the best overlap of each annotated segment`(found: [Int], annotators: [[Int]], cover: Double) {
    #expect(abs(ChangePointScore.cover(found, annotators: annotators, observations: 10) - cover) < 1e-12)
  }
}
