/// The lines that are not acknowledged yet, and how far they have been sent on the present connection.
///
/// A pure state machine: bytes and numbers in, decisions out; it knows nothing of sockets, time or threads. The daemon
/// numbers a producer's lines from 1, over all connections. The window learns at its first hello where its own begin, and at
/// every further one which of them survived.
struct SendWindow: Sendable {
  /// What a hello told.
  enum Greeting: Equatable {
    /// Go on sending.
    case resumed
    /// The daemon has fewer lines than it acknowledged: so many cannot be sent again.
    case lost(Int64)
    /// The daemon has more lines than were ever sent: somebody else uses the name.
    case nameInUse
  }

  private let limit: Int
  /// The held lines with their line feeds, one after the other, from `start`.
  private var bytes: [UInt8] = []
  private var start = 0
  /// Lengths of the held lines, oldest first, from `firstLength`.
  private var lengths: [Int32] = []
  private var firstLength = 0
  /// Bytes and lines from `start` that the present connection has taken; a line of which a part was taken counts.
  private var sentBytes = 0
  private var sentLines = 0
  /// Bytes of the lines that ``sentLines`` counts.
  private var sentReach = 0
  /// Lines that an earlier connection took and of which nobody knows yet whether the daemon has them.
  private var uncertainLines = 0
  /// Number of the last line the daemon has acknowledged; nil before the first hello.
  private(set) var acknowledgedNumber: Int64?
  /// Whether the present connection has been greeted.
  private(set) var isGreeted = false

  /// A window that holds at most `limit` bytes.
  init(limit: Int) { self.limit = limit }

  /// Lines held.
  var lineCount: Int { lengths.count - firstLength }
  /// Bytes held.
  var byteCount: Int { bytes.count - start }
  /// Whether there is something to send now.
  var hasUnsent: Bool { isGreeted && sentBytes < byteCount }

  /// Whether a line of that many bytes, its line feed included, fits.
  func hasRoom(for count: Int) -> Bool { byteCount + count <= limit || lineCount == 0 }

  /// Holds a line, which must have no line feed in it.
  mutating func append(_ line: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: line)
    bytes.append(0x0a)
    lengths.append(Int32(line.count + 1))
  }

  /// Drops unsent lines, oldest first, until a line of that many bytes fits. Returns how many were dropped.
  mutating func dropUnsent(toFit count: Int) -> Int64 {
    var dropped = 0
    var freed = 0
    // A line that the daemon may have keeps its place: a gap would shift the numbers of all behind it.
    let kept = max(sentLines, uncertainLines)
    while byteCount - freed + count > limit, kept + dropped < lineCount {
      freed += Int(lengths[firstLength + kept + dropped])
      dropped += 1
    }
    guard dropped > 0 else { return 0 }
    let from = start + heldBytes(ofFirst: kept)
    bytes.removeSubrange(from..<from + freed)
    lengths.removeSubrange(firstLength + kept..<firstLength + kept + dropped)
    return Int64(dropped)
  }

  private func heldBytes(ofFirst count: Int) -> Int {
    lengths[firstLength..<firstLength + count].reduce(0) { $0 + Int($1) }
  }

  /// The bytes to send next.
  func withUnsent<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[(start + sentBytes)...])) }
  }

  /// The connection took that many of them.
  mutating func sent(_ count: Int) {
    sentBytes += count
    while sentReach < sentBytes {
      sentReach += Int(lengths[firstLength + sentLines])
      sentLines += 1
    }
  }

  /// A new connection: nothing of it was sent on this one.
  mutating func disconnected() {
    uncertainLines = max(uncertainLines, sentLines)
    sentBytes = 0
    sentLines = 0
    sentReach = 0
    isGreeted = false
  }

  /// The daemon has so many lines of this producer.
  mutating func greeted(committed: Int64) -> Greeting {
    isGreeted = true
    uncertainLines = 0
    guard let known = acknowledgedNumber else {
      acknowledgedNumber = committed
      return .resumed
    }
    if committed < known {
      acknowledgedNumber = committed
      return .lost(known - committed)
    }
    return acknowledge(committed) == nil ? .nameInUse : .resumed
  }

  /// The daemon has stored all lines up to this number. Returns how many of ours that are; nil: we have none so high.
  mutating func acknowledge(_ number: Int64) -> Int64? {
    guard let known = acknowledgedNumber else { return nil }
    let count = number - known
    guard count >= 0, count <= Int64(lineCount) else { return nil }
    acknowledgedNumber = number
    let freed = heldBytes(ofFirst: Int(count))
    start += freed
    firstLength += Int(count)
    sentBytes = max(sentBytes - freed, 0)
    sentLines = max(sentLines - Int(count), 0)
    sentReach = max(sentReach - freed, 0)
    compact()
    return count
  }

  /// Gives memory back now and then: each byte is moved at most once for each byte acknowledged.
  private mutating func compact() {
    if start > bytes.count / 2 {
      bytes.removeFirst(start)
      start = 0
    }
    if firstLength > lengths.count / 2 {
      lengths.removeFirst(firstLength)
      firstLength = 0
    }
  }
}
