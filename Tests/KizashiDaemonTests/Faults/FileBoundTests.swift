import Foundation
import Glibc
import Testing

/// What a file may hold without the daemon growing with it. Small here, in full size where `KIZASHI_SOAK=1`.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FileBoundTests {
  private static let isFull = ProcessInfo.processInfo.environment["KIZASHI_SOAK"] == "1"
  /// What it may grow by, in KiB.
  private static let room = 64 << 10

  /// Lets a daemon follow a log with two lines and `middle` between them; what it grew by at the most.
  private func growth(_ middle: (Workspace) throws -> Void) async throws -> Int {
    let place = try Workspace()
    _ = try place.configure()
    try place.append("")
    let daemon = try Child.daemon(place)
    #expect(await daemon.started(), "\(daemon.errorText)")
    let idle = daemon.memory.now
    try place.append(place.lines(0..<1))
    try middle(place)
    try place.append("\n" + place.lines(1..<2))
    let isRead = await eventually { place.offset == place.size }
    #expect(isRead, "\(place.offset) of \(place.size): \(daemon.errorText.suffix(1000))")
    let peak = daemon.memory.peak
    #expect(place.number("SELECT sum(events) FROM fact") == 2)
    #expect(place.number("SELECT lines FROM refusals WHERE reason = 'oversize'") == 1)
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0, "\(daemon.errorText)")
    return peak - idle
  }

  @Test func `a line of half a gigabyte is one refused line and costs no memory`() async throws {
    let megabytes = Self.isFull ? 500 : 120
    let grown = try await growth { place in
      let block = [UInt8](repeating: 0x78, count: 1 << 20)
      for _ in 0..<megabytes { try place.append(bytes: block[...]) }
    }
    #expect(grown < Self.room, "\(grown)")
  }

  @Test func `a hole of two gigabytes is one refused line and costs neither memory nor time`() async throws {
    let size: Int64 = Self.isFull ? 2 << 30 : 300 << 20
    let grown = try await growth { place in
      let descriptor = open(place.log, O_WRONLY | O_CLOEXEC)
      defer { close(descriptor) }
      #expect(ftruncate(descriptor, off_t(place.size + size)) == 0)
    }
    #expect(grown < Self.room, "\(grown)")
  }

  /// A line in bytes and what it is refused for; nil: it is a blank one.
  private static let poison: [(line: [UInt8], reason: String?)] = {
    let event = #"{"timestamp":0,"account":"p","event":"e","x":"#
    let keys = (0..<10_000).map { "\"k\($0)\":1" }.joined(separator: ",")
    let lines: [(String, String?)] = [
      (String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000), "bad_json"),
      (event + String(repeating: #"{"a":"#, count: 100_000) + "1" + String(repeating: "}", count: 100_001), "bad_json"),
      (event + "1e400}", "bad_json"), (event + #""\ud800"}"#, "bad_json"), ("\u{feff}" + event + "1}", "bad_json"),
      (event + "[0" + String(repeating: ",0.12345678901234567890123", count: 40_000) + ",1e400]}", "bad_json"),
      (String(repeating: "\0", count: 4096) + event + "1}", "bad_json"), ("{\(keys)}", "missing_field"),
      (#"{"a":1,"a":2,"timestamp":0}"#, "missing_field"), ("{}", "missing_field"), ("{}\r", "missing_field"),
      ("\r", nil), ("", nil), (event + "\"" + String(repeating: "y", count: 1 << 20) + "\"}", "oversize"),
    ]
    return lines.map { (Array($0.0.utf8), $0.1) } + [
      (Array((event + "\"").utf8) + [0xC3, 0x28, 0x22, 0x7D], "not_utf8")
    ]
  }()

  @Test func `poison of every kind harms only itself`() async throws {
    let place = try Workspace()
    _ = try place.configure()
    try place.append("")
    let daemon = try Child.daemon(place)
    #expect(await daemon.started(), "\(daemon.errorText)")
    // Between two lines each, and the carriage returns of another system behind every second one.
    for (number, poison) in Self.poison.enumerated() {
      let end = number.isMultiple(of: 2) ? "\n" : "\r\n"
      try place.append(place.lines(number..<number + 1).dropLast() + end)
      try place.append(bytes: poison.line[...])
      try place.append(end)
    }
    let isRead = await eventually { place.offset == place.size }
    #expect(isRead, "\(place.offset) of \(place.size): \(daemon.errorText.suffix(1000))")
    #expect(place.number("SELECT sum(events) FROM fact") == Int64(Self.poison.count))
    #expect(place.number("SELECT count(*) FROM account_name WHERE name = 'p'") == 0)
    for reason in ["bad_json", "missing_field", "oversize", "not_utf8"] {
      let expected = Self.poison.count { $0.reason == reason }
      #expect(place.number("SELECT lines FROM refusals WHERE reason = '\(reason)'") == Int64(expected), "\(reason)")
    }
    #expect(place.number("SELECT sum(lines) FROM refusals") == Int64(Self.poison.count { $0.reason != nil }))
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0, "\(daemon.errorText)")
  }
}
