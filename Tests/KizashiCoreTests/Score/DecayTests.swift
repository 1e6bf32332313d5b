import Testing

@testable import KizashiCore

/// Grades that grow old, worked out by hand from the specification's formula.
@Suite struct `A grade that grows old` {
  @Test func `is its own until fresh, neutral at expire, and none after`() {
    let decay = Decay(freshDays: 90, expireDays: 180)
    #expect(
      [0, 90, 91, 135, 179, 180, 181].map { decay.grade(10_000, age: $0) } == [
        10000, 10000, 9944, 7500, 5056, 5000, -1,
      ])
    #expect([0, 90, 91, 135, 179, 180, 181].map { decay.grade(0, age: $0) } == [0, 0, 56, 2500, 4944, 5000, -1])
  }

  @Test func `is rounded half-up on either side of the neutral grade`() {
    let decay = Decay(freshDays: 0, expireDays: 2)
    #expect(decay.grade(5001, age: 1) == 5001)
    #expect(decay.grade(4999, age: 1) == 5000)
  }

  @Test(arguments: [0, 4990, 5000, 5003, 10_000] as [Int32])
  func `steps where it differs from the day before and nowhere else`(own: Int32) {
    let decay = Decay(freshDays: 3, expireDays: 60)
    var steps: [Int64] = []
    var age: Int64 = 0
    while let step = decay.nextStep(own, age: age) {
      steps.append(step)
      age = step
    }
    #expect(steps == (1...61).filter { decay.grade(own, age: $0) != decay.grade(own, age: $0 - 1) })
  }
}
