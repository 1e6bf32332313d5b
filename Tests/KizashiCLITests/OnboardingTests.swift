import Foundation
import KizashiConfig
import KizashiCore
import KizashiDaemon
import Testing

@testable import kizashi

/// What a person sees of an onboarding: time to value, what is due, options of a product, and other definitions of phases.
@Suite struct OnboardingTests {
  private static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  private let folder = FileManager.default.temporaryDirectory.appending(path: "kizashi-onboarding-\(UUID().uuidString)")
  private let config = OnboardingTests.repository.appending(path: "config/examples/onboarding.yaml").path

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  /// A store of one of the stories of the example, up to a day of it.
  private func store(_ name: String, config: String? = nil, until: String) throws -> String {
    let stories = Self.repository.appending(path: "config/examples/scenarios/onboarding.yaml").path
    let scenario = try #require(
      try ScenarioFile.load(path: stories, config: nil).scenarios.first { $0.name.hasPrefix(name) })
    let end = try #require(CivilDate.parse(until)).number
    let lines = scenario.lines.filter { $0.arrives.milliseconds < Int64(end) * 86_400_000 }
    try lines.map { $0.content.line + "\n" }.joined()
      .write(to: folder.appending(path: "lines.ndjson"), atomically: true, encoding: .utf8)
    let store = folder.appending(path: "o.db").path
    _ = try run(
      ["replay", "--config", config ?? self.config, "--db", store, "--until", until, "lines.ndjson"])
    return store
  }

  private func run(_ arguments: [String]) throws -> String {
    let outcome = try Program.run(arguments, in: folder.path)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return outcome.output
  }

  private func milestones(_ store: String) throws -> [String] {
    let page = try run(["account", "acme", "--config", config, "--db", store]).split(
      separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(page.firstIndex { $0.hasPrefix("MILESTONES") })
    return page[start...].prefix { !$0.isEmpty }.map(String.init)
  }

  @Test func `the page says how long it took until the customer had value, of each product that has such milestones`()
    throws
  {
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(
      try milestones(store("value after nine days", until: "2026-01-11")) == [
        "MILESTONES  1 of 2 reached  ·  no value yet, after 6 days",
        "  first_report  open, due 2026-01-19", "  team_invited  reached 2026-01-07, after 2 days",
      ])
    #expect(
      try milestones(store("value after nine days", until: "2026-04-18")) == [
        "MILESTONES  2 of 3 reached  ·  time to value 9 days  ·  no value of analytics yet, after 2 days",
        "  first_dashboard  open, due 2026-04-25", "  first_report     reached 2026-01-14, after 9 days",
        "  team_invited     reached 2026-01-07, after 2 days",
      ])
    #expect(
      try milestones(store("value after nine days", until: "2026-05-18")) == [
        "MILESTONES  3 of 3 reached  ·  time to value 9 days  ·  time to value of analytics 6 days",
        "  first_dashboard  reached 2026-04-21, after 6 days", "  first_report     reached 2026-01-14, after 9 days",
        "  team_invited     reached 2026-01-07, after 2 days",
      ])
  }

  @Test func `what is overdue says since when, and what belongs to an option that was given back is not asked for`()
    throws
  {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try store("an option that nobody takes up", until: "2026-04-01")
    #expect(try milestones(store).contains("  first_dashboard  overdue since 2026-03-16"))
    let alerts = try run(["alerts", "--db", store, "--rule", "dashboard-overdue"])
    #expect(alerts.contains("first_dashboard was due on 2026-03-16 and is not reached"))
    let after = try self.store("an option that nobody takes up", until: "2026-07-01")
    #expect(try milestones(after)[0] == "MILESTONES  2 of 2 reached  ·  time to value 3 days")
    let resolved = try run(["alerts", "--db", after, "--rule", "dashboard-overdue"])
    #expect(resolved.contains("resolved") && resolved.contains("2026-06-04 08:00"))
  }

  @Test func `phases that are defined anew move accounts, say so, and open nothing`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try store("value after nine days", until: "2026-02-01")
    let text = try String(contentsOfFile: config, encoding: .utf8)
    let stricter = text.replacing(
      "{milestone.first_report: false, tenure: {below: 90d}}", with: "{tenure: {below: 90d}}")
    #expect(stricter != text)
    try stricter.write(to: folder.appending(path: "v2.yaml"), atomically: true, encoding: .utf8)
    try "".write(to: folder.appending(path: "none.ndjson"), atomically: true, encoding: .utf8)
    let outcome = try Program.run(["replay", "--config", "v2.yaml", "--db", store, "none.ndjson"], in: folder.path)
    #expect(outcome.status == 0 && (outcome.output + outcome.errors).contains("0 alerts opened"))
    let changes = try run(["changes", "--db", store, "--account", "acme", "--kind", "phase"]).split(separator: "\n")
    #expect(
      changes.map { $0.split(separator: "  ").last } == [
        "phase onboarding → adoption", "phase adoption → onboarding, because the configuration changed",
      ])
  }
}
