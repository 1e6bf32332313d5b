import KizashiCore

/// Finds, by the wall clock, which sources deliver nothing and which deliver again: what the engine cannot know.
///
/// A value without effects, asked once a second; ``Pipeline`` tells the engine what it finds.
struct StallWatch {
  enum Verdict: Equatable {
    case stalled(StallCause)
    case resumed
    /// It was silent when we came, for longer than it may be, and has a moment to show that it was us who were away: until
    /// then the clock stands still.
    case holdsClock
  }

  fileprivate struct Watched {
    var stallAfter: Int64
    /// When the last line came, or the watch began.
    var heard: Instant
    /// Since when there has been nothing to be read from.
    var gone: Instant?
    /// Somebody said that it is over; until it delivers again.
    var isRetired = false
    /// It has not been heard since the watch began, then.
    var began: Instant?
    /// For so long behind the beginning it may yet have something to say of the time before.
    var moment: Int64
  }

  private var watched: [Int: Watched] = [:]

  /// Watches those of the sources that have `stall_after`, from now on where they are new.
  ///
  /// - Parameter away: For so long nobody may have been here to listen, in milliseconds.
  mutating func follow(_ sources: [SourceModel], now: Instant, away: Int64 = 0) {
    var next: [Int: Watched] = [:]
    for (number, source) in sources.enumerated() {
      guard let stallAfter = source.stallAfterMilliseconds else { continue }
      let moment = min(stallAfter, Watched.longestAbsence, max(0, away))
      next[number] = watched[number] ?? Watched(stallAfter: stallAfter, heard: now, began: now, moment: moment)
      next[number]?.stallAfter = stallAfter
    }
    watched = next
  }

  /// By number.
  var sources: [Int] { watched.keys.sorted() }

  /// A source delivered a line.
  mutating func heard(_ source: Int, now: Instant) {
    watched[source]?.heard = now
    watched[source]?.isRetired = false
    watched[source]?.began = nil
  }

  /// Nothing could be heard of a source: whatever it has to say waits for us.
  mutating func excuse(_ source: Int, now: Instant) { watched[source]?.heard = now }

  /// Somebody looked whether its file or socket is there.
  mutating func looked(_ source: Int, isThere: Bool, now: Instant) {
    guard let known = watched[source] else { return }
    watched[source]?.gone = isThere ? nil : known.gone ?? now
  }

  /// Somebody says that a source is over.
  mutating func retire(_ source: Int) { watched[source]?.isRetired = true }

  /// What is to be said of a source now, if anything.
  ///
  /// - Parameters:
  ///   - stall: Its open stall.
  ///   - isDrained: Whether it had nothing unread at the last look.
  mutating func verdict(
    on source: Int, _ row: SourceRow, stall: StallRow?, isDrained: Bool, now: Instant
  ) -> Verdict? {
    guard var known = watched[source] else { return nil }
    // Clocks are set back; silence is counted anew then.
    known.heard = min(known.heard, now)
    known.gone = known.gone.map { min($0, now) }
    watched[source] = known
    if let stall {
      if known.isOver(stall, row, isDrained: isDrained, now: now) { return .resumed }
      if !stall.isAwaited { return nil }
    }
    return known.trouble(row, now: now)
  }

  /// Whether what a source had to say of the time before the watch began has been read, so that what others deliver, and the time
  /// that passes, is no news about it.
  func isPresent(_ source: Int, _ row: SourceRow, isDrained: Bool, now: Instant) -> Bool {
    guard let known = watched[source], row.watermark != nil else { return true }
    return known.isPresent(row, isDrained: isDrained, now: now)
  }
}

extension StallWatch.Watched {
  /// For so long nothing is there before it is gone: a file that is being rotated is away for a moment.
  fileprivate static let longestAbsence: Int64 = 60_000
  /// After so long without a line a backlog has come to its end.
  private static let longestPause: Int64 = 60_000

  func hasCaughtUp(_ row: SourceRow, _ now: Instant) -> Bool {
    row.watermark.map { $0.milliseconds >= now.milliseconds - stallAfter } ?? false
  }

  private func silence(_ now: Instant) -> Int64 { now.milliseconds - heard.milliseconds }

  func isPresent(_ row: SourceRow, isDrained: Bool, now: Instant) -> Bool {
    if isRetired { return true }
    guard isDrained, gone == nil else { return false }
    // Producers that come back with us take a moment, and their socket is empty until then.
    guard let began else { return true }
    return hasCaughtUp(row, now) && (now.milliseconds - began.milliseconds).magnitude >= UInt64(moment)
  }

  /// Whether it delivers again, and not only the first of a backlog: else what the rest of it says would look like silence. One that
  /// is only awaited need not have caught up: it may lag at all times.
  func isOver(_ stall: StallRow, _ row: SourceRow, isDrained: Bool, now: Instant) -> Bool {
    if stall.isAwaited { return isPresent(row, isDrained: isDrained, now: now) }
    guard isDrained, gone == nil, row.lines > stall.lines else { return false }
    return hasCaughtUp(row, now) || silence(now) >= min(stallAfter / 2, Self.longestPause)
  }

  /// What is to be said of it where nothing has been said.
  func trouble(_ row: SourceRow, now: Instant) -> StallWatch.Verdict? {
    if isRetired { return nil }
    if let gone, row.lines > 0, now.milliseconds - gone.milliseconds >= min(stallAfter, Self.longestAbsence) {
      return .stalled(.gone)
    }
    if let began, row.watermark != nil, !hasCaughtUp(row, now) {
      // Longer ago than it may be, too, if the clock was set back: then it has had its moment.
      let waited = (now.milliseconds - began.milliseconds).magnitude
      return waited < UInt64(min(stallAfter, Self.longestAbsence)) ? .holdsClock : .stalled(.silence)
    }
    return silence(now) >= stallAfter ? .stalled(.silence) : nil
  }
}
