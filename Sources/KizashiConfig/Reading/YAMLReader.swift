import Yams

/// Text to positioned nodes, by Yams.
///
/// Yams stops at a key that stands twice in one mapping. Here all problems are to be reported at once, so such a key is
/// renamed in the text, with a character nobody uses, and the text read again; the node tree then holds it twice.
struct YAMLReader {
  /// Text that is no YAML.
  struct Failure: Error {
    var line: Int
    var column: Int
    var message: String
    var hint: String?

    /// What to tell the operator of the file's text.
    func problem(in file: String) -> Problem {
      Problem(file: file, line: line, column: column, path: "", message: message, hint: hint)
    }
  }

  /// More nodes than this, which aliases can make out of a few lines, is no config.
  static let mostNodes = 100_000

  private var text: String
  /// Renamed keys and what they were.
  private var renamed: [String: String] = [:]
  private var nodes = 0

  /// The document's node; an empty document is `null`.
  static func read(_ text: String) throws(Failure) -> ConfigNode {
    var reader = YAMLReader(text: text)
    return try reader.read()
  }

  private init(text: String) {
    self.text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
  }

  private mutating func read() throws(Failure) -> ConfigNode {
    while true {
      do {
        let root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
        guard let root else { return ConfigNode(line: 1, column: 1, value: .null) }
        return try convert(root)
      } catch let failure as Failure {
        throw failure
      } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
        guard let key = keys.first, rename(key, line: context.mark.line, column: context.mark.column) else {
          throw Failure(
            line: context.mark.line, column: context.mark.column,
            message: "the keys \(keys.map { quoted($0) }.joined(separator: ", ")) stand twice in one mapping")
        }
      } catch let error as YamlError {
        throw failure(of: error)
      } catch {
        throw Failure(line: 1, column: 1, message: "\(error)")
      }
    }
  }

  /// Makes the key at a position differ from its namesakes; false if it is not written there letter by letter.
  private mutating func rename(_ key: String, line: Int, column: Int) -> Bool {
    let original = renamed[key] ?? key
    guard renamed.count < 1000, let first = original.unicodeScalars.first,
      let marker = Unicode.Scalar(0xE000 + UInt32(renamed.count))
    else { return false }
    var scalars = Array(text.unicodeScalars)
    guard var index = Self.index(line: line, column: column, in: scalars) else { return false }
    if scalars[index] == "\"" || scalars[index] == "'" { index += 1 }
    guard index < scalars.count, scalars[index] == first else { return false }
    scalars[index] = marker
    text = String(String.UnicodeScalarView(scalars))
    renamed[String(Character(marker)) + String(original.unicodeScalars.dropFirst())] = original
    return true
  }

  /// The offset of a position as libyaml counts lines.
  private static func index(line: Int, column: Int, in scalars: [Unicode.Scalar]) -> Int? {
    var index = 0
    var current = 1
    while current < line, index < scalars.count {
      switch scalars[index] {
      case "\r" where index + 1 < scalars.count && scalars[index + 1] == "\n":
        index += 1
        current += 1
      case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": current += 1
      default: break
      }
      index += 1
    }
    index += column - 1
    return index >= 0 && index < scalars.count ? index : nil
  }

  private mutating func convert(_ node: Node) throws(Failure) -> ConfigNode {
    let line = node.mark?.line ?? 1
    let column = node.mark?.column ?? 1
    nodes += 1
    guard nodes <= Self.mostNodes else {
      throw Failure(
        line: line, column: column, message: "more than \(Self.mostNodes) values once aliases are written out")
    }
    switch node {
    case .scalar(let scalar):
      let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
      return ConfigNode(line: line, column: column, value: isNull ? .null : .scalar(scalar.string))
    case .sequence(let sequence):
      var items: [ConfigNode] = []
      for item in sequence { items.append(try convert(item)) }
      return ConfigNode(line: line, column: column, value: .list(items))
    case .mapping(let mapping):
      var entries: [ConfigNode.Entry] = []
      for (key, value) in mapping {
        guard let text = key.scalar?.string else {
          throw Failure(
            line: key.mark?.line ?? line, column: key.mark?.column ?? column, message: "a key must be plain text")
        }
        entries.append(
          ConfigNode.Entry(
            key: renamed[text] ?? text, line: key.mark?.line ?? line, column: key.mark?.column ?? column,
            value: try convert(value)))
      }
      return ConfigNode(line: line, column: column, value: .mapping(entries))
    case .alias:
      throw Failure(line: line, column: column, message: "an alias to nothing")
    }
  }

  private func failure(of error: YamlError) -> Failure {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let reason = context.map { "\(problem) (\($0.text), line \($0.mark.line))" } ?? problem
      return Failure(line: mark.line, column: mark.column, message: "not YAML: \(reason)", hint: hint(line: mark.line))
    case .reader(let problem, let offset, _, _):
      let line = offset.map { text.prefix($0).count(where: \.isNewline) + 1 } ?? 1
      return Failure(line: line, column: 1, message: "not YAML: \(problem)")
    default:
      return Failure(line: 1, column: 1, message: "not YAML: \(error)")
    }
  }

  private func hint(line: Int) -> String? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard line - 1 < lines.count else { return nil }
    if lines[line - 1].prefix(while: \.isWhitespace).contains("\t") { return "indent with spaces, not tabs" }
    if lines[line - 1].contains("*") { return "text that begins with * needs quotes" }
    return nil
  }
}
