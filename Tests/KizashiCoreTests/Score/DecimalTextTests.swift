import Testing

@testable import KizashiCore

/// Numbers of attributes, answers, contracts and overrides, as producers write them.
@Suite struct DecimalTextTests {
  @Test(
    arguments: [
      ("5", 5_000_000), ("-0.25", -250_000), ("+7", 7_000_000), ("007.50", 7_500_000), ("0", 0), ("-0.0", 0),
      ("1e3", 1_000_000_000), ("1E1", 10_000_000), ("2.5e-1", 250_000), ("12.5E+1", 125_000_000), ("0e999999999", 0),
      // Half-up is up, also below zero.
      ("0.0000005", 1), ("-0.0000005", 0), ("0.00000049999", 0), ("-0.00000050001", -1), ("5e-7", 1), ("4e-7", 0),
      ("6e-8", 0), ("9e-99", 0), ("5.000000000000000000000000000000000000001", 5_000_000),
      ("999999999999999999999999999.999999", Int128("999999999999999999999999999999999")!),
    ] as [(String, Int128)])
  func `a number to six digits`(text: String, micros: Int128) {
    #expect(DecimalText(text)?.micros == micros)
  }

  @Test(arguments: [
    "", "-", "+", ".", ".5", "1.", "1..2", "1.e3", "e3", "1e", "1e+", "1e1.5", "0x1", " 1", "1 ", "1,5", "many", "NaN",
  ])
  func `no number`(text: String) { #expect(DecimalText(text) == nil) }

  @Test(arguments: ["1e27", "-1e27", "1e999999999999999999999", "1000000000000000000000000000"])
  func `larger than anybody counts`(text: String) { #expect(DecimalText(text)?.micros == nil) }
}
