import KizashiCore

/// What a rule on daily counts says at a day's end: whether it raises an alarm.
public protocol DailyRule {
  /// A rule that has seen nothing.
  init()
  /// Takes in the count of the next day. Days begin with a Monday.
  mutating func alarms(_ count: UInt32) -> Bool
}

/// The detector of `kind: shift` with the settings of the specification.
public struct ShiftRule: DailyRule {
  private let settings = ShiftSettings()
  private var detector = ShiftDetector()
  private var roots: [Int64] = []

  /// See ``DailyRule``.
  public init() { detector.begin(behind: -1) }

  /// See ``DailyRule``.
  public mutating func alarms(_ count: UInt32) -> Bool {
    let day = Int32(roots.count)
    roots.append(ShiftBaseline.root(of: count))
    let z = roots.withUnsafeBufferPointer { roots in
      ShiftBaseline.z(of: day, first: 0, settings) { roots[Int($0)] }
    }
    return detector.judge(day, z: z, settings) == .down
  }
}

/// What people write without such a detector: `trend` of a week's count below −0.3, which is a week with less than 70 % of
/// the week before it. It alarms where that becomes true.
public struct WeekRatioRule: DailyRule {
  private var counts: [UInt32] = []
  private var held = false

  /// See ``DailyRule``.
  public init() {}

  /// See ``DailyRule``.
  public mutating func alarms(_ count: UInt32) -> Bool {
    counts.append(count)
    guard counts.count >= 14 else { return false }
    let now = counts.suffix(7).reduce(0) { $0 + Int($1) }
    let before = counts.suffix(14).reduce(0) { $0 + Int($1) } - now
    let holds = before >= 1 && 10 * now < 7 * before
    defer { held = holds }
    return holds && !held
  }
}

/// How often a rule cries wolf, and how soon it sees a fall of 80 %.
public struct Calibration: Sendable {
  /// False alarms per account and year.
  public var falseAlarmsPerYear: Double
  /// Days of the fall until the first alarm at the end of one of them: the middle one of all accounts.
  public var medianDelay: Int
  /// The mean of those that were found.
  public var meanDelay: Double
  /// The share of falls without an alarm within twelve weeks.
  public var missed: Double

  /// Days before anything is counted: by then a day is compared with all twelve weeks.
  private static let warmUp = 98
  private static let longest = 84

  /// - Parameters:
  ///   - years: account-years without a change, five for each account.
  ///   - falls: accounts whose use falls, on all weekdays in turn.
  public init<Rule: DailyRule>(
    of rule: Rule.Type, eventsPerDay: Double, _ spread: SimulatedUsage.Spread, years: Int, falls: Int, seed: UInt64
  ) {
    var alarms = 0
    let accounts = max(1, years / 5)
    for account in 0..<accounts {
      var usage = SimulatedUsage(eventsPerDay: eventsPerDay, spread, seed: seed &+ UInt64(account) &* 7919)
      var rule = Rule()
      for day in 0..<Self.warmUp + 5 * 365 where rule.alarms(usage.day(day)) && day >= Self.warmUp { alarms += 1 }
    }
    falseAlarmsPerYear = Double(alarms) / Double(5 * accounts)
    var delays: [Int] = []
    for account in 0..<falls {
      var usage = SimulatedUsage(eventsPerDay: eventsPerDay, spread, seed: seed &- UInt64(account) &* 104_729)
      var rule = Rule()
      let fall = Self.warmUp + account % 7
      for day in 0..<fall { _ = rule.alarms(usage.day(day)) }
      let found = (0..<Self.longest).first { rule.alarms(usage.day(fall + $0, level: 0.2)) }
      delays.append(found.map { $0 + 1 } ?? .max)
    }
    delays.sort()
    let found = delays.filter { $0 != .max }
    medianDelay = delays.isEmpty ? .max : delays[delays.count / 2]
    meanDelay = Double(found.reduce(0, +)) / Double(max(1, found.count))
    missed = Double(delays.count - found.count) / Double(max(1, delays.count))
  }
}
