import KizashiCore

/// 64-bit FNV-1a (Fowler, Noll, Vo): small, seedless and the same everywhere, so that jitter can be computed again.
package func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in bytes {
    hash ^= UInt64(byte)
    hash = hash &* 0x0000_0100_0000_01b3
  }
  return hash
}

/// How a run of a hook ended.
package enum HookEnding: Sendable, Hashable {
  case exited(Int32)
  /// Ended by that signal, which was not ours.
  case signalled(Int32)
  /// Ended by us, because it took too long.
  case timedOut
  /// No process was made; the text says what was tried, why it failed and what to do.
  case notStarted(String)
  /// Ended by us, because the daemon stops. Says nothing about the hook.
  case cancelled

  /// What a shell would show in `$?`; nil where there is no such number.
  package var exitCode: Int32? {
    switch self {
    case .exited(let code): code
    case .signalled(let signal): 128 + signal
    case .timedOut, .notStarted, .cancelled: nil
    }
  }
}

/// What to do after a failed attempt.
enum RetryPolicy {
  /// `EX_TEMPFAIL` of sysexits.h: the hook itself says "later".
  static let temporaryFailure: Int32 = 75
  static let firstDelayMilliseconds: Int64 = 5000
  static let longestDelayMilliseconds: Int64 = 3_600_000

  /// Whether the ending deserves another attempt, if there are any left.
  static func isRetryable(_ ending: HookEnding, _ policy: HookPolicy) -> Bool {
    switch ending {
    case .timedOut, .notStarted, .cancelled: return true
    case .exited(temporaryFailure): return true
    case .exited, .signalled:
      guard let retryOn = policy.retryOn, let code = ending.exitCode else { return true }
      return retryOn.contains(code)
    }
  }

  /// How long to wait after the `attempt`-th attempt (from 1) failed: 5 s, 10 s, 20 s … up to an hour, ± 25 % by the id.
  ///
  /// The jitter comes from the id, not from a random source: after a crash the same instant is found again, and the
  /// deliveries of one flood still spread.
  static func delayMilliseconds(afterAttempt attempt: Int, id: String) -> Int64 {
    let doublings = min(max(0, attempt - 1), 20)
    let delay = min(longestDelayMilliseconds, firstDelayMilliseconds << Int64(doublings))
    // The attempt is mixed in, so that two ids that collide once do not stay together.
    let hash = fnv1a(Array(id.utf8) + [0x1f, UInt8(truncatingIfNeeded: attempt)])
    // FNV's high bits depend on all bytes; its low ones less so.
    let thousandths = Int64((hash >> 32) % 501) - 250
    return delay + delay * thousandths / 1000
  }
}
