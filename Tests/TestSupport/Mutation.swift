/// Spoils bytes as accidents do: bits turn, pieces vanish, repeat or change places, words of the language stand where they should not.
public struct Mutation: Sendable {
  /// Pieces that mean something to what reads the bytes.
  public var words: [[UInt8]]

  /// A mutation that knows these words, beside bytes that are trouble anywhere.
  public init(words: [String]) {
    self.words = words.map { Array($0.utf8) } + [[0], [0xff], [0xef, 0xbb, 0xbf], [0xed, 0xa0, 0x80], [0x0a], [0x0d]]
  }

  /// The bytes after one to eight accidents.
  public func callAsFunction(_ bytes: [UInt8], _ chance: inout SeededGenerator) -> [UInt8] {
    var result = bytes
    for _ in 0..<chance.int(1...8) { spoil(&result, &chance) }
    return result
  }

  private func spoil(_ bytes: inout [UInt8], _ chance: inout SeededGenerator) {
    func place(_ chance: inout SeededGenerator) -> Int { chance.int(0...bytes.count) }
    func piece(_ chance: inout SeededGenerator) -> Range<Int> {
      let start = place(&chance)
      return start..<chance.int(start...min(bytes.count, start + chance.int(1...40)))
    }
    switch chance.int(0...7) {
    case 0 where !bytes.isEmpty: bytes[chance.int(0...bytes.count - 1)] ^= 1 << UInt8(chance.int(0...7))
    case 1 where !bytes.isEmpty: bytes[chance.int(0...bytes.count - 1)] = UInt8(chance.int(0...255))
    case 2: bytes.removeSubrange(piece(&chance))
    case 3:
      let copied = Array(bytes[piece(&chance)])
      bytes.insert(contentsOf: copied, at: place(&chance))
    case 4:
      let moved = piece(&chance)
      let text = Array(bytes[moved])
      bytes.removeSubrange(moved)
      bytes.insert(contentsOf: text, at: place(&chance))
    case 5:
      let again = piece(&chance)
      if again.count <= 8 {
        let repeated = Array(repeating: Array(bytes[again]), count: chance.int(1...400)).flatMap { $0 }
        bytes.replaceSubrange(again, with: repeated)
      }
    default:
      let word = chance.pick(words)
      let start = place(&chance)
      bytes.replaceSubrange(start..<(chance.chance(50) ? start : min(bytes.count, start + word.count)), with: word)
    }
  }
}

/// Seeds to test with: those of the variable, written `7` or `1-5000`, otherwise the given ones.
public func seeds(_ text: String?, otherwise: ClosedRange<UInt64>) -> ClosedRange<UInt64> {
  guard let text else { return otherwise }
  let ends = text.split(separator: "-").compactMap { UInt64($0) }
  guard let first = ends.first, let last = ends.last, first <= last else { return otherwise }
  return first...last
}
