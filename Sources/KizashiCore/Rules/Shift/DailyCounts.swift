/// Events a day of one feature of one account, over as many days as the shift rules look back; exact up to `UInt32.max` a day.
struct DailyCounts {
  /// By day modulo its length, a power of two, because a day is compared with dozens of others and a division is most of
  /// what reading one costs; empty before the first event.
  private var counts: ContiguousArray<UInt32> = []
  /// The newest day with an event; `.min`: none.
  private(set) var newest: Int32 = .min

  /// Adds events of a day; what lies `span` days or more before `today` no longer matters.
  ///
  /// - Parameter today: The day the account has come to. What comes meanwhile to an account that waits for its source lies ahead of that,
  ///   and must not push out what its days are yet to be compared with.
  mutating func add(_ events: Int64, on day: Int32, span: Int, today: Int32) {
    if counts.isEmpty {
      counts = ContiguousArray(repeating: 0, count: Self.length(span))
      newest = day
    }
    if day > newest {
      let kept = Int64(day) - Int64(today) + Int64(span)
      if kept > counts.count { grow(Int(kept)) }
      let passed = min(Int64(day) - Int64(newest), Int64(counts.count))
      for back in 0..<Int32(passed) { counts[place(day - back)] = 0 }
      newest = day
    }
    guard Int64(min(newest, today)) - Int64(day) < Int64(span) else { return }
    let place = place(day)
    let (sum, overflow) = Int64(counts[place]).addingReportingOverflow(events)
    counts[place] = overflow ? .max : UInt32(clamping: sum)
  }

  private static func length(_ days: Int) -> Int { 1 << (Int.bitWidth - (days - 1).leadingZeroBitCount) }

  /// Makes room for so many days, and keeps those that are there.
  private mutating func grow(_ days: Int) {
    var larger = self
    larger.counts = ContiguousArray(repeating: 0, count: Self.length(days))
    for back in 0..<Int32(counts.count) { larger.counts[larger.place(newest - back)] = self[newest - back] }
    self = larger
  }

  /// Asks for the counts of an account that had events, and does not look how many there are: that stands beside them.
  @inline(__always)
  func prefetch(span: Int) {
    guard newest != .min else { return }
    for index in stride(from: 0, to: span, by: 64 / MemoryLayout<UInt32>.stride) { counts.prefetch(index) }
  }

  /// Events of a day.
  @inline(__always)
  subscript(day: Int32) -> UInt32 {
    guard day <= newest, Int64(newest) - Int64(day) < Int64(counts.count) else { return 0 }
    return counts[place(day)]
  }

  @inline(__always)
  private func place(_ day: Int32) -> Int { Int(day) & (counts.count - 1) }
}
