import KizashiCore

/// Writes JSON in the order given, with numbers exactly as given: what a library's encoder does with `-30.40` is its own
/// affair, and a pager that shows `-30.399999999999999` looks broken.
struct JSONText {
  private(set) var text = ""
  private var needsComma = false

  mutating func beginObject() { begin("{") }
  mutating func endObject() { end("}") }
  mutating func beginArray() { begin("[") }
  mutating func endArray() { end("]") }

  mutating func key(_ name: String) {
    separate()
    appendQuoted(name)
    text += ":"
    needsComma = false
  }

  mutating func value(_ string: String?) {
    guard let string else { return raw("null") }
    separate()
    appendQuoted(string)
    needsComma = true
  }

  mutating func value(_ scalar: Scalar) {
    switch scalar {
    case .null: raw("null")
    case .bool(let value): raw(value ? "true" : "false")
    // The text of a number in a line that was valid JSON.
    case .number(let number): raw(number)
    case .string(let string): value(string)
    }
  }

  /// A number with two decimals from its hundredths.
  mutating func hundredths(_ value: Int?) {
    guard let value else { return raw("null") }
    let fraction = value.magnitude % 100
    raw("\(value < 0 ? "-" : "")\(value.magnitude / 100).\(fraction < 10 ? "0" : "")\(fraction)")
  }

  /// A share as the views round it: half-up to four decimals, of which the last two are left out where they are 0.
  mutating func share(_ value: Rational) {
    let text = value.text(digits: 4)
    raw(text.hasSuffix("00") ? String(text.dropLast(2)) : text)
  }

  /// Something that is JSON already.
  mutating func raw(_ json: String) {
    separate()
    text += json
    needsComma = true
  }

  private mutating func begin(_ bracket: String) {
    separate()
    text += bracket
    needsComma = false
  }

  private mutating func end(_ bracket: String) {
    text += bracket
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { text += "," }
  }

  private mutating func appendQuoted(_ string: String) {
    // DEL and the C1 controls need no escape in JSON, but hooks print what they get to terminals and mails.
    JSONString.append(string, to: &text) { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) }
  }
}
