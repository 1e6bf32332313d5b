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
}
