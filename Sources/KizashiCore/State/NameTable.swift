/// Names to dense numbers in the order of their first use: open addressing over one arena of bytes.
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
  private static let tagMask: UInt64 = 0xffff_ffff_0000_0000
  /// The longest name that stands in its entry, in bytes.
  private static let inlineLength = 24
  private var bytes: [UInt8] = []
  private var entries = Slabs<Entry>()
  private let owned: Bool
  /// High half: the upper half of the hash; low half: index + 1; 0: free. In the order of the hashes but for collisions, so that it can
  /// grow without a look at the names, and by a quarter: of ten million names twice as many slots would be a tenth of all memory.
  private var slots: ContiguousArray<UInt64>
  /// Names added since the last ``takeNew()``.
  private var reported = 0
  private static let restoredAtOnce = 32

  init(firstID: UInt32, owned: Bool, seed: UInt64) {
    self.firstID = firstID
    self.owned = owned
    self.seed = seed
    slots = ContiguousArray(repeating: 0, count: 1024)
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
    let tag = hash & Self.tagMask
    var index = place(of: hash)
    while true {
      let slot = slots[index]
      if slot == 0 { return nil }
      if slot & Self.tagMask == tag {
        let candidate = Int(UInt32(truncatingIfNeeded: slot)) - 1
        if matches(candidate, name, owner) { return firstID + UInt32(truncatingIfNeeded: candidate) }
      }
      index = after(index)
    }
  }

  /// Where the search for a hash begins: the part of the table that its upper half is of all such halves.
  @inline(__always)
  private func place(of hash: UInt64) -> Int { Int(truncatingIfNeeded: ((hash >> 32) &* UInt64(slots.count)) >> 32) }

  @inline(__always)
  private func after(_ index: Int) -> Int { index + 1 == slots.count ? 0 : index + 1 }

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

  /// Asks for what ``find(_:owner:hash:)`` of this hash will read first.
  @inline(__always)
  func prefetch(_ hash: UInt64) { slots.prefetch(place(of: hash)) }

  /// Asks for the name that stands in the place of a hash, which most probably is the one that has it.
  @inline(__always)
  func prefetchName(_ hash: UInt64) {
    let slot = slots[place(of: hash)]
    if slot != 0 { KizashiCore.prefetch(entries.pointer(Int(UInt32(truncatingIfNeeded: slot)) - 1)) }
  }

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
    if (entries.count + 1) * 5 > slots.count * 4 { grow() }
    var entry = Entry(words: (0, 0, 0), length: UInt32(name.count), owner: owner)
    if name.count <= Self.inlineLength {
      entry.words = Self.words(name)
    } else {
      entry.words.0 = UInt64(bytes.count)
      bytes.append(contentsOf: name)
    }
    entries.append(entry)
    place(hash & Self.tagMask | UInt64(entries.count))
    return firstID + UInt32(entries.count - 1)
  }

  @inline(__always)
  private mutating func place(_ slot: UInt64) {
    var index = place(of: slot)
    while slots[index] != 0 { index = after(index) }
    slots[index] = slot
  }

  private mutating func grow() {
    let size = slots.count + slots.count / 4
    precondition(size <= UInt32.max, "more names than numbers")
    let old = slots
    slots = ContiguousArray(repeating: 0, count: size)
    for slot in old where slot != 0 { place(slot) }
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
    block.bytes.withUnsafeBytes { arena in
      let name = { (index: Int) in
        UnsafeRawBufferPointer(rebasing: arena[(index == 0 ? 0 : Int(block.ends[index - 1]))..<Int(block.ends[index])])
      }
      // Some at a time: where each of them goes is asked for before the first is put there.
      for first in stride(from: 0, to: block.ends.count, by: Self.restoredAtOnce) {
        let indices = first..<min(first + Self.restoredAtOnce, block.ends.count)
        var hashes: [UInt64] = []
        for index in indices {
          hashes.append(hash(name(index), owner: owned ? block.accounts[index] : 0))
          prefetch(hashes[index - first])
        }
        for index in indices {
          _ = insert(name(index), owner: owned ? block.accounts[index] : 0, hash: hashes[index - first])
        }
      }
    }
    reported = entries.count
  }
}
