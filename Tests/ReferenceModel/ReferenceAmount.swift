import KizashiCore

/// What a line adds to a property that is added up.
package struct ReferenceAmount: Equatable, Sendable {
  /// Millionths, of all events the line stands for.
  package var micros: Int128
  /// 64 bits do not hold it: the line is refused.
  package var isTooLarge: Bool { Int64(exactly: micros) == nil }
}

extension ReferenceEvent {
  /// What the line adds to a property: a number, or a text that is one, to six digits and times the line's count; nil: there
  /// is none.
  package func amount(of property: String) -> ReferenceAmount? {
    guard kind == .usage else { return nil }
    switch field(property) {
    case .number(let text)?, .string(let text)?:
      return Self.micros(text).map { ReferenceAmount(micros: $0 * Int128(count)) }
    case .bool?, .null?, nil: return nil
    }
  }

  /// A decimal number in millionths, half-up, by moving its point; nil: the text is none. What is longer than any amount may
  /// be is 10¹⁹ or −10¹⁹: too large for 64 bits, and small enough to be multiplied by any count.
  package static func micros(_ text: String) -> Int128? {
    let parts = text.lowercased().split(separator: "e", omittingEmptySubsequences: false).map(String.init)
    guard let mantissa = parts.first, parts.count <= 2 else { return nil }
    let isNegative = mantissa.hasPrefix("-")
    let unsigned = isNegative || mantissa.hasPrefix("+") ? String(mantissa.dropFirst()) : mantissa
    let halves = unsigned.split(separator: ".", omittingEmptySubsequences: false).map(Array.init)
    let exponent = parts.count == 1 ? 0 : Int(parts[1])
    guard let exponent, (1...2).contains(halves.count), halves.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isDigit) })
    else { return nil }
    var digits = halves[0] + (halves.count == 2 ? halves[1] : [])
    var point = halves[0].count + 6
    // As far as any digit can be moved into or out of what counts.
    point += max(-digits.count - 10, min(exponent, digits.count + 40))
    if point < 0 {
      digits = Array(repeating: "0", count: -point) + digits
      point = 0
    }
    while digits.count <= point { digits.append("0") }
    let whole = String(digits[..<point]).drop { $0 == "0" }
    guard whole.count <= 19 else { return isNegative ? -largest : largest }
    let magnitude = Int128(whole.isEmpty ? "0" : String(whole)) ?? 0
    let rest = String(digits[point...])
    let half = "5" + String(repeating: "0", count: rest.count - 1)
    if isNegative { return rest > half ? -magnitude - 1 : -magnitude }
    return rest >= half ? magnitude + 1 : magnitude
  }

  private static let largest: Int128 = 10_000_000_000_000_000_000

  private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }
}

/// What the lines of one hour, account and event name come to in a property, by names.
package struct ReferenceSum: Equatable, Sendable {
  package var hour: Int64
  package var account: String
  package var event: String
  package var property: String
  package var micros: Int128

  /// An amount of given names.
  package init(hour: Int64, account: String, event: String, property: String, micros: Int128) {
    self.hour = hour
    self.account = account
    self.event = event
    self.property = property
    self.micros = micros
  }

  /// In an order that does not depend on numbers.
  package static func sorted(_ sums: [ReferenceSum]) -> [ReferenceSum] {
    sums.sorted { a, b in
      if a.hour != b.hour { return a.hour < b.hour }
      return [a.account, a.event, a.property].lexicographicallyPrecedes([b.account, b.event, b.property])
    }
  }
}

extension ReferenceModel {
  /// All that is added up, without what no line adds anything to.
  package var sums: [ReferenceSum] {
    var result: [ReferenceSum] = []
    for account in accounts {
      for line in account.facts.usage {
        for property in context.summed {
          guard let amount = line.amount(of: property), amount.micros != 0 else { continue }
          let same = result.firstIndex {
            $0.hour == line.hour && $0.account == account.name && $0.event == line.variant.name
              && $0.property == property
          }
          if let same {
            result[same].micros += amount.micros
          } else {
            result.append(
              ReferenceSum(
                hour: line.hour, account: account.name, event: line.variant.name, property: property,
                micros: amount.micros))
          }
        }
      }
    }
    return ReferenceSum.sorted(result)
  }
}
