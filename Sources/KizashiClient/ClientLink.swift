import CLinux
import Glibc

/// The client's thread: connects, sends, reads replies, connects again.
struct ClientLink {
  private let session: ClientSession
  private var socket: Int32 = -1
  /// What is left of the hello.
  private var hello: ArraySlice<UInt8> = []
  /// A reply that has not ended yet.
  private var reply: [UInt8] = []
  private var retryMilliseconds: Int64
  /// When to connect again.
  private var retryAt: Int64 = 0

  init(_ session: ClientSession) {
    self.session = session
    retryMilliseconds = session.options.firstRetryMilliseconds
  }

  /// Runs until the client is closed or cannot go on.
  mutating func run() {
    while session.read({ $0.failure == nil }) {
      if socket < 0 && Self.now() >= retryAt { connect() }
      send()
      wait()
      receive()
    }
    if socket >= 0 { Glibc.close(socket) }
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  private mutating func connect() {
    socket = session.options.socketPath.withCString { clinux_connect($0) }
    guard socket >= 0 else { return retryLater(String(cString: strerror(errno))) }
    hello = Reply.hello(producer: session.options.producer)[...]
    reply = []
  }

  private mutating func retryLater(_ reason: String) {
    if socket >= 0 { Glibc.close(socket) }
    socket = -1
    retryAt = Self.now() + retryMilliseconds
    retryMilliseconds = min(retryMilliseconds * 2, session.options.longestRetryMilliseconds)
    session.update {
      $0.window.disconnected()
      $0.status.isConnected = false
      $0.status.trouble = reason
    }
  }

  /// Waits until there is something to do.
  private mutating func wait() {
    let isIdle = session.update { state in
      state.isIdle = socket < 0 || (hello.isEmpty && !state.window.hasUnsent)
      return state.isIdle
    }
    var descriptors = [pollfd(fd: session.wakeEnd, events: Int16(POLLIN), revents: 0)]
    let events = Int32(POLLIN) | (isIdle ? 0 : Int32(POLLOUT))
    descriptors.append(pollfd(fd: socket, events: Int16(events), revents: 0))
    let timeout = socket < 0 ? max(retryAt - Self.now(), 1) : -1
    _ = poll(&descriptors, 2, Int32(clamping: timeout))
    if descriptors[0].revents != 0 {
      var bytes: (UInt64, UInt64) = (0, 0)
      while Glibc.read(session.wakeEnd, &bytes, 16) > 0 {}
    }
  }

  /// Sends what the kernel takes.
  private mutating func send() {
    guard socket >= 0 else { return }
    while !hello.isEmpty {
      let count = hello.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return brokenUnlessFull() }
      hello = hello.dropFirst(count)
    }
    while true {
      let socket = socket
      let count = session.update { state -> Int in
        guard state.window.hasUnsent else { return 0 }
        let count = state.window.withUnsent {
          Glibc.send(socket, $0.baseAddress, min($0.count, 256 * 1024), Int32(MSG_NOSIGNAL))
        }
        if count > 0 { state.window.sent(count) }
        return count
      }
      if count == 0 { return }
      if count < 0 && errno == EINTR { continue }
      if count < 0 { return brokenUnlessFull() }
    }
  }

  private mutating func brokenUnlessFull() {
    // Whether the daemon said why is found out by reading on.
    if errno != EAGAIN && errno != EPIPE { retryLater(String(cString: strerror(errno))) }
  }

  /// Reads what has come and acts on each whole line of it.
  private mutating func receive() {
    guard socket >= 0 else { return }
    var room = [UInt8](repeating: 0, count: 4096)
    while socket >= 0 {
      let count = Glibc.read(socket, &room, room.count)
      if count < 0 && errno == EINTR { continue }
      if count < 0 && errno == EAGAIN { return }
      guard count > 0 else {
        return retryLater(count == 0 ? "the daemon closed the connection" : String(cString: strerror(errno)))
      }
      reply += room[..<count]
      while let end = reply.firstIndex(of: 0x0a) {
        act(on: Reply(reply[..<end]))
        reply.removeFirst(end + 1)
      }
    }
  }

  private mutating func act(on reply: Reply) {
    let producer = session.options.producer
    switch reply {
    case .hello(let committed):
      retryMilliseconds = session.options.firstRetryMilliseconds
      session.update { state in
        let before = state.window.lineCount
        switch state.window.greeted(committed: committed) {
        case .resumed: state.status.acknowledged += Int64(before - state.window.lineCount)
        case .lost(let lines): state.status.lost += lines
        case .nameInUse: state.failure = .nameInUse(producer: producer)
        }
        state.status.isConnected = true
        state.status.trouble = nil
      }
    case .acknowledged(let number):
      session.update { state in
        if let count = state.window.acknowledge(number) {
          state.status.acknowledged += count
        } else {
          state.failure = .nameInUse(producer: producer)
        }
      }
    case .refused(let line, let reason):
      session.update { $0.status.refused += 1 }
      session.onRefused(line, reason)
    case .error(let reason): session.close(.refused(reason))
    case .unknown: break
    }
  }
}
