/// What an account's block is made of, and what of it an event name changes.
extension UsageState {
  enum Period {
    case current
    case previous
  }

  /// The fewest entries a log has room for: most accounts of a large store have few.
  static let leastRoom = 4

  /// The fixed part of an account's block; cursors, totals and rings follow it.
  struct Header {
    /// Entries in the order of their hours; allocated and freed here, because most accounts have few and some many.
    var log: UnsafeMutablePointer<LogEntry>?
    var count: Int32
    var capacity: Int32
    /// The next instant at which a tile leaves a window where that always matters; `.max`: none.
    var nextLeaving: Int64
    /// The same of windows where it matters unless the rules that read them stand idle.
    var nextLeavingUnlessIdle: Int64
    /// What has moved since it was last asked.
    var stirred: Wake
  }

  /// Where a window begins in an account's log. Entries that add nothing to any total of the window are passed by, so that
  /// it may stand further on than the window's first entry.
  struct Cursor {
    /// Index of the first entry of the current window that counts in it.
    var current: Int32
    /// Index of the first entry of the previous window that counts in it.
    var previous: Int32
    /// The tile by which the first entry that counts has left the current window, or the previous one, so that nothing of the
    /// log need be read before it; `.max`: none counts.
    var currentLeaves = Int32.max
    var previousLeaves = Int32.max

    /// Whether a tile finds something to leave.
    @inline(__always)
    func isDue(_ hour: Int32) -> Bool { hour >= currentLeaves || hour >= previousLeaves }
  }

  /// Whether entries of an event name count in a window, and in the one before.
  struct Membership {
    var isCurrent: Bool
    var isPrevious: Bool
  }

  struct Total {
    /// For `lastTile` the hour, or `Int32.min` where there is none.
    var current: Int64
    var previous: Int64
  }

  /// What an entry of one event name changes in one window.
  struct Contribution {
    var kind: Leaf.Kind
    var hasPrevious: Bool
    /// The leaf, an index into the account's totals.
    var leaf: Int32
    /// users, userEvents: which column; featuresUsed: which counter; activeDays: offset of the ring in the block.
    var place: Int32
    /// activeDays: days in the ring.
    var ringSize: Int32
    /// What a change of the leaf's total wakes.
    var wakes: Wake
  }
}
