/// A list that never changes once it is made, read without the checks and reference counts of an array: what a config is
/// compiled to is read a dozen times an evaluation.
struct Table<Element: BitwiseCopyable> {
  /// Owns the memory, so that every copy of the table may read it.
  private final class Storage {
    let base: UnsafeMutablePointer<Element>

    init(_ elements: some Collection<Element>) {
      base = .allocate(capacity: elements.count)
      for (index, element) in elements.enumerated() { (base + index).initialize(to: element) }
    }

    deinit { base.deallocate() }
  }

  private let storage: Storage
  private let base: UnsafePointer<Element>
  let count: Int

  init(_ elements: some Collection<Element>) {
    storage = Storage(elements)
    base = UnsafePointer(storage.base)
    count = elements.count
  }

  @inline(__always)
  subscript(index: Int) -> Element {
    assert(index >= 0 && index < count)
    return base[index]
  }

  /// The place of an element, valid as long as the table.
  @inline(__always)
  func pointer(_ index: Int) -> UnsafePointer<Element> { base + index }

  @inline(__always)
  var indices: Range<Int> { 0..<count }
  var isEmpty: Bool { count == 0 }
}
