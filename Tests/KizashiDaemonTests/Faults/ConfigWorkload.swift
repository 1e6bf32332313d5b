import Foundation
import Glibc

extension FaultWorkload {
  /// A log that goes on while the config becomes another one, by a reload, and another one again: with other scores, then with
  /// other rules only.
  static func reconfigured(hour: Int64) -> FaultWorkload {
    var writer = LineWriter(hour: hour)
    var steps: [Step] = []
    func append(_ text: String) {
      steps.append(
        Step(lines: writer.count) {
          try $0.append(text)
          return true
        })
    }
    func reload(_ config: @escaping @Sendable (Workspace) -> String) {
      steps.append(
        Step(lines: writer.count, needsDaemon: true) { place in
          // As editors do: a daemon that starts at this moment reads all of the old text or all of the new one.
          rename(try place.write("kizashi.yaml.new", config(place)), place.config)
          let reload = try Child(["reload", "--config", place.config], in: place, name: "reload")
          return await reload.ended() == 0
        })
    }

    append(writer.history("acme", days: 20) + writer.history("beta", days: 3))
    append(writer.seats("beta", 12) + writer.burst(["acme", "gamma"], of: 8))
    reload { following($0) + scores }
    append(writer.seats("acme", 15) + writer.burst(["beta", "delta"], of: 9))
    reload { following($0).replacing("above: 10,", with: "above: 11,") + scores }
    append(writer.seats("beta", 1) + writer.burst(["gamma"], of: 5))
    return FaultWorkload(name: "another config", config: following, steps: steps)
  }

  private static let scores = """
    measures:
      seats: {metric: {attribute: seats}, grade: {points: [[0, 0], [20, 100]]}}
      use: {metric: {count: {feature: any, window: 24h}}, grade: {points: [[0, 0], [10, 100]]}}
    scorecards: {other: {min_coverage: 0.1, dimensions: {all: {weight: 1, measures: {seats: 1, use: 2}}}}}

    """
}
