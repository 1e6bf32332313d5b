import CSimdjson

/// What simdjson alone does with a file: the yardstick that decoding and counting are held against.
public enum SimdjsonLimit {
  /// Finds timestamp, account, user, event and id of each line, as fast as simdjson can, and does nothing with them.
  ///
  /// - Parameter bytes: Lines whose five fields are strings; ``padding`` readable bytes must follow the buffer.
  /// - Returns: How many lines there were, and a sum that depends on each field found.
  public static func extract(_ bytes: UnsafeRawBufferPointer) -> (lines: Int, checksum: UInt64) {
    guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return (0, 0) }
    var checksum: UInt64 = 0
    let lines = ks_extract_limit(base, bytes.count, &checksum)
    return (lines, checksum)
  }

  /// The same, with each line validated whole, as every line that is accepted is: a line that is no JSON adds nothing.
  public static func validate(_ bytes: UnsafeRawBufferPointer) -> (lines: Int, checksum: UInt64) {
    guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return (0, 0) }
    var checksum: UInt64 = 0
    let lines = ks_validate_limit(base, bytes.count, &checksum)
    return (lines, checksum)
  }

  /// How many readable bytes must follow the buffer that ``extract(_:)`` reads.
  public static var padding: Int { ks_padding() }
}
