/// Text as a JSON string.
package enum JSONString {
  /// Appends a text in quotes, with what JSON requires escaped, and what whoever shows it would rather not send to a terminal.
  ///
  /// - Parameter isHidden: Scalars to be escaped beside quotes, backslashes and line ends; the C0 controls must be among them.
  package static func append(_ text: String, to result: inout String, hiding isHidden: (Unicode.Scalar) -> Bool) {
    result += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where isHidden(scalar):
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      default: result.unicodeScalars.append(scalar)
      }
    }
    result += "\""
  }
}
