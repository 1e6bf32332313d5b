import KizashiCore

/// When one hook was started during the last hour, also before a restart: what `max_per_hour` is judged by.
///
/// Most of the hour's runs may carry one alert each. The last quarter is kept for groups, evenly spread over the hour, so
/// that a flood is handed over in a few large pieces within minutes, instead of one by one until nothing is left.
struct LaunchLog: Sendable {
  /// What may be started now.
  enum Allowance: Equatable {
    case single
    /// Everything that waits, in one run.
    case group
    case nothing(until: Instant)
  }

  static let hourMilliseconds: Int64 = 3_600_000

  /// Ascending; at most `maxPerHour` entries.
  private var launches: [Instant] = []
  /// When a run was last started out of the part kept for groups.
  private var lastReserved: Instant?

  /// A log that begins with what is known of runs of earlier processes, ascending.
  ///
  /// Where they are more than may be begun one by one, the last of them came from the part kept for groups.
  init(earlier: [Instant] = [], maxPerHour: Int = .max) {
    launches = earlier
    if earlier.count > maxPerHour - Self.reserve(maxPerHour) { lastReserved = earlier.last }
  }

  /// How many of an hour's runs are kept for groups.
  private static func reserve(_ maxPerHour: Int) -> Int { max(1, maxPerHour / 4) }

  /// Runs begun in the hour before `now`.
  mutating func count(now: Instant) -> Int {
    if let last = launches.last, last > now {
      // The wall clock was set back. What lies ahead of it counts as done now, or it would count for longer than an hour.
      for index in launches.indices where launches[index] > now { launches[index] = now }
      lastReserved = lastReserved.map { min($0, now) }
    }
    let horizon = now.advanced(by: -Self.hourMilliseconds)
    let kept = launches.firstIndex { $0 > horizon } ?? launches.count
    if kept > 0 { launches.removeFirst(kept) }
    return launches.count
  }

  /// Whether nothing more may be begun until the first of the hour's runs is an hour old.
  mutating func isUsedUp(maxPerHour: Int, now: Instant) -> Bool { count(now: now) >= maxPerHour }

  mutating func allowance(maxPerHour: Int, now: Instant) -> Allowance {
    let used = count(now: now)
    let reserve = Self.reserve(maxPerHour)
    if used < maxPerHour - reserve { return .single }
    guard used < maxPerHour else {
      // A lowered `max_per_hour` can leave more launches than are allowed now: wait until enough of them are old.
      return .nothing(until: launches[used - maxPerHour].advanced(by: Self.hourMilliseconds))
    }
    guard let lastReserved else { return .group }
    let next = lastReserved.advanced(by: Self.hourMilliseconds / Int64(reserve))
    return next <= now ? .group : .nothing(until: next)
  }

  /// - Parameter allowance: What ``allowance(maxPerHour:now:)`` said.
  mutating func record(_ allowance: Allowance, now: Instant) {
    launches.append(now)
    if allowance == .group { lastReserved = now }
  }
}
