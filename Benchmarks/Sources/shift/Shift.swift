import Foundation
import KizashiCore
import ShiftEvidence

/// What docs/SHIFT.md says of the detector of shifts: `shift calibrate` simulates accounts, `shift score FOLDER` runs it over
/// the Turing Change Point Dataset (its series and annotations.json in one folder).
@main struct Shift {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch (arguments.first, arguments.count) {
    case ("calibrate", 1...2): calibrate(years: arguments.count > 1 ? Int(arguments[1]) ?? 2_000 : 2_000)
    case ("score", 2): try Score(folder: URL(fileURLWithPath: arguments[1])).report()
    default:
      print("usage: shift calibrate [ACCOUNT-YEARS] | shift score FOLDER")
      exit(64)
    }
  }

  static func calibrate(years: Int) {
    print("\(years) account-years and \(years) falls of 80 % for each line, seed 1")
    for spread in SimulatedUsage.Spread.allCases {
      for events in [3.0, 15, 100] {
        report("shift, k 0.5, h 8", ShiftRule.self, events, spread, years)
        report("week below 70 % of the last", WeekRatioRule.self, events, spread, years)
      }
    }
  }

  static func report<Rule: DailyRule>(
    _ name: String, _ rule: Rule.Type, _ events: Double, _ spread: SimulatedUsage.Spread, _ years: Int
  ) {
    let found = Calibration(of: rule, eventsPerDay: events, spread, years: years, falls: years, seed: 1)
    print(
      "\(spread.rawValue), \(Int(events)) a day, \(name): \(decimals(found.falseAlarmsPerYear, 2)) false alarms a year, "
        + "median delay \(found.medianDelay == .max ? "—" : "\(found.medianDelay)") days, mean "
        + "\(decimals(found.meanDelay, 1)), missed \(decimals(100 * found.missed, 1)) %")
  }

  static func decimals(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
