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

  /// Bytes beyond which nothing more gathers: memory is bounded by it. Bytes and not events, because what an event brings is
  /// not one thing: with a hundred events a year of each account, days that pass without one make most of it.
  package var mostBytes: Int
  /// Bytes after which a store that is free gets them.
  package var enoughBytes: Int
  /// Bytes for each account there is, where that is more than ``mostBytes``; a third of it, and no less than ``enoughBytes``, is
  /// enough then. A commit that touches a tenth of a million accounts rewrites nearly all pages of what is known of them: one with
  /// more lines costs less for each.
  package var bytesPerAccount: Int
  /// After how many milliseconds a store that is free gets what there is.
  package var mostMilliseconds: Int64
  /// Whether to commit at once when nothing is left to read.
  package var whenDrained: Bool
  /// How many deadlines go into one commit where the clock moves through what has long passed. Memory is bounded by it.
  package var mostDeadlines: Int
  /// How many where it shows the present: somebody who delivers a line meanwhile waits for no more than that. What falls due at one
  /// instant beyond it comes with the next commits, and the lines with it. See ``deadlinesNow(delay:)``.
  package var mostDeadlinesNow: Int

  /// A running daemon: at once when its sources are drained, else five times a second.
  package static let live = CommitPolicy(
    mostBytes: 16 << 20, enoughBytes: 16 << 20, bytesPerAccount: 0, mostMilliseconds: 200, whenDrained: true,
    mostDeadlines: 1 << 16, mostDeadlinesNow: 512)
  /// A backfill: large transactions, because each rewrites the accounts it touched, but none so large that the store has
  /// nothing to do while it gathers, or the engine while it is written. What is under way between them is a good part of a
  /// backfill's memory: at 500,000 events (80 MiB) a tenth more of all of it, and no faster (decision 0021). 16 and 32 MiB were tried
  /// where 24 are enough (decision 0035).
  package static let replay = CommitPolicy(
    mostBytes: 48 << 20, enoughBytes: 24 << 20, bytesPerAccount: 192, mostMilliseconds: 2000, whenDrained: false,
    mostDeadlines: 1 << 17, mostDeadlinesNow: 1 << 17)

  /// How many deadlines of the present go into a commit where the first of them lies so many milliseconds behind the clock: twice as many
  /// after each quarter of a minute, so that a store however slow has caught up when the minute is over in which it may be behind.
  package func deadlinesNow(delay: Int64) -> Int {
    let (more, isTooMany) = mostDeadlinesNow.multipliedReportingOverflow(by: 1 << min(max(delay, 0) / 15_000, 3))
    return isTooMany ? .max : more
  }

  /// - Parameters:
  ///   - bytes: About how much has gathered.
  ///   - accounts: How many there are.
  ///   - last: When the last commit began.
  ///   - isDrained: Whether nothing is left to read.
  ///   - isBehind: Whether the clock has left deadlines behind.
  ///   - storeIsFree: Whether no commit is being written.
  package func decide(
    bytes: Int, accounts: Int = 0, since last: Instant, now: Instant, isDrained: Bool, isBehind: Bool = false,
    storeIsFree: Bool
  ) -> Decision {
    let scaled = accounts * bytesPerAccount
    if bytes >= max(mostBytes, scaled) { return storeIsFree ? .commit : .waitForStore }
    guard storeIsFree else { return .gather }
    let isDue =
      bytes >= max(enoughBytes, scaled / 3) || isBehind || (whenDrained && isDrained)
      || now.milliseconds - last.milliseconds >= mostMilliseconds || now < last
    return isDue ? .commit : .gather
  }
}
