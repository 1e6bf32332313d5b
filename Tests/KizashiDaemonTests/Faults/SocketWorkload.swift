import Foundation

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
      // A daemon that met a fault may be silent for ever: it is asked again.
      return Step(lines: Int64(all.count), needsDaemon: true) {
        try await AcknowledgedSender(place: $0, silence: .milliseconds(500)).send(all)
      }
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

/// A producer that sends what is missing, one connection at a time.
struct AcknowledgedSender {
  let place: Workspace
  /// The longest it waits for an answer.
  var silence = patience

  /// Sends those of the lines that the daemon does not have; true: it has acknowledged them all, and has them.
  ///
  /// Throws if it forgets a line it has acknowledged.
  func send(_ lines: [String]) async throws -> Bool {
    guard var connection = try await ProducerConnection.open(place, silence: silence) else { return false }
    defer { connection.close() }
    guard connection.send(lines.dropFirst(connection.acknowledged)) else { return false }
    return try await connection.wait(for: lines.count)
  }
}
