import Foundation
import TestSupport
import Testing

@testable import KizashiClient

/// What the daemon does with one producer's bytes: whole lines are stored in order, acknowledgements follow at leisure, and
/// a broken connection takes the rest of a line with it.
private struct ModelDaemon {
  var stored: [String] = []
  private var part: [UInt8] = []

  mutating func take(_ bytes: some Collection<UInt8>) {
    for byte in bytes {
      if byte == 0x0a {
        stored.append(String(decoding: part, as: UTF8.self))
        part = []
      } else {
        part.append(byte)
      }
    }
  }

  mutating func disconnect() { part = [] }
}

extension SendWindow {
  fileprivate mutating func append(_ line: String) {
    var line = line
    line.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }
}

@Suite struct `The send window` {
  private static let seed =
    ProcessInfo.processInfo.environment["KIZASHI_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)

  @Test(arguments: 0..<200)
  func `whatever breaks and whenever, the daemon has each line once and in order`(_ round: Int) {
    var random = SeededGenerator(seed: Self.seed &+ UInt64(round))
    let note = Comment(rawValue: "KIZASHI_SEED=\(Self.seed &+ UInt64(round))")
    var daemon = ModelDaemon()
    // Lines of an earlier process under the same name.
    daemon.take(Array(repeating: "earlier\n", count: Int.random(in: 0...3, using: &random)).joined().utf8)
    let earlier = daemon.stored.count
    var window = SendWindow(limit: 200)
    var expected: [String] = []
    var connected = false
    var acknowledged = 0
    var dropped: Int64 = 0
    var number = 0

    func connect() {
      #expect(window.greeted(committed: Int64(daemon.stored.count)) == .resumed, note)
      acknowledged = daemon.stored.count
      connected = true
    }
    for _ in 0..<300 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4:
        number += 1
        let line = "line \(number) " + String(repeating: "x", count: Int.random(in: 0...40, using: &random))
        if !window.hasRoom(for: line.utf8.count + 1) {
          let before = window.lineCount
          let count = window.dropUnsent(toFit: line.utf8.count + 1)
          #expect(window.lineCount == before - Int(count), note)
          dropped += count
        }
        guard window.hasRoom(for: line.utf8.count + 1) else { continue }
        window.append(line)
        expected.append(line)
      case 4..<7 where connected && window.hasUnsent:
        let count = window.withUnsent { bytes in
          let count = Int.random(in: 1...bytes.count, using: &random)
          daemon.take(bytes.prefix(count))
          return count
        }
        window.sent(count)
      case 7 where connected && daemon.stored.count > acknowledged:
        acknowledged = Int.random(in: acknowledged + 1...daemon.stored.count, using: &random)
        #expect(window.acknowledge(Int64(acknowledged)) != nil, note)
      case 8 where connected:
        daemon.disconnect()
        window.disconnected()
        connected = false
      case 9 where !connected: connect()
      default: break
      }
    }
    if !connected { connect() }
    while window.hasUnsent {
      window.withUnsent { daemon.take($0) }
      window.sent(window.withUnsent { $0.count })
    }
    #expect(window.acknowledge(Int64(daemon.stored.count)) != nil, note)
    #expect(window.lineCount == 0 && window.byteCount == 0, note)

    let arrived = Array(daemon.stored.dropFirst(earlier))
    #expect(Set(arrived).count == arrived.count, note)
    #expect(arrived.count == expected.count - Int(dropped), note)
    // In order, and nothing that was never accepted: a subsequence.
    var rest = expected[...]
    for line in arrived {
      guard let place = rest.firstIndex(of: line) else {
        Issue.record("\(line) arrived out of order \(note)")
        break
      }
      rest = rest[(place + 1)...]
    }
  }

  @Test func `a daemon with fewer lines than it acknowledged has lost some, and says so`() {
    var window = SendWindow(limit: 1000)
    #expect(window.greeted(committed: 5) == .resumed)
    window.append("a")
    window.append("b")
    window.sent(window.byteCount)
    #expect(window.acknowledge(7) == 2)
    window.append("c")
    window.disconnected()
    // Its store was replaced by a backup.
    #expect(window.greeted(committed: 6) == .lost(1))
    #expect(window.withUnsent { String(decoding: $0, as: UTF8.self) } == "c\n")
    window.sent(2)
    #expect(window.acknowledge(7) == 1)
  }

  @Test func `a daemon with more lines than were sent hears of another process`() {
    var window = SendWindow(limit: 1000)
    _ = window.greeted(committed: 0)
    window.append("a")
    window.disconnected()
    #expect(window.greeted(committed: 3) == .nameInUse)
    #expect(window.acknowledge(9) == nil)
  }

  @Test func `lines that the daemon may have are not dropped`() {
    var window = SendWindow(limit: 8)
    _ = window.greeted(committed: 0)
    window.append("abc")
    window.append("def")
    window.sent(4)
    window.disconnected()
    // The first line may have arrived; the second was never sent.
    #expect(window.dropUnsent(toFit: 8) == 1)
    #expect(window.lineCount == 1)
    #expect(window.greeted(committed: 1) == .resumed)
    #expect(window.lineCount == 0)
  }
}

@Suite struct `Lines from the daemon` {
  @Test func `are understood, and those of a later protocol passed over`() {
    #expect(Reply(#"{"$hello":1,"committed":7}"#.utf8) == .hello(committed: 7))
    #expect(Reply(#"{"$ack":12}"#.utf8) == .acknowledged(12))
    #expect(Reply(#"{"$refused":3,"reason":"bad_json"}"#.utf8) == .refused(line: 3, reason: "bad_json"))
    #expect(Reply(#"{"$error":"no"}"#.utf8) == .error("no"))
    #expect(Reply(#"{"$later":1}"#.utf8) == .unknown)
    #expect(Reply("nonsense".utf8) == .unknown)
  }

  @Test func `a hello names the producer, whatever is in the name`() throws {
    let bytes = Reply.hello(producer: #"web "1" \ ü"#)
    #expect(bytes.last == 0x0a)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    #expect(object["producer"] as? String == #"web "1" \ ü"#)
    #expect(object["$hello"] as? Int == 1)
    #expect(object["ack"] as? Bool == true)
  }
}
