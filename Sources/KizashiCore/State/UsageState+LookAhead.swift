/// Reads of what will be needed soon: see Engine+LookAhead.
extension UsageState {
  /// Reads what an event will meet: the newest entry, and the counters of the event's feature.
  @inline(__always)
  func warmNewest(_ account: AccountID, _ event: EventNameID?) -> UInt64 {
    let header = header(block(account)).pointee
    guard let log = header.log, header.count > 0 else { return 0 }
    let read = UInt64(log[Int(header.count) - 1].event)
    return event.map { read &+ warmCounters(account, $0) } ?? read
  }

  /// Reads the entries that have left by a tile.
  @inline(__always)
  func warmLeaving(_ account: AccountID, by hour: Int32) -> UInt64 {
    readLeaving(account, by: hour) { UInt64($0.event) }
  }

  /// Reads the counters that these entries step.
  @inline(__always)
  func warmCountersLeaving(_ account: AccountID, by hour: Int32) -> UInt64 {
    readLeaving(account, by: hour) { warmCounters(account, $0.event) &+ warmCounters(of: $0.user) }
  }

  /// Sums what is read of the entries that leave a window next, where they have by a tile.
  @inline(__always)
  private func readLeaving(_ account: AccountID, by hour: Int32, _ read: (LogEntry) -> UInt64) -> UInt64 {
    let block = block(account)
    guard let log = header(block).pointee.log else { return 0 }
    var sum: UInt64 = 0
    for window in windows.indices {
      let cursor = (cursors(block) + window).pointee
      if hour >= cursor.currentLeaves { sum &+= read(log[Int(cursor.current)]) }
      if hour >= cursor.previousLeaves { sum &+= read(log[Int(cursor.previous)]) }
    }
    return sum
  }

  /// Reads a feature's counters.
  @inline(__always)
  private func warmCounters(_ account: AccountID, _ event: EventNameID) -> UInt64 {
    guard usesFeatures, onlyFeature[Int(event)] < Self.manyFeatures else { return 0 }
    return featureCounts.warm(account, onlyFeature[Int(event)])
  }

  /// Reads a user's counters.
  @inline(__always)
  func warmCounters(of user: UserID) -> UInt64 {
    var read: UInt64 = 0
    if userColumns > 0 { read = UInt64(truncatingIfNeeded: userCounter(user, column: 0).pointee) }
    if shareColumns > 0 {
      read &+= UInt64(truncatingIfNeeded: userEvents.pointer(Int(user) * shareColumns).pointee)
    }
    return read
  }
}
