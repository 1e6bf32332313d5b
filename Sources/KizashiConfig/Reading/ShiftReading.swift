import KizashiCore

/// How the config writes a shift rule.
enum ShiftReading {
  static let directions: [(name: String, direction: ShiftSettings.Direction)] = [
    ("down", .down), ("up", .up), ("both", .both),
  ]

  static func name(of direction: ShiftSettings.Direction) -> String {
    directions.first { $0.direction == direction }?.name ?? "down"
  }

  /// Ten-thousandths as decimal text.
  static func text(_ tenThousandths: Int32) -> String {
    decimalText(Rational(Int128(tenThousandths), Int128(ShiftBaseline.scale)))
  }
}

extension Reading {
  /// Half of the 92 days a shift rule looks at: of the store twice as much is asked, and a month.
  private static let hoursKept = 46 * 24

  /// A rule of `kind: shift`.
  func shift(_ section: Section) -> RuleKind? {
    let usual = ShiftSettings()
    let feature = section.required("feature", "which feature, any or core").flatMap { self.feature($0) }
    let name = section["direction"].map { $0.choice(ShiftReading.directions.map(\.name)) } ?? "down"
    // More than the bound of z would be, and no day could be evidence.
    let k = section["k"].map { deviations($0, "the slack a day, a number from 0 to 2.9", 0...29_000) } ?? usual.k
    let h =
      section["h"].map { deviations($0, "the evidence for an alarm, a number from 1 to 100", 10_000...1_000_000) }
      ?? usual.h
    keep(hours: Self.hoursKept, section["feature"])
    guard let feature, let direction = ShiftReading.directions.first(where: { $0.name == name })?.direction, let k,
      let h
    else { return nil }
    return .shift(feature: feature, ShiftSettings(direction: direction, k: k, h: h))
  }

  /// A number of standard deviations in ten-thousandths.
  private func deviations(_ cursor: Cursor, _ what: String, _ range: ClosedRange<Int128>) -> Int32? {
    let scale = Int128(ShiftBaseline.scale)
    let value = cursor.decimal(
      what, in: Rational(range.lowerBound, scale)...Rational(range.upperBound, scale), digits: 4)
    return value.map { Int32(clamping: ($0 * Rational(scale)).floor) }
  }
}
