/// Accounts by the instant at which something of them can next change without input.
///
/// Nearly all deadlines lie on the hour and far ahead, and most move later before they come (an event keeps an account
/// fresh). So accounts wait in a wheel of hours, each in one bucket at or before its deadline's; a bucket is looked at when
/// its hour comes, and what is due in it is sorted once. What falls due within the open hour, or before it, waits in a heap.
/// After Varghese and Lauck, "Hashed and hierarchical timing wheels" (1987). Ties go by account number, so the order is
/// deterministic.
struct DeadlineQueue: ~Copyable {
  /// An instant and the account it belongs to, in the order in which they fire.
  private struct Entry: Comparable {
    var instant: Int64
    var account: AccountID

    @inline(__always)
    static func < (a: Entry, b: Entry) -> Bool {
      a.instant != b.instant ? a.instant < b.instant : a.account < b.account
    }
  }

  /// Hours the wheel spans; what lies further ahead waits in its last bucket.
  private static let span: Int32 = 4096
  private static let notWaiting = Int32.max

  /// The true deadline of each account, milliseconds; `.max`: none.
  private var due = Column<Int64>()
  /// The hour in whose bucket an account waits; ``notWaiting``: in none.
  private var waiting = Column<Int32>()
  private var buckets = ContiguousArray<ContiguousArray<AccountID>>(repeating: [], count: Int(span))
  /// Accounts in buckets, those counted twice that stand in a second one by mistake of the past included.
  private var waitingCount = 0
  /// The hour that was opened last: later ones are in buckets.
  private(set) var openHour = Int32.min
  /// Due in the open hour when it was opened, ascending; from `next` on still to come.
  private var opened: ContiguousArray<Entry> = []
  private var next = 0
  /// Up to here ``takeReached()`` has told.
  private var reached = 0
  /// Found due in the open hour, or before it, since then: a binary heap.
  private var late: ContiguousArray<Entry> = []

  mutating func addAccount() {
    due.append(.max)
    waiting.append(Self.notWaiting)
  }

  /// The deadline of an account; `.max`: none.
  @inline(__always)
  func deadline(of account: AccountID) -> Int64 { due[Int(account)] }

  /// Sets an account's deadline.
  @inline(__always)
  mutating func set(_ account: AccountID, _ instant: Int64) {
    let a = Int(account)
    guard due[a] != instant else { return }
    due[a] = instant
    // Where it waits no later than this, it is put right when its bucket is opened.
    guard instant != .max, Int64(waiting[a]) > hour(of: instant) else { return }
    enqueue(account, instant)
  }

  @inline(__always)
  private func hour(of instant: Int64) -> Int64 { floorDivide(instant, Tile.length) }

  private mutating func enqueue(_ account: AccountID, _ instant: Int64) {
    let hour = Int32(clamping: hour(of: instant))
    if openHour == .min { openHour = hour - 1 }
    guard hour > openHour else {
      late.append(Entry(instant: instant, account: account))
      rise()
      return
    }
    let bucket = min(hour, openHour + Self.span)
    waiting[Int(account)] = bucket
    buckets[Int(bucket & (Self.span - 1))].append(account)
    waitingCount += 1
  }

  /// The earliest deadline at or before `limit`, lowest account number first; it stays until ``set(_:_:)`` moves it.
  @inline(__always)
  mutating func next(upTo limit: Int64) -> AccountID? {
    while true {
      if let entry = front() {
        if entry.instant > limit { return nil }
        if due[Int(entry.account)] == entry.instant { return entry.account }
        dropFront(entry)
        continue
      }
      guard waitingCount > 0, hour(of: limit) > Int64(openHour) else { return nil }
      openNextHour()
    }
  }

  /// Asks for what ``set(_:_:)`` reads.
  @inline(__always)
  func prefetch(_ account: AccountID) {
    KizashiCore.prefetch(due.pointer(Int(account)))
    KizashiCore.prefetch(waiting.pointer(Int(account)))
  }

  /// The places of the open hour that have been reached since the last call, the next one to fire last.
  @inline(__always)
  mutating func takeReached() -> Range<Int> {
    guard next >= reached, next < opened.count else { return 0..<0 }
    defer { reached = next + 1 }
    return reached..<next + 1
  }

  /// The account in a place of the open hour, which will probably fire when its turn comes; nil: there is no such place.
  @inline(__always)
  func upcoming(_ place: Int) -> AccountID? { place < opened.count ? opened[place].account : nil }

  @inline(__always)
  private func front() -> Entry? {
    guard let first = late.first else { return next < opened.count ? opened[next] : nil }
    return next < opened.count && opened[next] < first ? opened[next] : first
  }

  @inline(__always)
  private mutating func dropFront(_ entry: Entry) {
    if let first = late.first, first == entry { sink() } else { next += 1 }
  }

  /// Opens the bucket of the hour after the open one: sorts what is due in it and puts off the rest.
  private mutating func openNextHour() {
    openHour += 1
    opened.removeAll(keepingCapacity: true)
    next = 0
    reached = 0
    let slot = Int(openHour & (Self.span - 1))
    guard !buckets[slot].isEmpty else { return }
    var bucket: ContiguousArray<AccountID> = []
    swap(&bucket, &buckets[slot])
    waitingCount -= bucket.count
    for account in bucket where waiting[Int(account)] == openHour {
      waiting[Int(account)] = Self.notWaiting
      let instant = due[Int(account)]
      guard instant != .max else { continue }
      if hour(of: instant) <= Int64(openHour) {
        opened.append(Entry(instant: instant, account: account))
      } else {
        enqueue(account, instant)
      }
    }
    sortOpened()
  }

  /// As numbers of how far each lies behind the first, and its account, where that fits: nearly always, because it is an hour.
  private mutating func sortOpened() {
    guard let first = opened.min(by: { $0.instant < $1.instant })?.instant,
      opened.allSatisfy({ UInt64(bitPattern: $0.instant &- first) <= UInt64(UInt32.max) })
    else { return opened.sort() }
    var keys = opened.map { UInt64($0.instant - first) << 32 | UInt64($0.account) }
    RadixOrder.sort(&keys)
    for (place, key) in keys.enumerated() {
      opened[place] = Entry(instant: first + Int64(key >> 32), account: AccountID(truncatingIfNeeded: key))
    }
  }

  private mutating func rise() {
    var index = late.count - 1
    let entry = late[index]
    while index > 0 {
      let parent = (index - 1) / 2
      guard entry < late[parent] else { break }
      late[index] = late[parent]
      index = parent
    }
    late[index] = entry
  }

  private mutating func sink() {
    let last = late.removeLast()
    guard !late.isEmpty else { return }
    var index = 0
    while true {
      var child = 2 * index + 1
      guard child < late.count else { break }
      if child + 1 < late.count && late[child + 1] < late[child] { child += 1 }
      guard late[child] < last else { break }
      late[index] = late[child]
      index = child
    }
    late[index] = last
  }
}
