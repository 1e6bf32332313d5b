import CLinux
import Glibc

/// How many descriptors this process may have open.
///
/// The usual soft limit of 1024 is there for programs that use `select`. A daemon that follows thousands of files needs more,
/// and must never be without any: libdispatch ends the process when it finds none. So `run` takes all that the hard
/// limit allows, and hooks, which may be such programs, get the soft limit back that the daemon was started with.
package struct OpenFiles: Sendable, Hashable {
  /// The soft limit before it was raised.
  package var original: UInt64
  /// The soft limit now.
  package var current: UInt64

  /// Raises the soft limit to the hard one, as far as the system lets it.
  package static func raise() -> OpenFiles {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let original = UInt64(limit.rlim_cur)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return OpenFiles(original: original, current: UInt64(limit.rlim_cur))
  }

  /// Gives a child the soft limit back. It runs already, with none of our descriptors open, so that nothing of it lies
  /// beyond the limit.
  func restore(for pid: pid_t) {
    guard original != current else { return }
    _ = clinux_limit_descriptors(pid, original)
  }
}
