import Foundation
import TestSupport

/// Writes events for a while, in bursts and with pauses, so that there are commits of every size.
struct PowerCutProducer {
  private let place: Workspace
  private var random: SeededGenerator
  private var count = 0
  /// Everything written so far.
  private(set) var written: [UInt8] = []

  init(_ place: Workspace, seed: UInt64) {
    self.place = place
    random = SeededGenerator(seed: seed)
  }

  /// Writes until the moment comes.
  mutating func write(until moment: ContinuousClock.Instant) async throws {
    repeat {
      let text = lines(Int.random(in: 1...8, using: &random))
      written += Array(text.utf8)
      try place.append(text)
      // A producer that writes without a pause leaves the daemon nothing to commit alone.
      if count % 5 == 0 { try? await Task.sleep(for: .milliseconds(Int.random(in: 1...40, using: &random))) }
    } while ContinuousClock.now < moment
  }

  /// Four accounts at a time, for 400 lines: they come to the threshold of the rule `busy` at their beginning, so that most
  /// commits owe nothing and are not synced.
  private mutating func lines(_ number: Int) -> String {
    var text = ""
    for _ in 0..<number {
      let account = "acct-\(count / 400)-\(Int.random(in: 0..<4, using: &random))"
      text += #"{"timestamp":\#(presentMilliseconds()),"account":"\#(account)","user":"u","event":"e"}"# + "\n"
      count += 1
    }
    return text
  }
}
