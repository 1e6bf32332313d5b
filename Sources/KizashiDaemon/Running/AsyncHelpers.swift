/// Lets one task at a time through, in the order they came.
actor AsyncLock {
  private var isHeld = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  private func acquire() async {
    if !isHeld {
      isHeld = true
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  private func release() {
    if waiting.isEmpty { isHeld = false } else { waiting.removeFirst().resume() }
  }

  /// Runs `body` while nobody else runs theirs.
  func run<T: Sendable>(_ body: @Sendable () async -> T) async -> T {
    await acquire()
    defer { release() }
    return await body()
  }
}

/// An endless sequence of ticks; ends when its task is cancelled.
struct AsyncTimer: AsyncSequence, Sendable {
  let interval: Duration

  static func seconds(_ seconds: Int) -> AsyncTimer { AsyncTimer(interval: .seconds(seconds)) }

  struct Iterator: AsyncIteratorProtocol {
    let interval: Duration
    mutating func next() async -> Void? {
      do {
        try await Task.sleep(for: interval)
        return ()
      } catch {
        return nil
      }
    }
  }

  func makeAsyncIterator() -> Iterator { Iterator(interval: interval) }
}
