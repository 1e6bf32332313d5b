/// Foreign text (names, hook output, refused lines) made safe and honest to show.
///
/// Account and event names come from outside. A control character in one could move the cursor, recolour the page or
/// answer for the terminal; a bidirectional override could make one name look like another. So they are always shown,
/// never sent: ESC as `\u{1b}`.
enum Visible {
  /// The text with everything unsafe or invisible written as `\u{hex}`. Different texts stay different: a `\u{` or
  /// `\x{` that was there already has its backslash written as `\u{5c}`.
  static func text(_ text: String) -> String {
    // Nearly all names are plain: look before building anything.
    guard text.unicodeScalars.contains(where: { isHidden($0) || $0 == "\\" }) else { return text }
    var result = ""
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      if isHidden(scalar) || (scalar == "\\" && startsEscape(rest)) {
        result += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Bytes that ought to be UTF-8, as refused lines and file names do: what is not is shown as `\x{hex}`, byte by byte.
  static func text(bytes: some Collection<UInt8>) -> String {
    if let valid = String(validating: bytes, as: UTF8.self) { return text(valid) }
    var result = ""
    var rest = bytes[...]
    while let first = rest.first {
      let scalar = (1...4).lazy.compactMap { length in
        rest.count >= length ? String(validating: rest.prefix(length), as: UTF8.self) : nil
      }.first
      if let scalar {
        result += text(scalar)
        rest = rest.dropFirst(scalar.utf8.count)
      } else {
        result += "\\x{\(String(first, radix: 16))}"
        rest = rest.dropFirst()
      }
    }
    return result
  }

  private static func startsEscape(_ rest: Substring.UnicodeScalarView) -> Bool {
    rest.starts(with: "u{".unicodeScalars) || rest.starts(with: "x{".unicodeScalars)
  }

  /// Whether a scalar must not reach a terminal as it is: controls (C0, DEL, C1), line and paragraph separators,
  /// bidirectional marks and overrides, and characters that cannot be seen. The joiners U+200C and U+200D stay: scripts
  /// and emoji need them.
  static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7e: false
    case 0...0x1f, 0x7f...0x9f: true
    case 0xad, 0x61c, 0x115f, 0x1160, 0x180e, 0x3164, 0xfeff, 0xffa0: true
    case 0x200b, 0x200e, 0x200f, 0x2028...0x202e, 0x2060...0x206f: true
    case 0xfff0...0xfffb, 0xe0000...0xe0fff: true
    default: false
    }
  }
}
