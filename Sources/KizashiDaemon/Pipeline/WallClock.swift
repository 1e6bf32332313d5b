import Glibc
import KizashiCore

/// The only clock of the program. Everything below the daemon is told the time.
package struct WallClock: Sendable {
  /// The present instant.
  package var now: @Sendable () -> Instant

  /// A clock that reads like this.
  package init(now: @escaping @Sendable () -> Instant) { self.now = now }

  /// The system's real-time clock.
  package static let system = WallClock {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }
}
