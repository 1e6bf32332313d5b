import CLinux
import Glibc

/// Ends a `poll` from another thread: a pipe with at most a few bytes in it.
final class Waker: Sendable {
  /// Readable once woken.
  let descriptor: Int32
  private let writeEnd: Int32

  init() throws {
    var ends: [Int32] = [-1, -1]
    guard clinux_pipe(&ends) == 0 else {
      throw IngestError(
        kind: .resource, operation: "make", subject: "a pipe", reason: errorText(errno),
        hint: hint(forOpening: errno))
    }
    descriptor = ends[0]
    writeEnd = ends[1]
  }

  deinit {
    close(descriptor)
    close(writeEnd)
  }

  /// Makes the poll return now, or the next one at once. A full pipe is awake already.
  func wake() {
    var byte: UInt8 = 1
    _ = write(writeEnd, &byte, 1)
  }

  /// Lets the next poll wait again; for wakers that are used more than once.
  func settle() {
    var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    while read(descriptor, &bytes, MemoryLayout.size(ofValue: bytes)) > 0 {}
  }
}

/// Monotonic time in milliseconds, for the reconcile beat; no instant of any event comes from it.
func monotonicMilliseconds() -> Int64 {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}

/// Waits until one of the descriptors is ready or the time is up; an interrupted wait counts as time up.
func wait(for descriptors: inout [pollfd], milliseconds: Int64) {
  let timeout = Int32(clamping: max(milliseconds, 0))
  let ready = poll(&descriptors, nfds_t(descriptors.count), timeout)
  if ready <= 0 { for index in descriptors.indices { descriptors[index].revents = 0 } }
}
