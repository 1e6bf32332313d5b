import Glibc
import Logging
import KizashiStore
import Testing

@testable import KizashiDaemon

@Suite struct ControlSocketTests {
  let directory = TemporaryDirectory()
  let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private var path: String { directory.file("control.sock") }

  private func server(_ handler: @escaping ControlServer.Handler) throws -> ControlServer {
    try ControlServer(path: path, logger: logger, handler: handler)
  }

  private func ask(_ request: ControlRequest) async throws(ControlError) -> ControlReply {
    try await ControlClient.send(path: path, request: request, timeout: patience)
  }

  /// A connection that says exactly these bytes and gives what comes back until it closes.
  private func raw(_ bytes: String) async -> String {
    let path = path
    return await BlockingWork.run { Self.exchange(bytes, path) }
  }

  private static func exchange(_ bytes: String, _ path: String) -> String {
    guard let connection = try? ControlConnection.connect(to: path, deadline: .now + patience) else { return "no" }
    _ = send(connection.descriptor, bytes, bytes.utf8.count, CInt(MSG_NOSIGNAL))
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(connection.descriptor, &buffer, buffer.count, 0)
      if count < 0 && errno == EAGAIN {
        var request = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
        if poll(&request, 1, 300_000) == 0 { return "nothing" }
        continue
      }
      guard count > 0 else { break }
      answer.append(contentsOf: buffer[..<count])
    }
    return String(decoding: answer, as: UTF8.self)
  }

  @Test func `every request arrives as it was sent and its answer comes back`() async throws {
    let requests: [ControlRequest] = [
      .reload, .sourceRetire(id: "app"), .deliveriesRetry(ids: ["a:b:1:firing:p", "日本"]), .deliveriesDrop(ids: []),
      .quarantineRetry(source: "app", reason: "bad_json"), .quarantineRetry(source: nil, reason: nil),
      .hookTest(name: "pager"), .status,
      .snooze(SnoozeTarget(rule: "r", account: "a:b"), until: nil, length: 5, reason: "why", by: "me"),
      .snooze(SnoozeTarget(episode: "r:a:1"), until: 9, length: nil, reason: "", by: ""),
      .snoozeCancel(SnoozeTarget(account: "a")),
    ]
    let server = try server { request in
      ControlReply(exitCode: 78, message: "\(request)", details: ["line\n2"], values: ["k": "v"])
    }
    let run = Task { await server.run() }
    for request in requests {
      let reply = try await ask(request)
      #expect(reply == ControlReply(exitCode: 78, message: "\(request)", details: ["line\n2"], values: ["k": "v"]))
    }
    server.stop()
    await run.value
  }

  @Test func `the socket is for its owner only, and gone after a stop`() async throws {
    let server = try server { _ in ControlReply(message: "ok") }
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    let run = Task { await server.run() }
    _ = try await ask(.status)
    server.stop()
    await run.value
    #expect(access(path, F_OK) != 0)
  }

  @Test func `the wire is one line of JSON each way`() async throws {
    let server = try server { request in ControlReply(message: "\(request)") }
    let run = Task { await server.run() }
    #expect(
      await raw(#"{"do":"source.retire","source":"app"}"# + "\n")
        == #"{"details":[],"exitCode":0,"message":"sourceRetire(id: \"app\")","values":{}}"# + "\n")
    server.stop()
    await run.value
  }

  @Test func `what is not a request is answered so, and the next one works`() async throws {
    let server = try server { _ in ControlReply(message: "ok") }
    let run = Task { await server.run() }
    for bad in ["hello\n", "{}\n", #"{"do":"explode"}"# + "\n", #"{"do":"hook.test"}"# + "\n", "\n"] {
      let answer = await raw(bad)
      #expect(answer.contains("not understood") && answer.contains("\"exitCode\":64"), "\(bad): \(answer)")
    }
    #expect(try await ask(.status).message == "ok")
    server.stop()
    await run.value
  }

  @Test func `a stale socket is replaced`() async throws {
    // Bound and closed without being removed: what kill −9 leaves.
    let dead = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    let (address, length) = try #require(SocketAddress.unix(path))
    withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = bind(dead, $0, length) }
    }
    close(dead)
    #expect(access(path, F_OK) == 0)
    let server = try server { _ in ControlReply(message: "new") }
    let run = Task { await server.run() }
    #expect(try await ask(.status).message == "new")
    server.stop()
    await run.value
  }

  @Test func `a live socket is respected`() async throws {
    let server = try server { _ in ControlReply(message: "first") }
    #expect(throws: ControlError.inUse(path: path)) { try self.server { _ in ControlReply(message: "second") } }
    let run = Task { await server.run() }
    #expect(try await ask(.status).message == "first")
    server.stop()
    await run.value
  }

  @Test func `a file in the way is left alone`() throws {
    directory.write("control.sock", "precious")
    #expect(throws: ControlError.notASocket(path: path)) { try server { _ in ControlReply(message: "") } }
    #expect(directory.read("control.sock") == "precious")
  }

  @Test func `a stopped server leaves the socket of its successor alone`() async throws {
    let first = try server { _ in ControlReply(message: "first") }
    unlink(path)
    let second = try server { _ in ControlReply(message: "second") }
    first.stop()
    await first.run()
    let run = Task { await second.run() }
    #expect(try await ask(.status).message == "second")
    second.stop()
    await run.value
  }

  @Test func `errors say what is wrong`() async throws {
    await #expect(throws: ControlError.noDaemon(path: path)) {
      try await ControlClient.send(path: path, request: .status)
    }
    let long = "/" + String(repeating: "x", count: 200)
    await #expect(throws: ControlError.badPath(long)) { try await ControlClient.send(path: long, request: .status) }
    // Nobody runs it: connections wait in the queue.
    let server = try server { _ in ControlReply(message: "") }
    await #expect(throws: ControlError.timedOut(path: path, doing: "to answer")) {
      try await ControlClient.send(path: path, request: .status, timeout: .milliseconds(50))
    }
    server.stop()
    await server.run()
  }

  @Test func `silent connections and slow answers do not hold up others`() async throws {
    let gate = AsyncStream<Void>.makeStream()
    let server = try server { request in
      if request == .reload { for await _ in gate.stream { break } }
      return ControlReply(message: "\(request)")
    }
    let run = Task { await server.run() }
    let silent = (0..<5).map { _ in try? ControlConnection.connect(to: path, deadline: .now + patience).descriptor }
    #expect(silent.count == 5)
    let slow = (0..<20).map { _ in Task { try await ask(.reload) } }
    #expect(try await ask(.status).message == "status")
    gate.continuation.finish()
    for task in slow { #expect(try await task.value.message == "reload") }
    server.stop()
    await run.value
  }

  @Test func `waiting for an answer blocks none of Swift's own threads`() async throws {
    let gate = AsyncStream<Void>.makeStream()
    let server = try server { _ in
      for await _ in gate.stream { break }
      return ControlReply(message: "late")
    }
    let run = Task { await server.run() }
    // Many more than there are cores: were each to hold a thread, the line after them would never run.
    let waiting = (0..<64).map { _ in Task { try await ask(.status) } }
    await Task.detached { await Task.yield() }.value
    gate.continuation.finish()
    for task in waiting { #expect(try await task.value.message == "late") }
    server.stop()
    await run.value
  }
}
