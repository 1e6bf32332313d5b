/// One thing that is wrong, or doubtful, in a config: where it stands, which key it is about and what would be right.
package struct Problem: Sendable, Equatable, CustomStringConvertible {
  /// The file it stands in, as the operator named it.
  package var file: String
  /// From 1; 0 when it is about the file as a whole.
  package var line: Int
  /// From 1, in Unicode scalars; 0 when it is about the file as a whole.
  package var column: Int
  /// The key, such as `measures.active_users.grade.points[2]`; empty for the file as a whole.
  package var path: String
  /// What is wrong and what is allowed.
  package var message: String
  /// What to do about it, where that can be known.
  package var hint: String?

  /// - Parameters:
  ///   - line: From 1; 0 for the file as a whole.
  ///   - path: The key it is about; empty for the file as a whole.
  package init(file: String, line: Int, column: Int, path: String, message: String, hint: String? = nil) {
    self.file = file
    self.line = line
    self.column = column
    self.path = path
    self.message = message
    self.hint = hint
  }

  /// One line for an operator: `kizashi.yaml:14: rules.health-drop.by: expected …, found "lots"`.
  package var description: String {
    let position = line > 0 ? "\(file):\(line)" : file
    let subject = path.isEmpty ? "" : " \(path):"
    let advice = hint.map { " — \($0)" } ?? ""
    return "\(position):\(subject) \(message)\(advice)"
  }
}

/// Why a config could not be used.
package enum ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Everything wrong with it, in the order of the lines. Never empty.
  case problems([Problem])
  /// The file itself could not be read.
  case unreadable(path: String, why: String, hint: String)

  /// Several lines for an operator, without a newline at the end.
  package var description: String {
    switch self {
    case .problems(let problems):
      problems.map(\.description).joined(separator: "\n")
    case .unreadable(let path, let why, let hint):
      "cannot read the config \(quoted(path: path)): \(why) — \(hint)"
    }
  }
}

/// Foreign text for a message: in quotes, control characters escaped, cut to a length that fits a line.
func quoted(_ text: String, limit: Int = 60) -> String {
  var result = "\""
  for (index, scalar) in text.unicodeScalars.enumerated() {
    guard index < limit else { return result + "…\"" }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
      result += scalar == "\n" ? "\\n" : "\\u{\(String(scalar.value, radix: 16))}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

/// A path for a message, whole (none that the system takes has more than 4095 bytes): what it ends with tells it from others.
func quoted(path: String) -> String { quoted(path, limit: 4096) }
