import KizashiCore

/// When what has gathered in the engine is stored: a decision as a value.
package struct CommitPolicy: Sendable, Hashable {
  /// What to do now.
  package enum Decision: Sendable {
    /// Go on gathering.
    case gather
    /// Begin a commit.
    case commit
    /// Begin one as soon as the store is free, and take nothing more until then.
    case waitForStore
  }

  /// Events beyond which nothing more gathers: memory is bounded by it.
  package var mostEvents: Int
  /// Events after which a store that is free gets them.
  package var enoughEvents: Int
  /// After how many milliseconds a store that is free gets what there is.
  package var mostMilliseconds: Int64
  /// Whether to commit at once when nothing is left to read.
  package var whenDrained: Bool

  /// A running daemon: at once when its sources are drained, else five times a second.
  package static let live = CommitPolicy(
    mostEvents: 100_000, enoughEvents: 100_000, mostMilliseconds: 200, whenDrained: true)
  /// A backfill: large transactions, because each rewrites the accounts it touched, but none so large that the store has
  /// nothing to do while it gathers, or the engine while it is written. What is under way between them is a good part of a
  /// backfill's memory: at 500,000 events a tenth more of all of it, and no faster (decision 0021).
  package static let replay = CommitPolicy(
    mostEvents: 300_000, enoughEvents: 100_000, mostMilliseconds: 2000, whenDrained: false)

  /// - Parameters:
  ///   - events: Events gathered.
  ///   - last: When the last commit began.
  ///   - isDrained: Whether nothing is left to read.
  ///   - storeIsFree: Whether no commit is being written.
  package func decide(events: Int, since last: Instant, now: Instant, isDrained: Bool, storeIsFree: Bool) -> Decision {
    if events >= mostEvents { return storeIsFree ? .commit : .waitForStore }
    guard storeIsFree else { return .gather }
    let isDue =
      events >= enoughEvents || (whenDrained && isDrained)
      || now.milliseconds - last.milliseconds >= mostMilliseconds || now < last
    return isDue ? .commit : .gather
  }
}
