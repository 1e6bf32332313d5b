/// Puts numbers in order by their digits, without comparing them: a commit has 100,000 facts, and comparing and moving each of them some
/// seventeen times took a tenth of the instructions that storing them does; this takes half of that (decision 0035).
///
/// Least significant digit first, 8 bits a digit, leaving out digits that all have alike (Knuth, TAOCP 3, 5.2.5, algorithm R). Few
/// numbers are compared all the same.
package enum RadixOrder {
  private static let digitBits: UInt64 = 8
  private static let digits = 8
  private static let buckets = 1 << digitBits
  /// With fewer, comparing is cheaper.
  private static let fewest = 128

  private struct Keyed {
    var key: UInt64
    var place: Int
  }

  /// Sorts `keys`, ascending.
  package static func sort(_ keys: inout [UInt64]) {
    guard keys.count >= fewest else { return keys.sort() }
    keys.withUnsafeMutableBufferPointer { sort($0) { $0 } }
  }

  /// The places of `keys` in ascending order of what stands there; of equals the first comes first.
  package static func places(of keys: [UInt64]) -> [Int] {
    var keyed = keys.enumerated().map { Keyed(key: $1, place: $0) }
    if keyed.count < fewest {
      keyed.sort { $0.key != $1.key ? $0.key < $1.key : $0.place < $1.place }
    } else {
      keyed.withUnsafeMutableBufferPointer { sort($0) { $0.key } }
    }
    return keyed.map(\.place)
  }

  @inline(__always)
  private static func sort<Element: BitwiseCopyable>(
    _ elements: UnsafeMutableBufferPointer<Element>, _ key: (Element) -> UInt64
  ) {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: digits * buckets) { counts in
      counts.initialize(repeating: 0)
      for element in elements {
        let key = key(element)
        for digit in 0..<digits { counts[digit * buckets + Int(key >> (UInt64(digit) * digitBits) & 0xff)] += 1 }
      }
      let other = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
      defer { other.deallocate() }
      var (from, to) = (elements, other)
      for digit in 0..<digits {
        let starts = UnsafeMutableBufferPointer(rebasing: counts[digit * buckets..<(digit + 1) * buckets])
        let shift = UInt64(digit) * digitBits
        if starts[Int(key(from[0]) >> shift & 0xff)] == elements.count { continue }
        var start = 0
        for bucket in 0..<buckets { (starts[bucket], start) = (start, start + starts[bucket]) }
        for element in from {
          let bucket = Int(key(element) >> shift & 0xff)
          to.initializeElement(at: starts[bucket], to: element)
          starts[bucket] += 1
        }
        swap(&from, &to)
      }
      if from.baseAddress != elements.baseAddress { _ = elements.update(fromContentsOf: from) }
    }
  }
}
