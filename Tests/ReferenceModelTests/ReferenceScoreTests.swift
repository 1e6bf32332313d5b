import KizashiCore
import Testing

@testable import ReferenceModel

@Suite struct ReferenceScoreTests {
  @Test func `a grade is linear between corners, clamped outside and rounded once`() {
    func corner(_ x: Int64, _ y: Int64) -> GradePoint { GradePoint(value: Rational(x), points: Rational(y)) }
    let curve = GradeCurve.points([corner(0, 0), corner(3, 100)])
    #expect(curve.grade(of: Rational(-1)) == 0)
    #expect(curve.grade(of: Rational(1)) == 3333)
    #expect(curve.grade(of: Rational(2)) == 6667)
    #expect(curve.grade(of: Rational(9)) == 10000)
    let steps = GradeCurve.bands([corner(2, 10), corner(5, 60)])
    #expect(steps.grade(of: Rational(1)) == 1000)
    #expect(steps.grade(of: Rational(499, 100)) == 1000)
    #expect(steps.grade(of: Rational(5)) == 6000)
  }

  @Test func `the built-in scorecard grades one event of a new account`() {
    let model = fed(Model(), [usage(january(5, 10, 30))])
    let reading = model.accounts[0].reading
    // Recency 100, one active day 10, one feature 30, no trend yet: (30·100 + 30·10 + 15·30) / 75.
    #expect(reading?.grades == [10000, 1000, 3000, nil])
    #expect(reading?.score == 5000)
    #expect(reading?.coverage == Rational(3, 4))
    #expect(model.accounts[0].band == "yellow")
  }

  @Test func `zero and neutral count in the score and not in coverage, hold in both until it ends`() {
    var model = attributeModel(["x", "y", "z"])
    model.measures[1].missing = .zero
    model.measures[2].missing = .hold(milliseconds: 90_000)
    let full: [(String, Scalar)] = [("x", .number("60")), ("y", .number("30")), ("z", .number("90"))]
    let gone: [(String, Scalar)] = [("y", .null), ("z", .null)]
    let inputs = [group(january(1), full), group(january(1, 1), gone)]
    let before = fed(model, inputs).accounts[0].reading
    #expect(before?.score == 5000)
    #expect(before?.coverage == Rational(2, 3))
    let after = fed(model, inputs + [.settle(at: january(1, 1) + 90_000)]).accounts[0].reading
    #expect(after?.grades == [6000, 0, nil])
    #expect(after?.score == 3000)
    #expect(after?.coverage == Rational(1, 3))
    model.measures[1].missing = .neutral
    #expect(fed(model, inputs).accounts[0].reading?.grades[1] == 5000)
  }

  @Test func `attribute text is a number only as decimal text, rounded to six digits`() {
    #expect(decimalNumber("-0.0000015") == Rational(-1, 1_000_000))
    #expect(decimalNumber("+12.5") == Rational(25, 2))
    #expect(decimalNumber("1.5e3") == Rational(1500))
    #expect(decimalNumber("-25E-7") == Rational(-2, 1_000_000))
    #expect(decimalNumber("e3") == nil)
    #expect(decimalNumber(".5") == nil)
    #expect(decimalNumber("") == nil)
  }

  @Test func `lines are rounded by largest remainder`() {
    #expect(wholeHundredths([Rational(1, 3), Rational(1, 3), Rational(1, 3)], total: 1) == [1, 0, 0])
    #expect(wholeHundredths([Rational(-1, 3), Rational(-2, 3)], total: -1) == [0, -1])
    #expect(wholeHundredths([Rational(5, 2), Rational(-7, 4)], total: 1) == [3, -2])
  }

  @Test func `a measure that appears is explained, and the other one is reweighted`() {
    let model = fed(
      attributeModel(["x", "y"]),
      [group(january(1), [("x", .number("80"))]), group(january(2), [("y", .number("40"))])])
    // 80 → 60. C = 70: x loses half its share at 10 above, y gains half a share at 30 below.
    #expect(model.accounts[0].scoreChanges.count == 1)
    let entry = model.accounts[0].scoreChanges.first
    #expect(entry?.kind == .score)
    #expect(entry?.delta == -2000)
    #expect(entry?.cause == .mixed)
    #expect(
      entry?.because == [
        ExplanationLine(measure: 1, points: -1500, from: nil, to: Rational(40), cause: .attribute),
        ExplanationLine(measure: 0, points: -500, from: Rational(80), to: Rational(80), cause: .reweighted),
      ])
  }

  @Test func `two score entries never share a local day, and what was denied waits for the next move`() {
    func score(_ text: String) -> [(name: String, value: Scalar)] { [("x", .number(text))] }
    let inputs = [
      group(january(1, 1), score("60")), group(january(1, 2), score("54")), group(january(1, 3), score("48")),
    ]
    let denied = fed(attributeModel(["x"]), inputs + [.settle(at: january(9))])
    #expect(denied.accounts[0].scoreChanges.map(\.at) == [january(1, 2)])
    let later = fed(
      attributeModel(["x"]), inputs + [group(january(8), score("48")), group(january(9), score("47.99"))])
    #expect(later.accounts[0].scoreChanges.map(\.at) == [january(1, 2), january(9)])
    #expect(later.accounts[0].scoreHistory.map(\.score) == [4800, 4799])
  }
}
