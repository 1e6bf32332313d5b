import TestSupport
import Testing

@testable import kizashi

@Suite struct WidthAndTableTests {
  @Test func `wide characters take two cells and marks none`() {
    #expect(DisplayWidth.of("acme") == 4)
    #expect(DisplayWidth.of("株式会社") == 8)
    #expect(DisplayWidth.of("ｶﾅ") == 2)
    #expect(DisplayWidth.of("e\u{301}tude") == 5)
    #expect(DisplayWidth.of("한국어") == 6)
    #expect(DisplayWidth.of("👍") == 2)
    #expect(DisplayWidth.of("👩‍👩‍👧") == 2)
    #expect(DisplayWidth.of("❤️") == 2)
    #expect(DisplayWidth.of("−→…│█") == 5)
  }

  @Test(arguments: [UInt64(5), 6, 7]) func `cut text fits and says that it was cut`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<2000 {
      let text = Visible.text(random.text(upTo: 12))
      let width = Int.random(in: 0...20, using: &random)
      let cut = DisplayWidth.truncated(text, to: width)
      #expect(DisplayWidth.of(cut) <= width, "seed \(seed): \(text)")
      #expect(cut == text || width == 0 || cut.last == "…", "seed \(seed): \(text)")
      #expect(DisplayWidth.of(text) > width || cut == text, "seed \(seed): \(text)")
    }
  }

  private func sample() -> Table {
    var table = Table([
      .init(title: "ACCOUNT", minimum: 6), .init(title: "SCORE", alignment: .right), .init(title: "WHY", minimum: 4),
    ])
    table.rows = [
      [Styled("acme"), Styled("56.43"), Styled("usage left the window")],
      [Styled("株式会社サンプル"), Styled("7.00"), Styled("silence")],
    ]
    return table
  }

  @Test func `columns are aligned by cells, also with wide names`() {
    let lines = sample().text(width: nil, painter: Painter(colour: false)).split(separator: "\n").map(String.init)
    #expect(
      lines == [
        "ACCOUNT           SCORE  WHY", "acme              56.43  usage left the window",
        "株式会社サンプル   7.00  silence",
      ])
  }

  @Test func `on a terminal every line fits and the longest column gives way`() {
    for width in 24...50 {
      for line in sample().text(width: width, painter: Painter(colour: false)).split(separator: "\n") {
        #expect(DisplayWidth.of(String(line)) <= width)
      }
    }
    let narrow = sample().text(width: 30, painter: Painter(colour: false))
    #expect(narrow.contains("…"))
    #expect(narrow.contains("56.43"))
  }

  @Test func `a column that may not be cut stays whole though the line is too long`() {
    #expect(sample().text(width: 5, painter: Painter(colour: false)).contains("56.43"))
  }

  @Test func `an optional column gives way before the line grows too long`() {
    var table = Table([
      .init(title: "A", minimum: 2), .init(title: "LONG", isOptional: true), .init(title: "LONGER", isOptional: true),
    ])
    table.rows = [[Styled("abc"), Styled("12345"), Styled("123456")]]
    func titles(_ width: Int) -> [String] {
      table.text(width: width, painter: Painter(colour: false)).split(separator: "\n")[0].split(separator: " ").map(
        String.init)
    }
    #expect(titles(18) == ["A", "LONG", "LONGER"])
    #expect(titles(17) == ["A", "LONG", "LONGER"])
    #expect(titles(16) == ["A", "LONG"])
    #expect(titles(8) == ["A"])
  }

  @Test func `padding stands outside of colour`() {
    var table = Table([.init(title: "A", alignment: .right), .init(title: "B")])
    table.rows = [[Styled("x", .red), Styled("y", .green)]]
    let line = table.text(width: nil, painter: Painter(colour: true)).split(separator: "\n")[1]
    #expect(line == "\u{1b}[31mx\u{1b}[0m  \u{1b}[32my\u{1b}[0m")
  }

  @Test func `bars and sparklines show their share`() {
    #expect(Sparkline.bar(0, cells: 4) == "░░░░")
    #expect(Sparkline.bar(1, cells: 4) == "████")
    #expect(Sparkline.bar(0.5, cells: 4) == "██░░")
    #expect(Sparkline.bar(7.0 / 32, cells: 4) == "▉░░░")
    #expect(Sparkline.bar(9, cells: 2) == "██")
    #expect(Sparkline.line([nil, 0, 50, 100], low: 0, high: 100) == "·▁▅█")
    #expect(Sparkline.line([3, 3], low: 3, high: 3) == "▅▅")
  }
}
