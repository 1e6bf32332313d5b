import Testing

@testable import KizashiIngest

/// Keeps what a source hands over as the store would: bytes by stream, and the last position of each. Checks with each
/// chunk what every chunk must keep to. Outlives the source, so that one can stop and another go on.
actor RecordingSink: ChunkSink {
  private(set) var bytes: [String: [UInt8]] = [:]
  private(set) var positions: [String: StreamPosition] = [:]
  /// Whole lines in the order of arrival, over all streams.
  private(set) var lines: [String] = []
  private(set) var oversize: [OversizeLine] = []
  private(set) var events: [SourceEvent] = []
  private(set) var drainedCount = 0
  /// Whether the last thing heard was that nothing is unread.
  private(set) var isDrained = false
  private(set) var chunkCount = 0
  private(set) var largestChunk = 0
  private var gateIsShut = false
  private var gateWaiters: [CheckedContinuation<Void, Never>] = []
  private var watchers: [Int: (predicate: (isolated RecordingSink) -> Bool, resume: CheckedContinuation<Bool, Never>)] =
    [:]
  private var watcherNumber = 0

  func accept(_ chunk: Chunk) async throws {
    if gateIsShut { await withCheckedContinuation { gateWaiters.append($0) } }
    check(chunk)
    chunkCount += 1
    largestChunk = max(largestChunk, chunk.bytes.count)
    isDrained = false
    bytes[chunk.position.key, default: []] += chunk.bytes
    for position in [chunk.position] + chunk.copies { positions[position.key] = position }
    oversize += chunk.oversize
    lines += chunk.bytes.split(separator: 0x0a).map { String(decoding: $0, as: UTF8.self) }
    notify()
  }

  func drained(source: String) {
    drainedCount += 1
    isDrained = true
    notify()
  }

  func report(_ event: SourceEvent) {
    events.append(event)
    notify()
  }

  private func check(_ chunk: Chunk) {
    let position = chunk.position
    #expect(position.offset == chunk.startOffset + Int64(chunk.bytes.count), "\(position)")
    let before = positions[position.key]?.offset ?? 0
    let skipped = chunk.oversize.reduce(Int64(0)) { $0 + $1.length + 1 }
    let expected = before + skipped
    // What a copy holds was read elsewhere.
    let passes = positions[position.key].map { $0.ending == .copied } ?? (position.ending == .copied)
    let fits =
      chunk.startOffset == expected || passes && chunk.bytes.isEmpty
      || (position.finished && chunk.startOffset == expected - 1) || takesBack && chunk.bytes.isEmpty
    #expect(fits, "\(position.key): chunk at \(chunk.startOffset), expected \(expected)")
    if !chunk.bytes.isEmpty && !position.finished {
      #expect(chunk.bytes.last == 0x0a || position.path.description == "-" || lenient)
    }
  }

  /// The end of finite plain input ends a line without finishing the stream.
  private var lenient = false
  func allowUnendedLines() { lenient = true }

  /// A file that lost its end is read on from an earlier offset.
  private var takesBack = false
  func allowTakingBack() { takesBack = true }

  private func notify() {
    for (number, watcher) in watchers where watcher.predicate(self) {
      watchers[number] = nil
      watcher.resume.resume(returning: true)
    }
  }

  /// Waits until the predicate holds; fails the test after the deadline.
  func wait(
    _ what: String, seconds: Double = 20, location: SourceLocation = #_sourceLocation,
    until predicate: @escaping @Sendable (isolated RecordingSink) -> Bool
  ) async {
    if predicate(self) { return }
    let number = watcherNumber
    watcherNumber += 1
    let deadline = Task {
      try await Task.sleep(for: .seconds(seconds))
      self.giveUp(number)
    }
    let came = await withCheckedContinuation { watchers[number] = (predicate, $0) }
    deadline.cancel()
    if !came {
      Issue.record(
        "waited in vain for \(what); \(lines.count) lines, last \(lines.suffix(3)); events \(events.suffix(12))",
        sourceLocation: location)
    }
  }

  /// Waits until the source has looked once more.
  func waitForALook(location: SourceLocation = #_sourceLocation) async {
    let before = drainedCount
    await wait("a look", location: location) { $0.drainedCount > before }
  }

  private func giveUp(_ number: Int) {
    watchers.removeValue(forKey: number)?.resume.resume(returning: false)
  }

  /// From now on chunks are not taken until the gate is opened.
  func shutGate() { gateIsShut = true }

  func openGate() {
    gateIsShut = false
    gateWaiters.forEach { $0.resume() }
    gateWaiters = []
  }

  var isHoldingAChunk: Bool { !gateWaiters.isEmpty }

  /// What the next run starts from.
  var stored: [StreamPosition] { positions.values.sorted { $0.key < $1.key } }

  func count(of matching: @Sendable (SourceEvent.Kind) -> Bool) -> Int { events.count { matching($0.kind) } }
}
