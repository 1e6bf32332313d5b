import TestSupport
import Testing

@testable import KizashiCore

/// Curves beyond what fits 128 bits, against the same curves within.
@Suite struct `A grade of any fraction` {
  private static func curve(_ random: inout SeededGenerator) -> Curve {
    let scale: Int128 = random.pick([1, 100, 1_000_000])
    let xs = Set((0..<random.int(1...5)).map { _ in random.int(-500...500) }).sorted()
    let corners = xs.map {
      GradePoint(
        value: Rational(Int128($0), scale), points: Rational(Int128(random.int(0...1_000_000)), 10_000))
    }
    return Curve(random.chance(75) ? .points(corners) : .bands(corners))
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `is the same whether its parts are small or large`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      let curve = Self.curve(&random)
      let n = Int128(random.int(-1000...1000))
      let d = Int128(random.int(1...1000) * random.pick([1, 1000, 1_000_000]))
      let grade = curve.grade(Rational(n, d))
      #expect(curve.wide(n, d) == Int128(grade), "\(n)/\(d), seed \(seed)")
      // The same value, with parts that no product of two fits.
      let factor = Int128(1) << 85
      #expect(curve.grade(Rational(n * factor, d * factor)) == grade, "\(n)/\(d), seed \(seed)")
    }
  }

  @Test func `compares where products do not fit`() {
    let large = Rational(Int128(1) << 126, (Int128(1) << 126) - 1)
    #expect(large > Rational(1_000_000, 999_999 + 1))
    #expect(Rational(1_000_000, 1_000_000) < large)
    #expect(large == Rational(Int128(1) << 126, (Int128(1) << 126) - 1))
    #expect(large != Rational(7, 6))
    #expect(large.text(digits: 2) == "1.00")
    #expect(ShownValue(Rational((Int128(1) << 125) * 3, Int128(1) << 125 | 1)).rational == Rational(3))
    #expect(Rational(-5, 4).text(digits: 1) == "-1.2")
  }
}
