/// Reads of what will be needed soon: see Engine+LookAhead.
extension UsageState {
  /// Reads what an event will meet: the newest entry, and the counters of the event's feature.
  @inline(__always)
  func warmNewest(_ account: AccountID, _ event: EventNameID?) -> UInt64 {
    let header = header(block(account)).pointee
    guard let log = header.log, header.count > 0 else { return 0 }
    var read = UInt64(log[Int(header.count) - 1].event)
    if usesFeatures, let event, onlyFeature[Int(event)] < Self.manyFeatures {
      read &+= featureCounts.warm(account, onlyFeature[Int(event)])
    }
    return read
  }

  /// Reads the entries that leave next.
  @inline(__always)
  func warmOldest(_ account: AccountID) -> UInt64 {
    let block = block(account)
    let header = header(block).pointee
    guard let log = header.log else { return 0 }
    var read: UInt64 = 0
    for window in windows.indices {
      let cursor = cursors(block)[window]
      if cursor.current < header.count { read &+= UInt64(log[Int(cursor.current)].event) }
      if cursor.previous < cursor.current { read &+= UInt64(log[Int(cursor.previous)].event) }
    }
    return read
  }

  /// Reads the counters of the feature that leaves next.
  @inline(__always)
  func warmLeavingFeature(_ account: AccountID) -> UInt64 {
    guard usesFeatures else { return 0 }
    let block = block(account)
    let header = header(block).pointee
    guard let log = header.log else { return 0 }
    var read: UInt64 = 0
    for window in windows.indices {
      let cursor = cursors(block)[window]
      guard cursor.current < header.count else { continue }
      let feature = onlyFeature[Int(log[Int(cursor.current)].event)]
      if feature < Self.manyFeatures { read &+= featureCounts.warm(account, feature) }
    }
    return read
  }
}
