import Foundation
import KizashiCore
import KizashiDecode
import TestSupport
import Testing

/// Lines spoiled in every way. `KIZASHI_FUZZ` says which seeds (`FIRST-LAST`, or one); `scripts/sanitize --only fuzz` does the same with the
/// C++ alone, led by what the input reaches.
@Suite struct `Any line` {
  static let seeds = TestSupport.seeds(ProcessInfo.processInfo.environment["KIZASHI_FUZZ"], otherwise: 1...15)

  private static let words = [
    #""account":"#, #""event":"#, #""timestamp":"#, #""user":"#, #""count":"#, #""type":"group""#, #""attributes":{"#,
    "null",
    "1e400", "-0", "9223372036854775808", "18446744073709551616", "0.1e-999", "NaN", #"\ud800"#, #"\u0000"#, "[", "{",
    "}", "]",
    ",", ":", "\"", "\\", #""2026-02-30T25:61:61Z""#, #"{"batch":["#, #""$groups":{"company":"#, "true",
  ]

  private static let lines: [(SourceFormat, String)] = [
    (.kizashi, #"{"timestamp":"2026-01-02T03:04:05Z","account":"a","event":"login","user":"u","id":"i","count":3}"#),
    (
      .kizashi,
      #"{"type":"group","timestamp":1767323045123,"account":"a","attributes":{"plan":"pro","seats":5,"x":null,"y":{"z":[1]}}}"#
    ),
    (
      .segment,
      #"{"type":"track","event":"E","userId":"u","messageId":"m","timestamp":"2026-01-02T03:04:05Z","context":{"groupId":"g"}}"#
    ),
    (
      .posthog(groupType: "company"),
      #"{"event":"$pageview","distinct_id":"u","uuid":"1","timestamp":"2026-01-02T03:04:05.5+09:00","properties":{"$groups":{"company":"c"}}}"#
    ),
    (
      .cloudevents(user: "/data/user", accountAttribute: nil),
      #"{"specversion":"1.0","type":"login","source":"/app","id":"1","time":"2026-01-02T03:04:05Z","subject":"a","data":{"account":"a"}}"#
    ),
  ]

  /// What Foundation, too, holds for JSON.
  private static func isJSON(_ line: [UInt8]) -> Bool {
    (try? JSONSerialization.jsonObject(with: Data(line), options: .fragmentsAllowed)) != nil
  }

  @Test(arguments: seeds)
  func `is counted or refused, and leaves its neighbours alone`(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    let spoil = Mutation(words: Self.words)
    for (format, line) in Self.lines {
      let decoder = LineDecoder(options: reading(format))
      let good = Array(line.utf8) + [0x0a]
      for _ in 0..<60 {
        var batch = EventBatch()
        let bad = spoil(Array(line.utf8), &chance) + [0x0a]
        let neighbour = decoder.rows(good, receivedAt: 1, batch: &batch).map(\.meaning)
        let alone = decoder.rows(bad, atStreamStart: false, receivedAt: 1, batch: &batch)
        let among = decoder.rows(good + bad + good, receivedAt: 1, batch: &batch).map(\.meaning)
        #expect(
          among == neighbour + alone.map(\.meaning) + neighbour,
          "seed \(seed), \(format): \(String(decoding: bad, as: UTF8.self))"
        )
        for row in alone where row.kind != .refused {
          #expect(row.reason == nil)
          // PostHog's clients write NaN, which no other reader of JSON takes.
          let mayHaveNaN = if case .posthog = format { true } else { false }
          let isValid = mayHaveNaN || Self.isJSON(row.line)
          #expect(isValid, "seed \(seed): counted, yet no JSON: \(String(decoding: row.line, as: UTF8.self))")
        }
        for row in alone where row.kind == .refused { #expect(row.reason != nil) }
      }
    }
  }
}
