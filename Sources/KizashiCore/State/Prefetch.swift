internal import CPrefetch

/// Asks for the cache line at an address and does not wait for it: what is read there soon finds it in the cache.
@inline(__always)
func prefetch(_ address: UnsafeRawPointer) { ks_prefetch(address) }

extension ContiguousArray {
  /// Asks for the first line of an element.
  @inline(__always)
  func prefetch(_ index: Int) { withUnsafeBufferPointer { ks_prefetch($0.baseAddress.map { $0 + index }) } }
}
