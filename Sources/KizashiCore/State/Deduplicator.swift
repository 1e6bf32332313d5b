/// Remembers ids: 128 bits of the id, 64 bits of the content it came with, and the instant.
///
/// Two of 10⁹ ids share 128 bits with a probability below 10⁻²⁰; what is compared is, for all purposes, the text.
struct Deduplicator {
  enum Verdict {
    case new
    case duplicate
    case conflict
  }

  struct Entry {
    var high: UInt64
    var low: UInt64
    var content: UInt64
    var instant: Int64
  }

  /// Bytes of one stored fingerprint.
  static let stride = 32

  private var entries: ContiguousArray<Entry> = []
  /// Index + 1 into `entries`; 0: free.
  private var slots = ContiguousArray<UInt32>(repeating: 0, count: 1024)
  private var mask = 1023
  /// Entries added since the last commit lie from here on.
  private var reported = 0
  /// Live entries after the last rebuild.
  private var liveAtRebuild = 0
  private let seed: UInt64

  /// - Parameter seed: places entries in the table; the fingerprints themselves do not depend on it.
  init(seed: UInt64) { self.seed = seed | 1 }

  static func fingerprint(_ id: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64) {
    (NameHash.hash(id, seed: 0x8bb8_4b93_962e_acc9), NameHash.hash(id, seed: 0x2d35_8dcc_aa6c_78a5))
  }

  @inline(__always)
  private func slot(of low: UInt64) -> Int { Int(truncatingIfNeeded: NameHash.fold(low, seed)) & mask }

  /// What is known of an id within the horizon: entries before `oldest` do not count.
  @inline(__always)
  func look(up id: (high: UInt64, low: UInt64), content: UInt64, oldest: Int64) -> Verdict {
    var index = slot(of: id.low)
    while slots[index] != 0 {
      let entry = entries[Int(slots[index]) - 1]
      if entry.low == id.low && entry.high == id.high && entry.instant >= oldest {
        return entry.content == content ? .duplicate : .conflict
      }
      index = (index + 1) & mask
    }
    return .new
  }

  @inline(__always)
  mutating func remember(_ id: (high: UInt64, low: UInt64), content: UInt64, instant: Int64) {
    if (entries.count + 1) * 2 > slots.count { rehash(slots.count * 2) }
    entries.append(Entry(high: id.high, low: id.low, content: content, instant: instant))
    place(entries.count - 1)
  }

  @inline(__always)
  private mutating func place(_ entry: Int) {
    var index = slot(of: entries[entry].low)
    while slots[index] != 0 { index = (index + 1) & mask }
    slots[index] = UInt32(entry + 1)
  }

  private mutating func rehash(_ size: Int) {
    slots = ContiguousArray(repeating: 0, count: size)
    mask = size - 1
    for index in entries.indices { place(index) }
  }

  /// Drops what lies before `oldest` once that is most of it. Call after ``takeNew()``.
  mutating func forget(before oldest: Int64) {
    guard reported == entries.count, entries.count > 4096, entries.count > 2 * liveAtRebuild else { return }
    entries.removeAll { $0.instant < oldest }
    liveAtRebuild = entries.count
    reported = entries.count
    var size = 1024
    while size < entries.count * 3 { size *= 2 }
    rehash(size)
  }

  /// Fingerprints since the last call, by hour, ascending.
  mutating func takeNew() -> [FingerprintBlock] {
    guard reported < entries.count else { return [] }
    var fresh = Array(entries[reported...])
    reported = entries.count
    fresh.sort { $0.instant < $1.instant }
    var blocks: [FingerprintBlock] = []
    for entry in fresh {
      let hour = Instant(milliseconds: entry.instant).tile.hour
      if blocks.last?.hour != hour { blocks.append(FingerprintBlock(hour: hour, bytes: [])) }
      for word in [entry.high, entry.low, entry.content, UInt64(bitPattern: entry.instant)] {
        withUnsafeBytes(of: word.littleEndian) { blocks[blocks.count - 1].bytes.append(contentsOf: $0) }
      }
    }
    return blocks
  }

  mutating func restore(_ blocks: [FingerprintBlock]) {
    for block in blocks {
      block.bytes.withUnsafeBytes { raw in
        for start in Swift.stride(from: 0, to: raw.count - raw.count % Self.stride, by: Self.stride) {
          let word = { UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: start + $0 * 8, as: UInt64.self)) }
          remember((word(0), word(1)), content: word(2), instant: Int64(bitPattern: word(3)))
        }
      }
    }
    reported = entries.count
    liveAtRebuild = entries.count
  }
}
