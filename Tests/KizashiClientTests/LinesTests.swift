import Foundation
import KizashiClient
import TestSupport
import Testing

/// A client whose daemon never answers: it holds lines until its buffer is full.
@Suite struct `Many lines at once` {
  private static let seed =
    ProcessInfo.processInfo.environment["KIZASHI_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...UInt64.max)

  private func client(_ whenFull: ClientOptions.WhenFull, bytes: Int = 300) throws -> KizashiClient {
    var options = ClientOptions(socketPath: "/nowhere/e.sock", producer: "p")
    options.bufferBytes = bytes
    options.whenFull = whenFull
    return try KizashiClient(options)
  }

  private func figures(_ client: KizashiClient) -> [Int64] { [client.status.accepted, client.status.dropped] }

  @Test(arguments: 0..<30)
  func `are taken, held back and dropped like one after the other`(_ round: Int) throws {
    let seed = Self.seed &+ UInt64(round)
    let note = Comment(rawValue: "KIZASHI_SEED=\(seed)")
    var random = SeededGenerator(seed: seed)
    let policy = [ClientOptions.WhenFull.wait, .dropNewest, .dropOldest][round % 3]
    let (together, oneByOne) = (try client(policy), try client(policy))
    defer { together.close() }
    defer { oneByOne.close() }
    for _ in 0..<20 {
      let lines = (0..<Int.random(in: 0...6, using: &random)).map { _ in
        [UInt8](repeating: 0x78, count: Int.random(in: 0...60, using: &random))
      }
      // Half a line at the end is not taken, whatever the room.
      let rest = [UInt8](repeating: 0x79, count: Int.random(in: 0...3, using: &random))
      var bytes = 0
      for line in lines {
        guard try oneByOne.offer(line) else { break }
        bytes += line.count + 1
      }
      #expect(try together.offer(lines: lines.flatMap { $0 + [0x0a] } + rest) == bytes, note)
      #expect(figures(together) == figures(oneByOne), note)
    }
  }

  @Test func `stop before one that is longer than the buffer, and the next call says so`() async throws {
    let client = try client(.wait)
    defer { client.close() }
    let long = String(repeating: "x", count: 300)
    let lines = "a\nb\n\(long)\nc\n"
    #expect(try client.offer(lines: lines.utf8) == 4)
    #expect(throws: ClientError.badLine("it has 300 bytes and the buffer 300")) {
      try client.offer(lines: lines.utf8.dropFirst(4))
    }
    await #expect(throws: ClientError.badLine("it has 300 bytes and the buffer 300")) {
      try await client.send(lines: lines.utf8)
    }
    #expect(client.status.accepted == 4)
  }

  @Test func `must end with a line feed to be sent`() async throws {
    let client = try client(.wait)
    defer { client.close() }
    await #expect(throws: ClientError.badLine("the last one has no line feed")) {
      try await client.send(lines: "a\nb".utf8)
    }
    #expect(client.status.accepted == 0)
    try await client.send(lines: "".utf8)
    // What has no bytes in one piece is taken too.
    try await client.send(lines: ["a", "b"].lazy.flatMap { $0.utf8 + [0x0a] })
    #expect(client.status.accepted == 2)
  }

  @Test func `wait for nothing any more once the client is closed`() async throws {
    let client = try client(.wait, bytes: 2)
    let waiting = Task { try await client.send(lines: "a\nb\n".utf8) }
    while client.status.accepted == 0 { await Task.yield() }
    client.close()
    await #expect(throws: ClientError.closed) { try await waiting.value }
  }
}
