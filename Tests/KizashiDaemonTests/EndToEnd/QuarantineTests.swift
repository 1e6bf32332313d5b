import Foundation
import KizashiConfig
import KizashiStore
import Testing

@testable import KizashiDaemon

/// Refused lines that are read again.
@Suite struct QuarantineTests {
  /// A config that follows the log, with more to say of how it is read.
  private func configure(_ place: Workspace, _ more: String = "") throws -> KizashiConfig.Configuration {
    try place.write(
      "kizashi.yaml",
      """
      version: 1
      store: {path: \(place.store)}
      sources:
        - {id: app, kind: file, paths: [\(place.path)/events*.ndjson]\(more)}
      """)
    return try Configuration.load(path: place.config)
  }

  private func retry(_ place: Workspace, _ reason: String? = nil) async throws -> ControlReply {
    await Commands.perform(
      .quarantineRetry(source: nil, reason: reason), configuration: try Configuration.load(path: place.config),
      storePath: place.store)
  }

  private func counts(_ place: Workspace) throws -> [[String]] {
    try place.rows("SELECT lines, events, refused FROM sources WHERE source = 'app'")
  }

  private func naive(_ account: String, filler: Int = 0) -> String {
    let x = String(repeating: "x", count: filler)
    return #"{"timestamp":"2026-03-01T08:00:00","account":"\#(account)","event":"open","x":"\#(x)"}"#
  }

  @Test func `a line counts once, as what it was found to be last, and keeps its place`() async throws {
    let place = try Workspace()
    let good = #"{"timestamp":"2026-03-01T09:00:00Z","account":"a","event":"open"}"#
    let lines = [
      good, "{", naive("b"), naive("cut", filler: 66_000), naive("whole", filler: 65_536 - naive("whole").utf8.count),
      String(repeating: "y", count: (1 << 20) + 1), "[1]",
    ]
    let offsets = lines.indices.map { lines[..<$0].reduce(0) { $0 + $1.utf8.count + 1 } }
    try place.append(lines.joined(separator: "\n") + "\n")
    _ = try await Replay.run(
      ReplayRequest(configuration: configure(place), storePath: place.store, inputs: [place.log], until: nil))
    #expect(try counts(place) == [["7", "1", "6"]])
    let stored = "SELECT path, offset, reason, seen_at FROM quarantine ORDER BY offset"
    let before = try place.rows(stored)
    #expect(before.map { $0[1] } == offsets.dropFirst().map(String.init))

    _ = try configure(place, ", timezone: UTC")
    let reply = try await retry(place)
    #expect(reply.exitCode == 0)
    #expect(reply.message == "4 lines read again, 2 refused again; 2 cannot be read again and stay")
    let advice = "only its beginning is kept: take it from there and send it again"
    #expect(
      reply.details == [
        "app: \(place.log) byte \(offsets[3]): bad_timestamp; \(advice)",
        "app: \(place.log) byte \(offsets[5]): oversize; \(advice)",
      ])
    #expect(try counts(place) == [["7", "3", "4"]])
    #expect(
      try place.rows("SELECT reason, lines FROM refusals ORDER BY reason") == [
        ["bad_json", "1"], ["bad_timestamp", "1"], ["not_object", "1"], ["oversize", "1"],
      ])
    #expect(try place.rows(stored) == before.filter { !["\(offsets[2])", "\(offsets[4])"].contains($0[1]) })
    #expect(try place.rows("SELECT account FROM accounts ORDER BY 1") == [["a"], ["b"], ["whole"]])

    // Again: nothing changes any more, and the counts survive a restart.
    #expect(try await retry(place).message == "2 lines read again, 2 refused again; 2 cannot be read again and stay")
    #expect(try counts(place) == [["7", "3", "4"]])
    #expect(try place.rows(stored) == before.filter { !["\(offsets[2])", "\(offsets[4])"].contains($0[1]) })
    let onlyLong = try await retry(place, "oversize")
    #expect(onlyLong.exitCode == 1 && onlyLong.message == "0 lines read again; 1 cannot be read again and stays")
    #expect(try await retry(place, "late").message == "no such line is in quarantine")
  }

  @Test func `more lines than are held at once, and several events of one line, are each read once`() async throws {
    let place = try Workspace()
    let events = (0..<3).map { #"{"type":"track","timestamp":"never","event":"e","messageId":"m\#($0)"}"# }
    let many = (0..<Commands.linesAtOnce * 2 + 7).map { #"{"timestamp":"never","event":"e","messageId":"n\#($0)"}"# }
    try place.append(([#"{"batch":[\#(events.joined(separator: ","))]}"#] + many).joined(separator: "\n") + "\n")
    _ = try await Replay.run(
      ReplayRequest(
        configuration: configure(place, ", format: segment"), storePath: place.store, inputs: [place.log], until: nil))
    let count = many.count
    #expect(try counts(place) == [["\(count + 1)", "0", "\(count + 3)"]])
    let reply = try await retry(place)
    #expect(reply.message == "\(count + 3) lines read again, \(count + 3) refused again")
    #expect(try counts(place) == [["\(count + 1)", "0", "\(count + 3)"]])
    #expect(place.number("SELECT count(*) FROM quarantine") == Int64(count + 3))
    #expect(place.number("SELECT count(*) FROM quarantine WHERE offset = 0") == 3)
  }

  @Test func `a line whose source is gone from the config stays`() async throws {
    let place = try Workspace()
    try place.append(naive("b") + "\n")
    _ = try await Replay.run(
      ReplayRequest(configuration: configure(place), storePath: place.store, inputs: [place.log], until: nil))
    try place.write(
      "kizashi.yaml",
      "version: 1\nstore: {path: \(place.store)}\nsources:\n  - {id: other, kind: file, paths: [/none]}\n")
    let reply = try await retry(place)
    #expect(reply.exitCode == 1)
    let named = "app: \(place.log) byte 0: bad_timestamp; its source is not in the config"
    #expect(reply.details.first?.contains(named) == true, "\(reply)")
    #expect(place.number("SELECT count(*) FROM quarantine") == 1)
  }
}
