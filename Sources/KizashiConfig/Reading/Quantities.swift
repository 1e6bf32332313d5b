import KizashiCore

/// Lengths of time in milliseconds.
enum Milliseconds {
  static let second: Int64 = 1000
  static let minute: Int64 = 60_000
  static let hour: Int64 = 3_600_000
  static let day: Int64 = 86_400_000
  /// The longest any duration may be: ten years.
  static let longest: Int64 = 3660 * day

  /// `90s`, `30m`, `12h` or `7d` in milliseconds; nil for anything else.
  static func parse(_ text: String) -> Int64? {
    guard let unit = text.last, let amount = digits(text.dropLast()) else { return nil }
    switch unit {
    case "s": return amount * second
    case "m": return amount * minute
    case "h": return amount * hour
    case "d": return amount * day
    default: return nil
    }
  }

  /// A whole number of up to nine digits.
  static func digits(_ text: Substring) -> Int64? {
    guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int64(text)
  }

  /// The shortest way to write it: `2h`, `90s`, `7d`. Whole seconds.
  static func text(_ value: Int64) -> String {
    for (length, unit) in [(day, "d"), (hour, "h"), (minute, "m")] where value != 0 && value % length == 0 {
      return "\(value / length)\(unit)"
    }
    return "\(value / second)s"
  }
}

extension Cursor {
  private static let durationHint = "write a whole number and a unit: 90s, 30m, 12h, 7d"

  /// Milliseconds within a range.
  ///
  /// - Parameters:
  ///   - example: One that may stand there.
  ///   - other: What else may stand there.
  func duration(
    _ what: String = "a duration", in range: ClosedRange<Int64> = 0...Milliseconds.longest, example: String = "30m",
    or other: String = ""
  ) -> Int64? {
    guard case .scalar(let text) = node.value else {
      failExpecting("\(what) such as \(example)\(other)", hint: Self.durationHint)
      return nil
    }
    guard let value = Milliseconds.parse(text) else {
      let business = text.hasSuffix("bd") && Milliseconds.digits(text.dropLast(2)) != nil
      failExpecting(
        "\(what) such as \(example)\(other)",
        hint: business ? "business days are for a silence rule's after:" : Self.durationHint)
      return nil
    }
    guard range.contains(value) else {
      failExpecting("\(what) from \(Milliseconds.text(range.lowerBound)) to \(Milliseconds.text(range.upperBound))")
      return nil
    }
    return value
  }

  /// Milliseconds, or nil in the box for `never`.
  func durationOrNever(_ what: String, in range: ClosedRange<Int64>) -> Int64?? {
    if case .scalar("never") = node.value { return .some(nil) }
    return duration(what, in: range, or: ", or never").map { .some($0) }
  }

  /// A window in whole hours.
  func hours(_ what: String = "a window") -> Int? {
    let range = Milliseconds.hour...Milliseconds.longest
    guard let value = duration("\(what) of whole hours", in: range, example: "24h or 28d") else { return nil }
    guard value % Milliseconds.hour == 0 else {
      failExpecting("\(what) of whole hours such as 24h or 28d")
      return nil
    }
    return Int(value / Milliseconds.hour)
  }

  /// Whole hours or business days.
  func ruleSpan() -> RuleSpan? {
    if case .scalar(let text) = node.value, text.hasSuffix("bd"), let days = Milliseconds.digits(text.dropLast(2)) {
      guard (1...1000).contains(days) else {
        failExpecting("1bd to 1000bd")
        return nil
      }
      return .businessDays(Int(days))
    }
    guard case .scalar(let text) = node.value, Milliseconds.parse(text) != nil else {
      failExpecting("a length of silence such as 12h, 7d or 5bd", hint: "bd are business days")
      return nil
    }
    return hours("a silence").map { .milliseconds(Int64($0) * Milliseconds.hour) }
  }

  /// A number from its decimal text, exactly; never by way of a floating-point number.
  ///
  /// - Parameter digits: The most digits after the point. Before it twelve are the most anywhere, so that arithmetic
  ///   on them stays exact in 128 bits.
  func decimal(_ what: String, in range: ClosedRange<Rational>? = nil, digits: Int = 6) -> Rational? {
    guard case .scalar(let text) = node.value else {
      failExpecting(what)
      return nil
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard let value = Rational(decimal: text), parts.allSatisfy({ !$0.isEmpty }), parts[0].last?.isNumber == true else {
      failExpecting(what, hint: decimalHint(text, what))
      return nil
    }
    if parts.count == 2, parts[1].count > digits {
      failExpecting(what, hint: "at most \(digits) digits after the point")
      return nil
    }
    guard parts[0].utf8.count(where: { (48...57).contains($0) }) <= 12 else {
      failExpecting(what, hint: "at most 12 digits before the point")
      return nil
    }
    if let range, !range.contains(value) {
      failExpecting(what)
      return nil
    }
    return value.reduced
  }

  private func decimalHint(_ text: String, _ what: String) -> String? {
    let lower = text.lowercased()
    if lower.contains("e"), Double(text) != nil { return "write it out, without an exponent" }
    if text.contains(","), Rational(decimal: text.replacing(",", with: ".")) != nil {
      return "write a point, not a comma"
    }
    if text.hasSuffix("%") {
      return what.contains("points")
        ? "points go from 0 to 100: write \(text.dropLast())" : "write a fraction: 5% is 0.05"
    }
    if text.hasPrefix("."), Double(text) != nil { return "write 0\(text)" }
    return nil
  }

  /// A number of points as hundredths, within a range of hundredths.
  func hundredths(_ what: String, in range: ClosedRange<Int>) -> Int? {
    let bounds = Rational(Int128(range.lowerBound), 100)...Rational(Int128(range.upperBound), 100)
    return decimal(what, in: bounds, digits: 2).map { Int(($0 * Rational(100)).floor) }
  }
}

/// A number with as few digits after the point as say it, at most six: exact for what was read from decimal text.
package func decimalText(_ value: Rational) -> String {
  var text = value.text(digits: 6)
  while text.hasSuffix("0") { text.removeLast() }
  if text.hasSuffix(".") { text.removeLast() }
  return text == "-0" ? "0" : text
}
