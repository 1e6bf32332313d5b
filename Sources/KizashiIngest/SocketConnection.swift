import CLinux
import Glibc

/// One producer's connection. Confined to the source's actor.
final class SocketConnection {
  /// What the connection has turned out to be.
  enum Role {
    /// Its first line has not come yet.
    case fresh
    /// Event lines, nothing is answered.
    case plain
    /// Has said hello and waits until all earlier lines of its producer are stored; what it sent behind the hello is held.
    case greeting(AcknowledgedProducer, held: LineFramer.Piece)
    /// Lines are acknowledged.
    case acknowledged(AcknowledgedProducer)
  }

  let descriptor: Descriptor
  var role = Role.fresh
  /// Where the connection's own stream stands; not used once a producer is known.
  var position: StreamPosition
  var framer = LineFramer()
  /// Replies the kernel has not taken yet.
  private(set) var outgoing: [UInt8] = []
  /// A producer that does not read its replies is not read either.
  private static let mostOutgoing = 64 * 1024

  init(descriptor: Descriptor, position: StreamPosition) {
    self.descriptor = descriptor
    self.position = position
  }

  /// What to poll for.
  var wanted: Int16 {
    var events: Int32 = 0
    if mayRead { events |= POLLIN }
    if !outgoing.isEmpty { events |= POLLOUT }
    return Int16(events)
  }

  /// Whether more is to be taken from it now.
  var mayRead: Bool {
    if case .greeting = role { return false }
    return outgoing.count <= Self.mostOutgoing
  }

  /// Reads once. `closed`: why nothing more will come.
  func read(_ budget: Int) -> (piece: LineFramer.Piece, closed: String?) {
    var closed: String?
    let piece = framer.fill(budget) { room in
      let count = Glibc.read(descriptor.number, room.baseAddress, room.count)
      if count > 0 { return count }
      if count == 0 {
        closed = "the producer closed it"
      } else if errno != EAGAIN && errno != EINTR {
        closed = errorText(errno)
      }
      return 0
    }
    return (piece, closed)
  }

  /// Sends what the kernel takes and keeps the rest. What cannot be sent because the other side is gone is found out by
  /// the next read.
  func send(_ reply: SocketReply) {
    outgoing += reply.bytes
    flush()
  }

  /// Sends what is left of earlier replies.
  func flush() {
    while !outgoing.isEmpty {
      let count = outgoing.withUnsafeBytes {
        Glibc.send(descriptor.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0 && errno == EINTR { continue }
      if count < 0 && errno != EAGAIN { outgoing.removeAll() }
      guard count > 0 else { return }
      outgoing.removeFirst(count)
    }
  }
}

/// A producer whose lines are counted over all its connections. Confined to the source's actor.
final class AcknowledgedProducer {
  /// Behind the last line handed to the sink.
  var position: StreamPosition
  /// Lines that are stored.
  var acknowledged: Int64
  /// Number of its last hello; 0: not in this run.
  var lastUse = 0
  /// The newest connection: the one that is read.
  weak var connection: SocketConnection?

  init(position: StreamPosition) {
    self.position = position
    acknowledged = position.lines
  }

  /// Whether all lines handed over are stored.
  var isSettled: Bool { acknowledged == position.lines }
}

extension LineFramer.Piece {
  /// Line feeds of the piece, blank and refused lines and one too long to be held included: what acknowledgements count.
  /// `oversizeCounts`: whether the line skipped before the bytes counts among them.
  var lineFeeds: (oversize: Int64, bytes: Int64) {
    let inBytes = bytes.withUnsafeBytes { bytes in
      var count = 0
      for byte in bytes { count &+= byte == 0x0a ? 1 : 0 }
      return count
    }
    let oversizeEnded = oversize.map { $0.offset + $0.length < startOffset } ?? false
    return (oversizeEnded ? 1 : 0, Int64(inBytes))
  }

  /// Takes away the first line with its line feed, which must be there.
  mutating func removeFirstLine() {
    guard let end = bytes.firstIndex(of: 0x0a) else { return }
    bytes.removeFirst(end + 1)
  }
}
