extension UsageState {
  /// Takes out what has left the windows by the tile of `clockHour`.
  mutating func expire(_ account: AccountID, clockHour: Int32) {
    let block = block(account)
    let header = header(block)
    guard let log = header.pointee.log else { return }
    let count = Int(header.pointee.count)
    let cursors = cursors(block)
    var dead = count
    header.pointee.nextLeaving = .max
    header.pointee.nextLeavingUnlessIdle = .max
    for window in windows.indices {
      let hours = windows[window].hours
      let needsPrevious = windows[window].needsPrevious
      let start = clockHour - hours
      var index = Int(cursors[window].current)
      while index < count {
        let entry = log[index]
        if entry.hour < start {
          place(account, block, entry, at: index, window, .current, sign: -1)
          if needsPrevious { place(account, block, entry, at: index, window, .previous, sign: 1) }
        } else if membership(entry.event, window).isCurrent {
          note(leaving: entry, .current, window, header)
          break
        }
        index += 1
      }
      cursors[window].current = Int32(index)
      let current = index
      if needsPrevious {
        index = Int(cursors[window].previous)
        while index < current {
          let entry = log[index]
          if entry.hour < start - hours {
            place(account, block, entry, at: index, window, .previous, sign: -1)
          } else if membership(entry.event, window).isPrevious {
            note(leaving: entry, .previous, window, header)
            break
          }
          index += 1
        }
        cursors[window].previous = Int32(index)
      }
      dead = min(dead, index)
    }
    // As many as the cursors have passed at the most: some of them may only count nothing in any window.
    if dead > 16 && dead * 2 > count {
      while dead > 0 && log[dead - 1].hour >= clockHour - horizon { dead -= 1 }
      if dead > 16 && dead * 2 > count { forget(dead, block) }
    }
  }

  /// Frees the oldest entries, which no window holds any more.
  private func forget(_ dead: Int, _ block: UnsafeMutableRawPointer) {
    let header = header(block)
    guard let log = header.pointee.log else { return }
    let left = Int(header.pointee.count) - dead
    // To where it stood, or into less room where that is mostly empty.
    if left * 4 < Int(header.pointee.capacity) && header.pointee.capacity > 64 {
      let capacity = max(16, left * 2)
      let smaller = UnsafeMutablePointer<LogEntry>.allocate(capacity: capacity)
      smaller.update(from: log + dead, count: left)
      log.deallocate()
      header.pointee.log = smaller
      header.pointee.capacity = Int32(capacity)
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
