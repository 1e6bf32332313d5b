import Glibc

/// When the machine was started: tells whether it has been started since.
///
/// What a process wrote is lost with the power or the kernel, never with a process: only after another start can a file have
/// lost what was read of it. (The kernel's `boot_id` would say the same, but is hidden from a hardened service.)
package struct MachineStart: Sendable, Equatable, Codable {
  /// By the machine's clock, in seconds since 1970. A clock that is set moves it, one that is slewed does not.
  package var seconds: Int64

  /// A start at that second.
  package init(seconds: Int64) { self.seconds = seconds }

  package init(from decoder: any Decoder) throws {
    seconds = try decoder.singleValueContainer().decode(Int64.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    try value.encode(seconds)
  }

  /// The start under which this process runs.
  package static let current: MachineStart = {
    func nanoseconds(_ clock: clockid_t) -> Int64 {
      var time = timespec()
      clock_gettime(clock, &time)
      return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
    return MachineStart(seconds: (nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_BOOTTIME)) / 1_000_000_000)
  }()

  /// Whether these are two starts: the two clocks are not read at one moment, and a second may end between.
  func isOther(than other: MachineStart) -> Bool { abs(seconds - other.seconds) > 1 }
}
