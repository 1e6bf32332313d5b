/// Variable-length integers (LEB128, zigzag for signed) in a byte array: the engine's own per-account state.
struct ByteWriter {
  var bytes: [UInt8] = []

  mutating func write(unsigned value: UInt64) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }

  mutating func write(_ value: Int64) {
    write(unsigned: UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  mutating func write(_ value: some FixedWidthInteger & SignedInteger) { write(Int64(value)) }

  mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }
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
