import CLinux
import Glibc

/// Takes event lines from producers that connect to a Unix stream socket.
///
/// One actor on one thread polls the listener and the connections, reads each ready connection once in turn and hands over
/// what came of it. While the sink keeps it waiting it reads nothing, the kernel's buffers fill, and the producers wait.
package actor UnixSocketSource {
  /// The configured id.
  package nonisolated let id: String
  /// Where producers connect.
  package nonisolated let path: BytePath
  private let mode: UInt32
  private let allowedUIDs: Set<UInt32>
  private let inherited: Int32?
  private let maxConnections: Int
  private let epoch: String
  private let executor: ThreadExecutor
  private let waker: Waker
  private var listener: SocketListener?
  var connections: [SocketConnection] = []
  private var accepted = 0
  /// By name, those of earlier runs included.
  var producers: [String: AcknowledgedProducer] = [:]
  /// Streams of connections that an earlier run could not end.
  private var leftOver: [StreamPosition] = []
  let receipts: ReceiptBox
  /// Until when no connection is accepted, for want of descriptors.
  private var pausedUntil: Int64 = 0
  static let budgetBytes = 256 * 1024
  /// Each is a stream in the store.
  let mostProducers: Int
  /// Counts uses of producers' names, to know which has been away longest.
  var uses = 0
  private static let pauseMilliseconds: Int64 = 1_000

  /// Jobs run on the source's own thread.
  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A source that will listen at `path` with the rights `mode`, or take over the `inherited` listening descriptor, and goes
  /// on counting the lines of acknowledged producers from its stored `positions`. `epoch`
  /// tells connections of this run from those of others in their keys (a start time). Empty `allowedUIDs`: whoever the
  /// file's rights let in.
  package init(
    id: String, path: String, mode: UInt32 = 0o660, allowedUIDs: Set<UInt32> = [], inherited: Int32? = nil,
    maxConnections: Int = 256, mostProducers: Int = 10_000, epoch: String,
    positions: [StreamPosition] = []
  ) throws {
    self.id = id
    self.path = BytePath(path)
    self.mode = mode
    self.allowedUIDs = allowedUIDs
    self.inherited = inherited
    self.maxConnections = maxConnections
    self.mostProducers = mostProducers
    self.epoch = epoch
    executor = try ThreadExecutor(name: "kz-\(id)")
    waker = try Waker()
    receipts = ReceiptBox(waker)
    for position in positions where !position.finished {
      if let name = Self.producerName(ofKey: position.key, source: id) {
        producers[name] = AcknowledgedProducer(position: position)
      } else {
        leftOver.append(position)
      }
    }
  }

  /// Listens from now on; producers can connect and wait. ``run(sink:)`` does it where it was not done.
  package func listen() throws {
    guard listener == nil else { return }
    listener =
      if let inherited {
        try SocketListener(inherited: inherited, path: path)
      } else {
        try SocketListener(at: path, mode: mode)
      }
  }

  /// Reads until the task is cancelled. Throws ``IngestError`` if it cannot listen, and what the sink throws. Call once.
  package func run(sink: some ChunkSink) async throws {
    try listen()
    defer {
      listener?.removeFile()
      listener = nil
      connections = []
    }
    for var position in leftOver {
      // Its last lines were stored or never read; nobody can send more of it.
      position.ending = .closed
      try await sink.accept(
        Chunk(source: id, position: position, bytes: [], startOffset: position.offset, oversize: []))
    }
    leftOver = []
    try await withTaskCancellationHandler {
      try await loop(sink)
    } onCancel: {
      waker.wake()
    }
  }

  private func loop(_ sink: some ChunkSink) async throws {
    while !Task.isCancelled {
      var (mayAccept, ready) = look(milliseconds: 0)
      if !mayAccept && ready.isEmpty {
        // What woke the first look may have been the order to stop; an order from here on wakes the second.
        if Task.isCancelled { return }
        await sink.drained(source: id)
        (mayAccept, ready) = look(milliseconds: pausedUntil > 0 ? Self.pauseMilliseconds : 3_600_000)
      }
      if Task.isCancelled { return }
      try await deliverReceipts(sink)
      if mayAccept { await accept(sink) }
      for connection in ready {
        try await serve(connection, sink)
        if Task.isCancelled { return }
      }
    }
  }

  /// Which descriptors have something, now or within the time.
  private func look(milliseconds: Int64) -> (mayAccept: Bool, ready: [SocketConnection]) {
    let now = monotonicMilliseconds()
    if now >= pausedUntil { pausedUntil = 0 }
    var descriptors = [pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0)]
    // poll ignores negative numbers.
    let listening = pausedUntil == 0 ? listener?.descriptor.number ?? -1 : -1
    descriptors.append(pollfd(fd: listening, events: Int16(POLLIN), revents: 0))
    descriptors += connections.map {
      let wanted = $0.wanted
      // A producer that hung up while nothing is wanted of it must not keep the poll awake.
      return pollfd(fd: wanted == 0 ? -1 : $0.descriptor.number, events: wanted, revents: 0)
    }
    wait(for: &descriptors, milliseconds: receipts.isEmpty ? milliseconds : 0)
    if descriptors[0].revents != 0 { waker.settle() }
    let ready = connections.indices.filter { descriptors[$0 + 2].revents != 0 }.map { connections[$0] }
    return (descriptors[1].revents != 0, ready)
  }

  private func accept(_ sink: some ChunkSink) async {
    // Bounded, so that a flood of connections does not keep the connected ones waiting.
    for _ in 0..<64 {
      guard let listener else { return }
      let number = clinux_accept(listener.descriptor.number)
      let code = number < 0 ? errno : 0
      let descriptor = number < 0 ? nil : Descriptor(number)
      if code == EMFILE || code == ENFILE || code == ENOMEM || code == ENOBUFS || descriptor?.isOfTheLast == true {
        let reason = number < 0 ? errorText(code) : errorText(EMFILE)
        pausedUntil = monotonicMilliseconds() + Self.pauseMilliseconds
        await report(.connectionRefused(reason: "\(reason); \(hint(forOpening: EMFILE))"), nil, sink)
        return
      }
      guard let descriptor else { return }
      var uid: UInt32 = .max
      var pid: Int32 = 0
      guard clinux_peer(number, &uid, &pid) == 0, allowedUIDs.isEmpty || allowedUIDs.contains(uid) else {
        await report(.connectionRefused(reason: "uid \(uid) is not among allow_uids"), nil, sink)
        continue
      }
      guard connections.count < maxConnections else {
        await report(.connectionRefused(reason: "\(maxConnections) are open already"), nil, sink)
        continue
      }
      accepted += 1
      let position = StreamPosition(source: id, key: "\(id)@\(epoch)#\(accepted)", path: path)
      connections.append(SocketConnection(descriptor: descriptor, position: position))
      await report(.connectionOpened(uid: uid, pid: pid), position.key, sink)
    }
  }

  func report(_ kind: SourceEvent.Kind, _ key: String?, _ sink: some ChunkSink) async {
    await sink.report(SourceEvent(source: id, key: key, path: path, kind: kind))
  }
}
