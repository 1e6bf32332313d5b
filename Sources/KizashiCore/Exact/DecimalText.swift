/// A decimal number as producers write it: `5`, `-0.25`, `1e3`, `2.5E-4`, of any length. A point has digits on both sides.
struct DecimalText: Equatable {
  private var isNegative = false
  /// Values from 0 to 9, without leading zeros.
  private var digits: [UInt8] = []
  /// The number is its digits times ten to the power of this.
  private var exponent = 0

  /// Nil: the text is no number.
  init?(_ text: some StringProtocol) {
    var hasDigits = false  // Since the sign, or since the point
    var seenPoint = false
    var bytes = text.utf8[...]
    if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      isNegative = sign == UInt8(ascii: "-")
      bytes = bytes.dropFirst()
    }
    while let byte = bytes.first {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        hasDigits = true
        if byte != UInt8(ascii: "0") || !digits.isEmpty { digits.append(byte - UInt8(ascii: "0")) }
        if seenPoint { exponent -= 1 }
      case UInt8(ascii: ".") where hasDigits && !seenPoint: (seenPoint, hasDigits) = (true, false)
      case UInt8(ascii: "e"), UInt8(ascii: "E"):
        guard hasDigits, let power = Self.power(bytes.dropFirst()) else { return nil }
        exponent += power
        return
      default: return nil
      }
      bytes = bytes.dropFirst()
    }
    guard hasDigits else { return nil }
  }

  private static func power(_ bytes: some Collection<UInt8>) -> Int? {
    var rest = Array(bytes)[...]
    let sign = rest.first == UInt8(ascii: "-") ? -1 : 1
    if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    guard !rest.isEmpty, rest.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    // Further than any number goes.
    return sign * rest.reduce(0) { min($0 * 10 + Int($1 - UInt8(ascii: "0")), 1 << 30) }
  }

  /// In millionths, half-up; nil: 10²⁷ and more, or as far below zero.
  var micros: Int128? {
    let shift = exponent + 6
    guard digits.count + shift <= 33 else { return digits.isEmpty ? 0 : nil }
    let kept = shift >= 0 ? digits[...] : digits.dropLast(-shift)
    var magnitude = kept.reduce(Int128(0)) { $0 * 10 + Int128($1) }
    for _ in 0..<max(shift, 0) { magnitude *= 10 }
    let dropped = digits.dropFirst(kept.count)
    // Digits that stand further behind the last that is kept than they are many are zeros.
    if dropped.count == -shift, let first = dropped.first {
      let isMore = first > 5 || first == 5 && dropped.dropFirst().contains { $0 != 0 }
      if isMore || first == 5 && !isNegative { magnitude += 1 }
    }
    return isNegative ? -magnitude : magnitude
  }
}
