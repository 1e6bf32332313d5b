/// Bytes one after another in memory of their own: what the texts of a commit's rows are put together in.
///
/// An array asks at each byte whether somebody else has it and whether there is room, which took longer than the bytes; here room
/// is reserved for a whole line, and what follows is stored without a question.
struct TextBytes: ~Copyable {
  private(set) var start: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  private var capacity: Int

  /// No bytes yet, with room for some.
  init(capacity: Int = 1 << 10) {
    self.capacity = capacity
    start = .allocate(capacity: capacity)
  }

  deinit { start.deallocate() }

  /// Forgets all bytes and keeps the room.
  mutating func removeAll() { count = 0 }

  /// Makes room for so many bytes more; what ``start`` was is no address any more.
  @inline(__always)
  mutating func reserve(_ more: Int) {
    if capacity - count < more { grow(more) }
  }

  @inline(never)
  private mutating func grow(_ more: Int) {
    capacity = max(2 * capacity, count + more)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    larger.update(from: start, count: count)
    start.deallocate()
    start = larger
  }

  /// Adds a byte, for which there is room.
  @inline(__always)
  mutating func put(_ byte: Unicode.Scalar) { put(UInt8(truncatingIfNeeded: byte.value)) }

  @inline(__always)
  private mutating func put(_ byte: UInt8) {
    assert(count < capacity)
    start[count] = byte
    count += 1
  }

  /// Adds a decimal number, for which there is room: at most 20 bytes.
  @inline(__always)
  mutating func put(_ value: Int64) {
    if value < 0 { put("-") }
    var rest = value.magnitude
    let first = count
    repeat {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))
      rest = quotient
    } while rest > 0
    var (low, high) = (first, count - 1)
    while low < high {
      (start[low], start[high]) = (start[high], start[low])
      low += 1
      high -= 1
    }
  }

  /// Adds bytes.
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    reserve(bytes.count)
    UnsafeMutableRawBufferPointer(start: start + count, count: bytes.count).copyMemory(from: bytes)
    count += bytes.count
  }

  /// Adds a text.
  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// All bytes as a text.
  var text: String { String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self) }
}
