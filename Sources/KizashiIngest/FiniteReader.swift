import Glibc

/// Reads one file or standard input from where it was left to its end, for `replay`.
///
/// The end of the input ends its last line. Compression is told by the first bytes, not by the name.
package struct FiniteReader: Sendable {
  /// How far a reader is.
  package struct Progress: Sendable, Equatable {
    /// Bytes read from disk, compressed ones where the file is.
    package var bytesRead: Int64
    /// Size on disk; nil: not known (a pipe).
    package var totalBytes: Int64?
  }

  /// Id of the source the lines are read as.
  package let source: String
  /// The file; nil: standard input.
  package let path: BytePath?
  private let positions: [StreamPosition]
  private let chunkBytes: Int

  /// A reader of the file at `path` (`-`: standard input) that goes on where the fitting one of the source's stored
  /// `positions` ends. `chunkBytes` (1 to 1 MiB) is the most it hands on at a time.
  package init(source: String, path: String, positions: [StreamPosition] = [], chunkBytes: Int = 1 << 20) {
    self.source = source
    self.path = path == "-" ? nil : path.withCString { realpath($0, nil) }.map(Self.take) ?? BytePath(path)
    self.positions = positions
    self.chunkBytes = min(max(chunkBytes, 1), LineFramer.lineLimit)
  }

  private static func take(_ resolved: UnsafeMutablePointer<CChar>) -> BytePath {
    defer { free(resolved) }
    return BytePath(bytes: UnsafeRawBufferPointer(start: resolved, count: strlen(resolved)).map { $0 })
  }

  /// Reads to the end. Returns the position there, with which ``FileSource`` goes on behind it; throws
  /// ``IngestError`` if the input cannot be read, `CancellationError`, or what the sink throws. Damage in compressed
  /// input is reported to the sink, and the lines before it count.
  @discardableResult
  package func run(
    sink: some ChunkSink, progress: @escaping @Sendable (Progress) -> Void = { _ in }
  ) async throws -> StreamPosition {
    let reading = try FiniteReading(source: source, path: path, positions: positions, chunkBytes: chunkBytes)
    return try await withTaskCancellationHandler {
      try await reading.run(sink, progress)
    } onCancel: {
      reading.waker.wake()
    }
  }
}

/// One run of a ``FiniteReader``, on a thread of its own since it blocks.
private actor FiniteReading {
  let source: String
  let path: BytePath?
  let chunkBytes: Int
  nonisolated let waker: Waker
  private let executor: ThreadExecutor
  private var index = StreamIndex()
  private let stream: FileStream
  private var gzip: Inflater?
  private let input: RawInput

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(source: String, path: BytePath?, positions: [StreamPosition], chunkBytes: Int) throws {
    self.source = source
    self.path = path
    self.chunkBytes = chunkBytes
    executor = try ThreadExecutor(name: "kz-replay")
    waker = try Waker()
    for position in positions {
      index.reserve(key: position.key)
      if position.ending != .deleted { index.insert(FileStream(position: position)) }
    }
    input = try RawInput(path: path, waker: waker)
    let shown = path ?? BytePath("-")
    stream = FileStream(position: StreamPosition(source: source, key: index.newKey(for: shown), path: shown))
  }

  func run(
    _ sink: some ChunkSink, _ progress: @Sendable (FiniteReader.Progress) -> Void
  ) async throws -> StreamPosition {
    if try await !locate(sink) {
      await sink.drained(source: source)
      return stream.position
    }
    await report(.opened(offset: stream.position.offset), sink)
    var atEnd = false
    while !atEnd {
      try Task.checkCancellation()
      var status = Inflater.Status.more
      let piece = try stream.framer!.fill(chunkBytes) { room in
        guard let gzip else { return try input.read(into: room) }
        let output = try gzip.inflate(into: room, from: input.read)
        status = output.status
        return output.count
      }
      try await hand(piece, sink)
      switch status {
      case .more: atEnd = piece.readCount == 0
      case .ended: atEnd = true
      case .starved, .corrupt:
        await reportDamage(status, sink)
        stream.position.ending = .corrupt
        try await handPosition(sink)
        return stream.position
      }
      progress(FiniteReader.Progress(bytesRead: input.consumed, totalBytes: input.facts?.size))
    }
    // A plain file may grow, and `run` goes on behind this; the rest has ended for good.
    if gzip != nil || path == nil { stream.position.ending = .complete }
    let last = stream.framer!.finish()
    if last.isEmpty { try await handPosition(sink) } else { try await hand(last, sink) }
    await sink.drained(source: source)
    return stream.position
  }

  /// Finds out which stream the input is and goes to its offset. False: there is nothing more to read.
  private func locate(_ sink: some ChunkSink) async throws -> Bool {
    guard let path, let descriptor = input.file, let facts = input.facts else {
      gzip = try input.beginsWithMagic() ? Inflater() : nil
      stream.position.compressed = gzip != nil
      stream.framer = LineFramer(fingerprint: Fingerprint())
      return true
    }
    stream.position.locate(facts, at: path)
    stream.framer = LineFramer(fingerprint: Fingerprint())
    guard let head = FileEvidence.Head(of: descriptor) else {
      // Too little to be known by; an unfinished gzip is found out while reading.
      if descriptor.bytes(at: 0, count: 2) == Inflater.magic { gzip = Inflater() }
      stream.position.compressed = gzip != nil
      return facts.size > 0
    }
    stream.position.compressed = head.compressed
    if head.compressed { gzip = Inflater() }
    let known = index.candidates(inode: InodeKey(device: facts.device, inode: facts.inode), head: head.bytes)
    var evidence: [String: FileIdentity.Match] = [:]
    while true {
      let candidates = known.map { candidate in
        let position = candidate.position
        let tail =
          head.compressed
          ? (position.offset == 0 ? .nothing : evidence[position.key] ?? .unknown)
          : FileEvidence.matchTail(position, descriptor)
        return FileIdentity.Candidate(
          position: position, head: FileEvidence.matchHead(position.head, head.bytes), tail: tail, original: .absent)
      }
      let observation = FileIdentity.Observation(
        device: facts.device, inode: facts.inode, generation: facts.generation, birth: facts.birth, size: facts.size,
        compressed: head.compressed, rotatedName: false)
      switch FileIdentity.decide(observation, candidates) {
      case .resume(let chosen), .moved(let chosen):
        return try resume(known[chosen].position, facts, path, descriptor, head.compressed)
      case .lookFurther(let chosen):
        let position = known[chosen].position
        evidence[position.key] = try catchUp(with: position)
      // A reader that comes once leaves no trail, and so is never taken back.
      case .truncated(let chosen), .takeBack(let chosen, _):
        var position = known[chosen].position
        position.ending = .truncated
        try await sink.accept(chunk(LineFramer.Piece(startOffset: position.offset), position))
        startOver()
        return true
      case .hold, .stale, .new:
        startOver()
        return true
      }
    }
  }

  /// Decompressing for evidence has moved the input.
  private func startOver() {
    input.seek(to: 0)
    if gzip != nil { gzip = Inflater() }
  }

  private func resume(
    _ position: StreamPosition, _ facts: FileFacts, _ path: BytePath, _ descriptor: Descriptor, _ compressed: Bool
  ) throws -> Bool {
    let wasReadOut = compressed && position.isReadOut && position.size == facts.size
    stream.position = position
    stream.position.locate(facts, at: path)
    stream.position.compressed = compressed
    if wasReadOut { return false }
    stream.position.ending = nil
    if compressed {
      _ = try catchUp(with: position)
    } else {
      input.seek(to: position.offset)
    }
    let tail =
      compressed
      ? caughtUp.tail
      : descriptor.bytes(at: position.offset - Int64(position.tail.length), count: position.tail.length)
    stream.framer = LineFramer(
      offset: position.offset, fingerprint: Fingerprint(resuming: position, tail: tail))
    return true
  }

  private var caughtUp = Fingerprint()

  /// Decompresses from the start up to a remembered offset, and compares what is before it.
  private func catchUp(with position: StreamPosition) throws -> FileIdentity.Match {
    if gzip?.produced == position.offset && position.offset > 0 { return match(position) }
    input.seek(to: 0)
    caughtUp = Fingerprint()
    let inflater = Inflater()
    gzip = inflater
    let scratch = ScratchBuffer(byteCount: 256 * 1024)
    let room = scratch.bytes
    while inflater.produced < position.offset {
      try Task.checkCancellation()
      let part = min(Int64(room.count), position.offset - inflater.produced)
      let output = try inflater.inflate(
        into: UnsafeMutableRawBufferPointer(rebasing: room[..<Int(part)]), from: input.read)
      caughtUp.absorb(UnsafeRawBufferPointer(rebasing: room[..<output.count]))
      if output.status != .more && inflater.produced < position.offset { return .beyondEnd }
    }
    return match(position)
  }

  private func match(_ position: StreamPosition) -> FileIdentity.Match {
    caughtUp.head == position.head && caughtUp.tailDigest == position.tail ? .equal : .differs
  }

  private func hand(_ piece: LineFramer.Piece, _ sink: some ChunkSink) async throws {
    guard !piece.isEmpty, let framer = stream.framer else { return }
    stream.position.offset = framer.offset
    stream.position.head = framer.fingerprint?.head ?? .empty
    stream.position.tail = framer.fingerprint?.tailDigest ?? .empty
    try await sink.accept(chunk(piece, stream.position))
    if let line = piece.oversize { await report(.oversize(offset: line.offset, length: line.length), sink) }
  }

  private func handPosition(_ sink: some ChunkSink) async throws {
    try await sink.accept(chunk(LineFramer.Piece(startOffset: stream.position.offset), stream.position))
  }

  private func chunk(_ piece: LineFramer.Piece, _ position: StreamPosition) -> Chunk {
    Chunk(
      source: source, position: position, bytes: piece.bytes, startOffset: piece.startOffset,
      oversize: piece.oversize.map { [$0] } ?? [])
  }

  private func report(_ kind: SourceEvent.Kind, _ sink: some ChunkSink) async {
    await sink.report(
      SourceEvent(source: source, key: stream.position.key, path: stream.position.path, kind: kind))
  }

  private func reportDamage(_ status: Inflater.Status, _ sink: some ChunkSink) async {
    let reason = if case .corrupt(let reason) = status { reason } else { "the input ends within a gzip member" }
    await report(.corrupt(reason: reason, offset: stream.position.offset), sink)
  }
}
