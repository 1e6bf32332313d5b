/// A value to be written as YAML; mappings keep their order.
indirect enum YAMLText {
  /// Written as it is.
  case plain(String)
  /// Text of an operator, quoted where YAML could take it for something else.
  case text(String)
  case list([YAMLText])
  case mapping([(String, YAMLText)])
  /// A mapping on one line.
  case inline([(String, YAMLText)])

  /// A duration, or `never`.
  static func duration(_ milliseconds: Int64?) -> YAMLText { .plain(milliseconds.map(Milliseconds.text) ?? "never") }
  static func number(_ value: Int) -> YAMLText { .plain(String(value)) }
  static func texts(_ values: [String]) -> YAMLText { .list(values.map { .text($0) }) }

  /// A block of lines at an indentation, each with its newline.
  func block(indentation: Int = 0) -> String {
    guard case .mapping(let pairs) = self else { return line + "\n" }
    let margin = String(repeating: " ", count: indentation)
    var result = ""
    for (key, value) in pairs {
      result += "\(margin)\(Self.quotedIfNeeded(key)):"
      switch value {
      case .mapping(let inner) where !inner.isEmpty: result += "\n" + value.block(indentation: indentation + 2)
      case .list(let items) where items.contains(where: \.isBlock):
        result += "\n" + items.map { Self.item($0, indentation) }.joined()
      default: result += " \(value.line)\n"
      }
    }
    return result
  }

  private var isBlock: Bool { if case .mapping = self { true } else { false } }

  /// `- ` before a block's first line.
  private static func item(_ value: YAMLText, _ indentation: Int) -> String {
    let margin = String(repeating: " ", count: indentation + 2)
    guard value.isBlock else { return "\(margin)- \(value.line)\n" }
    return "\(margin)- " + value.block(indentation: indentation + 4).dropFirst(indentation + 4)
  }

  /// The value on one line.
  private var line: String {
    switch self {
    case .plain(let text): text
    case .text(let text): Self.quotedIfNeeded(text)
    case .list(let items): "[" + items.map(\.line).joined(separator: ", ") + "]"
    case .mapping(let pairs), .inline(let pairs):
      "{" + pairs.map { "\(Self.quotedIfNeeded($0)): \($1.line)" }.joined(separator: ", ") + "}"
    }
  }

  /// In double quotes unless it is plain in every YAML version and every place.
  static func quotedIfNeeded(_ text: String) -> String {
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "never"]
    let plain = text.utf8.allSatisfy {
      (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || "_-./".utf8.contains($0)
    }
    if plain, let first = text.utf8.first, (97...122).contains(first | 32) || first == 47 || first == 95,
      !words.contains(text.lowercased())
    {
      return text
    }
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      default:
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate:
          let digits = String(scalar.value, radix: 16)
          result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
