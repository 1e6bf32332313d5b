/// Blocks of raw memory, all of one size, one for each account in the order of their numbers.
///
/// What is known of an account is a dozen short lists whose lengths only the config knows. In arrays of their own each would
/// be a cache miss for each event and each deadline; in one block they are two or three lines side by side (measured: the
/// engine took 3.3 µs an event before and 1.5 µs after). Blocks never move, so that adding an account copies nothing.
struct BlockTable: ~Copyable {
  private static let blocksPerSlab = 1024
  /// A multiple of a cache line.
  private let stride: Int
  /// Cache lines from the start of a block that nearly every use of it reads.
  private let hotLines: Int
  /// Raw, because the parts of a block differ in type; freed in `deinit`.
  private var slabs: ContiguousArray<UnsafeMutableRawPointer> = []
  private(set) var count = 0

  /// - Parameter hotByteCount: How many bytes from the start nearly every use of a block reads.
  init(byteCount: Int, hotByteCount: Int) {
    stride = (byteCount + 63) / 64 * 64
    hotLines = (hotByteCount + 63) / 64
  }

  deinit { for slab in slabs { slab.deallocate() } }

  /// One more block, all bytes zero.
  mutating func add() -> UnsafeMutableRawPointer {
    if count % Self.blocksPerSlab == 0 {
      let size = stride * Self.blocksPerSlab
      let slab = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
      slab.initializeMemory(as: UInt8.self, repeating: 0, count: size)
      slabs.append(slab)
    }
    count += 1
    return block(UInt32(count - 1))
  }

  /// Asks for the hot part of a block.
  @inline(__always)
  func prefetch(_ index: UInt32) {
    let block = block(index)
    for line in 0..<hotLines { KizashiCore.prefetch(block + line * 64) }
  }

  @inline(__always)
  func block(_ index: UInt32) -> UnsafeMutableRawPointer {
    slabs[Int(index) / Self.blocksPerSlab] + Int(index) % Self.blocksPerSlab * stride
  }
}

/// Where the parts of a block lie: each after the other, aligned for its type.
struct BlockLayout {
  private(set) var byteCount = 0

  /// The offset of room for `count` values.
  mutating func room<T: BitwiseCopyable>(for count: Int, of type: T.Type) -> Int {
    let alignment = MemoryLayout<T>.alignment
    let offset = (byteCount + alignment - 1) / alignment * alignment
    byteCount = offset + count * MemoryLayout<T>.stride
    return offset
  }
}

/// A list of plain values that grows at its end, without the checks of an array: for counters that are reached by numbers
/// the engine itself gave out.
struct Column<Element: BitwiseCopyable>: ~Copyable {
  private(set) var count = 0
  private var capacity = 0
  private var values: UnsafeMutablePointer<Element>

  init() { values = .allocate(capacity: 0) }

  deinit { values.deallocate() }

  mutating func append(_ value: Element) {
    if count == capacity {
      capacity = max(1024, capacity * 2)
      let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
      larger.update(from: values, count: count)
      values.deallocate()
      values = larger
    }
    values[count] = value
    count += 1
  }

  @inline(__always)
  subscript(index: Int) -> Element {
    get {
      assert(index < count)
      return values[index]
    }
    nonmutating set {
      assert(index < count)
      values[index] = newValue
    }
  }

  /// The place of a value, valid until the next ``append(_:)``.
  @inline(__always)
  func pointer(_ index: Int) -> UnsafeMutablePointer<Element> {
    assert(index < count)
    return values + index
  }
}
