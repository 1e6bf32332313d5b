@testable import KizashiIngest

/// Keeps what a running source hands over until somebody takes it.
actor OutputSink: ChunkSink {
  private var outputs: [FileSource.Output] = []
  private var waiters: [CheckedContinuation<Void, Never>] = []

  func accept(_ chunk: Chunk) { outputs.append(.chunk(chunk)) }

  func report(_ event: SourceEvent) { outputs.append(.event(event)) }

  func drained(source: String) {
    for waiter in waiters { waiter.resume() }
    waiters = []
  }

  /// Returns when the source has found so many times that nothing is unread.
  func waitForLooks(_ count: Int) async {
    for _ in 0..<count { await withCheckedContinuation { waiters.append($0) } }
  }

  /// What came since this was last called.
  func take() -> [FileSource.Output] {
    defer { outputs = [] }
    return outputs
  }
}
