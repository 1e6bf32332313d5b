import Foundation
import TestSupport

/// Two producers before the power goes: one appends to a file, beside it one sends to the acknowledging socket.
///
/// A seed decides what they do and when they wait for the daemon: nothing here waits for time. Where they wait, the daemon
/// commits a few lines alone; where they do not, it gathers. There are stretches in which only one of them writes: what
/// comes through the file alone is not synced.
struct PowerCutProducers {
  private let place: Workspace
  private let cut: PowerCut
  private var random: SeededGenerator
  private var connection: ProducerConnection?
  /// Lines appended to the file.
  private(set) var file = PowerCutLines(producer: "file")
  /// Lines of the producer on the socket, sent or to be sent.
  private(set) var socket = PowerCutLines(producer: "sock")

  init(_ place: Workspace, _ cut: PowerCut, seed: UInt64) {
    self.place = place
    self.cut = cut
    random = SeededGenerator(seed: seed)
  }

  /// Writes up to the moment of the cut.
  mutating func write() async throws {
    for _ in 0..<Int.random(in: 0...8, using: &random) {
      let (writesFile, writesSocket) = [(true, false), (false, true), (true, true)].randomElement(using: &random)!
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        if writesFile { try append() }
        if writesSocket { try await send() }
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1: try await untilRead()
        case 2 where writesSocket: try await untilAcknowledged()
        case 3 where writesSocket: disconnect()
        default: break
        }
      }
    }
    // The cut meets the daemon at work, or as soon as it says that it has stored something, or when it has committed much
    // that nobody relies on.
    switch Int.random(in: 0..<4, using: &random) {
    case 0: break
    case 1:
      try await send()
      try await untilAcknowledged()
    default:
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        try append()
        try await untilRead()
      }
    }
  }

  /// Takes note of all that the daemon, which stands still, has said.
  mutating func listen() throws {
    try connection?.catchUp()
    disconnect()
  }

  private mutating func append() throws {
    let before = file.lines.count
    file.add(Int.random(in: 1...8, using: &random), &random)
    try place.append(file.texts(from: before).map { $0 + "\n" }.joined())
  }

  private mutating func send() async throws {
    let before = socket.lines.count
    socket.add(Int.random(in: 1...8, using: &random), &random)
    if let connection {
      guard connection.send(socket.texts(from: before)) else { throw problem("the connection is closed") }
    } else {
      try await connect()
    }
    try connection?.catchUp()
  }

  /// Connects and sends what the daemon does not have.
  private mutating func connect() async throws {
    guard let connection = try await ProducerConnection.open(place),
      connection.send(socket.texts(from: connection.acknowledged))
    else { throw problem("nobody listens") }
    self.connection = connection
  }

  /// Goes away, with lines on their way to the daemon and acknowledgements on their way back.
  private mutating func disconnect() {
    connection?.close()
    connection = nil
  }

  private mutating func untilRead() async throws {
    // What a connection that was left had not handed over is sent again by the next.
    if connection == nil && !socket.lines.isEmpty { try await connect() }
    let lines = file.lines.count + socket.lines.count
    let areRead = await eventually { await cut.linesRead() ?? 0 >= lines }
    guard areRead else { throw problem("not \(lines) lines are read") }
  }

  private mutating func untilAcknowledged() async throws {
    if connection == nil { try await connect() }
    guard try await connection?.wait(for: socket.lines.count) == true else {
      throw problem("\(socket.lines.count) lines are not acknowledged")
    }
  }

  private func problem(_ text: String) -> PowerCutError {
    PowerCutError(description: "\(text): \(readText(place.file("daemon.err")) ?? "")")
  }
}
