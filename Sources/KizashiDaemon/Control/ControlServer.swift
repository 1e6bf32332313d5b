import Dispatch
import Glibc
import Logging
import ServiceLifecycle

/// The daemon's side of the control socket: a Unix socket that only its own user and root may use, one request and one
/// answer a connection.
///
/// Its requests do things (retire, drop, reload), so it is made 0600 before anybody can connect.
package final class ControlServer: Service, Sendable {
  /// Answers one request. May take its time; other connections go on.
  package typealias Handler = @Sendable (ControlRequest) async -> ControlReply

  /// How long a connection may take to say what it wants, and to take the answer.
  private static let patience = Duration.seconds(5)
  /// Most connections that are saying what they want at one time; more wait in the socket's queue.
  private static let connectionLimit = 8

  private let path: String
  /// The daemon's store; nil: requests are taken whatever store they are about.
  private let store: String?
  private let handler: Handler
  private let logger: Logger
  private let listener: CInt
  /// Raised to end ``run()``: both ends of a pipe.
  private let stopPipe: (read: CInt, write: CInt)
  private let device: dev_t
  private let inode: ino_t
  private let slots = DispatchSemaphore(value: ControlServer.connectionLimit)

  /// Begins to listen; connections wait until ``run()``. A stale socket is replaced, a live one respected.
  ///
  /// - Parameter store: Requests about another one are answered with that, and nothing is done.
  /// - Throws: ``ControlError``
  package init(
    path: String, store: String? = nil, logger: Logger, handler: @escaping Handler
  ) throws(ControlError) {
    let listener = try Self.listen(path)
    var ends: [CInt] = [-1, -1]
    var status = stat()
    guard pipe(&ends) == 0, stat(path, &status) == 0 else {
      let number = errno
      close(listener)
      throw .system(path, "prepare", number)
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    self.path = path
    self.store = store
    self.handler = handler
    self.logger = logger
    self.listener = listener
    stopPipe = (ends[0], ends[1])
    device = status.st_dev
    inode = status.st_ino
  }

  deinit {
    close(listener)
    close(stopPipe.read)
    close(stopPipe.write)
  }

  /// Answers until a graceful shutdown, ``stop()`` or cancellation; then removes the socket.
  package func run() async {
    await withTaskCancellationOrGracefulShutdownHandler {
      await BlockingWork.run { self.acceptLoop() }
    } onCancelOrGracefulShutdown: {
      self.stop()
    }
    removeSocket()
  }

  /// Ends ``run()``. Requests being answered go on.
  package func stop() { _ = write(stopPipe.write, [1], 1) }

  private func acceptLoop() {
    while true {
      var requests = [
        pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
        pollfd(fd: stopPipe.read, events: Int16(POLLIN), revents: 0),
      ]
      guard poll(&requests, 2, -1) >= 0 || errno == EINTR else { return }
      if requests[1].revents != 0 { return }
      guard requests[0].revents != 0 else { continue }
      let descriptor = accept(listener, nil, nil)
      guard descriptor >= 0 else {
        // Out of descriptors: the connection waits in the queue; look again when some are likely to be free.
        if errno == EMFILE || errno == ENFILE { _ = poll(&requests[1], 1, 100) }
        continue
      }
      slots.wait()
      BlockingWork.start { self.serve(descriptor) }
    }
  }

  /// Reads the request here, answers in a task, writes the answer here again.
  private func serve(_ descriptor: CInt) {
    defer { slots.signal() }
    let connection = ControlConnection(descriptor: descriptor, path: path)
    let addressed: AddressedRequest
    do throws(ControlError) {
      addressed = try connection.receive(AddressedRequest.self, deadline: .now + Self.patience)
    } catch {
      // A connection that closes without a word is somebody looking whether we live.
      if case .badMessage(_, let reason) = error {
        try? connection.send(
          ControlReply(exitCode: 64, message: "not understood: \(reason)"), deadline: .now + Self.patience)
      }
      return
    }
    if let store, let asked = addressed.store, !Self.isSameFile(asked, store) {
      var reply = ControlReply(
        exitCode: DaemonError.Code.unavailable.rawValue, message: "this daemon's store is \(store)")
      reply.otherStore = store
      try? connection.send(reply, deadline: .now + Self.patience)
      return
    }
    let request = addressed.request
    let holder = ConnectionHolder(connection)
    Task {
      let reply = await handler(request)
      BlockingWork.start { [logger] in holder.send(reply, deadline: .now + Self.patience, logger: logger) }
    }
  }

  /// Whether two paths lead to one file. A store that was deleted meanwhile is known by its path.
  private static func isSameFile(_ a: String, _ b: String) -> Bool {
    var (first, second) = (stat(), stat())
    guard stat(a, &first) == 0, stat(b, &second) == 0 else { return a == b }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  private static func listen(_ path: String) throws(ControlError) -> CInt {
    guard let (address, length) = SocketAddress.unix(path), path.hasPrefix("/") else { throw .badPath(path) }
    try removeStale(path)
    let listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard listener >= 0 else { throw .system(path, "socket", errno) }
    func failure(_ step: String) -> ControlError {
      let error: ControlError = errno == EADDRINUSE ? .inUse(path: path) : .system(path, step, errno)
      close(listener)
      return error
    }
    let bound = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) }
    }
    guard bound == 0 else { throw failure("bind") }
    // Before it listens nobody can connect, whatever the umask made of its mode.
    guard chmod(path, 0o600) == 0 else { throw failure("chmod") }
    guard Glibc.listen(listener, 16) == 0 else { throw failure("listen") }
    return listener
  }

  private static func removeStale(_ path: String) throws(ControlError) {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT { return }
      throw .system(path, "stat", errno)
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
    do throws(ControlError) {
      _ = try ControlConnection.connect(to: path, deadline: .now + patience)
    } catch .noDaemon {
      guard unlink(path) == 0 || errno == ENOENT else { throw .system(path, "remove the stale socket", errno) }
      return
    } catch .timedOut {
      throw .inUse(path: path)
    }
    throw .inUse(path: path)
  }

  /// Only where it is still ours: another daemon may have been started since.
  private func removeSocket() {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode else { return }
    unlink(path)
  }
}

/// Carries a connection through a task to the queue that answers on it.
private final class ConnectionHolder: Sendable {
  private let connection: ControlConnection
  init(_ connection: consuming ControlConnection) { self.connection = connection }

  func send(_ reply: ControlReply, deadline: ContinuousClock.Instant, logger: Logger) {
    do {
      try connection.send(reply, deadline: deadline)
    } catch {
      logger.debug("The answer on the control socket was not taken", metadata: ["error": "\(error)"])
    }
  }
}
