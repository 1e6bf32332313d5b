import Foundation
import Glibc
import KizashiConfig
import KizashiCore
import Testing

@testable import KizashiDaemon

/// What properties of events come to, from the lines of a file to what a person reads.
@Suite struct `Sums from a file to a page` {
  private static let more = """
    measures:
      spent: {metric: {sum: {feature: order, property: amount, window: 24h}}, grade: {points: [[0, 0], [100, 100]]}}
      spent_by_pros: {metric: {sum: {feature: order, where: {plan: pro}, property: amount, window: 24h}}, grade: {points: [[0, 0], [100, 100]]}}
    scorecards:
      standard: {dimensions: {money: {weight: 1, measures: {spent: 1, spent_by_pros: 1}}}}
    """

  private func line(_ at: Int64, _ amount: String, plan: String = "pro", more: String = "") -> String {
    #"{"timestamp":\#(at),"account":"acme","event":"order","properties":{"plan":"\#(plan)","amount":\#(amount)}\#(more)}"#
      + "\n"
  }

  private let values = "SELECT measure, value, grade FROM measures WHERE account = 'acme' ORDER BY measure"
  private let amounts = """
    SELECT e.name, replace(e.conditions, char(31), '|'), p.name, m.high, m.low
    FROM amount m JOIN event_name e ON e.id = m.event JOIN property_name p ON p.id = m.property ORDER BY m.event
    """

  @Test func `a property is added up from the reload on, also in a file that is being read`() async throws {
    let place = try Workspace()
    _ = try place.configure("features: {order: {events: order}}")
    try place.append("")
    let daemon = try Child.daemon(place)
    let now = presentMilliseconds()
    try place.append(line(now, "50"))
    let first = await eventually { place.lines == 1 }
    #expect(first, "\(daemon.errorText)")

    _ = try place.configure(Self.more)
    let reloaded = try await Child.run(["reload", "--config", place.config], in: place)
    #expect(reloaded.status == 0, "\(reloaded.errors)")
    try place.append(
      line(now, "19.995") + line(now, "\"-0.0000005\"") + line(now, "0.5", plan: "free", more: ",\"count\":3"))
    try place.append(line(now, "1e13"))
    let second = await eventually { place.lines == 5 }
    #expect(second, "\(daemon.errorText)")
    #expect(
      try place.rows(amounts)
        == [["order", "plan|pro|", "amount", "0", "19995000"], ["order", "", "amount", "0", "1500000"]].sorted {
          $0[1] < $1[1]
        })
    #expect(try place.rows("SELECT reason FROM quarantine") == [["bad_type"]])
    // Until it has been added up through all of the window, nobody can say.
    #expect(try place.rows(values) == [["spent", "-", "-"], ["spent_by_pros", "-", "-"]])
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0, "\(daemon.errorText)")
    let verified = try await Child.run(["verify", "--config", place.config], in: place)
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")

    // Replayed into a new store, all of it is read.
    let store = place.file("again.db")
    let replayed = try await Child.run(["replay", "--config", place.config, "--db", store, place.log], in: place)
    #expect(replayed.status == 0, "\(replayed.errors)")
    #expect(try place.rows(values, in: store) == [["spent", "71.495", "71.5"], ["spent_by_pros", "69.995", "70.0"]])
    let page = try await Child.run(["account", "acme", "--config", place.config, "--db", store], in: place)
    #expect(page.output.contains("71.495"), "\(page.output)")
    #expect(page.output.contains("sum of amount, order where plan is pro, 24h"), "\(page.output)")
  }

  @Test func `a backtest adds up what was stored, and knows what was not`() async throws {
    let place = try Workspace()
    let start: Int64 = 1_771_545_600_000
    var lines = ""
    for day in 0..<40 {
      let at = start + Int64(day) * 86_400_000
      // Every tenth day much is spent, in parts, by different people and kinds of order.
      for part in 0..<3 {
        let amount = day % 10 == 9 ? "33.333333" : "\"1.5\""
        lines += line(
          at + Int64(part) * 600_000, amount, plan: part == 0 ? "free" : "pro", more: ",\"user\":\"u\(part)\"")
      }
    }
    lines += line(start + 41 * 86_400_000, "0.000001")
    try place.write("events.ndjson", lines)
    let rules = """
      rules:
        much: {kind: threshold, metric: {sum: {feature: order, property: amount, window: 2h}}, above: 99.999998}
        more: {kind: threshold, metric: {sum: {feature: order, property: amount, window: 2h}}, above: 99.999999}
        pros: {kind: threshold, metric: {sum: {where: {plan: pro}, property: amount, window: 2h}}, above: 60}
      """
    let configuration = try place.configure(rules)
    _ = try await Replay.run(
      ReplayRequest(configuration: configuration, storePath: place.store, inputs: [place.log]))
    #expect(
      try place.rows("SELECT rule, count(*) FROM alerts GROUP BY rule ORDER BY rule") == [
        ["much", "4"], ["pros", "4"],
      ])
    let report = try Backtest.run(BacktestRequest(configuration: configuration, storePath: place.store))
    #expect(
      report.rules.map { "\($0.rule) \($0.comparison.both) \($0.comparison.onlyNew) \($0.comparison.onlyStored)" } == [
        "much 4 0 0", "more 0 0 0", "pros 4 0 0",
      ])

    // What was never read is missing, and not nothing.
    let other = try place.configure(
      """
      rules:
        much: {kind: threshold, metric: {sum: {feature: order, property: amount, window: 2h}}, below: 2}
        cheap: {kind: threshold, metric: {sum: {feature: order, property: cost, window: 2h}}, below: 2}
        few: {kind: threshold, metric: {count: {feature: order, where: {plan: free}, window: 2h}}, below: 2}
      """)
    let unread = try Backtest.run(BacktestRequest(configuration: other, storePath: place.store))
    for rule in ["cheap", "few"] { #expect(unread.rules.first { $0.rule == rule }?.comparison.onlyNew == 0, "\(rule)") }
    #expect(unread.rules.first { $0.rule == "much" }?.comparison.onlyNew ?? 0 > 0)
    #expect(
      unread.new.unread == [
        BacktestReport.Unread(property: "plan", value: "free"), BacktestReport.Unread(property: "cost"),
      ])
    #expect(unread.old?.unread == [])
    // Read from now on, and not what windows of a later period reach back to.
    _ = try await Replay.run(ReplayRequest(configuration: other, storePath: place.store, inputs: []))
    var request = BacktestRequest(configuration: other, storePath: place.store)
    let later = try Backtest.run(request).new.unread
    #expect(
      later.map(\.since) == [
        Instant(milliseconds: start + 41 * 86_400_000), Instant(milliseconds: start + 41 * 86_400_000),
      ])
    request.from = later.first?.since
    #expect(try Backtest.run(request).new.unread == later)
  }
}
