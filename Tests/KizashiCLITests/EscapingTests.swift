import TestSupport
import Testing

@testable import kizashi

@Suite struct EscapingTests {
  @Test func `control characters and bidirectional overrides are shown, not sent`() {
    #expect(Visible.text("a\u{1b}[2Jb") == #"a\u{1b}[2Jb"#)
    #expect(Visible.text("x\u{202e}gpj.exe") == #"x\u{202e}gpj.exe"#)
    #expect(Visible.text("line\nbreak\r\t\0\u{7f}\u{9b}") == #"line\u{a}break\u{d}\u{9}\u{0}\u{7f}\u{9b}"#)
    #expect(Visible.text("\u{2028}\u{feff}\u{e0041}") == #"\u{2028}\u{feff}\u{e0041}"#)
  }

  @Test func `names in any script stay as they are`() {
    for name in ["acme", "株式会社サンプル", "Ünïcode", "App\\Events\\Created", "👩‍👩‍👧", "می‌خواهم", "नमस्ते"] {
      #expect(Visible.text(name) == name)
    }
  }

  @Test func `a text that looks like an escape is told from an escaped character`() {
    #expect(Visible.text(#"\u{1b}"#) == #"\u{5c}u{1b}"#)
    #expect(Visible.text("\u{1b}") == #"\u{1b}"#)
  }

  @Test func `bytes that are not UTF-8 are shown one by one`() {
    #expect(Visible.text(bytes: Array("ok".utf8) + [0xff, 0x1b] + Array("é".utf8)) == #"ok\x{ff}\u{1b}é"#)
    #expect(Visible.text(bytes: [0xc3]) == #"\x{c3}"#)
    #expect(Visible.text(bytes: Array(#"\x{ff}"#.utf8)) == #"\u{5c}x{ff}"#)
  }

  @Test(arguments: [UInt64(1), 2, 3, 4]) func `escaping hides nothing and loses nothing`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var seen: [String: String] = [:]
    for _ in 0..<2000 {
      let text = random.text(upTo: 8)
      let shown = Visible.text(text)
      #expect(!shown.unicodeScalars.contains(where: Visible.isHidden), "seed \(seed)")
      #expect(Visible.text(bytes: Array(text.utf8)).unicodeScalars.elementsEqual(shown.unicodeScalars), "seed \(seed)")
      // Different texts must look different. Swift compares by canonical equivalence, so compare scalars.
      if let other = seen[shown] {
        #expect(other.unicodeScalars.elementsEqual(text.unicodeScalars) || other == text, "seed \(seed)")
      }
      seen[shown] = text
    }
  }

  @Test func `no styled text can carry a control character`() {
    let painted = Painter(colour: true).paint("\u{1b}[31mfake\u{7}", .red)
    #expect(painted == "\u{1b}[31m\\u{1b}[31mfake\\u{7}\u{1b}[0m")
    #expect(Painter(colour: false).paint("plain", .red) == "plain")
  }
}
