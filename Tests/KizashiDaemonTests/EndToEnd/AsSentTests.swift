import Foundation
import KizashiConfig
import KizashiCore
import Testing

@testable import KizashiDaemon

/// Values as producers send them, from the line to the views.
@Suite struct AsSentTests {
  private static let config = """
    measures:
      answers: {metric: {survey: {name: nps, agg: mean}}, grade: {points: [[0, 0], [10, 100]]}}
      promoters: {metric: {survey: {name: nps, agg: nps}}, grade: {points: [[-100, 0], [100, 100]]}}
      seats: {metric: {attribute: seats}, grade: {points: [[0, 0], [100, 100]]}}
      breadth: {metric: {features_used: {window: 28d}}, grade: {points: [[0, 0], [10, 100]]}}
    scorecards:
      standard:
        dimensions: {usage: {weight: 1, measures: {answers: 1, promoters: 1, seats: 1, breadth: 1}}}
    """

  private func replay(_ lines: [[UInt8]]) async throws -> Workspace {
    let place = try Workspace()
    let configuration = try place.configure(Self.config)
    try Data(lines.joined(separator: [0x0a])).write(to: URL(fileURLWithPath: place.log))
    _ = try await Replay.run(
      ReplayRequest(configuration: configuration, storePath: place.store, inputs: [place.log], until: nil))
    return place
  }

  private func line(_ rest: String, at hour: Int) -> [UInt8] {
    Array(#"{"timestamp":"2026-03-01T\#(hour < 10 ? "0" : "")\#(hour):00:00Z","account":"a",\#(rest)}"#.utf8)
  }

  private func value(_ measure: String, _ place: Workspace) throws -> [[String]] {
    try place.rows("SELECT value FROM measures WHERE measure = '\(measure)'")
  }

  @Test func `a survey's line stands for as many answers as it counts`() async throws {
    let place = try await replay([
      line(#""event":"survey.responded","count":3,"properties":{"survey":"nps","score":10}"#, at: 8),
      line(#""event":"survey.responded","properties":{"survey":"nps","score":0}"#, at: 9),
    ])
    #expect(try value("answers", place) == [["7.5"]])
    #expect(try value("promoters", place) == [["50.0"]])
    #expect(try place.rows("SELECT events, lines FROM sources WHERE lines > 0") == [["4", "2"]])
  }

  @Test func `numbers may have an exponent`() async throws {
    let place = try await replay([
      line(#""type":"group","traits":{"seats":1.5e1}"#, at: 8),
      line(#""event":"survey.responded","properties":{"survey":"nps","score":"95E-1"}"#, at: 9),
      line(#""event":"contract.started","properties":{"product":"p","mrr":1e3,"currency":"EUR"}"#, at: 10),
    ])
    #expect(try value("seats", place) == [["15.0"]])
    #expect(try value("answers", place) == [["9.5"]])
    #expect(try place.rows("SELECT mrr FROM contracts") == [["1000"]])
  }

  @Test func `an event that is called any or core is no feature of its own`() async throws {
    let place = try await replay([
      line(#""event":"core""#, at: 8), line(#""event":"any""#, at: 9), line(#""event":"open""#, at: 10),
    ])
    #expect(try value("breadth", place) == [["1.0"]])
    #expect(
      try place.rows("SELECT feature, events FROM usage_daily ORDER BY feature") == [
        ["any", "3"], ["core", "3"], ["open", "1"],
      ])
  }

  @Test(arguments: Feature.reservedWords) func `what begins with a reserved word is no usage`(word: String) async throws
  {
    let place = try await replay([line(#""user":"u","event":"\#(word)x""#, at: 8)])
    #expect(try place.rows("SELECT * FROM usage_daily") == [])
    #expect(try place.rows("SELECT * FROM users") == [])
    #expect(try place.rows("SELECT events FROM sources WHERE lines > 0") == [["1"]])
  }

  @Test func `a refused line that is no text shows as one`() async throws {
    let long = Array(#"{"a":""#.utf8) + [UInt8](repeating: 0x20, count: 1017) + Array("é\"".utf8)
    let place = try await replay([[0xff, 0x41], long, line(#""event":"open""#, at: 8)])
    let rows = try place.rows("SELECT typeof(sample), hex(sample) FROM quarantine ORDER BY offset")
    #expect(rows.map { $0[0] } == ["text", "text"])
    #expect(rows[0][1] == "EFBFBD41")
    // Cut amid a character.
    #expect(rows[1][1].hasSuffix("2020EFBFBD"))
  }

  @Test func `a heartbeat moves the watermark of its source, and no clock`() async throws {
    func heartbeat(_ at: String) -> [UInt8] { Array(#"{"type":"heartbeat","timestamp":"2026-03-\#(at)Z"}"#.utf8) }
    let place = try await replay([
      heartbeat("01T07:30:00"), line(#""event":"open""#, at: 8), heartbeat("02T08:00:00"),
      line(#""event":"open""#, at: 9), heartbeat("20T08:00:00"),
    ])
    #expect(try place.rows("SELECT now_at FROM meta") == [["2026-03-01T09:00:00.000Z"]])
    #expect(
      try place.rows("SELECT watermark_at, lines, events FROM sources WHERE lines > 0") == [
        ["2026-03-20T08:00:00.000Z", "5", "2"]
      ])
    // Nothing has expired: not even what was two weeks behind the watermark.
    #expect(try place.rows("SELECT events FROM feature_usage WHERE feature = 'any' AND window = '24h'") == [["2"]])
  }

  @Test func `what is wrong with an override comes where it belongs among the checks`() async throws {
    func override(_ at: String, _ properties: String, account: String = "a") -> [UInt8] {
      Array(#"{"timestamp":\#(at),"account":"\#(account)","event":"override.set","properties":\#(properties)}"#.utf8)
    }
    let badValue = #"{"kind":"score","value":101}"#
    let badUntil = #"{"kind":"score","value":50,"until":"soon"}"#
    let long = String(repeating: "x", count: 257)
    let place = try await replay([
      override(#""never""#, badValue), override(#""never""#, badUntil), override("0", badUntil, account: long),
      override("0", badValue, account: long), override("0", #"{"kind":"score","value":50}"#, account: long),
      override(#""never""#, badValue, account: ""), override("0", #"{"kind":"score","value":50}"#),
      override("0", badValue),
      line(#""event":"override.set","count":1099511627777,"properties":{"kind":"score","until":"soon"}"#, at: 8),
    ])
    #expect(
      try place.rows("SELECT reason FROM quarantine ORDER BY offset").flatMap { $0 } == [
        "bad_type", "bad_timestamp", "bad_timestamp", "bad_type", "too_long", "missing_field", "bad_type", "bad_type",
      ])
    #expect(try place.rows("SELECT events FROM sources WHERE lines > 0") == [["1"]])
  }

  @Test func `lines that are read again are said to be refused again where they are`() async throws {
    let place = try await replay([Array("{".utf8), Array("nothing".utf8), line(#""event":"open""#, at: 8)])
    let configuration = try Configuration.load(path: place.config)
    let reply = await Commands.perform(
      .quarantineRetry(source: nil, reason: nil), configuration: configuration, storePath: place.store)
    #expect(reply.exitCode == 0)
    #expect(reply.message == "2 lines read again, 2 refused again")
    #expect(try place.rows("SELECT sample FROM quarantine ORDER BY 1") == [["nothing"], ["{"]])
  }
}
