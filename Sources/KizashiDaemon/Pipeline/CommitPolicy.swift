import KizashiCore

/// When what has gathered in the engine is stored: a decision as a value.
package struct CommitPolicy: Sendable, Hashable {
  /// Events after which a commit is due whatever else.
  package var mostEvents: Int
  /// How long a backlog may gather, in milliseconds.
  package var mostMilliseconds: Int64
  /// Whether to commit at once when nothing is left to read.
  package var whenDrained: Bool

  /// A running daemon: at once when its sources are drained, else five times a second.
  package static let live = CommitPolicy(mostEvents: 100_000, mostMilliseconds: 200, whenDrained: true)
  /// A backfill: few large transactions, because each rewrites the accounts it touched.
  package static let replay = CommitPolicy(mostEvents: 500_000, mostMilliseconds: 2000, whenDrained: false)

  /// Whether a commit is due.
  package func isDue(events: Int, since last: Instant, now: Instant, drained: Bool) -> Bool {
    events >= mostEvents || (whenDrained && drained)
      || now.milliseconds - last.milliseconds >= mostMilliseconds || now < last
  }
}
