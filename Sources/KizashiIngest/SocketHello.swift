import FoundationEssentials

/// The first line of a connection that wants its lines acknowledged, and the lines it is answered with.
enum SocketHello: Equatable {
  /// An ordinary event line: the connection knows nothing of acknowledgements.
  case none
  /// A hello that asks for nothing: event lines follow, nobody is answered.
  case plain
  /// Acknowledge the lines of this producer.
  case acknowledge(producer: String)
  /// A hello that cannot be granted.
  case refused(String)

  /// The longest name of a producer, in bytes.
  static let nameLimit = 256
  /// A longer first line is no hello.
  private static let lengthLimit = 4096
  private static let version = 1

  private struct Wire: Decodable {
    var hello: Int?
    var producer: String?
    var ack: Bool?

    enum CodingKeys: String, CodingKey {
      case hello = "$hello"
      case producer, ack
    }
  }

  /// Reads the first line of a connection, with or without its line feed.
  init(_ line: some Collection<UInt8>) {
    // Most connections begin with an event: no JSON is parsed for those.
    guard line.count <= Self.lengthLimit, line.containsHelloKey else {
      self = .none
      return
    }
    let wire: Wire
    do {
      wire = try JSONDecoder().decode(Wire.self, from: Data(line))
    } catch DecodingError.typeMismatch(_, let context) where context.codingPath.count == 1 {
      self = .refused(#"a hello reads {"$hello":1,"producer":"NAME","ack":true}"#)
      return
    } catch {
      // Whatever it is, the decoder of event lines says so better.
      self = .none
      return
    }
    switch wire.hello {
    case nil: self = .none
    case Self.version?:
      guard wire.ack == true else {
        self = .plain
        return
      }
      guard let producer = wire.producer, Self.isName(producer) else {
        self = .refused("producer must be 1 to \(Self.nameLimit) bytes without control characters")
        return
      }
      self = .acknowledge(producer: producer)
    case let other?: self = .refused("this daemon speaks version \(Self.version) of the protocol, not \(other)")
    }
  }

  private static func isName(_ text: String) -> Bool {
    (1...nameLimit).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
  }
}

extension Collection<UInt8> {
  fileprivate var containsHelloKey: Bool {
    let key = Array(#""$hello""#.utf8)
    var matched = 0
    for byte in self {
      matched = byte == key[matched] ? matched + 1 : (byte == key[0] ? 1 : 0)
      if matched == key.count { return true }
    }
    return false
  }
}

/// A line from the daemon to an acknowledged producer.
enum SocketReply {
  /// The hello is granted; so many lines of the producer are stored already.
  case hello(committed: Int64)
  /// All lines up to this number are stored.
  case acknowledged(Int64)
  /// A line was stored in quarantine instead of being counted.
  case refused(Receipt.RefusedLine)
  /// The connection is about to be closed, and why.
  case error(String)

  /// The reply with its line feed.
  var bytes: [UInt8] {
    switch self {
    case .hello(let committed): Array("{\"$hello\":1,\"committed\":\(committed)}\n".utf8)
    case .acknowledged(let lines): Array("{\"$ack\":\(lines)}\n".utf8)
    case .refused(let line): Array("{\"$refused\":\(line.line),\"reason\":\"\(line.reason)\"}\n".utf8)
    // Our own sentences: nothing in them needs an escape but quotation marks.
    case .error(let reason):
      Array("{\"$error\":\"\(reason.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"}\n".utf8)
    }
  }
}
