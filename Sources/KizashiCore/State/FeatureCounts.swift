/// Counters per (account, feature), found by one read: open addressing with the counters beside their key. A pair whose counters
/// are all zero is not kept: how large the table is follows what is in the windows, not all that ever was.
struct FeatureCounts: ~Copyable {
  /// Counters of each pair.
  private let width: Int
  /// Bytes of a slot: the key, then the counters.
  private let stride: Int
  /// Pairs that are kept.
  private(set) var count = 0
  private var mask: Int
  /// Raw, because a slot is a 64-bit key and then 32-bit counters; a key of 0 is a free slot.
  private var slots: UnsafeMutableRawPointer

  init(width: Int) {
    self.width = width
    stride = 8 + (width * 4 + 7) / 8 * 8
    mask = 1023
    slots = Self.allocate(1024 * stride)
  }

  deinit { slots.deallocate() }

  private static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let slots = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    slots.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    return slots
  }

  @inline(__always)
  private static func key(_ account: AccountID, _ feature: UInt32) -> UInt64 {
    (UInt64(account) << 32 | UInt64(feature)) + 1
  }

  @inline(__always)
  private func place(of key: UInt64) -> Int {
    Int(truncatingIfNeeded: NameHash.fold(key, 0x9e37_79b9_7f4a_7c15)) & mask
  }

  /// Adds `change` to one counter of a pair; what it is then. Counters are zero at first.
  @inline(__always)
  mutating func step(_ account: AccountID, _ feature: UInt32, counter: Int, by change: Int32) -> Int32 {
    let key = Self.key(account, feature)
    var index = place(of: key)
    while true {
      let found = (slots + index * stride).load(as: UInt64.self)
      if found == key { break }
      if found == 0 {
        index = insert(key, at: index)
        break
      }
      index = (index + 1) & mask
    }
    let place = slots + index * stride + (8 + counter * 4)
    let value = place.load(as: Int32.self) + change
    place.storeBytes(of: value, as: Int32.self)
    if value == 0 && isZero(index) { remove(at: index) }
    return value
  }

  @inline(__always)
  private func isZero(_ index: Int) -> Bool {
    for offset in Swift.stride(from: 8, to: stride, by: 8)
    where (slots + index * stride + offset).load(as: UInt64.self) != 0 { return false }
    return true
  }

  /// Asks for what ``step(_:_:counter:by:)`` will read first.
  @inline(__always)
  func prefetch(_ account: AccountID, _ feature: UInt32) {
    KizashiCore.prefetch(slots + place(of: Self.key(account, feature)) * stride)
  }

  private mutating func insert(_ key: UInt64, at index: Int) -> Int {
    var index = index
    if (count + 1) * 8 > (mask + 1) * 5 {
      grow()
      index = freePlace(for: key)
    }
    count += 1
    (slots + index * stride).storeBytes(of: key, as: UInt64.self)
    return index
  }

  /// Frees a slot and moves up what a look-up would not find behind it any more.
  private mutating func remove(at index: Int) {
    count -= 1
    var free = index
    var next = index
    while true {
      next = (next + 1) & mask
      let slot = slots + next * stride
      let key = slot.load(as: UInt64.self)
      if key == 0 { break }
      // It may stand anywhere from its own place on.
      guard (next - place(of: key)) & mask >= (next - free) & mask else { continue }
      (slots + free * stride).copyMemory(from: slot, byteCount: stride)
      free = next
    }
    (slots + free * stride).initializeMemory(as: UInt8.self, repeating: 0, count: stride)
  }

  private func freePlace(for key: UInt64) -> Int {
    var index = place(of: key)
    while (slots + index * stride).load(as: UInt64.self) != 0 { index = (index + 1) & mask }
    return index
  }

  private mutating func grow() {
    let old = slots
    let oldCount = mask + 1
    mask = oldCount * 2 - 1
    slots = Self.allocate((mask + 1) * stride)
    for index in 0..<oldCount {
      let slot = old + index * stride
      let key = slot.load(as: UInt64.self)
      guard key != 0 else { continue }
      (slots + freePlace(for: key) * stride).copyMemory(from: slot, byteCount: stride)
    }
    old.deallocate()
  }
}
