/// Remembers ids: 128 bits of the id, 64 bits of the content it came with, the instant and the source.
///
/// An id is known until its own source's watermark is a horizon past it. That depends on nothing but the log, so when
/// entries are really dropped does not show, and the ids of a source that lags or has ended are not lost to the others'
/// progress. Neither do they keep the others' from being dropped: what is still known of them is stored once more,
/// further on, before the hours it was stored under go.
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
    var source: UInt32
    /// The hour it is stored under: its own, or a later one.
    var kept: Int32
  }

  /// Bytes of one stored fingerprint.
  static let stride = 36

  private var entries: ContiguousArray<Entry> = []
  /// Index + 1 into `entries`; 0: free.
  private var slots = ContiguousArray<UInt32>(repeating: 0, count: 1024)
  private var mask = 1023
  /// Entries added since the last commit lie from here on.
  private var reported = 0
  /// Live entries after the last rebuild.
  private var liveAtRebuild = 0
  /// Per source: entries before this instant are forgotten.
  private var floors: ContiguousArray<Int64> = []
  /// Nothing is stored under an hour before this.
  private var from = Int32.min
  /// Milliseconds.
  private let horizon: Int64
  private let seed: UInt64

  /// - Parameter seed: places entries in the table; the fingerprints themselves do not depend on it.
  init(seed: UInt64, horizon: Int64) {
    self.seed = seed | 1
    self.horizon = horizon
  }

  static func fingerprint(_ id: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64) {
    (NameHash.hash(id, seed: 0x8bb8_4b93_962e_acc9), NameHash.hash(id, seed: 0x2d35_8dcc_aa6c_78a5))
  }

  /// Room for one more source.
  mutating func addSource() { floors.append(.min) }

  /// From now on only the ids of the last horizon before its watermark count of a source.
  @inline(__always)
  mutating func raiseFloor(of source: Int, watermark: Int64) {
    floors[source] = watermark.subtractingClamped(horizon)
  }

  /// Before which instant an entry would not count; of a source that is not configured any more, none does.
  @inline(__always)
  private static func floor(of entry: Entry, _ floors: ContiguousArray<Int64>) -> Int64 {
    Int(entry.source) < floors.count ? floors[Int(entry.source)] : .max
  }

  @inline(__always)
  private func slot(of low: UInt64) -> Int { Int(truncatingIfNeeded: NameHash.fold(low, seed)) & mask }

  /// What is known of an id within the horizon: entries before `oldest` do not count.
  @inline(__always)
  func look(up id: (high: UInt64, low: UInt64), content: UInt64, oldest: Int64) -> Verdict {
    var index = slot(of: id.low)
    var verdict = Verdict.new
    while slots[index] != 0 {
      let entry = entries[Int(slots[index]) - 1]
      if entry.low == id.low && entry.high == id.high
        && entry.instant >= max(oldest, Self.floor(of: entry, floors))
      {
        if entry.content == content { return .duplicate }
        verdict = .conflict
      }
      index = (index + 1) & mask
    }
    return verdict
  }

  /// Asks for what ``look(up:content:oldest:)`` will read first.
  @inline(__always)
  func prefetch(_ low: UInt64) { slots.prefetch(slot(of: low)) }

  @inline(__always)
  mutating func remember(_ id: (high: UInt64, low: UInt64), content: UInt64, instant: Int64, source: Int) {
    let hour = max(from, Instant(milliseconds: instant).tile.hour)
    insert(
      Entry(high: id.high, low: id.low, content: content, instant: instant, source: UInt32(source), kept: hour))
  }

  @inline(__always)
  private mutating func insert(_ entry: Entry) {
    if entries.count > 4096 && entries.count > 2 * liveAtRebuild { forget() }
    if (entries.count + 1) * 2 > slots.count { rehash(slots.count * 2) }
    entries.append(entry)
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

  /// Drops what counts no more, stored or not: a restart would not take it up either. Done once as much has come as was
  /// left the last time, so that the table stays small enough for the caches.
  private mutating func forget() {
    let floors = floors
    let unreported = entries[reported...].count { $0.instant >= Self.floor(of: $0, floors) }
    entries.removeAll { $0.instant < Self.floor(of: $0, floors) }
    liveAtRebuild = entries.count
    reported = entries.count - unreported
    var size = 1024
    while size < entries.count * 3 { size *= 2 }
    rehash(size)
  }

  /// Fingerprints to store since the last call, ascending by the hour they go under, and the hour before which
  /// nothing that is stored is needed any more.
  mutating func takeNew() -> (blocks: [FingerprintBlock], from: Int32) {
    var fresh = moveOn()
    fresh += entries[reported...]
    reported = entries.count
    fresh.sort { $0.kept < $1.kept }
    var blocks: [FingerprintBlock] = []
    for entry in fresh {
      if blocks.last?.hour != entry.kept { blocks.append(FingerprintBlock(hour: entry.kept, bytes: [])) }
      for word in [entry.high, entry.low, entry.content, UInt64(bitPattern: entry.instant)] {
        withUnsafeBytes(of: word.littleEndian) { blocks[blocks.count - 1].bytes.append(contentsOf: $0) }
      }
      withUnsafeBytes(of: entry.source.littleEndian) { blocks[blocks.count - 1].bytes.append(contentsOf: $0) }
    }
    return (blocks, from)
  }

  /// Moves ``from`` on: to the lowest floor or, where a source lags by more than two horizons, past its ids, which are
  /// returned to be stored once more.
  private mutating func moveOn() -> [Entry] {
    let known = floors.filter { $0 != .min }.map { Int64(Instant(milliseconds: $0).tile.hour) }
    guard let lowest = known.min(), let highest = known.max() else { return [] }
    let pace = max(1, horizon / Tile.length)
    let bound = highest.subtractingClamped(pace).subtractingClamped(pace)
    guard lowest < bound else {
      from = max(from, Int32(clamping: lowest))
      return []
    }
    // By whole horizons, so that an id is stored again once in a while and not with each commit.
    guard bound - pace >= Int64(from) else { return [] }
    from = Int32(clamping: bound)
    var carried: [Entry] = []
    for index in entries.indices where entries[index].kept < from {
      guard entries[index].instant >= Self.floor(of: entries[index], floors) else { continue }
      entries[index].kept = Int32(clamping: highest)
      if index < reported { carried.append(entries[index]) }
    }
    return carried
  }

  mutating func restore(_ blocks: [FingerprintBlock]) {
    for block in blocks {
      block.bytes.withUnsafeBytes { raw in
        for start in Swift.stride(from: 0, to: raw.count - raw.count % Self.stride, by: Self.stride) {
          let word = { UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: start + $0 * 8, as: UInt64.self)) }
          let source = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: start + 32, as: UInt32.self))
          let entry = Entry(
            high: word(0), low: word(1), content: word(2), instant: Int64(bitPattern: word(3)), source: source,
            kept: block.hour)
          if entry.instant >= Self.floor(of: entry, floors) { insert(entry) }
        }
      }
    }
    reported = entries.count
    liveAtRebuild = entries.count
    from = blocks.lazy.map(\.hour).min() ?? from
  }
}
