import KizashiCore

/// Explanation lines as `change.because` keeps them: `[[measure,points,"from","to",cause],…]`, with the store-wide
/// number of the measure and points in hundredths; the `changes` view names them.
///
/// A backfill may write a line for each change of each account, so that this builds bytes in one reused buffer and no
/// String.
struct BecauseText {
  private(set) var bytes: [UInt8] = []

  /// Replaces the text by that of these lines.
  /// - Parameter measures: The store-wide number of each of the model's measures.
  mutating func set(_ lines: [ExplanationLine], measures: [Int64]) {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(UInt8(ascii: "["))
    for line in lines {
      if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(UInt8(ascii: "["))
      // The negative numbers (cap, override, config) are the same in every model.
      append(line.measure < 0 ? Int64(line.measure) : measures[line.measure])
      bytes.append(UInt8(ascii: ","))
      append(Int64(line.points))
      bytes.append(UInt8(ascii: ","))
      append(line.from)
      bytes.append(UInt8(ascii: ","))
      append(line.to)
      bytes.append(UInt8(ascii: ","))
      append(Int64(line.cause.rawValue))
      bytes.append(UInt8(ascii: "]"))
    }
    bytes.append(UInt8(ascii: "]"))
  }

  /// A value as text: plain where it is whole, else with two decimals, half-up; `null` where it is missing.
  private mutating func append(_ value: ShownValue) {
    guard value.denominator != 0 else {
      bytes.append(contentsOf: "null".utf8)
      return
    }
    bytes.append(UInt8(ascii: "\""))
    defer { bytes.append(UInt8(ascii: "\"")) }
    let (numerator, denominator) = (value.numerator, value.denominator)
    guard numerator.magnitude < 1 << 55, denominator < 1 << 55 else {
      // Too large to round in 64 bits: rare, and then slow.
      let isWhole = numerator % denominator == 0
      bytes.append(contentsOf: (value.rational?.text(digits: isWhole ? 0 : 2) ?? "null").utf8)
      return
    }
    guard numerator % denominator != 0 else {
      append(numerator / denominator)
      return
    }
    let hundredths = floorDivide(200 * numerator + denominator, 2 * denominator)
    if hundredths < 0 { bytes.append(UInt8(ascii: "-")) }
    let magnitude = Int64(hundredths.magnitude)
    append(magnitude / 100)
    bytes.append(UInt8(ascii: "."))
    bytes.append(UInt8(ascii: "0") + UInt8(magnitude / 10 % 10))
    bytes.append(UInt8(ascii: "0") + UInt8(magnitude % 10))
  }

  private mutating func append(_ value: Int64) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    var rest = value.magnitude
    let start = bytes.count
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }
}
