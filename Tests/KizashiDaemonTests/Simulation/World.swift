import Foundation
import KizashiClient
import KizashiConfig
import KizashiCore
import KizashiIngest
import KizashiStore
import TestSupport

@testable import KizashiClient
@testable import KizashiDaemon
@testable import KizashiIngest

/// What outlives the daemon: files that producers write, producers that hold their lines, the disk, and the clock on the
/// wall. Everything in it follows from one seed.
struct World {
  /// A file of the followed source. A rotated one gets no more lines; its unended last line is its last line.
  struct LogFile {
    var key: String
    var bytes: [UInt8] = []
    var isRotated = false
  }

  /// A process that sends to the acknowledging socket. Its lines have no ids: what counts twice shows.
  struct Producer {
    var name: String
    var window = SendWindow(limit: 4000)
    /// Lines given to the window.
    var offered = 0
    /// Bytes sent and not yet read by the daemon; nil: not connected.
    var wire: [UInt8]?
  }

  var random: SeededGenerator
  /// The wall clock.
  var now: Int64
  var files = [LogFile(key: "log:0")]
  var producers = [Producer(name: "p0"), Producer(name: "p1")]
  /// Lines written to files, whole ones.
  private(set) var written = 0
  private var ids: [String] = []
  private var unended: ArraySlice<UInt8> = []

  /// A world that begins at an instant.
  init(seed: UInt64, at start: Int64) {
    random = SeededGenerator(seed: seed)
    now = start
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  /// An event line of about now; some come late, some twice, some cannot be counted.
  mutating func line(id: Bool) -> String {
    if id, chance(8), let again = ids.suffix(30).randomElement(using: &random) { return again }
    if chance(4) { return ["{bad", "[1]", #"{"account":"acme","event":"login"}"#][pick(0...2)] }
    var at = now
    if chance(15) { at -= Int64(pick(0...90)) * 60_000 }
    if chance(3) { at -= Int64(pick(1...40)) * 86_400_000 }
    if chance(2) { at += chance(50) ? 3_600_000 : 400 * 86_400_000 }
    if chance(15) { at = at / 3_600_000 * 3_600_000 }
    let account = ["acme", "acme", "beta", "株式会社", "delta"][pick(0...4)]
    if id, chance(12) { return #"{"timestamp":\#(at),"event":"login","user":"u\#(pick(0...3))"}"# }
    var line = #"{"timestamp":\#(at),"account":"\#(account)""#
    if chance(70) { line += #","user":"u\#(pick(0...3))""# }
    if id, chance(60) { line += #","id":"e-\#(ids.count)-\#(pick(0...9))""# }
    if chance(6) {
      line += #","type":"group","traits":{"seats":\#(pick(1...9))}}"#
    } else {
      line += #","event":"\#(["login", "login", "report.made", "api"][pick(0...3)])"}"#
    }
    if id { ids.append(line) }
    return line
  }

  /// Producers write to the newest file; a write may end anywhere in a line.
  mutating func write() {
    var text = Array(unended)
    for _ in 0..<pick(1...6) {
      text += Array((line(id: true) + "\n").utf8)
      written += 1
    }
    let cut = chance(30) ? pick(0...min(30, text.count)) : 0
    unended = text[(text.count - cut)...]
    files[files.count - 1].bytes += text[..<(text.count - cut)]
  }

  /// The newest file is moved away; its writer finishes its line first, or never.
  mutating func rotate() {
    if chance(70) {
      files[files.count - 1].bytes += unended
    } else if unended.last == 0x0a {
      // The line that lacks only its end is a whole line; one that was cut off counts as what stands there.
      unended = []
    }
    unended = []
    files[files.count - 1].isRotated = true
    files.append(LogFile(key: "log:\(files.count)"))
  }

  /// The writer ends the line it has begun.
  mutating func finishLine() {
    files[files.count - 1].bytes += unended
    unended = []
  }

  /// A producer is given a line and holds it.
  mutating func offer(_ index: Int) {
    let line = Array(line(id: false).utf8)
    guard producers[index].window.hasRoom(for: line.count + 1) else { return }
    line.withUnsafeBytes { producers[index].window.append($0) }
    producers[index].offered += 1
  }

  /// The kernel takes some of what a connected producer holds.
  mutating func transmit(_ index: Int) {
    guard producers[index].wire != nil, producers[index].window.hasUnsent else { return }
    let most = producers[index].window.withUnsent { $0.count }
    let count = pick(1...most)
    let bytes = producers[index].window.withUnsent { Array($0.prefix(count)) }
    producers[index].wire! += bytes
    producers[index].window.sent(count)
  }

  /// A connection breaks; what was on the wire is gone.
  mutating func disconnect(_ index: Int) {
    guard producers[index].wire != nil else { return }
    producers[index].wire = nil
    producers[index].window.disconnected()
  }
}
