import CZlib

/// Decompresses gzip, any number of members one after the other (RFC 1952 §2.2).
///
/// A class, since zlib's state points back at its stream record, which therefore must not move.
final class Inflater {
  /// Why no (more) bytes came.
  enum Status: Equatable {
    /// There may be more at once.
    case more
    /// The input ends within a member: it is still being written, or was cut short.
    case starved
    /// The input ends at the end of a member.
    case ended
    /// The input is damaged.
    case corrupt(String)
  }

  /// What a call gave.
  struct Output {
    var count: Int
    var status: Status
  }

  /// The first two bytes of a member. No line of JSON begins so.
  static let magic: [UInt8] = [0x1f, 0x8b]

  private let stream: UnsafeMutablePointer<z_stream>
  private var input: [UInt8]
  private var inputStart = 0
  private var inputEnd = 0
  /// Whether a member has begun and not ended.
  private var insideMember = false
  private var damage: String?
  /// Decompressed bytes given so far.
  private(set) var produced: Int64 = 0
  /// Compressed bytes taken so far.
  private(set) var consumed: Int64 = 0

  init() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    input = [UInt8](repeating: 0, count: 64 * 1024)
    // 15: the largest window; + 16: gzip framing only, checked by its CRC.
    let code = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    if code != Z_OK { damage = "zlib cannot start (\(code))" }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Fills the buffer as far as the input, got through `read` (0: nothing there now), reaches.
  func inflate(
    into output: UnsafeMutableRawBufferPointer, from read: (UnsafeMutableRawBufferPointer) throws -> Int
  ) rethrows -> Output {
    var count = 0
    while count < output.count {
      if let damage { return Output(count: count, status: .corrupt(damage)) }
      if inputStart == inputEnd {
        inputEnd = try input.withUnsafeMutableBytes { try read($0) }
        inputStart = 0
        consumed += Int64(inputEnd)
        if inputEnd == 0 { return Output(count: count, status: insideMember ? .starved : .ended) }
      }
      if !insideMember && !beginMember() { continue }
      count += step(UnsafeMutableRawBufferPointer(rebasing: output[count...]))
    }
    return Output(count: count, status: .more)
  }

  /// Between members: skips zero padding (as gzip does), refuses anything else that is no member.
  private func beginMember() -> Bool {
    while inputStart < inputEnd && input[inputStart] == 0 && produced > 0 { inputStart += 1 }
    guard inputStart < inputEnd else { return false }
    guard input[inputStart] == Self.magic[0] else {
      damage = "what follows the last gzip member is no member"
      return false
    }
    insideMember = true
    return true
  }

  private func step(_ output: UnsafeMutableRawBufferPointer) -> Int {
    input.withUnsafeMutableBytes { bytes in
      stream.pointee.next_in = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self) + inputStart
      stream.pointee.avail_in = UInt32(inputEnd - inputStart)
      stream.pointee.next_out = output.baseAddress!.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(clamping: output.count)
      let code = CZlib.inflate(stream, Z_NO_FLUSH)
      inputStart = inputEnd - Int(stream.pointee.avail_in)
      let count = min(output.count, Int(UInt32.max)) - Int(stream.pointee.avail_out)
      produced += Int64(count)
      switch code {
      case Z_OK, Z_BUF_ERROR: break
      case Z_STREAM_END:
        insideMember = false
        inflateReset(stream)
      default:
        damage = stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(code)"
      }
      return count
    }
  }
}
