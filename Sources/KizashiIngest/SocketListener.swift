import CLinux
import Glibc

/// A listening Unix stream socket, made at a path or inherited from systemd.
final class SocketListener {
  let descriptor: Descriptor
  let path: BytePath
  /// The socket's own file, to be removed at the end; nil: it is not ours (inherited).
  private let made: FileFacts?

  /// Takes over a socket that listens already (socket activation).
  init(inherited number: Int32, path: BytePath) throws {
    func option(_ name: Int32) -> Int32? {
      var value: Int32 = 0
      var length = socklen_t(MemoryLayout<Int32>.size)
      return getsockopt(number, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }
    func refuse(_ reason: String) -> IngestError {
      IngestError(
        kind: .inherited, operation: "use", subject: "inherited descriptor \(number) for \(path)", reason: reason,
        hint: "the socket unit must have ListenStream= with a path, and Accept=no")
    }
    guard let type = option(SO_TYPE) else { throw refuse("it is no socket (\(errorText(errno)))") }
    guard option(SO_DOMAIN) == AF_UNIX else { throw refuse("it is no Unix socket") }
    guard type == Int32(SOCK_STREAM.rawValue) else { throw refuse("it is no stream socket") }
    guard option(SO_ACCEPTCONN) == 1 else { throw refuse("it does not listen") }
    _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    descriptor = Descriptor(number)
    self.path = path
    made = nil
  }

  /// Makes the socket. It is never connectable with wider rights than `mode`, nor is there a moment at which the path leads
  /// nowhere: it is made under another name, given its rights, set to listen, and then renamed into place.
  init(at path: BytePath, mode: UInt32) throws {
    func failure(_ operation: String, _ subject: BytePath, _ hint: String) -> IngestError {
      IngestError(
        kind: .socket, operation: operation, subject: subject.description, reason: errorText(errno), hint: hint)
    }
    try Self.checkFree(path)
    let temporary = BytePath(bytes: path.bytes + Array(".\(getpid())".utf8))
    let number = try Self.makeSocket(path)
    descriptor = Descriptor(number)
    unlinkPath(temporary)
    guard try Self.withAddress(temporary, { bind(number, $0, $1) }) == 0 else {
      throw failure("bind", path, "the directory must exist and be writable for the daemon (RuntimeDirectory=)")
    }
    guard temporary.withCString({ chmod($0, mode) }) == 0, listen(number, 128) == 0,
      case .success(let facts) = FileFacts.at(temporary)
    else {
      defer { unlinkPath(temporary) }
      throw failure("listen at", path, "see errno \(errno) in listen(2)")
    }
    guard temporary.withCString({ from in path.withCString { rename(from, $0) } }) == 0 else {
      defer { unlinkPath(temporary) }
      throw failure("put in place", path, "the directory must be writable for the daemon")
    }
    self.path = path
    made = facts
  }

  /// Removes the socket's file, unless another took its place.
  func removeFile() {
    guard let made, case .success(let facts) = FileFacts.at(path), facts.inode == made.inode,
      facts.device == made.device
    else { return }
    unlinkPath(path)
  }

  /// Throws if somebody listens at the path, or if something other than a socket stands there. A socket nobody listens at
  /// was left behind by a daemon that was killed.
  private static func checkFree(_ path: BytePath) throws {
    guard case .success(let facts) = FileFacts.at(path) else { return }
    guard facts.type == UInt32(S_IFSOCK) else {
      throw IngestError(
        kind: .notASocket, operation: "listen at", subject: path.description,
        reason: "\(facts.typeName) stands there", hint: "move it away, or give the source another path")
    }
    let probe = Descriptor(try makeSocket(path))
    let connected = try withAddress(path) { connect(probe.number, $0, $1) }
    if connected != 0 && (errno == ECONNREFUSED || errno == ENOENT) { return }
    let reason = connected == 0 || errno == EAGAIN ? "somebody listens there" : errorText(errno)
    throw IngestError(
      kind: .inUse, operation: "listen at", subject: path.description, reason: reason,
      hint: "is the daemon running already? `ss -xlp` shows who holds the socket")
  }

  private static func makeSocket(_ path: BytePath) throws -> Int32 {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let number = socket(AF_UNIX, type, 0)
    guard number >= 0 else {
      throw IngestError(
        kind: .resource, operation: "make a socket for", subject: path.description, reason: errorText(errno),
        hint: hint(forOpening: errno))
    }
    return number
  }

  private static func withAddress<R>(
    _ path: BytePath, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
  ) throws -> R {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let limit = MemoryLayout.size(ofValue: address.sun_path) - 1
    guard path.bytes.count <= limit else {
      throw IngestError(
        kind: .socket, operation: "listen at", subject: path.description,
        reason: "the path is too long for a socket", hint: "use one of at most \(limit - 12) bytes")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.bytes) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}

private func unlinkPath(_ path: BytePath) { _ = path.withCString { unlink($0) } }
