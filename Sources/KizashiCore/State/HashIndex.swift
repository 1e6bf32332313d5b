/// Places in a list by the hash of what stands there: open addressing, at most five slots of eight taken.
///
/// A slot has the upper half of the hash beside the place, so that a search looks at the list only where it finds what it looks for, and the
/// slots are in the order of the hashes but for collisions, so that they grow without a look at it.
struct HashIndex {
  private static let tagMask: UInt64 = 0xffff_ffff_0000_0000
  /// High half: the upper half of the hash; low half: place + 1; 0: free. A power of two long.
  private var slots: ContiguousArray<UInt64>
  private var mask: Int
  /// How many bits of a hash are not used to place it.
  private var shift: UInt64
  private(set) var count = 0

  init() {
    slots = ContiguousArray(repeating: 0, count: 1024)
    mask = 1023
    shift = 54
  }

  /// The place with this hash for which `isIt` holds.
  @inline(__always)
  func find(_ hash: UInt64, where isIt: (_ place: Int) -> Bool) -> Int? {
    let tag = hash & Self.tagMask
    var index = Int(truncatingIfNeeded: hash >> shift)
    while true {
      let slot = slots[index]
      if slot == 0 { return nil }
      if slot & Self.tagMask == tag {
        let place = Int(UInt32(truncatingIfNeeded: slot)) - 1
        if isIt(place) { return place }
      }
      index = (index + 1) & mask
    }
  }

  /// Reads what ``find(_:where:)`` of this hash will read first, so that it is in the cache then.
  @inline(__always)
  func warm(_ hash: UInt64) -> UInt64 { slots[Int(truncatingIfNeeded: hash >> shift)] }

  /// Adds the next place, ``count``, under a hash.
  mutating func add(_ hash: UInt64) {
    if (count + 1) * 8 > slots.count * 5 { grow() }
    count += 1
    put(hash & Self.tagMask | UInt64(count))
  }

  @inline(__always)
  private mutating func put(_ slot: UInt64) {
    var position = Int(truncatingIfNeeded: slot >> shift)
    while slots[position] != 0 { position = (position + 1) & mask }
    slots[position] = slot
  }

  private mutating func grow() {
    precondition(shift > 32, "more places than numbers")
    let old = slots
    slots = ContiguousArray(repeating: 0, count: old.count * 2)
    mask = slots.count - 1
    shift -= 1
    for slot in old where slot != 0 { put(slot) }
  }
}
