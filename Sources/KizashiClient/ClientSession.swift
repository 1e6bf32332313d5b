import CLinux
import Glibc
import Synchronization

/// The state that callers and the client's thread share, and the two descriptors by which callers wake the thread.
final class ClientSession: Sendable {
  struct State: Sendable {
    var window: SendWindow
    var status = ClientStatus()
    /// Why nothing goes on any more.
    var failure: ClientError?
    /// Whether the thread sleeps and does not look for lines to send.
    var isIdle = false
    var waiters: [Int: Waiter] = [:]
    var nextWaiter = 0
  }

  /// A caller that waits for the state to become something.
  struct Waiter: Sendable {
    var isDone: @Sendable (State) -> Bool
    var resume: CheckedContinuation<Void, Never>
  }

  let options: ClientOptions
  let onRefused: @Sendable (Int64, String) -> Void
  /// Readable once woken.
  let wakeEnd: Int32
  private let wakingEnd: Int32
  private let state: Mutex<State>

  init(_ options: ClientOptions, onRefused: @escaping @Sendable (Int64, String) -> Void) throws(ClientError) {
    self.options = options
    self.onRefused = onRefused
    var ends: [Int32] = [-1, -1]
    guard clinux_pipe(&ends) == 0 else { throw .refused("no descriptor is left for a pipe") }
    (wakeEnd, wakingEnd) = (ends[0], ends[1])
    state = Mutex(State(window: SendWindow(limit: options.bufferBytes)))
  }

  deinit {
    Glibc.close(wakeEnd)
    Glibc.close(wakingEnd)
  }

  /// Starts the thread, which holds the session until the client is closed.
  func start() {
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let retained = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, &attributes,
      { context in
        // Signals are the program's business, not this thread's.
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        clinux_name_thread("kizashi-client")
        var link = ClientLink(Unmanaged<ClientSession>.fromOpaque(context!).takeRetainedValue())
        link.run()
        return nil
      }, retained.toOpaque())
    if code != 0 {
      retained.release()
      close(.refused("no thread can be started (error \(code))"))
    }
  }

  // MARK: State

  func read<R>(_ body: (State) -> R) -> R { state.withLock { body($0) } }

  /// Changes the state and lets those go on who waited for what it has become.
  @discardableResult
  func update<R: Sendable>(_ body: (inout State) -> R) -> R {
    let (result, ready) = state.withLock { state in
      let result = body(&state)
      return (result, Self.takeReady(&state))
    }
    for waiter in ready { waiter.resume() }
    return result
  }

  private static func takeReady(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
    guard !state.waiters.isEmpty else { return [] }
    let done = state.waiters.filter { state.failure != nil || $0.value.isDone(state) }
    for number in done.keys { state.waiters[number] = nil }
    return done.sorted { $0.key < $1.key }.map(\.value.resume)
  }

  func wake() {
    var byte: UInt8 = 1
    _ = write(wakingEnd, &byte, 1)
  }

  /// Ends everything for this reason; the first one stays.
  func close(_ reason: ClientError) {
    update { $0.failure = $0.failure ?? reason }
    wake()
  }

  // MARK: Callers

  /// Takes a line, without a line feed, if there is room, or by the policy. False: the caller has to wait.
  func offer(_ line: UnsafeRawBufferPointer) throws -> Bool {
    if Self.lineFeed(in: line) != nil { throw ClientError.badLine("it contains a line feed") }
    return try take { state in try state.take(line, options) }
  }

  /// Takes whole lines, each with its line feed, from the front of `lines` until the caller has to wait; returns their bytes.
  func offer(lines: UnsafeRawBufferPointer) throws -> Int {
    try take { state in
      var taken = 0
      while let end = Self.lineFeed(in: UnsafeRawBufferPointer(rebasing: lines[taken...])) {
        do {
          guard try state.take(UnsafeRawBufferPointer(rebasing: lines[taken..<taken + end]), options) else { break }
        } catch  where taken > 0 {
          // What stands before it is taken; the next call begins with it.
          break
        }
        taken += end + 1
      }
      return taken
    }
  }

  private func take<R: Sendable>(_ body: (inout State) throws -> R) throws -> R {
    let (result, needsWake) = try state.withLock { state in
      if let failure = state.failure { throw failure }
      let result = try body(&state)
      let needsWake = state.isIdle && state.window.hasUnsent
      if needsWake { state.isIdle = false }
      return (result, needsWake)
    }
    if needsWake { wake() }
    return result
  }

  private static func lineFeed(in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let start = bytes.baseAddress, let found = memchr(start, 0x0a, bytes.count) else { return nil }
    return start.distance(to: found)
  }

  /// Waits until `value` gives something.
  @discardableResult
  func wait<Value: Sendable>(for value: @escaping @Sendable (State) -> Value?) async throws -> Value {
    while true {
      let (found, failure) = read { (value($0), $0.failure) }
      if let found { return found }
      if let failure { throw failure }
      try Task.checkCancellation()
      let number = state.withLock { state in
        state.nextWaiter += 1
        return state.nextWaiter
      }
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let isDone = state.withLock { state in
            if state.failure != nil || value(state) != nil || Task.isCancelled { return true }
            state.waiters[number] = Waiter(isDone: { value($0) != nil }, resume: continuation)
            return false
          }
          if isDone { continuation.resume() }
        }
      } onCancel: {
        state.withLock { $0.waiters.removeValue(forKey: number) }?.resume.resume()
      }
    }
  }
}

extension ClientSession.State {
  /// Holds a line, or drops lines, by the policy. False: there is no room, and the caller has to wait.
  fileprivate mutating func take(_ line: UnsafeRawBufferPointer, _ options: ClientOptions) throws -> Bool {
    let count = line.count + 1
    if count > options.bufferBytes {
      throw ClientError.badLine("it has \(line.count) bytes and the buffer \(options.bufferBytes)")
    }
    if !window.hasRoom(for: count) {
      switch options.whenFull {
      case .wait: return false
      case .dropOldest: status.dropped += window.dropUnsent(toFit: count)
      case .dropNewest: break
      }
    }
    status.accepted += 1
    if window.hasRoom(for: count) {
      window.append(line)
    } else {
      status.dropped += 1
    }
    return true
  }
}
