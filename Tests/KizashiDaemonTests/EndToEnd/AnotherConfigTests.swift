import KizashiConfig
import KizashiCore
import KizashiStore
import Testing

@testable import KizashiDaemon

/// A store that goes on under another config.
@Suite struct AnotherConfigTests {
  private static let low = "low: {kind: threshold, measure: x, below: 30}"
  private static let other = "other: {kind: threshold, measure: x, below: 10}"

  /// The grade is the attribute x, and there are these rules.
  private static func configure(_ place: Workspace, _ rules: String) throws -> KizashiConfig.Configuration {
    try place.configure(
      """
      measures: {x: {metric: {attribute: x}, grade: {points: [[0, 0], [100, 100]]}}}
      rules: {\(rules)}
      """)
  }

  @Test(arguments: [("", "firing 2026-01-05T06:30:00.000Z"), (", from: [green]", "")])
  func `a rule that waits goes on under another config where its condition is as before`(
    change: String, expected: String
  ) async throws {
    let place = try Workspace()
    let config = { (more: String, change: String) in
      try place.configure(
        """
        measures: {x: {metric: {attribute: x}, grade: {points: [[0, 0], [100, 100]]}}}
        scorecards: {s: {dimensions: {d: {weight: 1, measures: {x: 1}}}}}
        bands: {green: 70, yellow: 40, down_for: 0s\(more)}
        rules: {fell: {kind: band_change, to: [red], for: 5h\(change)}}
        """)
    }
    for (time, x) in [("01:00", 90), ("01:30", 10)] {
      try place.append(
        #"{"type":"group","timestamp":"2026-01-05T\#(time):00Z","account":"a","traits":{"x":\#(x)}}"# + "\n")
    }
    let replay = { (configuration: KizashiConfig.Configuration, until: Int64) async throws in
      _ = try await Replay.run(
        ReplayRequest(
          configuration: configuration, storePath: place.store, inputs: [place.log],
          until: Instant(milliseconds: until)))
    }
    let hour: Int64 = 3_600_000
    let day: Int64 = 1_767_571_200_000
    try await replay(config("", ""), day + 3 * hour)
    try await replay(config(", journal_step: 7", change), day + 20 * hour)
    #expect(try place.rows("SELECT state || ' ' || at FROM alerts").joined().joined() == expected)
    #expect(place.number("SELECT count(*) FROM config_versions") == 2)
  }

  @Test func `a rule that comes back after a config without it goes on counting its episodes`() async throws {
    let place = try Workspace()
    for (day, rule, x) in [
      (1, Self.low, [90, 20]), (2, Self.other, [90, 91]), (3, "\(Self.other), \(Self.low)", [92, 20, 90]),
    ] {
      for (hour, x) in x.enumerated() {
        try place.append(
          #"{"type":"group","timestamp":"2026-01-0\#(day)T0\#(hour):00:00Z","account":"a","traits":{"x":\#(x)}}"# + "\n"
        )
      }
      _ = try await Replay.run(
        ReplayRequest(configuration: Self.configure(place, rule), storePath: place.store, inputs: [place.log]))
    }
    #expect(
      try place.rows("SELECT alert_id, state, resolved_at FROM alerts ORDER BY at") == [
        ["low:a:1", "resolved", "2026-01-01T01:00:00.000Z"], ["low:a:2", "resolved", "2026-01-03T02:00:00.000Z"],
      ])
  }

  @Test func `one that was registered and never committed ends no episode of the rules that it has not`() async throws {
    let place = try Workspace()
    let replay = { (configuration: KizashiConfig.Configuration) async throws in
      _ = try await Replay.run(
        ReplayRequest(configuration: configuration, storePath: place.store, inputs: [place.log]))
    }
    func tell(_ hour: Int, _ x: Int) throws {
      try place.append(
        #"{"type":"group","timestamp":"2026-01-01T0\#(hour):00:00Z","account":"a","traits":{"x":\#(x)}}"# + "\n")
    }
    try tell(1, 20)
    try await replay(Self.configure(place, Self.low))
    let store = try Store(path: place.store, programVersion: "test")
    _ = try OpenedStore.prepare(
      store, Self.configure(place, Self.other), extraSources: [], suppression: .replay,
      now: Instant(milliseconds: 0))
    try store.close(clean: false)
    #expect(try place.rows("SELECT state FROM alerts") == [["firing"]])
    try tell(2, 90)
    try await replay(Self.configure(place, Self.low))
    #expect(try place.rows("SELECT state, resolved_at FROM alerts") == [["resolved", "2026-01-01T02:00:00.000Z"]])
  }

  @Test func `one that was registered and then had no time to compute anything is computed by the next start`()
    async throws
  {
    var dumps: [[String]] = []
    for diesThere in [false, true] {
      let place = try Workspace()
      let configure = { (more: String) in
        try place.configure(
          """
          measures: {x: {metric: {attribute: x}, grade: {points: [[0, 0], [100, 100]]}}\(more)}
          rules: {low: {kind: threshold, measure: x, below: 30, for: 1d}}
          """)
      }
      let other = ", y: {metric: {count: {feature: any, window: 24h}}, grade: {points: [[0, 0], [9, 100]]}}"
      for (day, more) in [(1, ""), (2, other)] {
        let configuration = try configure(more)
        if day == 2, diesThere {
          let store = try Store(path: place.store, programVersion: "test")
          _ = try OpenedStore.prepare(
            store, configuration, extraSources: [], suppression: .replay, now: Instant(milliseconds: 0))
          try store.close(clean: false)
        }
        for account in ["a", "b"] {
          try place.append(
            #"{"type":"group","timestamp":"2026-01-0\#(day)T00:00:00Z","account":"\#(account)","traits":{"x":2\#(day)}}"#
              + "\n")
        }
        _ = try await Replay.run(
          ReplayRequest(configuration: configuration, storePath: place.store, inputs: [place.log]))
      }
      dumps.append(try StoreDump.of(place))
    }
    #expect(dumps[0] == dumps[1])
    #expect(dumps[0].contains { $0.hasPrefix("alert |") })
  }
}
