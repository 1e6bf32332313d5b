import Foundation
import Synchronization
import Testing

@testable import KizashiIngest

/// Runs blocking calls on a thread of their own: the pool has two on a small machine, and the sink needs one.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
  await withCheckedContinuation { continuation in
    Thread.detachNewThread { continuation.resume(returning: body()) }
  }
}

/// A producer's end of a connection.
final class Producer: Sendable {
  let descriptor: Int32

  init(_ path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard Producer.connect(descriptor, path) == 0 else { throw Errno(errno) }
  }

  deinit { Foundation.close(descriptor) }

  static func connect(_ descriptor: Int32, _ path: String) -> Int32 {
    withAddress(path) { Glibc.connect(descriptor, $0, $1) }
  }

  static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  func close() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Whether the other side has closed.
  func isRefused() async -> Bool {
    await blocking { [self] in
      var byte: UInt8 = 0
      // A reset, where something was sent that nobody read.
      return recv(descriptor, &byte, 1, 0) <= 0
    }
  }
}

@Suite struct `A Unix socket source` {
  let scratch: Scratch
  let sink = RecordingSink()
  var path: String { scratch["events.sock"] }

  init() throws { scratch = try Scratch() }

  private func serving(
    mode: UInt32 = 0o660, allowed: Set<UInt32> = [], inherited: Int32? = nil, maxConnections: Int = 256,
    _ body: () async throws -> Void
  ) async throws {
    let source = try UnixSocketSource(
      id: "sock", path: path, mode: mode, allowedUIDs: allowed, inherited: inherited, maxConnections: maxConnections,
      epoch: "t0")
    try await source.listen()
    let running = Task { try await source.run(sink: sink) }
    do {
      try await body()
    } catch {
      running.cancel()
      throw error
    }
    running.cancel()
    try await running.value
  }

  private func refusals() async -> Int { await sink.count { if case .connectionRefused = $0 { true } else { false } } }

  @Test func `takes lines, the last one unended too`() async throws {
    try await serving {
      let producer = try Producer(path)
      producer.send("one\ntw")
      await sink.wait("the first line") { $0.isDrained && $0.lines == ["one"] }
      producer.send("o\nthree")
      producer.close()
      await sink.wait("the rest") { $0.lines == ["one", "two", "three"] }
      await sink.wait("the end") { $0.events.contains { if case .connectionClosed = $0.kind { true } else { false } } }
    }
    #expect(await sink.stored.map(\.key) == ["sock@t0#1"])
    #expect(await sink.stored.map(\.lines) == [2])
    #expect(await sink.stored.map(\.offset) == [13])
  }

  @Test func `ends at whatever moment it is cancelled`() async throws {
    for round in 0..<400 {
      let source = try UnixSocketSource(id: "sock", path: path, epoch: "t0")
      try await source.listen()
      let hasEnded = Mutex(false)
      let running = Task {
        try await source.run(sink: sink)
        hasEnded.withLock { $0 = true }
      }
      // From before its first look to its sleep.
      for _ in 0..<round % 40 { await Task.yield() }
      running.cancel()
      let deadline = ContinuousClock.now + .seconds(20)
      while !hasEnded.withLock({ $0 }), ContinuousClock.now < deadline { await Task.yield() }
      try #require(hasEnded.withLock { $0 }, "round \(round): it sleeps")
    }
  }

  @Test func `lines of several producers never mix`() async throws {
    try await serving {
      await withTaskGroup { group in
        for number in 1...20 {
          group.addTask { [path] in
            await blocking {
              guard let producer = try? Producer(path) else { return }
              for line in 1...200 {
                let bytes = Array("producer \(number) line \(line)\n".utf8)
                producer.send(Array(bytes.prefix(7)))
                producer.send(Array(bytes.dropFirst(7)))
              }
            }
          }
        }
      }
      await sink.wait("all lines") { $0.lines.count == 4_000 }
    }
    #expect(await Set(sink.lines).count == 4_000)
    #expect(await sink.positions.count == 20)
    for (_, bytes) in await sink.bytes {
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      #expect(lines.count == 200)
      #expect(Set(lines.map { $0.split(separator: " ")[1] }).count == 1)
    }
  }

  @Test func `is never connectable with wider rights and removes its file at the end`() async throws {
    try await serving(mode: 0o640) {
      let facts = try FileFacts.at(BytePath(path)).get()
      #expect(facts.type == UInt32(S_IFSOCK))
      var status = stat()
      #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
      #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["events.sock"])
    }
    #expect(!scratch.exists("events.sock"))
  }

  @Test func `replaces a socket nobody listens at`() async throws {
    let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #expect(Producer.withAddress(path) { bind(dead, $0, $1) } == 0)
    close(dead)
    #expect(scratch.exists("events.sock"))
    try await serving {
      try Producer(path).send("one\n")
      await sink.wait("the line") { $0.lines == ["one"] }
    }
  }

  @Test func `respects one somebody listens at`() async throws {
    try await serving {
      let second = try UnixSocketSource(id: "sock", path: path, epoch: "t1")
      let error = await #expect(throws: IngestError.self) { try await second.listen() }
      #expect(error?.kind == .inUse)
      try Producer(path).send("one\n")
      await sink.wait("the line at the first") { $0.lines == ["one"] }
    }
  }

  @Test func `leaves anything else at its path untouched`() async throws {
    scratch.append("events.sock", "precious")
    let source = try UnixSocketSource(id: "sock", path: path, epoch: "t0")
    let error = await #expect(throws: IngestError.self) { try await source.listen() }
    #expect(error?.kind == .notASocket)
    #expect(error?.description.contains("regular file") == true)
    #expect(String(decoding: scratch.read("events.sock"), as: UTF8.self) == "precious")
  }

  @Test func `says so when it cannot bind`() async throws {
    for (path, reason) in [
      (scratch["none/events.sock"], "No such file"), (scratch[String(repeating: "x", count: 120)], "too long"),
    ] {
      let source = try UnixSocketSource(id: "sock", path: path, epoch: "t0")
      let error = await #expect(throws: IngestError.self) { try await source.listen() }
      #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }
  }

  @Test func `lets in only whom it is told to`() async throws {
    try await serving(allowed: [geteuid() + 1]) {
      let producer = try Producer(path)
      producer.send("one\n")
      #expect(await producer.isRefused())
      await sink.wait("the report") { $0.events.count == 1 }
    }
    #expect(await refusals() == 1)
    try await serving(allowed: [geteuid()]) {
      try Producer(path).send("one\n")
      await sink.wait("the line") { $0.lines == ["one"] }
    }
  }

  @Test func `closes connections beyond the limit and serves the others`() async throws {
    try await serving(maxConnections: 3) {
      let inside = try (1...3).map { _ in try Producer(path) }
      await sink.wait("three connections") { $0.events.count == 3 }
      let outside = try Producer(path)
      #expect(await outside.isRefused())
      for producer in inside { producer.send("line\n") }
      await sink.wait("their lines") { $0.lines.count == 3 }
      inside[0].close()
      await sink.wait("room") { $0.events.contains { if case .connectionClosed = $0.kind { true } else { false } } }
      try Producer(path).send("late\n")
      await sink.wait("the new one's line") { $0.lines.last == "late" }
    }
    #expect(await refusals() == 1)
  }

  @Test func `a line without end costs no memory and harms no neighbour`() async throws {
    try await serving {
      let (bad, good) = (try Producer(path), try Producer(path))
      let part = [UInt8](repeating: 0x61, count: 1 << 20)
      good.send("good\n")
      await blocking {
        for _ in 0..<32 { bad.send(part) }
        bad.send("\nafter\n")
      }
      await sink.wait("both") { Set($0.lines) == ["good", "after"] }
    }
    #expect(await sink.oversize.map(\.length) == [32 << 20])
    #expect(await sink.stored.map(\.lines).sorted() == [1, 2])
  }

  @Test func `back-pressure reaches the producer`() async throws {
    try await serving {
      await sink.shutGate()
      let producer = try Producer(path)
      producer.send("first\n")
      await sink.wait("a chunk at the gate") { $0.isHoldingAChunk || !$0.events.isEmpty }
      _ = fcntl(producer.descriptor, F_SETFL, O_NONBLOCK)
      var sent = 6
      let part = [UInt8](repeating: 0x62, count: 1023) + [0x0a]
      // The kernel's buffer fills, and nobody empties it.
      while sent < 64 << 20 {
        let count = send(producer.descriptor, part, part.count, Int32(MSG_NOSIGNAL))
        if count < 0 { break }
        sent += count
      }
      #expect(sent < 8 << 20)
      await sink.openGate()
      let total = sent
      producer.close()
      await sink.wait("all that was sent") { $0.positions.values.first?.offset == Int64(total) }
    }
  }

  @Test func `takes over a socket that listens already, and leaves its file`() async throws {
    let inherited = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #expect(Producer.withAddress(path) { bind(inherited, $0, $1) } == 0)
    #expect(listen(inherited, 16) == 0)
    let early = try Producer(path)
    early.send("before the daemon\n")
    try await serving(inherited: inherited) {
      await sink.wait("the line") { $0.lines == ["before the daemon"] }
    }
    #expect(scratch.exists("events.sock"))
  }

  @Test func `refuses inherited descriptors that are something else`() async throws {
    let file = open(scratch["file"], O_RDWR | O_CREAT, 0o600)
    defer { close(file) }
    let idle = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(idle) }
    let datagrams = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(datagrams) }
    for (descriptor, reason) in [(file, "no socket"), (idle, "does not listen"), (datagrams, "no stream socket")] {
      let source = try UnixSocketSource(id: "sock", path: path, inherited: descriptor, epoch: "t0")
      let error = await #expect(throws: IngestError.self) { try await source.listen() }
      #expect(error?.kind == .inherited && error?.reason.contains(reason) == true)
    }
  }

  @Test func `understands what systemd hands over`() {
    func parse(_ environment: [String: String]) -> [ActivatedSockets.Entry] {
      ActivatedSockets(environment: environment, pid: 42).entries
    }
    #expect(
      parse(["LISTEN_FDS": "2", "LISTEN_PID": "42", "LISTEN_FDNAMES": "http:events"]) == [
        .init(name: "http", descriptor: 3), .init(name: "events", descriptor: 4),
      ])
    #expect(parse(["LISTEN_FDS": "1", "LISTEN_PID": "42"]) == [.init(name: "unknown", descriptor: 3)])
    #expect(parse(["LISTEN_FDS": "1", "LISTEN_PID": "41"]) == [])
    #expect(parse(["LISTEN_FDS": "1"]) == [])
    #expect(parse(["LISTEN_FDS": "-1", "LISTEN_PID": "42"]) == [])
    #expect(parse(["LISTEN_FDS": "999999", "LISTEN_PID": "42"]) == [])
    #expect(parse([:]) == [])
  }
}
