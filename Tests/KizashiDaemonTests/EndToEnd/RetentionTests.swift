import KizashiConfig
import KizashiCore
import KizashiStore
import Testing

@testable import KizashiDaemon

/// Usage expires, and nobody who looks at windows, scores, changes or alerts can tell.
@Suite struct `Retention from a file to the views` {
  /// 2023-02-20T00:00:00Z: all of the log is past.
  private static let start: Int64 = 1_676_851_200_000

  /// Lines of some 600 days. None is so far ahead that those that follow come too late, and in the second half nobody uses the
  /// api: when it was last used is soon told by a trace alone.
  private func lines(seed: UInt64) -> (lines: [String], last: Int64) {
    var maker = LogMaker(seed: seed, from: Self.start, pace: 18 * 3_600_000)
    var last = Self.start
    let lines = maker.lines(700).enumerated().filter { place, line in
      if place > 350 && line.contains("api.get") { return false }
      guard case .event(let event) = PlainLine(line, latestAcceptable: .max) else { return true }
      guard event.at < last + 100 * 86_400_000 else { return false }
      last = max(last, event.at)
      return true
    }
    return (lines.map(\.element), last)
  }

  private static func more(_ weight: Int, _ rule: String) -> String {
    """
    windows: [24h, 7d]
    features:
      reports: {events: ["report.*"], core: true}
    milestones:
      exported: {event: report.exported, at_least: 5, value: true, due: 30d}
    measures:
      last: {metric: {days_since_last: {feature: core}}, grade: {points: [[0, 100], [90, 0]]}}
      last_api: {metric: {days_since_last: {feature: api.get}}, grade: {points: [[0, 100], [400, 0]]}, missing: zero}
      weekly: {metric: {trend: {of: {count: {feature: any, window: 7d}}, floor: 3, min_volume: 2}}, grade: {points: [[-1, 0], [0, 80], [1, 100]]}, missing: neutral}
      spent: {metric: {sum: {feature: any, property: amount, window: 7d}}, grade: {points: [[-1000, 0], [20000, 100]]}}
    scorecards:
      standard: {min_coverage: 0.2, dimensions: {usage: {weight: 1, measures: {last: \(weight), last_api: 20, weekly: 30, spent: 20}}}}
    rules:
      quiet: {kind: silence, feature: core, after: 6d}
      dropped: {kind: drop, by: 10, within: 7d}
      late: {kind: overdue, milestone: exported}
      \(rule)
    """
  }

  /// Two replays, the second under another config: what is recomputed then is recomputed from what is left.
  private func fill(_ retention: String, _ lines: [String], until: Int64, rule: String) async throws -> (
    place: Workspace, configuration: Configuration, expiredBefore: Instant?
  ) {
    let place = try Workspace()
    var configuration: Configuration?
    var expiredBefore: Instant?
    for (part, weight, until) in [(lines.prefix(lines.count / 2), 30, nil), (lines[...], 60, until)] {
      try place.write("events.ndjson", part.joined(separator: "\n") + "\n")
      var text = "version: 1\n\(Self.more(weight, rule))\n"
      text += "store: {path: \(place.store), retention: \(retention)}\n"
      text += "sources: [{id: app, kind: file, paths: [\(place.path)/events*.ndjson]}]\n"
      try place.write("kizashi.yaml", text)
      let loaded = try Configuration.load(path: place.config)
      let summary = try await Replay.run(
        ReplayRequest(
          configuration: loaded, storePath: place.store, inputs: [place.log],
          until: until.map(Instant.init(milliseconds:))))
      (configuration, expiredBefore) = (loaded, summary.expiredBefore)
    }
    return (place, try #require(configuration), expiredBefore)
  }

  /// What is kept for how long, and a rule that has to be kept it for.
  struct Keeping: Sendable {
    var seed: UInt64
    var days: Int64
    var rule = ""
  }
  private static let keepings = [
    Keeping(seed: 31, days: 60), Keeping(seed: 32, days: 60), Keeping(seed: 33, days: 75),
    // A weekday's usual level is judged anew under another config, from what is left: only that may differ.
    Keeping(seed: 34, days: 210, rule: "shifted: {kind: shift, feature: any, direction: both}"),
  ]

  @Test(arguments: keepings) func `changes usage_daily and nothing else`(_ keeping: Keeping) async throws {
    let seed = keeping.seed
    let (lines, last) = lines(seed: seed)
    let until = last + 50 * 86_400_000
    let (kept, keepingAll, nothing) = try await fill("never", lines, until: until, rule: keeping.rule)
    let (expired, expiring, expiredBefore) = try await fill("\(keeping.days)d", lines, until: until, rule: keeping.rule)

    #expect(nothing == nil)
    let keptFrom = try #require(expired.number("SELECT kept_hour * 3600000 FROM store_state"))
    #expect(expiredBefore == Instant(milliseconds: Int64(keptFrom)))

    let results = CanonicalDump.results.map {
      $0.hasSuffix("alerts")
        ? $0 + " WHERE rule <> 'shifted'"
        : $0.hasSuffix("changes") ? $0 + " WHERE NOT (kind = 'rule' AND subject LIKE 'shifted%')" : $0
    }
    let (before, after) = (try CanonicalDump.of(kept, results), try CanonicalDump.of(expired, results))
    #expect(after == before, "seed \(seed)\n\(CanonicalDump.differences(after, before))")
    let milestones = "SELECT * FROM milestones ORDER BY account"
    #expect(try expired.rows(milestones) == kept.rows(milestones), "seed \(seed)")
    let day = try #require(
      try kept.rows("SELECT strftime('%Y-%m-%d', now_ms / 1000 - \(keeping.days) * 86400, 'unixepoch') FROM meta")
        .first?.first)
    let daily = "SELECT * FROM usage_daily WHERE day >= '\(day)' ORDER BY account, feature, day"
    #expect(try expired.rows("SELECT * FROM usage_daily ORDER BY account, feature, day") == kept.rows(daily))
    #expect(try kept.rows("SELECT 1 FROM usage_daily WHERE day < '\(day)'").count > 100)

    for (place, configuration) in [(kept, keepingAll), (expired, expiring)] {
      let report = try await Verify.run(storePath: place.store, configuration: configuration)
      #expect(report.differences == [], "seed \(seed)")
      #expect(place.number(CanonicalDump.adrift) == 0, "seed \(seed)")
    }
    let facts = "SELECT count(*) FROM fact WHERE events > 0"
    #expect(try #require(expired.number(facts)) * 3 < #require(kept.number(facts)), "seed \(seed): little is gone")
  }
}
