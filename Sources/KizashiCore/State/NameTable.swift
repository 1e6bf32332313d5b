/// Names to dense numbers in the order of their first use: open addressing over one arena of bytes.
///
/// A name may have an owner (users belong to accounts): the same text under two owners is two names.
struct NameTable {
  /// The number of the first name.
  let firstID: UInt32
  private let seed: UInt64
  private(set) var bytes: [UInt8] = []
  private(set) var ends: ContiguousArray<UInt32> = []
  private(set) var owners: ContiguousArray<UInt32> = []
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

  var count: Int { ends.count }

  /// The number of a name, or nil and the hash to ``insert(_:owner:hash:)`` it with.
  @inline(__always)
  func find(_ name: UnsafeRawBufferPointer, owner: UInt32 = 0) -> (id: UInt32?, hash: UInt64) {
    let hash = NameHash.hash(name, seed: seed ^ (UInt64(owner) &* 0x9e37_79b9_7f4a_7c15))
    let tag = hash & 0xffff_ffff_0000_0000
    var index = Int(truncatingIfNeeded: hash) & mask
    while true {
      let slot = slots[index]
      if slot == 0 { return (nil, hash) }
      if slot & 0xffff_ffff_0000_0000 == tag {
        let name_ = Int(UInt32(truncatingIfNeeded: slot)) - 1
        if matches(name_, name, owner) { return (firstID + UInt32(truncatingIfNeeded: name_), hash) }
      }
      index = (index + 1) & mask
    }
  }

  @inline(__always)
  private func matches(_ index: Int, _ name: UnsafeRawBufferPointer, _ owner: UInt32) -> Bool {
    if owned && owners[index] != owner { return false }
    let start = index == 0 ? 0 : Int(ends[index - 1])
    let length = Int(ends[index]) - start
    guard length == name.count else { return false }
    return bytes.withUnsafeBytes { arena in
      let stored = UnsafeRawBufferPointer(rebasing: arena[start..<start + length])
      return zip(stored, name).allSatisfy { $0 == $1 }
    }
  }

  /// Adds a name that ``find(_:owner:)`` did not find.
  mutating func insert(_ name: UnsafeRawBufferPointer, owner: UInt32 = 0, hash: UInt64) -> UInt32 {
    if (ends.count + 1) * 8 > slots.count * 5 { grow() }
    bytes.append(contentsOf: name)
    precondition(bytes.count <= Int(UInt32.max), "more than 4 GiB of names")
    ends.append(UInt32(bytes.count))
    if owned { owners.append(owner) }
    place(hash, index: ends.count - 1)
    return firstID + UInt32(ends.count - 1)
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
    for index in ends.indices {
      let start = index == 0 ? 0 : Int(ends[index - 1])
      let owner = owned ? owners[index] : 0
      let hash = bytes.withUnsafeBytes {
        NameHash.hash(
          UnsafeRawBufferPointer(rebasing: $0[start..<Int(ends[index])]),
          seed: seed ^ (UInt64(owner) &* 0x9e37_79b9_7f4a_7c15))
      }
      place(hash, index: index)
    }
  }

  func name(_ id: UInt32) -> String {
    let index = Int(id - firstID)
    let start = index == 0 ? 0 : Int(ends[index - 1])
    return String(decoding: bytes[start..<Int(ends[index])], as: UTF8.self)
  }

  /// The names added since the last call.
  mutating func takeNew() -> NameBlock {
    var block = NameBlock(firstID: firstID + UInt32(reported))
    guard reported < ends.count else { return block }
    let start = reported == 0 ? 0 : ends[reported - 1]
    block.bytes = Array(bytes[Int(start)...])
    block.ends = ends[reported...].map { $0 - start }
    if owned { block.accounts = Array(owners[reported...]) }
    reported = ends.count
    return block
  }

  /// Fills an empty table with stored names.
  mutating func restore(_ block: NameBlock) {
    precondition(ends.isEmpty, "names are restored into a new engine")
    var start = 0
    block.bytes.withUnsafeBytes { arena in
      for (index, end) in block.ends.enumerated() {
        let name = UnsafeRawBufferPointer(rebasing: arena[start..<Int(end)])
        let owner = owned ? block.accounts[index] : 0
        _ = insert(name, owner: owner, hash: find(name, owner: owner).hash)
        start = Int(end)
      }
    }
    reported = ends.count
  }
}
