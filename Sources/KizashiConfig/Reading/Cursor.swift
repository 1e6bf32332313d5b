/// Collects what is wrong with a config while it is read. One object, so that every reader reports to the same list.
final class Report {
  /// The file's name, as the operator gave it.
  let file: String
  private(set) var problems: [Problem] = []
  private(set) var warnings: [Problem] = []

  init(file: String) { self.file = file }

  func add(_ problem: Problem) { if !problems.contains(problem) { problems.append(problem) } }
  func warn(_ problem: Problem) { if !warnings.contains(problem) { warnings.append(problem) } }
}

/// A place in a config that is being read: the node, its key path, and where problems go.
///
/// Every reading method returns nil after having reported why, so that reading goes on and all problems are found.
struct Cursor {
  let node: ConfigNode
  let path: String
  let report: Report

  /// Reports a problem at this place.
  func fail(_ message: String, hint: String? = nil) {
    report.add(problem(message, hint: hint))
  }

  /// Reports something doubtful at this place.
  func warn(_ message: String, hint: String? = nil) {
    report.warn(problem(message, hint: hint))
  }

  /// Reports that something else should stand here.
  func failExpecting(_ what: String, hint: String? = nil) {
    fail("expected \(what), found \(node.found)", hint: hint)
  }

  private func problem(_ message: String, hint: String?) -> Problem {
    Problem(file: report.file, line: node.line, column: node.column, path: path, message: message, hint: hint)
  }

  /// The place under a key.
  func child(_ key: String, _ node: ConfigNode) -> Cursor {
    Cursor(
      node: node, path: path.isEmpty ? pathPart(key, first: true) : path + pathPart(key, first: false), report: report)
  }

  private func pathPart(_ key: String, first: Bool) -> String {
    let plain =
      !key.isEmpty
      && key.unicodeScalars.allSatisfy { $0.properties.isAlphabetic || "0123456789_-".unicodeScalars.contains($0) }
    return plain ? (first ? key : ".\(key)") : "[\(quoted(key))]"
  }

  /// Whether nothing stands here (`key:` with no value).
  var isNull: Bool { if case .null = node.value { true } else { false } }

  // MARK: Containers

  /// The items of a list.
  func items(_ what: String) -> [Cursor]? {
    guard case .list(let nodes) = node.value else {
      failExpecting(what)
      return nil
    }
    return nodes.enumerated().map { Cursor(node: $1, path: "\(path)[\($0)]", report: report) }
  }

  /// The items of a list; a single text counts as a list of one.
  func itemsOrOne(_ what: String) -> [Cursor]? {
    if case .scalar = node.value { return [self] }
    return items(what)
  }

  /// The keys of a mapping, checked against what it may have. Nothing at all counts as an empty mapping.
  func section(_ shape: Shape, _ what: String) -> Section? {
    switch node.value {
    case .null: return Section(self, entries: [], shape: shape)
    case .mapping(let entries): return Section(self, entries: entries, shape: shape)
    default:
      failExpecting(what)
      return nil
    }
  }

  // MARK: Scalars

  private func scalar(_ what: String, hint: String? = nil) -> String? {
    guard case .scalar(let text) = node.value else {
      failExpecting(what, hint: hint)
      return nil
    }
    return text
  }

  /// Text of 1 to 256 bytes without control characters.
  func text(_ what: String, bytes: Int = 256) -> String? {
    guard let text = scalar(what) else { return nil }
    guard !text.isEmpty else {
      failExpecting(what)
      return nil
    }
    guard text.utf8.count <= bytes else {
      fail("\(what) has at most \(bytes) bytes; this has \(text.utf8.count)")
      return nil
    }
    guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      fail("\(what) has no control characters, found \(quoted(text))")
      return nil
    }
    return text
  }

  func boolean() -> Bool? {
    guard let text = scalar("true or false") else { return nil }
    switch text {
    case "true": return true
    case "false": return false
    default:
      let truth = ["yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"]
      failExpecting("true or false", hint: truth[text.lowercased()].map { "write \($0)" })
      return nil
    }
  }

  /// One of a few words.
  func choice(_ choices: [String], later: [String: Later] = [:]) -> String? {
    let what = "one of \(choices.joined(separator: ", "))"
    guard let text = scalar(what) else { return nil }
    if choices.contains(text) { return text }
    if let version = later[text] {
      fail(version.refusal(of: text), hint: "this version knows \(choices.joined(separator: ", "))")
    } else {
      failExpecting(what, hint: nearestName(to: text, in: choices).map { "did you mean \(quoted($0))?" })
    }
    return nil
  }

  func integer(_ what: String, in range: ClosedRange<Int>) -> Int? {
    guard let text = scalar(what) else { return nil }
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let value = Int(text),
      range.contains(value)
    else {
      failExpecting(what)
      return nil
    }
    return value
  }
}
