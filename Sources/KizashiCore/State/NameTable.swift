/// Names to dense numbers in the order of their first use: one arena of bytes behind a ``HashIndex``.
///
/// A name may have an owner (users belong to accounts): the same text under two owners is two names.
struct NameTable: ~Copyable {
  /// The number of the first name.
  let firstID: UInt32
  private let seed: UInt64
  /// A name and whose it is. Names of up to 24 bytes stand here themselves, so that a look-up reads two places and not
  /// three; longer ones lie in the arena, from `words.0` on.
  ///
  /// Not private: in `Slabs` the compiler (6.3) needs it wherever a table ends.
  struct Entry {
    var words: (UInt64, UInt64, UInt64)
    var length: UInt32
    var owner: UInt32
  }
  /// The longest name that stands in its entry, in bytes.
  private static let inlineLength = 24
  private var bytes: [UInt8] = []
  private var entries = Slabs<Entry>()
  private let owned: Bool
  private var index = HashIndex()
  /// Names added since the last ``takeNew()``.
  private var reported = 0

  init(firstID: UInt32, owned: Bool, seed: UInt64) {
    self.firstID = firstID
    self.owned = owned
    self.seed = seed
  }

  var count: Int { entries.count }

  /// The number of a name, or nil and the hash to ``insert(_:owner:hash:)`` it with.
  @inline(__always)
  func find(_ name: UnsafeRawBufferPointer, owner: UInt32 = 0) -> (id: UInt32?, hash: UInt64) {
    let hash = hash(name, owner: owner)
    return (find(name, owner: owner, hash: hash), hash)
  }

  /// The number of a name whose hash is known.
  @inline(__always)
  func find(_ name: UnsafeRawBufferPointer, owner: UInt32 = 0, hash: UInt64) -> UInt32? {
    index.find(hash) { matches($0, name, owner) }.map { firstID + UInt32(truncatingIfNeeded: $0) }
  }

  @inline(__always)
  private func matches(_ index: Int, _ name: UnsafeRawBufferPointer, _ owner: UInt32) -> Bool {
    let entry = entries[index]
    guard entry.owner == owner, Int(entry.length) == name.count else { return false }
    if name.count <= Self.inlineLength { return entry.words == Self.words(name) }
    return bytes.withUnsafeBytes { arena in
      let start = Int(entry.words.0)
      return arena[start..<start + name.count].elementsEqual(name)
    }
  }

  /// A name of up to 24 bytes as words, the rest zero.
  @inline(__always)
  private static func words(_ name: UnsafeRawBufferPointer) -> (UInt64, UInt64, UInt64) {
    let count = name.count
    guard let p = name.baseAddress, count > 0 else { return (0, 0, 0) }
    let word = { (offset: Int) in UInt64(littleEndian: p.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
    // The bytes after the last whole word: of the word that ends with the name, the upper ones.
    let rest = count & 7
    var tail: UInt64 = 0
    if count >= 8 {
      if rest > 0 { tail = word(count - 8) >> UInt64(64 - rest * 8) }
    } else {
      for index in (0..<count).reversed() { tail = tail << 8 | UInt64(p.load(fromByteOffset: index, as: UInt8.self)) }
    }
    switch count / 8 {
    case 0: return (tail, 0, 0)
    case 1: return (word(0), tail, 0)
    case 2: return (word(0), word(8), tail)
    default: return (word(0), word(8), word(16))
    }
  }

  /// Reads what ``find(_:owner:)`` of this hash will read first, so that it is in the cache then.
  @inline(__always)
  func warm(_ hash: UInt64) -> UInt64 { index.warm(hash) }

  /// The hash of a name.
  @inline(__always)
  func hash(_ name: UnsafeRawBufferPointer, owner: UInt32 = 0) -> UInt64 {
    let seed = seed ^ (UInt64(owner) &* 0x9e37_79b9_7f4a_7c15)
    guard name.count <= Self.inlineLength else { return NameHash.hash(name, seed: seed) }
    return Self.hash(Self.words(name), UInt32(truncatingIfNeeded: name.count), seed: seed)
  }

  @inline(__always)
  private static func hash(_ words: (UInt64, UInt64, UInt64), _ length: UInt32, seed: UInt64) -> UInt64 {
    let first = NameHash.fold(words.0 ^ seed, words.1 ^ 0xe703_7ed1_a0b4_28db)
    return NameHash.fold(first ^ words.2, UInt64(length) ^ 0xa076_1d64_78bd_642f)
  }

  /// Adds a name that ``find(_:owner:)`` did not find.
  mutating func insert(_ name: UnsafeRawBufferPointer, owner: UInt32 = 0, hash: UInt64) -> UInt32 {
    var entry = Entry(words: (0, 0, 0), length: UInt32(name.count), owner: owner)
    if name.count <= Self.inlineLength {
      entry.words = Self.words(name)
    } else {
      entry.words.0 = UInt64(bytes.count)
      bytes.append(contentsOf: name)
    }
    entries.append(entry)
    index.add(hash)
    return firstID + UInt32(entries.count - 1)
  }

  /// A name's bytes, valid inside the closure.
  private func withBytes<T>(of index: Int, _ body: (UnsafeRawBufferPointer) -> T) -> T {
    let entry = entries[index]
    let length = Int(entry.length)
    if length <= Self.inlineLength {
      let words = (entry.words.0.littleEndian, entry.words.1.littleEndian, entry.words.2.littleEndian)
      return withUnsafeBytes(of: words) { body(UnsafeRawBufferPointer(rebasing: $0[..<length])) }
    }
    let start = Int(entry.words.0)
    return bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<start + length])) }
  }

  /// Whose a name is.
  func owner(_ id: UInt32) -> UInt32 { entries[Int(id - firstID)].owner }

  func name(_ id: UInt32) -> String {
    withBytes(of: Int(id - firstID)) { String(decoding: $0, as: UTF8.self) }
  }

  /// The names added since the last call.
  mutating func takeNew() -> NameBlock {
    var block = NameBlock(firstID: firstID + UInt32(reported))
    guard reported < entries.count else { return block }
    for index in reported..<entries.count {
      withBytes(of: index) { block.bytes.append(contentsOf: $0) }
      block.ends.append(UInt32(block.bytes.count))
      if owned { block.accounts.append(entries[index].owner) }
    }
    reported = entries.count
    return block
  }

  /// Adds stored names, the next in the order of their numbers.
  mutating func restore(_ block: NameBlock) {
    precondition(Int(block.firstID) == Int(firstID) + entries.count, "stored names come in the order of their numbers")
    var start = 0
    block.bytes.withUnsafeBytes { arena in
      for (index, end) in block.ends.enumerated() {
        let name = UnsafeRawBufferPointer(rebasing: arena[start..<Int(end)])
        let owner = owned ? block.accounts[index] : 0
        _ = insert(name, owner: owner, hash: find(name, owner: owner).hash)
        start = Int(end)
      }
    }
    reported = entries.count
  }
}
