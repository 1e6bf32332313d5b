import FoundationEssentials
import Glibc

/// One end of a control connection, for use on a thread that may block. Every step ends by its deadline.
struct ControlConnection: ~Copyable {
  /// Longest line either side accepts, in bytes.
  static let lineLimit = 4 << 20

  let descriptor: CInt
  let path: String

  /// Takes over a connected descriptor.
  init(descriptor: CInt, path: String) {
    self.descriptor = descriptor
    self.path = path
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  deinit { close(descriptor) }

  /// Connects to a listening daemon.
  static func connect(to path: String, deadline: ContinuousClock.Instant) throws(ControlError) -> ControlConnection {
    guard let (address, length) = SocketAddress.unix(path) else { throw .badPath(path) }
    let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .system(path, "socket", errno) }
    let connection = ControlConnection(descriptor: descriptor, path: path)
    while true {
      let result = withUnsafePointer(to: address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, length) }
      }
      if result == 0 { return connection }
      switch errno {
      case ENOENT, ECONNREFUSED: throw .noDaemon(path: path)
      case EINTR: continue
      // The daemon's queue of connections is full; unlike with TCP there is nothing to wait on.
      case EAGAIN:
        guard ContinuousClock.now < deadline else { throw .timedOut(path: path, doing: "to take the connection") }
        _ = poll(nil, 0, 10)
      default: throw .system(path, "connect", errno)
      }
    }
  }

  /// Sends a value as one line.
  func send(_ value: some Encodable, deadline: ContinuousClock.Instant) throws(ControlError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var bytes: [UInt8]
    do {
      bytes = Array(try encoder.encode(value))
    } catch {
      throw .badMessage(path: path, reason: String(describing: error))
    }
    bytes.append(UInt8(ascii: "\n"))
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count < 0 && errno == EAGAIN {
        try wait(for: CInt(POLLOUT), deadline: deadline, doing: "to read")
      } else if count < 0 && errno == EPIPE {
        throw .closed(path: path)
      } else if count < 0 && errno != EINTR {
        throw .system(path, "send", errno)
      }
    }
  }

  /// Receives one line as a value.
  func receive<Value: Decodable>(_ type: Value.Type, deadline: ContinuousClock.Instant) throws(ControlError) -> Value {
    let line = try receiveLine(deadline: deadline)
    do {
      return try JSONDecoder().decode(type, from: Data(line))
    } catch {
      throw .badMessage(path: path, reason: Self.reason(error))
    }
  }

  private func receiveLine(deadline: ContinuousClock.Instant) throws(ControlError) -> [UInt8] {
    var line: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count > 0 {
        let piece = buffer[..<count]
        if let end = piece.firstIndex(of: UInt8(ascii: "\n")) {
          line.append(contentsOf: piece[..<end])
          return line
        }
        line.append(contentsOf: piece)
        guard line.count <= Self.lineLimit else {
          throw .badMessage(path: path, reason: "a line longer than \(Self.lineLimit) bytes")
        }
      } else if count == 0 {
        throw .closed(path: path)
      } else if errno == EAGAIN {
        try wait(for: CInt(POLLIN), deadline: deadline, doing: "to answer")
      } else if errno == ECONNRESET {
        throw .closed(path: path)
      } else if errno != EINTR {
        throw .system(path, "receive", errno)
      }
    }
  }

  private func wait(
    for events: CInt, deadline: ContinuousClock.Instant, doing: String
  ) throws(ControlError) {
    let left = ContinuousClock.now.duration(to: deadline)
    guard left > .zero else { throw .timedOut(path: path, doing: doing) }
    var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
    // Rounded up: a wait of zero would spin through the last millisecond.
    _ = poll(&request, 1, CInt(clamping: milliseconds + 1))
  }

  private static func reason(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return String(describing: error) }
    switch error {
    case .dataCorrupted(let context), .keyNotFound(_, let context), .typeMismatch(_, let context),
      .valueNotFound(_, let context):
      return context.debugDescription
    @unknown default: return String(describing: error)
    }
  }
}
