import Glibc
import Synchronization

/// TERM, INT and HUP, taken from the first moment on.
///
/// A handler that only writes to a pipe takes them before there is any other thread, so that none of them ever has the
/// effect it has by itself. (Blocking them everywhere is no help: the runtime parks the main thread in `sigsuspend`, which
/// lets all of them through.) A thread reads the pipe and hands each on; until ``hand(to:)`` nothing has been read from any
/// source, so that there is nothing to store and TERM and INT simply end the process.
package final class StopSignals: Sendable {
  private enum Receiver {
    /// Nothing to be lost yet; whether a reload was asked for meanwhile.
    case nobody(reloads: Bool)
    case handler(@Sendable (Int32) -> Void)
  }

  private let receiver = Mutex(Receiver.nobody(reloads: false))

  /// Where the handler writes to; the thread reads the other end.
  private static let pipe: (read: Int32, write: Int32) = {
    var ends: [Int32] = [-1, -1]
    guard Glibc.pipe(&ends) == 0 else { return (-1, -1) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // A handler must not wait, and a pipe full of signals has said all there is to say.
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    return (ends[0], ends[1])
  }()

  /// From now on the three signals wait for ``start()``. The first thing a daemon does; harmless to do twice.
  package static func take() {
    // Made here, because a handler may make nothing.
    guard pipe.write >= 0 else { return }
    for number in [SIGTERM, SIGINT, SIGHUP] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { number in
        let error = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(StopSignals.pipe.write, &byte, 1)
        errno = error
      }
      action.sa_flags = SA_RESTART
      sigaction(number, &action, nil)
    }
  }

  /// Takes the signals and starts the thread that hands them on.
  static func start() -> StopSignals {
    take()
    let signals = StopSignals()
    BlockingWork.start { signals.read() }
    return signals
  }

  /// From now on signals are this function's business; a reload that was asked for before is handed on at once.
  func hand(to handler: @escaping @Sendable (Int32) -> Void) {
    let reloads = receiver.withLock { receiver in
      defer { receiver = .handler(handler) }
      if case .nobody(true) = receiver { return true }
      return false
    }
    if reloads { handler(SIGHUP) }
  }

  private func read() {
    var byte: UInt8 = 0
    while true {
      let count = Glibc.read(Self.pipe.read, &byte, 1)
      if count < 0 && errno == EINTR { continue }
      guard count == 1 else { return }
      let number = Int32(byte)
      let handler: (@Sendable (Int32) -> Void)? = receiver.withLock { receiver in
        if case .handler(let handler) = receiver { return handler }
        if number == SIGHUP { receiver = .nobody(reloads: true) } else { _exit(0) }
        return nil
      }
      handler?(number)
    }
  }
}
