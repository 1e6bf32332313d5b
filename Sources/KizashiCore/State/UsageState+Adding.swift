extension UsageState {
  /// Counts events of one line. `clockHour` is the tile of the clock: what the windows hold is measured from it, and what
  /// has left them by it has been taken out.
  @inline(__always)
  mutating func add(
    _ account: AccountID, event: EventNameID, user: UserID, hour: Int32, count: Int64, clockHour: Int32
  ) {
    let block = block(account)
    noteUse(block, event, hour)
    guard !windows.isEmpty, hour >= clockHour - horizon else { return }
    let entryUser = usesUsers ? user : 0
    if join(block, event: event, user: entryUser, hour: hour, count: count) {
      shift(block, event: event, user: entryUser, hour: hour, clockHour: clockHour, count: count)
      return
    }
    var rest = count
    repeat {
      let part = UInt32(clamping: rest)
      rest -= Int64(part)
      let entry = LogEntry(hour: hour, event: event, user: entryUser, count: part)
      let index = insert(entry, block, clockHour: clockHour)
      for window in windows.indices {
        guard let period = period(hour, window, clockHour) else { continue }
        place(account, block, entry, at: index, window, period, sign: 1)
        note(leaving: entry, period, window, block)
      }
    } while rest > 0
    let length = header(block).pointee.count
    if length >= 64 && length & 63 == 0 { joinOpenTile(account, block, clockHour: clockHour) }
  }

  /// When something was last used that no window holds any more.
  mutating func addLastUse(_ account: AccountID, event: EventNameID, hour: Int32) {
    noteUse(block(account), event, hour)
  }

  /// Keeps up the tile of the latest use.
  @inline(__always)
  private func noteUse(_ block: UnsafeMutableRawPointer, _ event: EventNameID, _ hour: Int32) {
    for index in range(event, windows.count) {
      let total = totals(block) + Int(contributions[index].leaf)
      guard Int64(hour) > total.pointee.current else { continue }
      total.pointee.current = Int64(hour)
      header(block).pointee.stirred.formUnion(contributions[index].wakes)
    }
  }

  /// Keeps up when a tile leaves next.
  @inline(__always)
  private func note(leaving entry: LogEntry, _ period: Period, _ window: Int, _ block: UnsafeMutableRawPointer) {
    let membership = membership(entry.event, window)
    let settings = windows.pointer(window).pointee
    let cursor = cursors(block) + window
    switch period {
    case .current where membership.isCurrent:
      let leaves = entry.hour + 1 + settings.hours
      cursor.pointee.currentLeaves = min(cursor.pointee.currentLeaves, leaves)
      Self.note(leaves, settings.leaving, header(block))
    case .previous where membership.isPrevious:
      let leaves = entry.hour + 1 + 2 * settings.hours
      cursor.pointee.previousLeaves = min(cursor.pointee.previousLeaves, leaves)
      Self.note(leaves, settings.leavingPrevious, header(block))
    case .current, .previous: break
    }
  }

  @inline(__always)
  private func period(_ hour: Int32, _ window: Int, _ clockHour: Int32) -> Period? {
    let start = clockHour - windows[window].hours
    if hour >= start { return .current }
    return windows[window].needsPrevious && hour >= start - windows[window].hours ? .previous : nil
  }

  /// Adds to an entry of the same fact when one of the newest few is it.
  @inline(__always)
  private func join(
    _ block: UnsafeMutableRawPointer, event: EventNameID, user: UserID, hour: Int32, count: Int64
  ) -> Bool {
    let header = header(block).pointee
    guard let log = header.log else { return false }
    var index = Int(header.count) - 1
    let limit = max(0, index - 15)
    while index >= limit {
      let entry = log[index]
      if entry.hour < hour { return false }
      if entry.hour == hour && entry.event == event && entry.user == user {
        guard let sum = UInt32(exactly: Int64(entry.count) + count) else { return false }
        log[index].count = sum
        return true
      }
      index -= 1
    }
    return false
  }

  /// Only counts grow: presence is already there.
  @inline(__always)
  private func shift(
    _ block: UnsafeMutableRawPointer, event: EventNameID, user: UserID, hour: Int32, clockHour: Int32, count: Int64
  ) {
    for window in windows.indices {
      guard let period = period(hour, window, clockHour) else { continue }
      for index in range(event, window) where contributions[index].kind.addsEvents {
        if contributions[index].kind == .userEvents {
          guard period == .current, user != 0 else { continue }
          self.count(user, by: count, column: Int(contributions[index].place), block)
        }
        let total = totals(block) + Int(contributions[index].leaf)
        if period == .current { total.pointee.current += count } else { total.pointee.previous += count }
        header(block).pointee.stirred.formUnion(contributions[index].wakes)
      }
    }
  }

  /// Where in the log the entry stands now.
  private func insert(_ entry: LogEntry, _ block: UnsafeMutableRawPointer, clockHour: Int32) -> Int {
    let header = header(block)
    if header.pointee.count == header.pointee.capacity { grow(header) }
    guard let log = header.pointee.log else { return 0 }
    let count = Int(header.pointee.count)
    var index = count
    while index > 0 && log[index - 1].hour > entry.hour { index -= 1 }
    if index < count { (log + index + 1).update(from: log + index, count: count - index) }
    log[index] = entry
    header.pointee.count += 1
    let cursors = cursors(block)
    for window in windows.indices {
      let start = clockHour - windows[window].hours
      let membership = membership(entry.event, window)
      Self.move(&cursors[window].current, past: index, counts: membership.isCurrent && entry.hour >= start)
      Self.move(
        &cursors[window].previous, past: index,
        counts: membership.isPrevious && entry.hour >= start - windows[window].hours)
    }
    return index
  }

  /// Keeps a cursor right where an entry has been put in. One that counts nothing in the window, or is older than it, is
  /// passed by. Those between one that counts and where the cursor stood count nothing: they may be passed by once more.
  @inline(__always)
  private static func move(_ cursor: inout Int32, past index: Int, counts: Bool) {
    if counts { cursor = min(cursor, Int32(index)) } else if index <= Int(cursor) { cursor += 1 }
  }

  private func grow(_ header: UnsafeMutablePointer<Header>) {
    let capacity = max(Self.leastRoom, Int(header.pointee.capacity) * 2)
    let larger = UnsafeMutablePointer<LogEntry>.allocate(capacity: capacity)
    if let log = header.pointee.log {
      larger.update(from: log, count: Int(header.pointee.count))
      log.deallocate()
    }
    header.pointee.log = larger
    header.pointee.capacity = Int32(capacity)
  }

  /// Moves an entry into (`sign` 1) or out of (-1) one period of one window. An entry that leaves the current window is the
  /// oldest in it.
  @inline(__always)
  mutating func place(
    _ account: AccountID, _ block: UnsafeMutableRawPointer, _ entry: LogEntry, at place: Int, _ window: Int,
    _ period: Period, sign: Int32
  ) {
    let totals = totals(block)
    for index in range(entry.event, window) {
      let contribution = contributions[index]
      if period == .previous && !contribution.hasPrevious { continue }
      let change: Int64
      switch contribution.kind {
      case .count: change = Int64(sign) * Int64(entry.count)
      case .users:
        guard entry.user != 0 else { continue }
        let counter = userCounter(entry.user, column: Int(contribution.place)) + (period == .current ? 0 : 1)
        counter.pointee += sign
        change = Self.turned(counter.pointee, sign)
      case .userEvents:
        guard entry.user != 0 else { continue }
        change = Int64(sign) * Int64(entry.count)
        count(entry.user, by: change, column: Int(contribution.place), block)
      case .anyDays:
        guard place >= 0 else { continue }
        let oldest = sign > 0 ? Int(cursors(block)[window].current) : place
        change = isDayThere(block, place, from: oldest) ? 0 : Int64(sign)
      case .activeDays:
        let size = contribution.ringSize
        let day = ((dayCache.day(of: entry.hour) % size) + size) % size
        let ring = (block + Int(contribution.place)).assumingMemoryBound(to: Int32.self)
        let counter = ring + Int(period == .current ? day : day + size)
        counter.pointee += sign
        change = Self.turned(counter.pointee, sign)
      case .featuresUsed:
        change = placeFeatures(
          account, entry.event, 2 * Int(contribution.place) + (period == .current ? 0 : 1), sign)
      case .lastTile: continue
      }
      guard change != 0 else { continue }
      let total = totals + Int(contribution.leaf)
      if period == .current { total.pointee.current += change } else { total.pointee.previous += change }
      header(block).pointee.stirred.formUnion(contribution.wakes)
    }
  }

  /// Whether a neighbour of an entry, from index `oldest` on, lies in the entry's local day.
  @inline(__always)
  private mutating func isDayThere(_ block: UnsafeMutableRawPointer, _ place: Int, from oldest: Int) -> Bool {
    let header = header(block).pointee
    guard let log = header.log else { return false }
    let day = dayCache.day(of: log[place].hour)
    if place + 1 < Int(header.count) && dayCache.day(of: log[place + 1].hour) == day { return true }
    return place > oldest && dayCache.day(of: log[place - 1].hour) == day
  }

  /// 1, 0 or -1 as what a counter counts appeared, stayed, or vanished with a step by `sign`.
  @inline(__always)
  private static func turned(_ value: Int32, _ sign: Int32) -> Int64 {
    value == (sign > 0 ? 1 : 0) ? Int64(sign) : 0
  }

  @inline(__always)
  private mutating func placeFeatures(
    _ account: AccountID, _ event: EventNameID, _ counter: Int, _ sign: Int32
  ) -> Int64 {
    let only = onlyFeature[Int(event)]
    if only < Self.manyFeatures {
      return Self.turned(featureCounts.step(account, only, counter: counter, by: sign), sign)
    }
    var change: Int64 = 0
    for feature in features.features(of: event) {
      change += Self.turned(featureCounts.step(account, feature, counter: counter, by: sign), sign)
    }
    return change
  }

  /// Joins the entries of the account's newest tile that are parts of one fact, so that a busy hour stays small.
  private mutating func joinOpenTile(_ account: AccountID, _ block: UnsafeMutableRawPointer, clockHour: Int32) {
    let header = header(block)
    guard let log = header.pointee.log else { return }
    let count = Int(header.pointee.count)
    let newest = log[count - 1].hour
    var start = count
    while start > 0 && log[start - 1].hour == newest { start -= 1 }
    guard count - start >= 64, newest >= clockHour - (windows.indices.map { windows[$0].hours }.min() ?? 0) else {
      return
    }
    var run = (start..<count).map { log[$0] }
    run.sort { $0.event != $1.event ? $0.event < $1.event : $0.user < $1.user }
    var kept = start
    log[kept] = run[0]
    for entry in run.dropFirst() {
      let last = log[kept]
      guard last.event == entry.event, last.user == entry.user,
        let sum = UInt32(exactly: UInt64(last.count) + UInt64(entry.count))
      else {
        kept += 1
        log[kept] = entry
        continue
      }
      log[kept].count = sum
      // The entry's presence goes, its count stays with the one it joined; its day is still there.
      var gone = entry
      gone.count = 0
      for window in windows.indices {
        guard let period = period(newest, window, clockHour) else { continue }
        place(account, block, gone, at: -1, window, period, sign: -1)
      }
    }
    header.pointee.count = Int32(kept + 1)
    // None of it has left a window: a cursor that stands in it has only passed by what counts nothing.
    let cursors = cursors(block)
    for window in windows.indices {
      cursors[window].current = min(cursors[window].current, Int32(start))
      cursors[window].previous = min(cursors[window].previous, Int32(start))
    }
  }
}
