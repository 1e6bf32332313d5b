import Foundation
import TestSupport
import Testing

@testable import KizashiConfig

/// Configs spoiled in every way. `KIZASHI_FUZZ` says which seeds (`FIRST-LAST`, or one).
@Suite struct `Any config` {
  static let seeds = TestSupport.seeds(ProcessInfo.processInfo.environment["KIZASHI_FUZZ"], otherwise: 1...10)

  private static let mutation = Mutation(words: [
    "sources:", "rules:", "measures:", "hooks:", "&a", "*a", "<<: *a", "!!binary", "- ", "? ", ": ", "{", "}", "[", "]",
    "|", ">", "---",
    "...", "\t", "~", "null", "1e400", "-9223372036854775809", "0x1f", "99999999999999999999d", "-1h", "${HOME}", "\"",
    "'", "#", "%YAML 9",
    // What YAML refuses as it is, it takes as an escape.
    #""\e[2J\a""#, #""\u202e": 1"#, #"["\r\n"]"#,
  ])

  @Test(arguments: seeds)
  func `is read, or every complaint names its place`(seed: UInt64) throws {
    var chance = SeededGenerator(seed: seed)
    for name in shippedConfigs {
      let whole = Array(try Data(contentsOf: repository.appending(path: "config/\(name)")))
      for _ in 0..<4 {
        let text = String(decoding: Self.mutation(whole, &chance), as: UTF8.self)
        do {
          let read = try parse(text)
          // What was understood can be written down and is understood again.
          #expect(try parse(read.canonicalText).fingerprint == read.fingerprint, "seed \(seed), \(name)")
        } catch ConfigurationError.problems(let problems) {
          let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.count
          #expect(!problems.isEmpty, "seed \(seed), \(name)")
          for problem in problems {
            #expect((0...lines + 1).contains(problem.line), "seed \(seed), \(name): \(problem)")
            #expect(!problem.message.isEmpty)
            let shown = problem.description
            let isPlain = shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f || $0 == "\n" }
            #expect(isPlain, "seed \(seed), \(name): unescaped: \(shown.debugDescription)")
          }
        }
      }
    }
  }
}
