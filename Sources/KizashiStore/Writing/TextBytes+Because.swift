import KizashiCore

extension TextBytes {
  /// Bytes of one line but for its values, and of one value that is no ratio of large numbers, at most.
  private static let line = 64
  private static let value = 32

  /// Adds explanation lines as `change.because` keeps them: `[[measure,points,"from","to",cause],…]`, with the store-wide
  /// number of the measure and points in hundredths; the `changes` view names them.
  ///
  /// - Parameter measures: The store-wide number of each of the model's measures.
  mutating func append(_ lines: [ExplanationLine], measures: [Int64]) {
    reserve(2 + lines.count * Self.line)
    put("[")
    lines.withUnsafeBufferPointer { lines in
      for index in lines.indices {
        reserve(Self.line)
        if index > 0 { put(",") }
        put("[")
        // The negative numbers (cap, override, config) are the same in every model.
        let measure = lines[index].measure
        put(measure < 0 ? Int64(measure) : measures[measure])
        put(",")
        put(Int64(lines[index].points))
        put(",")
        append(lines[index].from)
        put(",")
        append(lines[index].to)
        reserve(Self.line)
        put(",")
        put(Int64(lines[index].cause.rawValue))
        put("]")
      }
    }
    put("]")
  }

  /// A value as text: plain where it is whole, else with two decimals, half-up; `null` where it is missing. Behind it there is room
  /// for a comma.
  private mutating func append(_ value: ShownValue) {
    reserve(Self.value)
    guard value.denominator != 0 else {
      append("null")
      return reserve(1)
    }
    put("\"")
    let (numerator, denominator) = (value.numerator, value.denominator)
    if numerator.magnitude >= 1 << 55 || denominator >= 1 << 55 {
      // Too large to round in 64 bits: rare, and then slow.
      let isWhole = numerator % denominator == 0
      append(value.rational?.text(digits: isWhole ? 0 : 2) ?? "null")
      reserve(2)
    } else if numerator % denominator == 0 {
      put(numerator / denominator)
    } else {
      let hundredths = floorDivide(200 * numerator + denominator, 2 * denominator)
      if hundredths < 0 { put("-") }
      let magnitude = Int64(hundredths.magnitude)
      put(magnitude / 100)
      put(".")
      put(magnitude / 10 % 10)
      put(magnitude % 10)
    }
    put("\"")
  }
}
