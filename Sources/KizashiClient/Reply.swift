import FoundationEssentials

/// A line from the daemon.
enum Reply: Equatable {
  case hello(committed: Int64)
  case acknowledged(Int64)
  case refused(line: Int64, reason: String)
  case error(String)
  /// Of a later protocol: passed over.
  case unknown

  private struct Wire: Decodable {
    var hello: Int?
    var committed: Int64?
    var ack: Int64?
    var refused: Int64?
    var reason: String?
    var error: String?

    enum CodingKeys: String, CodingKey {
      case hello = "$hello"
      case ack = "$ack"
      case refused = "$refused"
      case error = "$error"
      case committed, reason
    }
  }

  /// Reads a line without its line feed.
  init(_ line: some Collection<UInt8>) {
    guard let wire = try? JSONDecoder().decode(Wire.self, from: Data(line)) else {
      self = .unknown
      return
    }
    if let error = wire.error {
      self = .error(error)
    } else if wire.hello != nil, let committed = wire.committed {
      self = .hello(committed: committed)
    } else if let number = wire.ack {
      self = .acknowledged(number)
    } else if let line = wire.refused {
      self = .refused(line: line, reason: wire.reason ?? "")
    } else {
      self = .unknown
    }
  }

  /// The first line of a connection, with its line feed.
  static func hello(producer: String) -> [UInt8] {
    struct Hello: Encodable {
      var hello = 1
      var producer: String
      var ack = true
      enum CodingKeys: String, CodingKey {
        case hello = "$hello"
        case producer, ack
      }
    }
    let line = (try? JSONEncoder().encode(Hello(producer: producer))) ?? Data()
    return Array(line) + [0x0a]
  }
}
