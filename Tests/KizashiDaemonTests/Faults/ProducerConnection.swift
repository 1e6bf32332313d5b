import Foundation
import Glibc

@testable import KizashiDaemon

/// The producer's side of the acknowledging protocol, by hand: one connection of the producer `p` to `e.sock`.
///
/// The highest number the daemon has ever acknowledged stands in `acknowledged`, over connections and daemons, and every
/// hello is held to it.
struct ProducerConnection {
  private let place: Workspace
  private let socket: Int32
  private let longest: Duration
  private var rest: [UInt8] = []
  /// Lines of the producer the daemon has said to have.
  private(set) var acknowledged = 0

  private init(_ place: Workspace, _ socket: Int32, _ longest: Duration) {
    self.place = place
    self.socket = socket
    self.longest = longest
  }

  /// The highest number ever acknowledged.
  static func acknowledged(_ place: Workspace) -> Int {
    Int((readText(place.file("acknowledged")) ?? "0").split(separator: "\n").last ?? "0") ?? 0
  }

  /// Connects and is greeted; nil: nobody is there, or goes away.
  ///
  /// - Parameter longest: The longest the daemon may say nothing where something is expected of it.
  /// - Throws: if the daemon forgets a line it has acknowledged.
  static func open(_ place: Workspace, silence longest: Duration = patience) async throws -> ProducerConnection? {
    guard let socket = connection(to: place.file("e.sock")) else { return nil }
    var result = ProducerConnection(place, socket, longest)
    guard result.send([#"{"$hello":1,"producer":"p","ack":true}"#]), let hello = await result.next(),
      let committed = hello["committed"] as? Int
    else {
      result.close()
      return nil
    }
    let before = acknowledged(place)
    guard committed >= before else {
      result.close()
      throw FaultSweepError(description: "\(before) lines were acknowledged, and \(committed) are stored")
    }
    try result.note(committed)
    return result
  }

  func close() { Glibc.close(socket) }

  /// Sends lines, each in a write of its own; false: the daemon does not take them any more.
  func send(_ lines: some Sequence<String>) -> Bool {
    for line in lines {
      let bytes = Array((line + "\n").utf8)
      guard Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return false }
    }
    return true
  }

  /// Reads until so many lines are acknowledged; false: the daemon closed the connection, or says nothing for too long.
  mutating func wait(for lines: Int) async throws -> Bool {
    while acknowledged < lines {
      guard let reply = await next() else { return false }
      try note(reply)
    }
    return true
  }

  /// Takes note of what the daemon has said already, and waits for nothing.
  mutating func catchUp() throws {
    while receive() ?? 0 > 0 {}
    while let reply = heard() { try note(reply) }
  }

  private mutating func note(_ reply: [String: Any]) throws {
    if let number = reply["$ack"] as? Int { try note(number) }
  }

  private mutating func note(_ number: Int) throws {
    acknowledged = number
    try place.write("acknowledged", "\(number)\n")
  }

  /// The next reply; nil: the daemon closed the connection, or says nothing for too long.
  private mutating func next() async -> [String: Any]? {
    while true {
      if let reply = heard() { return reply }
      let (socket, longest) = (socket, longest)
      await BlockingWork.run {
        var look = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        _ = poll(&look, 1, CInt(longest / .milliseconds(1)))
      }
      guard let count = receive(), count > 0 else { return nil }
    }
  }

  /// The oldest reply that has arrived whole.
  private mutating func heard() -> [String: Any]? {
    guard let end = rest.firstIndex(of: 0x0a) else { return nil }
    let line = Data(rest[..<end])
    rest.removeFirst(end + 1)
    return try? JSONSerialization.jsonObject(with: line) as? [String: Any]
  }

  /// Bytes that have arrived now; 0: no more will; nil: none yet.
  private mutating func receive() -> Int? {
    var room = [UInt8](repeating: 0, count: 4096)
    let count = recv(socket, &room, room.count, Int32(MSG_DONTWAIT))
    if count < 0 && errno == EAGAIN { return nil }
    rest += room[..<max(count, 0)]
    return max(count, 0)
  }
}
