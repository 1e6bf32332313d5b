/// Asking for what will be needed soon: see Engine+LookAhead.
extension UsageState {
  /// Asks for what an event will meet: the newest entry, and the counters of the event's feature.
  @inline(__always)
  func prefetchNewest(_ account: AccountID, _ event: EventNameID?) {
    let header = header(block(account)).pointee
    guard let log = header.log, header.count > 0 else { return }
    KizashiCore.prefetch(log + Int(header.count) - 1)
    if let event { prefetchCounters(account, event) }
  }

  /// Asks for the entries that have left by a tile.
  @inline(__always)
  func prefetchLeaving(_ account: AccountID, by hour: Int32) {
    forEachLeaving(account, by: hour) { KizashiCore.prefetch($0) }
  }

  /// Asks for the counters that these entries step.
  @inline(__always)
  func prefetchCountersLeaving(_ account: AccountID, by hour: Int32) {
    forEachLeaving(account, by: hour) {
      prefetchCounters(account, $0.pointee.event)
      prefetchCounters(of: $0.pointee.user)
    }
  }

  /// The entries that leave a window next, where they have by a tile.
  @inline(__always)
  private func forEachLeaving(_ account: AccountID, by hour: Int32, _ body: (UnsafeMutablePointer<LogEntry>) -> Void) {
    let block = block(account)
    guard let log = header(block).pointee.log else { return }
    for window in windows.indices {
      let cursor = (cursors(block) + window).pointee
      if hour >= cursor.currentLeaves { body(log + Int(cursor.current)) }
      if hour >= cursor.previousLeaves { body(log + Int(cursor.previous)) }
    }
  }

  /// Asks for a feature's counters.
  @inline(__always)
  private func prefetchCounters(_ account: AccountID, _ event: EventNameID) {
    guard usesFeatures, onlyFeature[Int(event)] < Self.manyFeatures else { return }
    featureCounts.prefetch(account, onlyFeature[Int(event)])
  }

  /// Asks for a user's counters.
  @inline(__always)
  func prefetchCounters(of user: UserID) {
    if userColumns > 0 { KizashiCore.prefetch(userCounter(user, column: 0)) }
    if shareColumns > 0 { KizashiCore.prefetch(userEvents.pointer(Int(user) * shareColumns)) }
  }
}
