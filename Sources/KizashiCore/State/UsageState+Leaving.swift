extension UsageState {
  /// Takes out what has left the windows by the tile of `clockHour`.
  mutating func expire(_ account: AccountID, clockHour: Int32) {
    let block = block(account)
    let header = header(block)
    guard header.pointee.log != nil else { return }
    let cursors = cursors(block)
    var dead = Int(header.pointee.count)
    header.pointee.nextLeaving = .max
    header.pointee.nextLeavingUnlessIdle = .max
    for window in windows.indices {
      let cursor = cursors + window
      if cursor.pointee.isDue(clockHour) { expire(account, block, window, clockHour: clockHour) }
      let settings = windows.pointer(window).pointee
      Self.note(cursor.pointee.currentLeaves, settings.leaving, header)
      Self.note(cursor.pointee.previousLeaves, settings.leavingPrevious, header)
      dead = min(dead, Int(settings.needsPrevious ? cursor.pointee.previous : cursor.pointee.current))
    }
    // As many as the cursors have passed at the most: some of them may only count nothing in any window.
    if isWorthForgetting(dead, header) { forgetDead(dead, block, clockHour: clockHour) }
  }

  /// Takes out what has left one window, and the one before.
  private mutating func expire(
    _ account: AccountID, _ block: UnsafeMutableRawPointer, _ window: Int, clockHour: Int32
  ) {
    let header = header(block)
    guard let log = header.pointee.log else { return }
    let count = Int(header.pointee.count)
    let cursor = cursors(block) + window
    let (hours, needsPrevious) = (windows[window].hours, windows[window].needsPrevious)
    let start = clockHour - hours
    var index = Int(cursor.pointee.current)
    cursor.pointee.currentLeaves = .max
    while index < count {
      let entry = log[index]
      if entry.hour < start {
        place(account, block, entry, at: index, window, .current, sign: -1)
        if needsPrevious { place(account, block, entry, at: index, window, .previous, sign: 1) }
      } else if membership(entry.event, window).isCurrent {
        cursor.pointee.currentLeaves = entry.hour + 1 + hours
        break
      }
      index += 1
    }
    cursor.pointee.current = Int32(index)
    guard needsPrevious else { return }
    let current = index
    index = Int(cursor.pointee.previous)
    cursor.pointee.previousLeaves = .max
    while index < current {
      let entry = log[index]
      if entry.hour < start - hours {
        place(account, block, entry, at: index, window, .previous, sign: -1)
      } else if membership(entry.event, window).isPrevious {
        cursor.pointee.previousLeaves = entry.hour + 1 + 2 * hours
        break
      }
      index += 1
    }
    cursor.pointee.previous = Int32(index)
  }

  /// Keeps up when something leaves next: by the tile `leaves`, if any.
  @inline(__always)
  static func note(_ leaves: Int32, _ leaving: Leaving, _ header: UnsafeMutablePointer<Header>) {
    guard leaves != .max else { return }
    let instant = Int64(leaves) * Tile.length
    switch leaving {
    case .always: if instant < header.pointee.nextLeaving { header.pointee.nextLeaving = instant }
    case .unlessIdle:
      if instant < header.pointee.nextLeavingUnlessIdle { header.pointee.nextLeavingUnlessIdle = instant }
    }
  }

  private func forgetDead(_ passed: Int, _ block: UnsafeMutableRawPointer, clockHour: Int32) {
    let header = header(block)
    guard let log = header.pointee.log else { return }
    var dead = passed
    while dead > 0 && log[dead - 1].hour >= clockHour - horizon { dead -= 1 }
    if isWorthForgetting(dead, header) { forget(dead, block) }
  }

  /// Whether so many entries are most of a log, and some; all of it always are, so that an account that is silent keeps none.
  @inline(__always)
  private func isWorthForgetting(_ dead: Int, _ header: UnsafeMutablePointer<Header>) -> Bool {
    let count = Int(header.pointee.count)
    return dead * 2 > count && (dead > 8 || dead == count)
  }

  /// Frees the oldest entries, which no window holds any more.
  private func forget(_ dead: Int, _ block: UnsafeMutableRawPointer) {
    let header = header(block)
    guard let log = header.pointee.log else { return }
    let left = Int(header.pointee.count) - dead
    let room = left == 0 ? 0 : max(Self.leastRoom, left * 2)
    // To where it stood, or into less room where that is mostly empty.
    if room * 2 <= Int(header.pointee.capacity) {
      var smaller: UnsafeMutablePointer<LogEntry>?
      if room > 0 {
        let entries = UnsafeMutablePointer<LogEntry>.allocate(capacity: room)
        entries.update(from: log + dead, count: left)
        smaller = entries
      }
      log.deallocate()
      header.pointee.log = smaller
      header.pointee.capacity = Int32(room)
    } else {
      log.update(from: log + dead, count: left)
    }
    header.pointee.count = Int32(left)
    let cursors = cursors(block)
    for window in windows.indices {
      cursors[window].current -= Int32(dead)
      cursors[window].previous = max(0, cursors[window].previous - Int32(dead))
    }
  }
}
