/// Accounts by the instant at which something of them can next change without input: a binary heap with positions.
///
/// Deadlines mostly move later (an event keeps an account fresh), so an entry may stand earlier than its account's true
/// deadline; it is put right when it comes to the top. Ties go by account number, so the order is deterministic.
struct DeadlineQueue {
  /// The true deadline of each account, milliseconds; `.max`: none.
  private(set) var due: ContiguousArray<Int64> = []
  private var key: ContiguousArray<Int64> = []
  /// Index into `heap`; -1: not queued.
  private var position: ContiguousArray<Int32> = []
  private var heap: ContiguousArray<UInt32> = []

  mutating func addAccount() {
    due.append(.max)
    key.append(.max)
    position.append(-1)
  }

  /// Sets an account's deadline.
  @inline(__always)
  mutating func set(_ account: AccountID, _ instant: Int64) {
    let a = Int(account)
    due[a] = instant
    if position[a] < 0 {
      guard instant != .max else { return }
      key[a] = instant
      position[a] = Int32(heap.count)
      heap.append(account)
      rise(heap.count - 1)
    } else if instant < key[a] {
      key[a] = instant
      rise(Int(position[a]))
    }
  }

  /// The earliest deadline at or before `limit`, lowest account number first; the entry stays until ``set(_:_:)`` moves it.
  @inline(__always)
  mutating func next(upTo limit: Int64) -> AccountID? {
    while let top = heap.first {
      let a = Int(top)
      if key[a] > limit { return nil }
      if due[a] == key[a] { return top }
      if due[a] == .max { removeTop() } else { lowerTop(to: due[a]) }
    }
    return nil
  }

  /// Puts the entry ``next(upTo:)`` gave in its new place.
  mutating func settleTop() {
    guard let top = heap.first, due[Int(top)] != key[Int(top)] else { return }
    if due[Int(top)] == .max { removeTop() } else { lowerTop(to: due[Int(top)]) }
  }

  private mutating func lowerTop(to instant: Int64) {
    key[Int(heap[0])] = instant
    sink(0)
  }

  private mutating func removeTop() {
    position[Int(heap[0])] = -1
    let last = heap.removeLast()
    guard !heap.isEmpty else { return }
    heap[0] = last
    position[Int(last)] = 0
    sink(0)
  }

  @inline(__always)
  private func before(_ a: UInt32, _ b: UInt32) -> Bool {
    let ka = key[Int(a)]
    let kb = key[Int(b)]
    return ka < kb || (ka == kb && a < b)
  }

  private mutating func rise(_ start: Int) {
    var index = start
    let account = heap[index]
    while index > 0 {
      let parent = (index - 1) / 2
      guard before(account, heap[parent]) else { break }
      heap[index] = heap[parent]
      position[Int(heap[index])] = Int32(index)
      index = parent
    }
    heap[index] = account
    position[Int(account)] = Int32(index)
  }

  private mutating func sink(_ start: Int) {
    var index = start
    let account = heap[index]
    while true {
      var child = 2 * index + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count && before(heap[child + 1], heap[child]) { child += 1 }
      guard before(heap[child], account) else { break }
      heap[index] = heap[child]
      position[Int(heap[index])] = Int32(index)
      index = child
    }
    heap[index] = account
    position[Int(account)] = Int32(index)
  }
}
