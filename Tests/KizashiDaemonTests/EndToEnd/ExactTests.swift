import Foundation
import KizashiConfig
import KizashiCore
import KizashiStore
import ReferenceModel
import Testing

@testable import KizashiDaemon

/// Lines in a real file, through the real replay into a real store, and out by SQL: each figure equals what the slow
/// model of the specification makes of the same lines, which are read here with nothing of kizashi's.
@Suite struct ExactTests {
  /// 2026-02-20T00:00:00Z; the sample runs through the summer-time change of Los Angeles.
  private static let start: Int64 = 1_771_545_600_000
  private static let more = """
    windows: [24h, 7d, 28d]
    features:
      reports: {events: ["report.*"], core: true}
      sessions: {events: [login]}
    measures:
      recency: {metric: {days_since_last: {feature: any}}, grade: {points: [[0, 100], [3, 60], [10, 0]]}}
      nps: {metric: {survey: {name: nps, agg: mean, window: 14d}}, grade: {points: [[0, 0], [10, 100]]}}
      seats: {metric: {ratio: [{distinct_users: {feature: any, window: 7d}}, {attribute: seats}]}, grade: {points: [[0, 0], [0.5, 100]]}}
      weekly: {metric: {trend: {of: {count: {feature: any, window: 7d}}, floor: 3, min_volume: 2}}, grade: {points: [[-1, 0], [0, 80], [1, 100]]}, missing: neutral}
      core_days: {metric: {active_days: {feature: core, window: 7d}}, grade: {bands: [[0, 0], [2, 50], [5, 100]]}}
      spent: {metric: {sum: {feature: reports, property: amount, window: 7d}}, grade: {points: [[-100.25, 0], [20000.5, 100]]}}
      spent_by_pros: {metric: {ratio: [{sum: {feature: any, where: {plan: pro}, property: amount, window: 7d}}, {sum: {property: amount, window: 7d}}]}, grade: {points: [[0, 0], [1, 100]]}, missing: zero}
      pro_days: {metric: {active_days: {feature: sessions, where: {plan: pro}, window: 7d}}, grade: {points: [[0, 0], [5, 100]]}}
    scorecards:
      standard:
        min_coverage: 0.3
        dimensions:
          usage: {weight: 60, measures: {recency: 30, weekly: 30, core_days: 20, spent: 20, spent_by_pros: 10, pro_days: 10}}
          voice: {weight: 40, measures: {nps: 10, seats: 20}}
    rules:
      dropped: {kind: drop, by: 15, within: 5d, for: 30m}
      quiet: {kind: silence, feature: core, after: 36h}
      turned: {kind: band_change, to: [red, yellow]}
      spending: {kind: trend, of: {sum: {property: amount, window: 24h}}, floor: 10, above: 0.5, clear: 0}
      busy: {kind: threshold, metric: {count: {feature: any, window: 24h}}, above: 8, clear: 4}
    """

  struct World: Sendable, CustomTestStringConvertible {
    var seed: UInt64
    var timezone: String
    var testDescription: String { "seed \(seed), \(timezone)" }
  }
  private static let worlds = [
    World(seed: 11, timezone: "UTC"), World(seed: 12, timezone: "Asia/Kolkata"),
    World(seed: 13, timezone: "America/Los_Angeles"), World(seed: 14, timezone: "Australia/Lord_Howe"),
  ]

  @Test(arguments: worlds) func `every figure in SQL is what the naive model computes`(_ world: World) async throws {
    let place = try Workspace()
    let configuration = try place.configure(Self.more, timezone: world.timezone)
    var maker = LogMaker(seed: world.seed, from: Self.start, pace: 3 * 3_600_000)
    let lines = maker.lines(160)
    try place.write("events.ndjson", lines.joined(separator: "\n"))
    let accepted: [Int64] = lines.compactMap { line in
      // A year ahead lie only lines that are to be refused.
      guard case .event(let event) = PlainLine(line, latestAcceptable: .max) else { return nil }
      return event.at < Self.start + 200 * 86_400_000 ? event.at : nil
    }
    let last = accepted.max() ?? 0
    let until = last + 60 * 3_600_000

    let summary = try await Replay.run(
      ReplayRequest(
        configuration: configuration, storePath: place.store, inputs: [place.log], until: Instant(milliseconds: until)))
    #expect(summary.lines == Int64(lines.count))

    var reference = ReferenceModel(model: configuration.model, sources: [SourceModel(name: "app")])
    reference.looksAtEveryHour = false
    var refused: [RefusalReason: Int64] = [:]
    for line in lines {
      switch PlainLine(line, latestAcceptable: until + 300_000) {
      case .event(let event): reference.apply(.event(event))
      case .refused(let reason): refused[reason, default: 0] += 1
      }
    }
    reference.apply(.settle(at: until))
    let expected = ExpectedRows(model: reference, configuration: configuration, refusedBefore: refused)
    for (what, sql, rows) in expected.tables {
      let found = Set(try place.rows(sql).map { $0.joined(separator: " | ") })
      let wanted = Set(rows)
      #expect(!wanted.isEmpty, "\(world.testDescription): \(what) shows nothing")
      #expect(
        found == wanted,
        "\(world.testDescription): \(what)\n\(CanonicalDump.differences(found.sorted(), wanted.sorted()))")
    }
    #expect(place.number(CanonicalDump.adrift) == 0, "\(world.testDescription)")
    #expect(!expected.changes.filter { $0.contains("[{") }.isEmpty, "no change was explained")

    let report = try await Verify.run(storePath: place.store, configuration: configuration)
    #expect(report.differences == [], "\(world.testDescription)")
    #expect(report.facts > 0 && report.measures > 0)

    // The same file again adds nothing.
    let before = try CanonicalDump.of(place)
    _ = try await Replay.run(
      ReplayRequest(
        configuration: configuration, storePath: place.store, inputs: [place.log], until: Instant(milliseconds: until)))
    #expect(try CanonicalDump.of(place) == before)
  }

  @Test(arguments: [
    "UPDATE fact SET events = events + 1 WHERE hour = (SELECT max(hour) FROM fact)",
    "DELETE FROM fact WHERE account = 0 AND hour = (SELECT max(hour) FROM fact WHERE account = 0)",
    "UPDATE measure SET grade = grade / 2 + 1 WHERE grade IS NOT NULL",
    "UPDATE account SET computed = computed + 1 WHERE id = 0",
    "UPDATE account SET score = score + 1 WHERE id = 0",
    "UPDATE account SET band = 'unknown' WHERE id = 1",
    "UPDATE account SET band = 'purple' WHERE id = 1",
    "UPDATE account SET phase = 'onboarding' WHERE id = 1",
    "UPDATE account SET touch = 'tech' WHERE id = 1",
    // One hundredth off the score of each of its days: see `ScoreDays`.
    "UPDATE score_days SET \((0..<8).map { "d\($0) = d\($0) - \(1 << 28)" }.joined(separator: ", ")) WHERE key = (SELECT max(key) FROM score_days)",
    "DELETE FROM measure WHERE grade IS NOT NULL",
    "UPDATE account SET last_ms = last_ms + 1 WHERE id = 0",
    "UPDATE amount SET low = low + 1000000 WHERE hour = (SELECT max(hour) FROM amount)",
    "UPDATE amount SET high = high - 1 WHERE hour = (SELECT max(hour) FROM amount)",
    "DELETE FROM amount WHERE account = 0 AND hour = (SELECT max(hour) FROM amount WHERE account = 0)",
    "UPDATE attribute SET value = 'silver' WHERE account = 0 AND name = 'tier'",
    "UPDATE attribute SET updated_ms = updated_ms - 1 WHERE account = 1 AND name = 'tier'",
    "DELETE FROM attribute WHERE account = 0 AND type = 0",
    "UPDATE user_account SET account = 1 - account",
    "DELETE FROM user_account",
  ]) func `verify finds what was changed behind the program's back`(_ sql: String) async throws {
    let place = try Workspace()
    let configuration = try place.configure(
      """
      measures:
        volume: {metric: {count: {feature: any, window: 28d}}, grade: {points: [[0, 0], [1000, 100]]}}
        spent: {metric: {sum: {property: amount, window: 28d}}, grade: {points: [[0, 0], [1000, 100]]}}
      """)
    var lines: [String] = []
    for n in 0..<60 {
      let at = UTC.text(Self.start + Int64(n) * 7_200_000)
      lines.append(#"{"timestamp":"\#(at)","account":"a\#(n % 2)","event":"e\#(n % 3)","properties":{"amount":2.5}}"#)
    }
    for n in 0..<2 {
      lines += [#","traits":{"tier":"gold","csm":"sato"}"#, #","traits":{"csm":null}"#].map {
        #"{"timestamp":"\#(UTC.text(Self.start))","type":"group","account":"a\#(n)","user":"u\#(n)"\#($0)}"#
      }
    }
    // A score that a person has set is no difference.
    lines.append(
      #"{"timestamp":"\#(UTC.text(Self.start + 59 * 7_200_000))","account":"a0","event":"override.set","properties":{"kind":"score","value":12.5,"until":"2999-01-01"}}"#
    )
    try place.write("events.ndjson", lines.joined(separator: "\n"))
    _ = try await Replay.run(
      ReplayRequest(configuration: configuration, storePath: place.store, inputs: [place.log]))
    #expect(try place.rows("SELECT score FROM accounts WHERE account = 'a0'") == [["12.5"]])
    #expect(try await Verify.run(storePath: place.store, configuration: configuration).differences == [])
    try place.corrupt(sql)
    #expect(try await !Verify.run(storePath: place.store, configuration: configuration).differences.isEmpty, "\(sql)")
  }
}
