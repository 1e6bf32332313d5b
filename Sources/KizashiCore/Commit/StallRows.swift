/// Why a source counts as stalled.
public enum StallCause: UInt8, Sendable, CaseIterable {
  /// Not one line for `stall_after`.
  case silence = 0
  /// None of its files, or its socket, is there.
  case gone
}

/// A stall of a source: open, or the last one it had; or what has the effect of one for a moment behind a start.
public struct StallRow: Sendable, Equatable {
  /// Index of the source among those registered with the engine.
  public var source: Int
  /// From 1 for the source; of one that is only awaited that of its last stall, or 0.
  public var episode: Int
  /// Whether it goes on.
  public var isOpen: Bool
  /// Whether the source only has not been read since the start: its accounts wait, and nobody is told.
  public var isAwaited: Bool
  /// When it was found, for people: its alert's `at`.
  public var at: Instant
  /// The engine's clock then: deadlines of its accounts after it wait, unless the source's watermark comes to lie later.
  public var clock: Instant
  /// The instant at which they wait no longer, whatever the source does; nil: nothing waits (any more).
  public var waitsUntil: Instant?
  /// Lines the source had delivered when it began: more of them, and it delivers again.
  public var lines: Int64
  /// How many accounts it had delivered lines of in the 90 days before its watermark: those whose deadlines wait.
  public var accounts: Int
  /// Which accounts those are, a bit each by number, from the lowest bit of the first byte on.
  public var members: [UInt8]

  /// A stall; see the properties.
  public init(
    source: Int, episode: Int, isOpen: Bool, isAwaited: Bool = false, at: Instant, clock: Instant,
    waitsUntil: Instant?, lines: Int64, accounts: Int, members: [UInt8]
  ) {
    self.source = source
    self.episode = episode
    self.isOpen = isOpen
    self.isAwaited = isAwaited
    self.at = at
    self.clock = clock
    self.waitsUntil = waitsUntil
    self.lines = lines
    self.accounts = accounts
    self.members = members
  }
}

/// A stall began, or something of it ended.
///
/// With the lines and the other advances of the clock these determine everything stored: the same lines, with
/// ``Engine/settle(at:)`` to `clock` and then the same call at the same places, give the same rows.
public struct StallTransition: Sendable {
  /// What happened.
  public enum Kind: UInt8, Sendable {
    /// The source delivers nothing: deadlines of its accounts wait from now on.
    case stalled = 0
    /// It delivers again: they fire, each at its own instant.
    case resumed
    /// Somebody says that it is over, or the config no longer names a `stall_after` for it: they fire.
    case retired
    /// They have waited for `max_hold`, and fire; the source is still stalled. Follows from the clock, and is in no log.
    case heldLongest
    /// It has not been read since the start, and others have: deadlines of its accounts wait from now on. Nobody is told.
    case awaited
  }
  /// What happened.
  public var kind: Kind
  /// The stall as it stands after it.
  public var stall: StallRow
  /// Why it stalled; of the other kinds nothing.
  public var cause: StallCause
  /// Lines of all sources that had been applied before it, since the store was made; 0 of ``Kind/heldLongest``, which comes
  /// within a batch.
  public var lines: Int64
  /// The engine's clock.
  public var clock: Instant
  /// When it was found, for people.
  public var at: Instant
  /// From when on `max_hold` counts.
  public var from: Instant
  /// The source's name.
  public var sourceName: String
  /// The source's watermark; nil: it has never delivered anything.
  public var watermark: Instant?
  /// One sentence for people.
  public var reason: String
}

/// Names of what the engine itself raises.
public enum PipelineAlert {
  /// The rule that alerts of stalled sources name.
  public static let rule = "pipeline.stalled"
  /// Their severity.
  public static let severity = "critical"
}
