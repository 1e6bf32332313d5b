import Foundation
import KizashiConfig
import Testing

@testable import KizashiDaemon

/// An event of a user without an account is the account's that the last accepted `group` line of its source gave the user.
@Suite struct UserAccountTests {
  private static let day: Int64 = 1_771_545_600_000
  /// What each line is counted as; nil: refused.
  private static let lines: [(line: String, account: String?)] = [
    (#"{"timestamp":0,"event":"e","user":"u"}"#, nil),
    (#"{"timestamp":0,"type":"group","user":"u","account":"one"}"#, "one"),
    (#"{"timestamp":0,"event":"e","user":"u"}"#, "one"),
    (#"{"timestamp":0,"event":"e","user":"u","account":"own"}"#, "own"),
    (#"{"timestamp":0,"event":"e","user":"other"}"#, nil),
    // Refused by the decoder, and by the engine: neither teaches anything.
    (#"{"timestamp":"never","type":"group","user":"u","account":"two"}"#, nil),
    (#"{"timestamp":"2999-01-01T00:00:00Z","type":"group","user":"u","account":"three"}"#, nil),
    (#"{"timestamp":0,"event":"e","user":"u"}"#, "one"),
    // A repetition of an old line says nothing new.
    (#"{"timestamp":0,"type":"group","user":"v","account":"one","id":"g1"}"#, "one"),
    (#"{"timestamp":0,"type":"group","user":"v","account":"two","id":"g2"}"#, "two"),
    (#"{"timestamp":0,"type":"group","user":"v","account":"one","id":"g1"}"#, "-"),
    (#"{"timestamp":0,"event":"e","user":"v"}"#, "two"),
    (#"{"timestamp":0,"type":"group","user":7,"account":2}"#, "2"),
    (#"{"timestamp":0,"event":"survey.responded","user":"7","properties":{"survey":"nps","score":9}}"#, "2"),
    (#"{"timestamp":0,"event":"survey.responded","user":"8","properties":{"survey":"nps","score":9}}"#, nil),
    (#"{"timestamp":"never","event":"e","user":"nobody"}"#, nil),
  ]

  private func store(_ count: Int, _ restarts: Bool, in place: Workspace) async throws -> [String] {
    try place.write(
      "kizashi.yaml",
      """
      version: 1
      store: {path: \(place.store)}
      sources:
        - {id: app, kind: file, paths: [\(place.path)/events*.ndjson], remember_account: true}
      """)
    let configuration = try Configuration.load(path: place.config)
    try? FileManager.default.removeItem(atPath: place.log)
    for (line, _) in Self.lines.prefix(count) {
      try place.append(line.replacing("\"timestamp\":0", with: "\"timestamp\":\(Self.day)") + "\n")
      guard restarts else { continue }
      _ = try await Replay.run(
        ReplayRequest(configuration: configuration, storePath: place.store, inputs: [place.log]))
    }
    if !restarts {
      _ = try await Replay.run(
        ReplayRequest(configuration: configuration, storePath: place.store, inputs: [place.log]))
    }
    return try CanonicalDump.of(place)
  }

  @Test func `only what was accepted gives a user an account`() async throws {
    let place = try Workspace()
    _ = try await store(Self.lines.count, false, in: place)
    var expected: [String: Int] = [:]
    for (line, account) in Self.lines where line.contains("\"event\":\"e\"") {
      if let account { expected[account, default: 0] += 1 }
    }
    let rows = try place.rows(
      "SELECT a.name, sum(f.events) FROM fact f JOIN account_name a ON a.id = f.account GROUP BY 1")
    #expect(Dictionary(uniqueKeysWithValues: rows.map { ($0[0], Int($0[1]) ?? 0) }) == expected)
    #expect(
      try place.rows("SELECT reason, lines FROM refusals ORDER BY 1") == [
        ["bad_timestamp", "1"], ["future", "1"], ["missing_field", "4"],
      ])
    #expect(
      try place.rows("SELECT a.name FROM record r JOIN account_name a ON a.id = r.account WHERE r.event <> ''") == [
        ["2"]
      ])
  }

  @Test func `a restart after any line changes nothing`() async throws {
    let (once, often) = (try Workspace(), try Workspace())
    let (first, second) = (
      try await store(Self.lines.count, false, in: once), try await store(Self.lines.count, true, in: often)
    )
    #expect(first == second, "\(CanonicalDump.differences(first, second))")
  }
}
