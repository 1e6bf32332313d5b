import Foundation
import Testing

/// A rule that tells of a first time, over a change of config.
@Suite struct `A feature that comes into use` {
  private static func line(_ account: String, day: Int) -> String {
    let time = Date(timeIntervalSince1970: 1_767_225_600 + Double(day) * 86_400).ISO8601Format()
    return #"{"timestamp":"\#(time)","account":"\#(account)","event":"report.created"}"# + "\n"
  }

  @Test func `before its rule was there never opens it, and later once`() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "kizashi-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    func write(_ name: String, _ text: String) throws -> String {
      try text.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
      return "\(directory)/\(name)"
    }
    let without = """
      version: 1
      store: {path: kizashi.db}
      sources: [{id: app, kind: file, paths: [none]}]
      features: {reports: {events: [report.*]}}

      """
    let before = try write("before.yaml", without)
    let rule = "rules: {used: {kind: adopted, feature: reports, days: 3}}\n"
    let after = try write("after.yaml", without + rule)
    let changed = try write("changed.yaml", without + rule + "bands: {journal_step: 4}\n")
    // The old account stops for longer than the window, and begins again with the new one; then both once more, behind another
    // change of the config at which neither uses it.
    let first = try write("first.ndjson", (0..<3).map { Self.line("old", day: $0) }.joined())
    let both = { (days: [Int]) in days.map { Self.line("old", day: $0) + Self.line("new", day: $0) }.joined() }
    let second = try write("second.ndjson", both([45, 46, 47]))
    let pause = try write("pause.ndjson", Self.line("third", day: 85))
    let last = try write("last.ndjson", both([90, 91, 92]))
    for (config, file) in [(before, first), (after, second), (after, pause), (changed, last)] {
      #expect(try Program.run(["replay", "--config", config, file]).status == 0)
    }
    let alerts = try Program.run(["alerts", "--config", changed, "--format", "ndjson"]).output
    let rows = try alerts.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(rows.map { $0["account"] as? String } == ["new"])
    #expect(rows.map { $0["reason"] as? String } == ["reports came into use: on 3 days of the last 28d"])
  }
}
