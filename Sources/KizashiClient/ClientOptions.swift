/// How a ``KizashiClient`` sends.
public struct ClientOptions: Sendable {
  /// What becomes of a line for which the buffer has no room.
  public enum WhenFull: Sendable {
    /// `send` waits until there is room: nothing is dropped, and the caller feels the daemon's pace.
    case wait
    /// The line is dropped and counted: the caller never waits.
    case dropNewest
    /// The oldest lines that were not sent yet make room, and are counted. Lines that were sent and not acknowledged
    /// stay: the daemon may have them already, and a gap in their numbers cannot be told.
    case dropOldest
  }

  /// Where the daemon listens.
  public var socketPath: String
  /// The producer's name: 1 to 256 bytes, the same at each start, used by one process at a time. The daemon numbers the
  /// lines of a name for as long as its store lives.
  public var producer: String
  /// The most bytes of lines held because they are not acknowledged yet.
  public var bufferBytes = 16 << 20
  /// What happens when they are reached.
  public var whenFull = WhenFull.wait
  /// The first wait before another attempt to connect, in milliseconds; it doubles with each failure.
  public var firstRetryMilliseconds: Int64 = 50
  /// The longest wait between attempts, in milliseconds.
  public var longestRetryMilliseconds: Int64 = 5_000

  /// The defaults for a producer of that name at that socket.
  public init(socketPath: String, producer: String) {
    self.socketPath = socketPath
    self.producer = producer
  }
}

/// Why a client cannot go on.
public enum ClientError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The daemon ended the conversation; its reason.
  case refused(String)
  /// Another process sends under the same name: the daemon has lines that this client never had.
  case nameInUse(producer: String)
  /// A line that cannot be sent: it contains a line feed, or is longer than the buffer.
  case badLine(String)
  /// The socket's path cannot be used.
  case badPath(String)
  /// The client was closed.
  case closed

  /// One sentence for an operator.
  public var description: String {
    switch self {
    case .refused(let reason): "the daemon refuses this producer: \(reason)"
    case .nameInUse(let producer):
      "another process sends as \(producer): give each process a name of its own"
    case .badLine(let reason): "the line cannot be sent: \(reason)"
    case .badPath(let path): "\(path) is too long for a socket's path (at most 107 bytes)"
    case .closed: "the client is closed"
    }
  }
}

/// What has become of the lines given to a client.
public struct ClientStatus: Sendable, Equatable {
  /// Lines taken by `send`.
  public var accepted: Int64 = 0
  /// Of those, stored by the daemon.
  public var acknowledged: Int64 = 0
  /// Of those acknowledged, refused by the daemon and kept in its quarantine.
  public var refused: Int64 = 0
  /// Lines dropped for want of room, by the policy.
  public var dropped: Int64 = 0
  /// Lines acknowledged once that the daemon no longer has: its store was replaced by an older one.
  public var lost: Int64 = 0
  /// Whether the daemon has answered on the present connection.
  public var isConnected = false
  /// Why the last attempt to connect failed; nil: it did not.
  public var trouble: String?
  /// A status before anything was sent.
  public init() {}
}
