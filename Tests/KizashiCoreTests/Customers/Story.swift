import KizashiCore
import ReferenceModel
import Testing

/// A story about one account `a`, told to the engine and to the reference model: both have to tell the same journal.
struct Story {
  /// 2026-01-05, a Monday, in hours since 1970.
  static let start: Int64 = 1_767_571_200_000 / 3_600_000

  /// Milliseconds of an instant so many days and hours after the start.
  static func at(_ days: Int64, _ hours: Int64 = 0) -> Int64 { (start + 24 * days + hours) * 3_600_000 }

  static func use(
    _ days: Int64, _ hours: Int64 = 9, _ event: String = "report.made", user: String = "u1", count: Int64 = 1
  ) -> ReferenceInput {
    .event(ReferenceEvent(at: at(days, hours), account: "a", user: user, event: event, count: count))
  }

  static func group(_ days: Int64, _ fields: [(name: String, value: Scalar)], _ hours: Int64 = 8) -> ReferenceInput {
    .event(ReferenceEvent(kind: .group, at: at(days, hours), account: "a", fields: fields))
  }

  static func reserved(
    _ days: Int64, _ event: String, _ fields: [(name: String, value: Scalar)] = [], _ hours: Int64 = 8
  ) -> ReferenceInput {
    .event(ReferenceEvent(kind: .reserved, at: at(days, hours), account: "a", event: event, fields: fields))
  }

  /// The journal, an entry a line: `2d 9h rule quiet ok → firing`. Fails where engine and model differ.
  static func journal(_ model: Model, _ inputs: [ReferenceInput], until days: Int64) throws -> [String] {
    let settled = inputs + [.settle(at: at(days))]
    let scenario = Scenario(model: model, inputs: settled)
    var driver = EngineDriver(scenario)
    try driver.run()
    let comparison = Comparison(scenario, driver, reference(scenario, clocks: driver.clocks))
    #expect(comparison.differences.isEmpty, "\(comparison.differences.joined(separator: "\n"))")
    var shaken = EngineDriver(scenario, EngineDriver.Habits(chunkEnds: 100, restarts: 60), seed: 3)
    try shaken.run()
    let forgotten = shaken.world.differences(from: driver.world)
    #expect(forgotten.isEmpty, "after restarts: \(forgotten.joined(separator: "\n"))")
    return driver.world.changes.map { change in
      let hours = change.at.milliseconds / 3_600_000 - start
      let subject = change.subject.isEmpty ? "" : " \(change.subject)"
      let lines = change.because.map { " \(name($0.measure, model)) \($0.points) \($0.cause)" }.joined(separator: ",")
      return "\(hours / 24)d \(hours % 24)h \(change.kind)\(subject) \(change.from?.text ?? "none") → "
        + "\(change.to?.text ?? "none")" + (lines.isEmpty || change.kind == .rule ? "" : ":\(lines)")
    }
  }

  /// When the account was looked at for the last time: `7d 10h`.
  static func lastLook(_ model: Model, _ inputs: [ReferenceInput], until days: Int64) throws -> String {
    var driver = EngineDriver(Scenario(model: model, inputs: inputs + [.settle(at: at(days))]))
    try driver.run()
    let at = try #require(driver.world.accountRows[0]?.scoredAt)
    let hours = at.milliseconds / 3_600_000 - start
    return "\(hours / 24)d \(hours % 24)h"
  }

  private static func name(_ measure: Int, _ model: Model) -> String {
    switch measure {
    case ExplanationLine.cap: "cap"
    case ExplanationLine.override: "override"
    case ExplanationLine.scorecard: "scorecard"
    default: model.measures[measure].name
    }
  }
}
