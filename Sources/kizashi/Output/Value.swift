import KizashiDaemon

/// A value as machines read it: the one shape behind JSON, NDJSON and CSV.
indirect enum Value: Sendable, Equatable {
  case null
  case text(String)
  case integer(Int64)
  /// Printed with the fewest digits that read back the same; not a number and infinity print as null.
  case decimal(Double)
  case bool(Bool)
  case list([Value])
  /// Keys in the order given, which is part of the shape.
  case object([Field])

  /// One member of an object.
  struct Field: Sendable, Equatable {
    var name: String
    var value: Value
    init(_ name: String, _ value: Value) {
      self.name = name
      self.value = value
    }
  }

  init(_ text: String?) { self = text.map(Value.text) ?? .null }
  init(_ number: Int64?) { self = number.map(Value.integer) ?? .null }
  init(_ number: Int?) { self = number.map { .integer(Int64($0)) } ?? .null }
  init(_ number: Double?) { self = number.map(Value.decimal) ?? .null }

  /// As JSON on one line.
  var json: String {
    var result = ""
    write(to: &result, indent: nil, depth: 0)
    return result
  }

  /// As JSON for people: two spaces a level, small objects of scalars still one per line.
  var indentedJSON: String {
    var result = ""
    write(to: &result, indent: 2, depth: 0)
    return result
  }

  /// As the text of a CSV field, before quoting: null is empty, lists and objects are JSON.
  var csvText: String {
    switch self {
    case .null: ""
    case .text(let text): text
    case .list, .object, .integer, .decimal, .bool: json
    }
  }

  private func write(to result: inout String, indent: Int?, depth: Int) {
    switch self {
    case .null: result += "null"
    case .text(let text): Value.writeString(text, to: &result)
    case .integer(let number): result += String(number)
    case .decimal(let number): result += number.isFinite ? Value.decimalText(number) : "null"
    case .bool(let flag): result += flag ? "true" : "false"
    case .list(let items):
      Value.writeMembers(items, "[", "]", to: &result, indent, depth) { item, result in
        item.write(to: &result, indent: indent, depth: depth + 1)
      }
    case .object(let fields):
      Value.writeMembers(fields, "{", "}", to: &result, indent, depth) { field, result in
        Value.writeString(field.name, to: &result)
        result += indent == nil ? ":" : ": "
        field.value.write(to: &result, indent: indent, depth: depth + 1)
      }
    }
  }

  private static func writeMembers<Member>(
    _ members: [Member], _ open: String, _ close: String, to result: inout String, _ indent: Int?, _ depth: Int,
    _ write: (Member, inout String) -> Void
  ) {
    result += open
    for (index, member) in members.enumerated() {
      if index > 0 { result += "," }
      if let indent { result += "\n" + String(repeating: " ", count: indent * (depth + 1)) }
      write(member, &result)
    }
    if let indent, !members.isEmpty { result += "\n" + String(repeating: " ", count: indent * depth) }
    result += close
  }

  /// Whole numbers without a fraction: `70`, not `70.0`.
  private static func decimalText(_ number: Double) -> String {
    if number == number.rounded(), abs(number) < 1e15 { return String(Int64(number)) }
    return "\(number)"
  }

  /// Escapes what JSON requires, and also what a terminal would obey: JSON is looked at in terminals too.
  private static func writeString(_ text: String, to result: inout String) {
    JSONString.append(text, to: &result, hiding: Visible.isHidden)
  }
}
