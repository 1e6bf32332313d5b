import Glibc

/// Why systemd could not be told something.
package enum NotifyError: Error, Sendable, Hashable, CustomStringConvertible {
  case badAddress(String)
  /// It takes nothing more for now.
  case busy(address: String)
  case failed(address: String, step: String, reason: String)

  /// What was tried, why it failed, what to do.
  package var description: String {
    switch self {
    case .badAddress(let address):
      "NOTIFY_SOCKET is \"\(address)\": neither an absolute path nor an abstract name (@…) of at most 107 bytes "
        + "(start kizashi by systemd with Type=notify, or unset the variable)"
    case .busy(let address): "systemd does not take what it is told at \(address) for now"
    case .failed(let address, let step, let reason):
      "cannot notify systemd at \(address): \(step): \(reason) (is NotifyAccess=main set, and the socket reachable in the "
        + "service's namespace?)"
    }
  }
}

/// Tells the service manager how the daemon is, by the protocol of sd_notify(3). Without a `NOTIFY_SOCKET` every call does
/// nothing.
package struct ServiceNotifier: Sendable {
  /// Nil: nobody listens.
  package let address: String?

  /// - Parameter environment: The daemon's own.
  package init(environment: [String: String]) {
    let value = environment["NOTIFY_SOCKET"] ?? ""
    address = value.isEmpty ? nil : value
  }

  /// The daemon has started, or has finished reloading.
  package func ready(status: String? = nil) throws(NotifyError) {
    try send("READY=1" + line(status))
  }

  /// One sentence for `systemctl status`.
  package func status(_ status: String) throws(NotifyError) {
    try send("STATUS=" + oneLine(status))
  }

  /// A reload has begun; ``ready(status:)`` ends it.
  /// - Parameter monotonicMicroseconds: `CLOCK_MONOTONIC` now.
  package func reloading(monotonicMicroseconds: UInt64, status: String? = nil) throws(NotifyError) {
    try send("RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds)" + line(status))
  }

  /// The shutdown has begun.
  package func stopping(status: String? = nil) throws(NotifyError) {
    try send("STOPPING=1" + line(status))
  }

  /// The daemon is alive; see ``WatchdogFeeder``.
  package func watchdog() throws(NotifyError) { try send("WATCHDOG=1") }

  /// Starting or stopping needs this much longer from now on.
  package func extendTimeout(microseconds: UInt64) throws(NotifyError) {
    try send("EXTEND_TIMEOUT_USEC=\(microseconds)")
  }

  private func line(_ status: String?) -> String { status.map { "\nSTATUS=" + oneLine($0) } ?? "" }

  /// A line end in a value would begin another assignment.
  private func oneLine(_ text: String) -> String { ControlCharacters.escaped(text) }

  private func send(_ message: String) throws(NotifyError) {
    guard let address else { return }
    guard let (storage, length) = SocketAddress.unix(address) else { throw .badAddress(address) }
    func failure(_ step: String) -> NotifyError {
      .failed(address: address, step: step, reason: String(cString: strerror(errno)))
    }
    let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failure("socket") }
    defer { close(descriptor) }
    let bytes = Array(message.utf8)
    var sent = -1
    repeat {
      sent = withUnsafePointer(to: storage) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          // A manager that is itself stuck must not hold the daemon.
          sendto(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT), $0, length)
        }
      }
    } while sent < 0 && errno == EINTR
    if sent < 0 && errno == EAGAIN { throw .busy(address: address) }
    guard sent == bytes.count else { throw failure("send") }
  }
}

/// Addresses of Unix sockets.
enum SocketAddress {
  /// The address of a path, or with a leading `@` of an abstract name; nil: empty, relative, or too long for the system.
  static func unix(_ text: String) -> (sockaddr_un, socklen_t)? {
    let bytes = Array(text.utf8)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    guard let first = bytes.first, bytes.count < capacity, !bytes.contains(0) else { return nil }
    let isAbstract = first == UInt8(ascii: "@")
    guard isAbstract ? bytes.count > 1 : first == UInt8(ascii: "/") else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { buffer in
      buffer.copyBytes(from: bytes)
      if isAbstract { buffer[0] = 0 }
    }
    // An abstract name is as long as it says; a path ends with a NUL.
    let offset = MemoryLayout<sockaddr_un>.size - capacity
    return (address, socklen_t(offset + bytes.count + (isAbstract ? 0 : 1)))
  }
}
