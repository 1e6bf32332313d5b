/// Variable-length integers (LEB128, zigzag for signed) in a byte array: the engine's own per-account state.
///
/// Into memory of its own, without the checks of an array: a backfill writes the state of each account a dozen times.
struct ByteWriter: ~Copyable {
  private var start: UnsafeMutablePointer<UInt8>
  private var count = 0
  private var capacity: Int
  /// The bytes of the longest integer.
  private static let longest = 10

  init() {
    capacity = 512
    start = .allocate(capacity: capacity)
  }

  deinit { start.deallocate() }

  /// What was written.
  var bytes: [UInt8] { Array(UnsafeBufferPointer(start: start, count: count)) }

  mutating func write(unsigned value: UInt64) {
    if capacity - count < Self.longest { grow() }
    var value = value
    while value >= 0x80 {
      start[count] = UInt8(truncatingIfNeeded: value) | 0x80
      count += 1
      value >>= 7
    }
    start[count] = UInt8(value)
    count += 1
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: 2 * capacity)
    larger.update(from: start, count: count)
    start.deallocate()
    start = larger
    capacity *= 2
  }

  mutating func write(_ value: Int64) {
    write(unsigned: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  mutating func write(_ value: some FixedWidthInteger & SignedInteger) { write(Int64(value)) }

  mutating func write(_ value: Bool) { write(unsigned: value ? 1 : 0) }
}

/// Reads what ``ByteWriter`` wrote; after the end everything is zero and `failed` is set.
struct ByteReader {
  private let bytes: [UInt8]
  private var position = 0
  private(set) var failed = false

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  mutating func unsigned() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.count, shift < 64 {
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    failed = true
    return 0
  }

  mutating func signed() -> Int64 {
    let value = unsigned()
    return Int64(bitPattern: value >> 1) ^ -Int64(value & 1)
  }

  mutating func narrow<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T {
    let value = signed()
    guard let result = T(exactly: value) else {
      failed = true
      return 0
    }
    return result
  }

  mutating func flag() -> Bool { unsigned() != 0 }

  /// A list's length, bounded so that a damaged one cannot ask for the world.
  mutating func count() -> Int {
    let value = unsigned()
    guard value <= UInt64(bytes.count) else {
      failed = true
      return 0
    }
    return Int(value)
  }
}
