import ReferenceModel
import TestSupport
import Testing

@testable import KizashiCore

/// The detector of a shift by itself, days in, alarms out.
@Suite struct `The detector of a shift` {
  /// Judges days 0, 1, … at their ends.
  private func judge(_ counts: [UInt32], _ settings: ShiftSettings) -> [(z: Int32?, detector: ShiftDetector)] {
    var detector = ShiftDetector()
    detector.begin(behind: -1)
    return counts.indices.map { day in
      let z = ShiftBaseline.z(of: Int32(day), first: 0, settings) { ShiftBaseline.root(of: counts[Int($0)]) }
      detector.judge(Int32(day), z: z, settings)
      return (z, detector)
    }
  }

  /// z as it is given, one day after the other.
  private func sides(_ zs: [Int32], _ settings: ShiftSettings) -> [ShiftDetector.Side] {
    var detector = ShiftDetector()
    detector.begin(behind: -1)
    return zs.enumerated().map { day, z in
      detector.judge(Int32(day), z: z, settings)
      return detector.side
    }
  }

  @Test(arguments: [UInt64(1), 2, 3]) func `takes the whole root of every count`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let counts =
      [0, 1, .max, .max - 1]
      + (0..<500).map { _ in UInt32.random(in: 0 ... .max, using: &random) >> UInt32(random.int(0...31)) }
    for count in counts {
      let y = Int128(ShiftBaseline.root(of: count))
      let exact = 100_000_000 * Int128(count) + 37_500_000
      #expect(y * y <= exact && exact < (y + 1) * (y + 1), "seed \(seed), count \(count)")
    }
  }

  @Test(arguments: UInt64(1)...60) func `agrees with the sum done plainly, day by day`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let nearest = random.int(1...3)
    let settings = ShiftSettings(
      direction: random.pick(ShiftSettings.Direction.allCases), k: random.pick([0, 2_500, 5_000, 7_777]),
      h: random.pick([0, 10_000, 25_000, 80_000]), weekDays: random.pick([1, 2, 5, 7, 8]), nearestWeek: nearest,
      farthestWeek: nearest + random.int(0...9), leastWeeks: random.int(1...4))
    let level = random.pick([1, 3, 40, 2_000, 1 << 31])
    var fall = 1
    let counts = (0..<150).map { _ in
      if random.chance(4) { fall = random.pick([1, 2, 5, level + 1]) }
      return random.chance(2) ? UInt32.max : UInt32(random.int(0...2 * level - 1) / fall)
    }
    let plain = ReferenceShift.days(counts.map { Int64($0) }, settings)
    for (day, mine) in judge(counts, settings).enumerated() {
      func same(_ mine: Int32?, _ theirs: Rational?) -> Bool { mine.map { Rational(Int128($0), 10_000) } == theirs }
      let side: ReferenceShift.Side? = mine.detector.side == .none ? nil : mine.detector.side == .down ? .down : .up
      let agrees =
        same(mine.z, plain[day].z) && same(mine.detector.down, plain[day].down) && same(mine.detector.up, plain[day].up)
        && side == plain[day].side
      #expect(agrees, "seed \(seed), day \(day) of \(settings): \(mine) ≠ \(plain[day])")
      guard agrees else { return }
    }
  }

  /// Two weekdays of two weeks each, ±3 and ±4 around nought: σ is 5 exactly, times 4000.
  @Test(
    arguments: [
      (1, 1), (3, 2), (5, 3), (-1, 0), (-3, -1), (-5, -2), (-4, -2), (20_000, 10_000), (60_001, 30_000),
      (-59_999, -29_999),
      (-60_001, -30_000),
    ] as [(Int64, Int32)])
  func `rounds z once, half a unit up, on both sides of nought`(y: Int64, z: Int32) {
    let settings = ShiftSettings(weekDays: 2, nearestWeek: 1, farthestWeek: 2, leastWeeks: 2)
    let before: [Int64] = [16_000, 12_000, -16_000, -12_000]
    // Days 0…3 are weekdays 1, 0, 1, 0 as day 5 sees them.
    let days = before + [0, y]
    #expect(ShiftBaseline.z(of: 5, first: 0, settings) { days[Int($0)] } == z)
  }

  @Test func `holds the least standard deviation where use was always the same`() {
    let settings = ShiftSettings()
    let counts = [UInt32](repeating: 9, count: 60) + [4]
    // √9.375 = 3.0618…, √4.375 = 2.0916…, and σ is ½.
    let z = judge(counts, settings).last?.z
    #expect(z == Int32(-2 * (30_618 - 20_916)))
  }

  @Test func `says nothing before the fourth week that is two weeks back`() {
    let days = judge([UInt32](repeating: 5, count: 40), ShiftSettings())
    #expect(days.map { $0.z != nil } == (0..<40).map { $0 >= 35 })
  }

  @Test func `raises an alarm above h, not at it, and begins anew`() {
    let settings = ShiftSettings(h: 50_000)
    var detector = ShiftDetector()
    detector.begin(behind: -1)
    #expect(detector.judge(0, z: -30_000, settings) == nil)
    #expect(detector.judge(1, z: -30_000, settings) == nil)
    #expect(detector.down == 50_000)
    #expect(detector.judge(2, z: -30_000, settings) == .down)
    #expect(detector.down == 0 && detector.since == 0)
    // Evidence is taken off, down to none.
    #expect(detector.judge(3, z: -15_000, settings) == nil && detector.down == 10_000)
    #expect(detector.judge(4, z: 10_000, settings) == nil && detector.down == 0)
  }

  @Test func `an alarm lasts until a whole week is on average within the slack`() {
    let settings = ShiftSettings(h: 20_000)
    let alarm: [Int32] = [-30_000]
    #expect(
      sides(alarm + Array(repeating: -5_000, count: 7), settings).map { $0 == .down }
        == Array(repeating: true, count: 7) + [false])
    // A ten-thousandth less and it lasts a day longer.
    let short: [Int32] = [-5_001] + Array(repeating: -5_000, count: 7)
    #expect(
      sides(alarm + short, settings).map { $0 == .down } == [true, true, true, true, true, true, true, true, false])
    // Another alarm begins the week anew.
    let again = sides(alarm + [0, 0, 0, 0, 0, -30_000] + Array(repeating: 0, count: 7), settings)
    #expect(again.map { $0 == .down } == Array(repeating: true, count: 13) + [false])
  }

  @Test func `of both ways tells the one from the other`() {
    let settings = ShiftSettings(direction: .both, h: 20_000)
    #expect(sides([-30_000, 30_000], settings) == [.down, .up])
    #expect(sides([-30_000, 30_000], ShiftSettings(direction: .up, h: 20_000)) == [.none, .up])
  }

  @Test func `days that no longer matter are forgotten, and what a day counts has an end`() {
    var counts = DailyCounts()
    counts.add(3, on: -5, span: 4, today: 0)
    counts.add(4, on: -2, span: 4, today: 0)
    counts.add(5, on: -5, span: 4, today: 0)
    #expect((-7...0).map { counts[$0] } == [0, 0, 8, 0, 0, 4, 0, 0])
    counts.add(1, on: -1, span: 4, today: 0)
    counts.add(7, on: -5, span: 4, today: 0)
    #expect((-6...0).map { counts[$0] } == [0, 0, 0, 0, 4, 1, 0])
    counts.add(1 << 40, on: -1, span: 4, today: 0)
    counts.add(.max, on: -2, span: 4, today: 0)
    #expect(counts[-1] == .max && counts[-2] == .max)
    counts.add(1, on: 1_000_000, span: 4, today: 1_000_000)
    #expect(counts[-1] == 0 && counts[1_000_000] == 1)
  }

  @Test func `what comes ahead of an account's own day pushes out nothing that its days are yet to be compared with`() {
    var counts = DailyCounts()
    for day in Int32(0)..<10 { counts.add(Int64(day) + 1, on: day, span: 10, today: day) }
    // It waits on day 9 for its source, and another delivers.
    for day in Int32(10)..<300 { counts.add(Int64(day) + 1, on: day, span: 10, today: 9) }
    #expect((Int32(0)..<300).allSatisfy { counts[$0] == UInt32($0) + 1 })
    counts.add(5, on: 0, span: 10, today: 9)
    #expect(counts[0] == 6)
    // It has come through: the days before no longer matter.
    counts.add(5, on: 0, span: 10, today: 299)
    #expect(counts[0] == 6)
  }
}
