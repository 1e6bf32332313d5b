import Foundation
import Yams

/// As much of JSON Schema 2020-12 as the config's schema uses.
struct JSONSchema {
  private let root: [String: Any]

  struct Unsupported: Error { var keyword: String }

  init(at url: URL) throws {
    root = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any] ?? [:]
  }

  var definitions: [String: [String: Any]] { root["$defs"] as? [String: [String: Any]] ?? [:] }

  /// A definition by name; `""` is the document.
  func definition(_ name: String) -> [String: Any]? { name.isEmpty ? root : definitions[name] }

  /// The first thing wrong with a YAML document, or nil.
  func complaint(about yaml: String) throws -> String? {
    let resolver = Resolver.default.removing(.timestamp)
    let value = try Yams.load(yaml: yaml, resolver) ?? [String: Any]()
    return try complaint(value, root, "$")
  }

  private func complaint(_ value: Any, _ schema: [String: Any], _ path: String) throws -> String? {
    // Sorted, so that what is reported first is the same on every run.
    for (keyword, rule) in schema.sorted(by: { $0.key < $1.key }) {
      if let complaint = try complaint(value, keyword, rule, schema, path) { return complaint }
    }
    return nil
  }

  private func complaint(
    _ value: Any, _ keyword: String, _ rule: Any, _ schema: [String: Any], _ path: String
  ) throws -> String? {
    func wrong(_ holds: Bool) -> String? { holds ? nil : "\(path): \(keyword) \(rule), found \(value)" }
    let object = value as? [String: Any]
    let list = value as? [Any]
    let text = value as? String
    let number =
      isBoolean(value) ? nil : (value as? NSNumber)?.doubleValue ?? (value as? Int).map(Double.init) ?? value as? Double
    switch (keyword, rule) {
    case ("$schema", _), ("$id", _), ("$defs", _), ("title", _), ("description", _), ("default", _): return nil
    case ("$ref", let reference as String):
      let name = String(reference.dropFirst("#/$defs/".count))
      guard let definition = definitions[name] else { return "\(path): no definition \(name)" }
      return try complaint(value, definition, path)
    case ("type", let type as String): return wrong(isType(value, type))
    case ("type", let types as [String]): return wrong(types.contains { isType(value, $0) })
    case ("const", _): return wrong(same(value, rule))
    case ("enum", let choices as [Any]): return wrong(choices.contains { same(value, $0) })
    case ("pattern", let pattern as String):
      return wrong(text.map { $0.range(of: pattern, options: .regularExpression) != nil } ?? true)
    case ("minLength", let least as Int): return wrong(text.map { $0.unicodeScalars.count >= least } ?? true)
    case ("maxLength", let most as Int): return wrong(text.map { $0.unicodeScalars.count <= most } ?? true)
    case ("minimum", let least as NSNumber): return wrong(number.map { $0 >= least.doubleValue } ?? true)
    case ("maximum", let most as NSNumber): return wrong(number.map { $0 <= most.doubleValue } ?? true)
    case ("minItems", let least as Int): return wrong(list.map { $0.count >= least } ?? true)
    case ("maxItems", let most as Int): return wrong(list.map { $0.count <= most } ?? true)
    case ("minProperties", let least as Int): return wrong(object.map { $0.count >= least } ?? true)
    case ("maxProperties", let most as Int): return wrong(object.map { $0.count <= most } ?? true)
    case ("uniqueItems", true as Bool): return wrong(list.map { Set($0.map { "\($0)" }).count == $0.count } ?? true)
    case ("required", let keys as [String]):
      return wrong(object.map { found in keys.allSatisfy { found[$0] != nil } } ?? true)
    case ("properties", let properties as [String: [String: Any]]):
      return try firstComplaint(object ?? [:]) { key, item in
        try properties[key].flatMap { try complaint(item, $0, "\(path).\(key)") }
      }
    case ("additionalProperties", _):
      let properties = schema["properties"] as? [String: Any] ?? [:]
      return try firstComplaint((object ?? [:]).filter { properties[$0.key] == nil }) { key, item in
        guard let rule = rule as? [String: Any] else { return "\(path): unknown key \(key)" }
        return try complaint(item, rule, "\(path).\(key)")
      }
    case ("propertyNames", let rule as [String: Any]):
      let properties = schema["properties"] as? [String: Any] ?? [:]
      return try firstComplaint((object ?? [:]).filter { properties[$0.key] == nil }) { key, _ in
        try complaint(key, rule, "\(path).\(key)")
      }
    case ("items", let rule as [String: Any]):
      for item in list ?? [] { if let found = try complaint(item, rule, "\(path)[]") { return found } }
      return nil
    case ("prefixItems", let rules as [[String: Any]]):
      for (item, rule) in zip(list ?? [], rules) {
        if let found = try complaint(item, rule, "\(path)[]") { return found }
      }
      return nil
    case ("not", let rule as [String: Any]): return wrong(try complaint(value, rule, path) != nil)
    case ("allOf", let rules as [[String: Any]]):
      for rule in rules { if let found = try complaint(value, rule, path) { return found } }
      return nil
    case ("oneOf", let rules as [[String: Any]]):
      return wrong(try rules.count { try complaint(value, $0, path) == nil } == 1)
    default: throw Unsupported(keyword: keyword)
    }
  }

  private func firstComplaint(_ object: [String: Any], _ check: (String, Any) throws -> String?) rethrows -> String? {
    for (key, item) in object.sorted(by: { $0.key < $1.key }) {
      if let complaint = try check(key, item) { return complaint }
    }
    return nil
  }

  private func isBoolean(_ value: Any) -> Bool { type(of: value) == Bool.self }

  private func isType(_ value: Any, _ type: String) -> Bool {
    switch type {
    case "object": value is [String: Any]
    case "array": value is [Any]
    case "string": value is String
    case "boolean": isBoolean(value)
    case "null": value is NSNull
    case "integer": !isBoolean(value) && value is Int
    case "number": !isBoolean(value) && (value is Int || value is Double)
    default: false
    }
  }

  private func same(_ a: Any, _ b: Any) -> Bool {
    if let a = a as? String, let b = b as? String { return a == b }
    if !isBoolean(a), let a = a as? Int, let b = b as? Int { return a == b }
    return false
  }
}
