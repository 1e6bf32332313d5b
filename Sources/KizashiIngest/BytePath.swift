/// A path as the kernel sees it: bytes, which need not be UTF-8.
///
/// Shown, and encoded, as text in which control characters, bytes that are not UTF-8 and the backslash are escaped
/// (`\x0a`, `\xff`, `\\`), so that it can be printed anywhere and read back exactly.
package struct BytePath: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
  /// The bytes, without a terminating NUL.
  package let bytes: [UInt8]

  /// A path of these bytes.
  package init(bytes: [UInt8]) { self.bytes = bytes }

  /// A path given as text; nothing in it is an escape.
  package init(_ text: String) { bytes = Array(text.utf8) }

  /// Names in the same directory that this one goes on from, the longest first: `/log/a.1` and `/log/a` (and what is within) of
  /// `/log/a.1.gz`.
  var stems: [BytePath] {
    stride(from: bytes.count - 1, to: directory.bytes.count, by: -1).map { BytePath(bytes: Array(bytes[..<$0])) }
  }

  /// Reads back what ``description`` wrote; nil if an escape is cut short.
  package init?(escaped text: String) {
    var bytes: [UInt8] = []
    var rest = Substring(text).utf8
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "\\"): bytes.append(byte)
      case UInt8(ascii: "x"):
        guard let digits = String(rest.prefix(2)), digits.count == 2, let value = UInt8(digits, radix: 16) else {
          return nil
        }
        bytes.append(value)
        rest = rest.dropFirst(2)
      default: return nil
      }
    }
    self.bytes = bytes
  }

  /// The escaped text.
  package var description: String {
    var text = ""
    var decoder = UTF8()
    var start = 0
    // A hand-rolled walk: `String(decoding:)` would replace what is not UTF-8, and so lose it.
    while start < bytes.count {
      var rest = bytes[start...].makeIterator()
      decoder = UTF8()
      if case .scalarValue(let scalar) = decoder.decode(&rest) {
        let length = UTF8.width(scalar)
        if scalar == "\\" {
          text += "\\\\"
        } else if scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) {
          for byte in bytes[start..<start + length] { text += Self.escape(byte) }
        } else {
          text.unicodeScalars.append(scalar)
        }
        start += length
      } else {
        text += Self.escape(bytes[start])
        start += 1
      }
    }
    return text
  }

  /// Decodes the escaped text.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let path = BytePath(escaped: text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an escaped path: \(text)")
    }
    self = path
  }

  /// Encodes the escaped text.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  /// All bytes at once: paths are looked up for every file at every reconcile.
  package func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }

  /// By bytes.
  package static func < (a: BytePath, b: BytePath) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

  /// This directory's entry of that name.
  func appending(_ name: some Sequence<UInt8>) -> BytePath {
    let slash = bytes.last == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]
    return BytePath(bytes: bytes + slash + Array(name))
  }

  /// The directory that holds the entry; `.` for a bare name.
  var directory: BytePath {
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return BytePath(".") }
    return BytePath(bytes: slash == 0 ? [UInt8(ascii: "/")] : Array(bytes[..<slash]))
  }

  /// Calls `body` with the path as a C string.
  func withCString<R>(_ body: (UnsafePointer<CChar>) throws -> R) rethrows -> R {
    try withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { text in
      for (index, byte) in bytes.enumerated() { text[index] = CChar(bitPattern: byte) }
      text[bytes.count] = 0
      return try body(UnsafePointer(text.baseAddress!))
    }
  }

  private static func escape(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return "\\x" + (digits.count == 1 ? "0" : "") + digits
  }
}
