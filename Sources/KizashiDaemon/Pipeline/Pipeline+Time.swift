import KizashiCore

// What sources and the wall clock have to say beside lines.
extension Pipeline {
  /// A source had nothing unread at its last look.
  mutating func drained(_ source: Int) { undrained.remove(source) }

  /// A source that is about to be read has to be drained before the wall clock may move the engine's.
  mutating func follow(_ source: Int) { undrained.insert(source) }

  /// A source that ended cannot hold the clock.
  mutating func release(_ source: Int) {
    undrained.remove(source)
    unread.remove(source)
  }

  /// Lets the wall clock move the engine's, unless a backlog would look like silence; then looks which sources have stalled.
  ///
  /// - Parameters:
  ///   - instant: Where the engine's clock may go: the wall clock less `limits.settle`.
  ///   - wall: The wall clock; nil: the same.
  ///   - storeIsFree: Whether no commit is being written: else a source may have to wait for us.
  /// - Returns: False where as much has gathered on the way as a commit is to hold: store it, and call again.
  @discardableResult
  mutating func tick(to instant: Instant, wall: Instant? = nil, storeIsFree: Bool = true) -> Bool {
    // First what is behind: whether a source has stalled is told from the clock.
    guard catchUp() else { return false }
    let now = wall ?? instant
    var clockIsHeld = false
    for source in watch.sources {
      if !storeIsFree && undrained.contains(source) { watch.excuse(source, now: now) }
      let verdict = watch.verdict(
        on: source, engine.sourceRow(source), stall: engine.openStall(of: source),
        isDrained: !undrained.contains(source), now: now)
      switch verdict {
      case .stalled(let cause):
        unread.remove(source)
        // It must not hold the clock of others; its own accounts wait.
        undrained.remove(source)
        // Before the clock moves on: what fell due since the last look may be the stall's doing.
        engine.stall(source, cause, at: instant, from: undrained.isEmpty ? instant : engine.now)
      case .resumed:
        unread.remove(source)
        engine.endStall(source, .resumed, at: instant)
      case .holdsClock: clockIsHeld = true
      case nil: break
      }
    }
    guard undrained.isEmpty && !clockIsHeld else { return true }
    waitForUnread(at: now)
    guard engine.advance(to: instant.advanced(by: -Self.present), within: policy.mostDeadlines) else { return false }
    return engine.advance(to: instant, within: deadlinesNow)
  }

  /// Before something moves the clock: what a source has not been read for must not look like silence of its accounts.
  ///
  /// - Parameter source: Whose lines it is that move it; nil: it is the wall clock.
  mutating func waitForUnread(but source: Int? = nil, at wall: Instant) {
    if unread.isEmpty { return }
    for other in unread.sorted() where other != source {
      let isPresent = watch.isPresent(
        other, engine.sourceRow(other), isDrained: !undrained.contains(other), now: wall)
      if isPresent || !engine.waitFor(other, at: wall, from: wall) { unread.remove(other) }
    }
  }

  /// Fires deadlines that the clock has left behind, as many as a commit is to hold. Behind each ``cut(now:)``.
  ///
  /// - Returns: Whether none is left.
  @discardableResult
  mutating func catchUp() -> Bool {
    guard engine.isBehind else { return true }
    return engine.advance(to: engine.now, within: deadlinesNow)
  }

  var deadlinesNow: Int {
    mutating get {
      policy.deadlinesNow(delay: engine.leftBehind().map { engine.now.milliseconds - $0.milliseconds } ?? 0)
    }
  }

  /// Somebody looked whether the file or socket of a source is there.
  mutating func looked(_ source: Int, isThere: Bool, now: Instant) {
    watch.looked(source, isThere: isThere, now: now)
  }

  /// Somebody says that a source is over: nothing waits for it, until it delivers again.
  mutating func retire(_ source: Int, at instant: Instant) {
    undrained.remove(source)
    unread.remove(source)
    watch.retire(source)
    engine.endStall(source, .retired, at: instant)
  }

  /// The end of a replay `--until`.
  ///
  /// - Returns: False where as much has gathered on the way as a commit is to hold: store it, and call again.
  mutating func settle(at instant: Instant) -> Bool {
    guard engine.advance(to: instant, within: policy.mostDeadlines) else { return false }
    engine.settle(at: instant)
    return true
  }

  /// Does again what the log says of a source, with the engine's clock as it was then.
  mutating func redo(
    _ kind: StallTransition.Kind, _ cause: StallCause, of source: Int, clock: Instant, at: Instant, from: Instant
  ) {
    engine.settle(at: clock)
    switch kind {
    case .stalled: engine.stall(source, cause, at: at, from: from)
    case .awaited: engine.waitFor(source, at: at, from: from)
    case .resumed, .retired, .heldLongest: engine.endStall(source, kind, at: at)
    }
  }
}
