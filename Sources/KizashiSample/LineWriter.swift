/// Writes text into memory that somebody else has made large enough: no call of it can fail or allocate.
struct LineWriter {
  /// Where the next byte goes.
  var cursor: UnsafeMutablePointer<UInt8>

  @inline(__always) mutating func text(_ text: StaticString) {
    let count = text.utf8CodeUnitCount
    cursor.update(from: text.utf8Start, count: count)
    cursor += count
  }

  /// Copies a whole slot and keeps the part that is text.
  @inline(__always) mutating func text(_ index: Int, of table: TextTable) {
    table.bytes.withUnsafeBufferPointer {
      guard let base = $0.baseAddress else { return }
      cursor.update(from: base + index * TextTable.slot, count: TextTable.slot)
    }
    cursor += table.lengths[index]
  }

  @inline(__always) mutating func byte(_ byte: UInt8) {
    cursor.pointee = byte
    cursor += 1
  }

  /// Exactly `count` decimal digits, with zeros in front.
  @inline(__always) mutating func digits(_ value: Int, count: Int) {
    var rest = value
    var place = count
    while place > 0 {
      place -= 1
      cursor[place] = 48 &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    cursor += count
  }

  /// Decimal text of a number that is not negative, with at least `atLeast` digits.
  @inline(__always) mutating func number(_ value: Int, atLeast: Int = 1) {
    var count = atLeast
    var bound = 1
    for _ in 0..<atLeast { bound &*= 10 }
    while value >= bound {
      bound &*= 10
      count += 1
    }
    digits(value, count: count)
  }

  /// Sixteen hexadecimal digits.
  @inline(__always) mutating func hexadecimal(_ value: UInt64) {
    for place in 0..<16 {
      let digit = UInt8(truncatingIfNeeded: value &>> UInt64(60 &- 4 &* place)) & 15
      cursor[place] = digit < 10 ? 48 &+ digit : 87 &+ digit
    }
    cursor += 16
  }
}

/// The names of accounts: a word and the place by size, from 1. They do not depend on the seed, so that documents and
/// scripts can speak of one.
enum AccountName {
  static let slugs = TextTable(Vocabulary.slugs)

  /// Neighbours by size get different words.
  static func slug(_ index: Int) -> Int { index * 31 % Vocabulary.slugs.count }

  @inline(__always) static func write(_ index: Int, to writer: inout LineWriter, slugs: TextTable) {
    writer.text(slug(index), of: slugs)
    writer.byte(UInt8(ascii: "-"))
    writer.number(index + 1, atLeast: 4)
  }

  static func text(_ index: Int) -> String {
    let bytes = [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      var writer = LineWriter(cursor: base)
      write(index, to: &writer, slugs: slugs)
      count = writer.cursor - base
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The account with this name among so many; nil: there is none.
  static func index(of name: String, among accounts: Int) -> Int? {
    guard let number = name.split(separator: "-").last.flatMap({ Int($0) }), number >= 1, number <= accounts else {
      return nil
    }
    return text(number - 1) == name ? number - 1 : nil
  }
}
