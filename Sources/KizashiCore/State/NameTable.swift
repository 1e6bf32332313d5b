/// Names to dense numbers in the order of their first use: open addressing over one arena of bytes.
///
/// A name may have an owner (users belong to accounts): the same text under two owners is two names.
struct NameTable {
  /// The number of the first name.
  let firstID: UInt32
  private let seed: UInt64
  /// Where a name lies in the arena, and whose it is: together, because a look-up needs them together.
  private struct Entry {
    var start: UInt32
    var length: UInt32
    var owner: UInt32
  }
  private var bytes: [UInt8] = []
  private var entries: ContiguousArray<Entry> = []
  private let owned: Bool
  /// High half: upper bits of the hash; low half: index + 1; 0: free. A power of two long.
  private var slots: ContiguousArray<UInt64>
  private var mask: Int
  /// Names added since the last ``takeNew()``.
  private var reported = 0

  init(firstID: UInt32, owned: Bool, seed: UInt64) {
    self.firstID = firstID
    self.owned = owned
    self.seed = seed
    slots = ContiguousArray(repeating: 0, count: 1024)
    mask = 1023
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
    let tag = hash & 0xffff_ffff_0000_0000
    var index = Int(truncatingIfNeeded: hash) & mask
    while true {
      let slot = slots[index]
      if slot == 0 { return nil }
      if slot & 0xffff_ffff_0000_0000 == tag {
        let candidate = Int(UInt32(truncatingIfNeeded: slot)) - 1
        if matches(candidate, name, owner) { return firstID + UInt32(truncatingIfNeeded: candidate) }
      }
      index = (index + 1) & mask
    }
  }

  @inline(__always)
  private func matches(_ index: Int, _ name: UnsafeRawBufferPointer, _ owner: UInt32) -> Bool {
    let entry = entries[index]
    guard entry.owner == owner, Int(entry.length) == name.count else { return false }
    return bytes.withUnsafeBytes { arena in
      var offset = 0
      let start = Int(entry.start)
      while offset + 8 <= name.count {
        guard
          arena.loadUnaligned(fromByteOffset: start + offset, as: UInt64.self)
            == name.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        else { return false }
        offset += 8
      }
      while offset < name.count {
        guard arena[start + offset] == name[offset] else { return false }
        offset += 1
      }
      return true
    }
  }

  /// Reads what ``find(_:owner:)`` of this hash will read first, so that it is in the cache then.
  @inline(__always)
  func warm(_ hash: UInt64) -> UInt64 { slots[Int(truncatingIfNeeded: hash) & mask] }

  /// The hash of a name.
  @inline(__always)
  func hash(_ name: UnsafeRawBufferPointer, owner: UInt32 = 0) -> UInt64 {
    NameHash.hash(name, seed: seed ^ (UInt64(owner) &* 0x9e37_79b9_7f4a_7c15))
  }

  /// Adds a name that ``find(_:owner:)`` did not find.
  mutating func insert(_ name: UnsafeRawBufferPointer, owner: UInt32 = 0, hash: UInt64) -> UInt32 {
    if (entries.count + 1) * 8 > slots.count * 5 { grow() }
    precondition(bytes.count + name.count <= Int(UInt32.max), "more than 4 GiB of names")
    entries.append(Entry(start: UInt32(bytes.count), length: UInt32(name.count), owner: owner))
    bytes.append(contentsOf: name)
    place(hash, index: entries.count - 1)
    return firstID + UInt32(entries.count - 1)
  }

  @inline(__always)
  private mutating func place(_ hash: UInt64, index: Int) {
    var position = Int(truncatingIfNeeded: hash) & mask
    while slots[position] != 0 { position = (position + 1) & mask }
    slots[position] = (hash & 0xffff_ffff_0000_0000) | UInt64(index + 1)
  }

  private mutating func grow() {
    slots = ContiguousArray(repeating: 0, count: slots.count * 2)
    mask = slots.count - 1
    for (index, entry) in entries.enumerated() {
      let hash = bytes.withUnsafeBytes { self.hash(Self.text(entry, $0), owner: entry.owner) }
      place(hash, index: index)
    }
  }

  private static func text(_ entry: Entry, _ arena: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: arena[Int(entry.start)..<Int(entry.start + entry.length)])
  }

  func name(_ id: UInt32) -> String {
    bytes.withUnsafeBytes { String(decoding: Self.text(entries[Int(id - firstID)], $0), as: UTF8.self) }
  }

  /// The names added since the last call.
  mutating func takeNew() -> NameBlock {
    var block = NameBlock(firstID: firstID + UInt32(reported))
    guard reported < entries.count else { return block }
    let start = entries[reported].start
    block.bytes = Array(bytes[Int(start)...])
    block.ends = entries[reported...].map { $0.start + $0.length - start }
    if owned { block.accounts = entries[reported...].map(\.owner) }
    reported = entries.count
    return block
  }

  /// Fills an empty table with stored names.
  mutating func restore(_ block: NameBlock) {
    precondition(entries.isEmpty, "names are restored into a new engine")
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
