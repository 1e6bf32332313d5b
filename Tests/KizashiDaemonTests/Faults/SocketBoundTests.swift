import Foundation
import Glibc
import KizashiClient
import Testing

/// What producers cannot make the daemon do, whatever they send: grow, stall, or lose a neighbour's line. Small here,
/// in full size where `KIZASHI_SOAK=1`.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SocketBoundTests {
  private static let isFull = ProcessInfo.processInfo.environment["KIZASHI_SOAK"] == "1"
  /// What it may grow by, in KiB.
  private static let room = 64 << 10

  private let place: Workspace
  private let daemon: Child
  private var socketPath: String { place.file("e.sock") }

  init() async throws {
    place = try Workspace()
    try place.write(
      "kizashi.yaml",
      """
      version: 1
      store: {path: \(place.store)}
      sources:
        - {id: sock, kind: unix, path: \(place.file("e.sock"))}
      """)
    daemon = try Child.daemon(place)
    #expect(await daemon.started(), "\(daemon.errorText)")
  }

  private func client(_ name: String) throws -> KizashiClient {
    try KizashiClient(ClientOptions(socketPath: socketPath, producer: name))
  }

  private func line(_ number: Int) -> String {
    #"{"timestamp":\#(presentMilliseconds()),"account":"good","user":"u\#(number % 9)","event":"e"}"#
  }

  private func stop() async throws {
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0, "\(daemon.errorText)")
  }

  @Test func `a line that never ends costs no memory, and is one refused line when it does`() async throws {
    let idle = daemon.memory.now
    let good = try client("good")
    let total: Int64 = (Self.isFull ? 1 << 30 : 96 << 20)
    let socket = try #require(connection(to: socketPath))
    let most = await withCheckedContinuation { (done: CheckedContinuation<Int, Never>) in
      Thread.detachNewThread {
        let block = [UInt8](repeating: 0x78, count: 1 << 20)
        var sent: Int64 = 0
        var most = 0
        while sent < total {
          let count = send(socket, block, block.count, Int32(MSG_NOSIGNAL))
          guard count > 0 else { break }
          sent += Int64(count)
          if sent % (16 << 20) < Int64(count) { most = max(most, daemon.memory.now) }
        }
        done.resume(returning: most)
      }
    }
    #expect(most - idle < Self.room, "\(idle) to \(most) KiB")
    for number in 0..<50 { try await good.send(line(number)) }
    try await good.flush()
    #expect(send(socket, "\n", 1, Int32(MSG_NOSIGNAL)) == 1)
    close(socket)
    good.close()
    let isRefused = await eventually {
      place.number("SELECT lines FROM refusals WHERE source = 'sock' AND reason = 'oversize'") == 1
    }
    #expect(isRefused)
    #expect(place.number("SELECT sum(events) FROM fact") == 50)
    try await stop()
  }

  @Test func `a thousand idle and two hundred crawling connections do not slow a good producer`() async throws {
    let idle = daemon.memory.now
    let good = try client("good")
    try await good.send(line(0))
    try await good.flush()
    // More than there may be: the daemon closes those beyond its limit.
    var sockets: [Int32] = []
    defer { for socket in sockets { close(socket) } }
    for _ in 0..<1200 {
      if let socket = connection(to: socketPath) { sockets.append(socket) }
    }
    #expect(sockets.count > 1000)
    let crawling = sockets.prefix(200)
    let pace = ContinuousClock.now
    for number in 1...400 {
      for socket in crawling where number % 20 == 0 { _ = send(socket, "{", 1, Int32(MSG_NOSIGNAL)) }
      try await good.send(line(number))
      if number % 40 == 0 { try await good.flush() }
    }
    try await good.flush()
    let took = ContinuousClock.now - pace
    #expect(took < .seconds(60), "\(took)")
    #expect(daemon.memory.now - idle < Self.room)
    #expect(place.number("SELECT sum(events) FROM fact") == 401)
    good.close()
    #expect(daemon.errorText.contains("256 are open already"))
    try await stop()
  }

  @Test func `poison of every kind harms only itself`() async throws {
    let good = try client("good")
    let bad = try client("bad")
    let poison = [
      "", "\u{0}", "{", "[1]", "null", "{}", #"{"account":1e400}"#, "{\"account\":\"\\ud800\"}", "\u{feff}{}",
      String(repeating: "[", count: 100_000), String(repeating: "x", count: 1 << 20),
      "{" + (0..<10_000).map { "\"k\($0)\":1" }.joined(separator: ",") + "}",
      #"{"account":"a","account":"b"}"#, #"{"timestamp":"9999-99-99","account":"a","event":"e"}"#, "\r",
      "%s%n%x", "'; DROP TABLE fact; --", "$(reboot)", "\u{1b}[2J\u{9b}31m",
    ]
    for round in 0..<5 {
      for (number, text) in poison.enumerated() {
        try await bad.send(text)
        try await good.send(line(round * 100 + number))
      }
    }
    try await bad.flush()
    try await good.flush()
    #expect(place.number("SELECT sum(events) FROM fact") == Int64(5 * poison.count))
    let refused = bad.status.refused
    // Blank lines are lines and nothing to refuse.
    #expect(refused == Int64(5 * (poison.count - 2)), "\(refused)")
    #expect(bad.status.acknowledged == Int64(5 * poison.count))
    // What the operator reads of it is escaped.
    let listed = try await Child.run(["quarantine", "list", "--config", place.config], in: place)
    #expect(!listed.output.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x9b })
    good.close()
    bad.close()
    try await stop()
  }
}
