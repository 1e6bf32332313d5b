import TestSupport
import Testing

@testable import KizashiIngest

@Suite struct `The line framer` {
  /// Feeds the bytes in pieces as large as `next` says.
  private func frame(_ input: [UInt8], _ next: () -> Int) -> (pieces: [LineFramer.Piece], framer: LineFramer) {
    var framer = LineFramer(fingerprint: Fingerprint())
    var pieces: [LineFramer.Piece] = []
    var start = 0
    while start < input.count {
      let size = min(next(), input.count - start, LineFramer.lineLimit)
      let piece = framer.fill(size) { room in
        room.copyBytes(from: input[start..<start + size])
        return size
      }
      start += size
      if !piece.isEmpty { pieces.append(piece) }
      #expect(framer.readOffset == Int64(start))
    }
    let last = framer.finish()
    if !last.isEmpty { pieces.append(last) }
    return (pieces, framer)
  }

  @Test(arguments: 0..<30 as Range<UInt64>)
  func `gives the same lines however the bytes arrive`(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    var input: [UInt8] = []
    var expected: [[UInt8]] = []
    var tooLong: [OversizeLine] = []
    for _ in 0..<Int.random(in: 0...40, using: &chance) {
      let kind = Int.random(in: 0..<20, using: &chance)
      let length =
        switch kind {
        case 0: LineFramer.lineLimit + Int.random(in: -1...2, using: &chance)
        case 1: Int.random(in: 0...(2 * LineFramer.lineLimit + 10), using: &chance)
        case 2: 0
        default: Int.random(in: 0...5_000, using: &chance)
        }
      var line = [UInt8](repeating: UInt8.random(in: 0x20...0x7e, using: &chance), count: length)
      let endsInReturn = length > 0 && Bool.random(using: &chance)
      if endsInReturn { line[length - 1] = 0x0d }
      if length - (endsInReturn ? 1 : 0) > LineFramer.lineLimit {
        tooLong.append(
          OversizeLine(offset: Int64(input.count), length: Int64(length), sample: Array(line.prefix(1024))))
      } else {
        expected.append(line + [0x0a])
      }
      input += line + [0x0a]
    }
    if Bool.random(using: &chance) {
      input += Array("unended".utf8)
      expected.append(Array("unended".utf8))
    }
    let largest = [1 << 20, 300_000, 40_000].randomElement(using: &chance)!
    let (pieces, framer) = frame(input) { Int.random(in: 1...largest, using: &chance) }
    #expect(pieces.flatMap(\.bytes) == expected.flatMap { $0 }, "seed \(seed)")
    #expect(pieces.compactMap(\.oversize) == tooLong, "seed \(seed)")
    for piece in pieces where !piece.bytes.isEmpty {
      let start = Int(piece.startOffset)
      #expect(Array(input[start..<start + piece.bytes.count]) == piece.bytes, "seed \(seed)")
    }
    #expect(framer.offset == Int64(input.count), "seed \(seed)")
    #expect(framer.fingerprint?.tail == Array(input.suffix(4096)), "seed \(seed)")
    var head = FNV1a()
    for byte in input.prefix(4096) { head.absorb(byte) }
    if !input.isEmpty { #expect(framer.fingerprint?.head == .init(length: min(input.count, 4096), hash: head.hash)) }
  }

  @Test func `holds no more than one line`() {
    var framer = LineFramer()
    let filler = [UInt8](repeating: 0x61, count: 1 << 20)
    for _ in 0..<64 {
      _ = framer.fill(1 << 20) { room in
        room.copyBytes(from: filler)
        return filler.count
      }
      #expect(framer.carry.count <= LineFramer.lineLimit)
    }
    #expect(framer.skipping?.length == 64 << 20)
    #expect(framer.skipping?.sample.count == 1024)
  }

  @Test(arguments: [1, 7, 300_000, 1 << 20])
  func `the limit is one of the line and not of its end`(piece: Int) {
    let longest = [UInt8](repeating: 0x61, count: LineFramer.lineLimit)
    for (line, isHeld) in [
      (longest + [0x0a], true), (longest + [0x0d, 0x0a], true), (longest + [0x0d], true),
      (longest + [0x0d, 0x0d, 0x0a], false), (longest + [0x0d, 0x61, 0x0a], false), (longest + [0x61, 0x0a], false),
    ] {
      let (pieces, _) = frame(line) { piece }
      #expect(pieces.flatMap(\.bytes) == (isHeld ? line : []))
      #expect(pieces.compactMap(\.oversize).map(\.length) == (isHeld ? [] : [Int64(line.count - 1)]))
    }
  }

  @Test func `knows FNV-1a's published values`() {
    var hash = FNV1a()
    #expect(hash.hash == 0xcbf2_9ce4_8422_2325)
    for byte in "foobar".utf8 { hash.absorb(byte) }
    #expect(hash.hash == 0x8594_4171_f739_67e8)
  }

  @Test func `a tail's hash never changes, for it is stored`() {
    let bytes: [UInt8] = (0..<100).map { UInt8($0) }
    #expect(bytes.withUnsafeBytes(WordHash.hash) == Self.storedHash)
    #expect([UInt8]().withUnsafeBytes(WordHash.hash) != [0].withUnsafeBytes(WordHash.hash))
  }

  private static let storedHash: UInt64 = 1_827_700_706_554_766_259
}

@Suite struct `A path of bytes` {
  @Test(arguments: [
    "/plain", "/with space", "/日本/ログ", "/back\\slash", "/new\nline", "/esc\u{1b}[31m", "/del\u{7f}", "/c1\u{85}",
  ])
  func `is shown safely and read back exactly`(_ text: String) {
    let path = BytePath(text)
    #expect(BytePath(escaped: path.description) == path)
    #expect(!path.description.unicodeScalars.contains { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) })
  }

  @Test(arguments: 0..<200 as Range<UInt64>)
  func `survives any bytes`(seed: UInt64) {
    var chance = SeededGenerator(seed: seed)
    let bytes = (0..<Int.random(in: 0...40, using: &chance)).map { _ in UInt8.random(in: 1...255, using: &chance) }
    let path = BytePath(bytes: bytes)
    #expect(BytePath(escaped: path.description) == path, "seed \(seed)")
  }

  @Test func `refuses escapes cut short`() {
    for text in ["\\", "\\x", "\\x4", "\\xzz", "\\n"] { #expect(BytePath(escaped: text) == nil) }
  }

  @Test func `knows its directory`() {
    #expect(BytePath("/a/b").directory == BytePath("/a"))
    #expect(BytePath("/a").directory == BytePath("/"))
    #expect(BytePath("a").directory == BytePath("."))
    #expect(BytePath("/").appending("a".utf8) == BytePath("/a"))
  }
}
