/// A set of accounts that does not change: a bit each.
struct AccountSet {
  private(set) var bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  @inline(__always)
  func contains(_ account: AccountID) -> Bool {
    let byte = Int(account >> 3)
    return byte < bytes.count && bytes[byte] & (1 << (account & 7)) != 0
  }

  mutating func insert(_ account: AccountID) {
    let byte = Int(account >> 3)
    while bytes.count <= byte { bytes.append(0) }
    bytes[byte] |= 1 << (account & 7)
  }
}

/// The sources that deliver nothing, and the deadlines that wait for them.
///
/// An account that belongs to a stalled source lives in a time of its own, which stands at the *bound* of that source: the
/// clock of the stall's beginning, or the source's watermark once that is later. Its deadlines up to there fire, those after it
/// wait. A deadline is put here when the clock comes to it and not before, so that a stall costs nothing by itself however many
/// accounts it has; it is given back to the queue when the bound passes it, which the earliest of a heap tells.
struct Stalls {
  private struct Waiting: Comparable {
    var instant: Int64
    var account: AccountID
    static func < (a: Waiting, b: Waiting) -> Bool {
      a.instant != b.instant ? a.instant < b.instant : a.account < b.account
    }
  }

  private struct Open {
    var row: StallRow
    var members: AccountSet
    /// Up to here deadlines of its accounts fire.
    var bound: Int64
    /// Binary heap. Entries that ``waiting`` does not confirm are void.
    var heap: ContiguousArray<Waiting> = []
    var holds: Bool { row.waitsUntil != nil }
  }

  /// Ascending by source.
  private var open: [Open] = []
  /// The deadline of each account that waits.
  private var waiting: [AccountID: Int64] = [:]
  /// Whether any deadline may wait, or any account is restored as of another time than the clock. Everything else here is asked
  /// only then.
  private(set) var holding = false
  /// While an engine is restored that was behind: what each account had come to. Else empty.
  private var delayed: ContiguousArray<Int64> = []
  var isDelayed: Bool { !delayed.isEmpty }
  /// Whether the engine's `now` is that of one account at this moment.
  var isApart = false
  /// The clock while a line of an account that waits is evaluated: `at` of what it causes. Nil: the same as `now`.
  var stamp: Instant?

  /// The open stalls, by source.
  var rows: [StallRow] { open.map(\.row) }

  func row(of source: Int) -> StallRow? { open.first { $0.row.source == source }?.row }

  /// - Parameter watermark: Of the source, milliseconds.
  mutating func begin(_ row: StallRow, watermark: Int64) {
    let place = open.firstIndex { $0.row.source > row.source } ?? open.count
    open.insert(
      Open(row: row, members: AccountSet(row.members), bound: max(row.clock.milliseconds, watermark)), at: place)
    lookWhetherHolding()
  }

  /// What is open has become another thing; what waits goes on waiting.
  mutating func renew(_ row: StallRow) {
    for index in open.indices where open[index].row.source == row.source { open[index].row = row }
  }

  /// Each account is as of an instant of its own, or none is any more.
  mutating func delay(_ times: ContiguousArray<Int64>) {
    delayed = times
    lookWhetherHolding()
  }

  private mutating func lookWhetherHolding() { holding = !delayed.isEmpty || open.contains { $0.holds } }

  /// Up to which instant an account's deadlines may fire; `.max`: it waits for nothing.
  func limit(of account: AccountID) -> Int64 {
    var limit = delayed.isEmpty ? Int64.max : delayed[Int(account)]
    for index in open.indices where open[index].holds && open[index].members.contains(account) {
      limit = min(limit, open[index].bound)
    }
    return limit
  }

  /// The next instant at which a source has been waited for long enough; lowest source number first.
  var nextEnd: (source: Int, instant: Int64)? {
    var next: (source: Int, instant: Int64)?
    for index in open.indices {
      guard let end = open[index].row.waitsUntil?.milliseconds, end < next?.instant ?? .max else { continue }
      next = (open[index].row.source, end)
    }
    return next
  }

  /// Keeps an account's deadline if it has to wait; whether it has to.
  mutating func keep(_ account: AccountID, _ instant: Int64) -> Bool {
    var blocking: Int?
    for index in open.indices
    where open[index].holds && open[index].bound < instant && open[index].members.contains(account)
      && open[index].bound < blocking.map({ open[$0].bound }) ?? .max
    { blocking = index }
    guard let blocking else { return false }
    waiting[account] = instant
    open[blocking].heap.append(Waiting(instant: instant, account: account))
    rise(blocking)
    return true
  }

  /// The account has another deadline now.
  mutating func forget(_ account: AccountID) { waiting[account] = nil }

  /// The source has delivered a line of this instant; what must go back to the queue.
  mutating func raise(_ source: Int, to instant: Int64) -> [(account: AccountID, instant: Int64)] {
    guard let index = open.firstIndex(where: { $0.row.source == source && $0.holds }), instant > open[index].bound
    else { return [] }
    open[index].bound = instant
    return takeDue(index, upTo: instant)
  }

  /// Nothing waits for the source any more, though it is still stalled; what must go back to the queue.
  mutating func release(_ source: Int) -> [(account: AccountID, instant: Int64)] {
    guard let index = open.firstIndex(where: { $0.row.source == source }) else { return [] }
    let given = takeDue(index, upTo: .max)
    open[index].row.waitsUntil = nil
    lookWhetherHolding()
    return given
  }

  /// The stall is over. What waited was released before.
  mutating func end(_ source: Int) { open.removeAll { $0.row.source == source } }

  private mutating func takeDue(_ index: Int, upTo limit: Int64) -> [(account: AccountID, instant: Int64)] {
    var due: [(account: AccountID, instant: Int64)] = []
    while let first = open[index].heap.first, first.instant <= limit {
      sink(index)
      // Entered twice, or since evaluated by a line: void.
      guard waiting[first.account] == first.instant else { continue }
      waiting[first.account] = nil
      due.append((first.account, first.instant))
    }
    return due
  }

  private mutating func rise(_ place: Int) {
    var index = open[place].heap.count - 1
    let entry = open[place].heap[index]
    while index > 0 {
      let parent = (index - 1) / 2
      guard entry < open[place].heap[parent] else { break }
      open[place].heap[index] = open[place].heap[parent]
      index = parent
    }
    open[place].heap[index] = entry
  }

  private mutating func sink(_ place: Int) {
    let last = open[place].heap.removeLast()
    guard !open[place].heap.isEmpty else { return }
    let count = open[place].heap.count
    var index = 0
    while true {
      var child = 2 * index + 1
      guard child < count else { break }
      if child + 1 < count && open[place].heap[child + 1] < open[place].heap[child] { child += 1 }
      guard open[place].heap[child] < last else { break }
      open[place].heap[index] = open[place].heap[child]
      index = child
    }
    open[place].heap[index] = last
  }
}
