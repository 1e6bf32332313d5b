import Foundation
import Glibc

extension FaultWorkload {
  /// A producer whose lines are acknowledged: it sends what the daemon says it does not have, and counts on what it says.
  static func acknowledged(hour: Int64) -> FaultWorkload {
    var writer = LineWriter(hour: hour)
    var parts: [String] = [writer.history("acme", days: 12) + writer.history("beta", days: 6)]
    // Lines without ids: what is sent twice counts twice, if it is counted twice.
    parts.append(writer.burst(["acme", "beta", "gamma"], of: 9) + writer.seats("acme", 12))
    parts.append(
      writer.raw("{no json") + writer.event("acme", "event-1", id: "a") + writer.event("acme", "event-1", id: "a")
        + writer.raw(#"{"account":"x"}"#) + writer.burst(["gamma"], of: 7))
    parts.append(writer.seats("acme", 2) + writer.burst(["delta", "acme"], of: 8))
    var lines: [String] = []
    let steps = parts.map { part in
      lines += part.split(separator: "\n").map(String.init)
      let all = lines
      return Step(lines: Int64(all.count), needsDaemon: true) { try await AcknowledgedSender(place: $0).send(all) }
    }
    return FaultWorkload(
      name: "acknowledged socket",
      config: { place in
        """
        version: 1
        business: {timezone: UTC}
        store: {path: \(place.store)}
        sources:
          - {id: app, kind: unix, path: \(place.file("e.sock"))}
        \(rules(place))

        """
      }, steps: steps)
  }
}

/// The producer's side of the protocol, by hand, one connection at a time.
struct AcknowledgedSender {
  let place: Workspace

  /// Sends those of the lines that the daemon does not have; true: it has acknowledged them all, and has them.
  ///
  /// Throws if it forgets a line it has acknowledged.
  func send(_ lines: [String]) async throws -> Bool {
    guard let socket = connection(to: place.file("e.sock")) else { return false }
    defer { close(socket) }
    var replies = Replies(socket: socket)
    guard write(#"{"$hello":1,"producer":"p","ack":true}"#, to: socket), let hello = await replies.next(),
      let committed = hello["committed"] as? Int
    else { return false }
    let log = place.file("acknowledged")
    let before = Int((readText(log) ?? "0").split(separator: "\n").last ?? "0") ?? 0
    guard committed >= before else {
      throw FaultSweepError(description: "\(before) lines were acknowledged, and \(committed) are stored")
    }
    for line in lines.dropFirst(committed) {
      guard write(line, to: socket) else { return false }
    }
    var acknowledged = committed
    while acknowledged < lines.count {
      guard let reply = await replies.next() else { return false }
      acknowledged = reply["$ack"] as? Int ?? acknowledged
      try place.write("acknowledged", "\(acknowledged)\n")
    }
    return true
  }

  private func write(_ line: String, to socket: Int32) -> Bool {
    let bytes = Array((line + "\n").utf8)
    return Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
  }

  /// Lines from the daemon.
  private struct Replies {
    let socket: Int32
    private var rest: [UInt8] = []

    init(socket: Int32) { self.socket = socket }

    /// The next one; nil: the daemon closed the connection, or says nothing for a while: then it is asked again.
    mutating func next() async -> [String: Any]? {
      while true {
        if let end = rest.firstIndex(of: 0x0a) {
          let line = Data(rest[..<end])
          rest.removeFirst(end + 1)
          return try? JSONSerialization.jsonObject(with: line) as? [String: Any]
        }
        var room = [UInt8](repeating: 0, count: 4096)
        var count = 0
        let socket = socket
        let answered = await eventually(within: .milliseconds(500)) {
          count = recv(socket, &room, 4096, Int32(MSG_DONTWAIT))
          return count >= 0 || errno != EAGAIN
        }
        guard answered, count > 0 else { return nil }
        rest += room[..<count]
      }
    }
  }
}
