/// Foreign text made safe for terminals, logs and the journal.
package enum ControlCharacters {
  /// The text with control characters shown as escapes: `\n`, `\t`, `\u{1b}` … Includes DEL, the C1 controls (some terminals
  /// obey them), line and paragraph separators, and the marks that reorder text (with them a name can be made to read as
  /// another).
  package static func escaped(_ text: some StringProtocol) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return String(text) }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where isControl(scalar): result += "\\u{" + String(scalar.value, radix: 16) + "}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1f, 0x7f...0x9f, 0x2028...0x202e, 0x2066...0x2069, 0x200e, 0x200f, 0x061c, 0xfeff: true
    default: false
    }
  }
}
