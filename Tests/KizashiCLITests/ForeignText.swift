import TestSupport

extension SeededGenerator {
  /// Text with everything a producer could send: controls, bidirectional marks, CJK, emoji, combining marks, escapes.
  mutating func text(upTo most: Int) -> String {
    let ranges: [ClosedRange<UInt32>] = [
      0x20...0x7e, 0...0x1f, 0x7f...0xa0, 0x300...0x320, 0x3040...0x30ff, 0x4e00...0x4e40, 0x200b...0x2069,
      0x1f600...0x1f640, 0x5b...0x5d, 0xe0000...0xe0040, 0xfe0e...0xfe0f, 0x10fff0...0x10ffff,
    ]
    var result = ""
    for _ in 0..<Int.random(in: 0...most, using: &self) {
      let range = ranges[Int.random(in: 0..<ranges.count, using: &self)]
      if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &self)) { result.unicodeScalars.append(scalar) }
      if Int.random(in: 0..<20, using: &self) == 0 { result += "\\u{1b}" }
    }
    return result
  }
}
