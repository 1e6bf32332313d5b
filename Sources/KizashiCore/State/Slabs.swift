/// A list of plain values that grows at its end without moving what is there: for what there is one of for each user or name, of
/// which a large store has many millions.
///
/// A list that doubles would hold up to three times what is in it while it is copied, and all would wait for the copy.
struct Slabs<Element: BitwiseCopyable>: ~Copyable {
  /// Values of a slab: even, so that two side by side from an even index are in one.
  private static var valuesPerSlab: Int { 4096 }
  private var slabs: ContiguousArray<UnsafeMutablePointer<Element>> = []
  private(set) var count = 0

  deinit { for slab in slabs { slab.deallocate() } }

  mutating func append(_ value: Element) {
    if count == slabs.count * Self.valuesPerSlab { slabs.append(.allocate(capacity: Self.valuesPerSlab)) }
    count += 1
    pointer(count - 1).initialize(to: value)
  }

  @inline(__always)
  subscript(index: Int) -> Element { pointer(index).pointee }

  /// The place of a value, valid as long as the list.
  @inline(__always)
  func pointer(_ index: Int) -> UnsafeMutablePointer<Element> {
    assert(index < count)
    return slabs[index / Self.valuesPerSlab] + index % Self.valuesPerSlab
  }
}
