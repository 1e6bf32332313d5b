import Glibc

// One file's turn.
extension FileSource {
  /// Reads from a file once, within the budget, and puts what came of it into the outbox.
  func turn(_ file: FollowedFile) {
    guard !file.isReleased, let descriptor = openForReading(file) else { return }
    if let facts = FileFacts.of(descriptor.number) {
      if facts.size != file.facts.size { file.isHopeless = false }
      file.facts = facts
    }
    if file.isHopeless { return }
    if let stream = file.stream, stream.position.compressed, stream.position.isReadOut {
      if stream.position.size == file.facts.size { return }
      // It was read to its end and has grown or been replaced since: decompress up to where we were, then go on.
      orphan(stream, of: file, by: .lost)
    }
    if file.gzip?.measures == true, file.stream == nil {
      measure(file, descriptor)
    } else if let goal = file.gzip?.goal {
      catchUp(file, descriptor, with: goal)
    } else if file.stream == nil {
      decide(file, descriptor)
      // What was there first is read first: the rest of a rotated file before what its writer went on in.
      if file.stream != nil, turns.hasReady {
        turns.sortByAge()
        return enqueue(file)
      }
    } else if file.stream?.framer == nil {
      reload(file, descriptor)
    }
    guard let stream = file.stream, stream.framer != nil else { return }
    if let gzip = file.gzip {
      readCompressed(file, stream, gzip, descriptor)
    } else {
      readPlain(file, stream, descriptor)
    }
  }

  private func readPlain(_ file: FollowedFile, _ stream: FileStream, _ descriptor: Descriptor) {
    let expected = stream.framer!.lastRead
    let offset = stream.framer!.readOffset
    var overwritten = false
    var failure: Errno?
    let piece = stream.framer!.fill(options.readBudgetBytes) { room in
      // Only a hole holds bytes like that, and the kernel takes as long for gigabytes that are nowhere as for real ones.
      if expected.last == 0 {
        let count = min(Int64(room.count), descriptor.endOfHole(at: offset, size: file.facts.size) - offset)
        if count > 0 {
          memset(room.baseAddress!, 0, Int(count))
          return Int(count)
        }
      }
      switch descriptor.read(into: room, behind: expected, scratch: scratch, at: offset) {
      case .success(let count?): return count
      case .success(nil): overwritten = true
      case .failure(let error): failure = error
      }
      return 0
    }
    if overwritten {
      orphan(stream, of: file, by: .truncated)
      rescanWanted = true
      return
    }
    if let failure {
      complain(.unreadable(reason: errorText(failure.code), hint: hint(forOpening: failure.code)), path: file.path)
    } else {
      absolve(file.path)
    }
    emit(piece, stream)
    // Also behind a hole that ended before the budget did: what follows it has been told of long ago.
    let isCutShort = piece.readCount > 0 && stream.framer!.readOffset < file.facts.size
    if piece.readCount == options.readBudgetBytes || isCutShort { enqueue(file) }
  }

  private func readCompressed(
    _ file: FollowedFile, _ stream: FileStream, _ gzip: GzipReading, _ descriptor: Descriptor
  ) {
    var status = Inflater.Status.more
    let piece = stream.framer!.fill(options.readBudgetBytes) { room in
      guard let output = try? gzip.inflate(into: room, from: descriptor) else {
        status = .starved
        return 0
      }
      status = output.status
      return output.count
    }
    emit(piece, stream)
    switch status {
    case .more: enqueue(file)
    case .starved: break
    case .ended: readOut(file, stream, as: .complete)
    case .corrupt(let reason):
      report(.corrupt(reason: reason, offset: stream.position.offset), path: file.path, key: stream.position.key)
      readOut(file, stream, as: .corrupt)
    }
  }

  private func readOut(_ file: FollowedFile, _ stream: FileStream, as ending: StreamPosition.Ending) {
    finish(stream, as: ending)
    file.gzip = nil
    file.descriptor = nil
    open[file.key] = nil
  }

  /// Decompresses towards a remembered offset without handing anything on, then compares what is before it.
  private func catchUp(_ file: FollowedFile, _ descriptor: Descriptor, with key: String) {
    guard let gzip = file.gzip, let stream = index[key] else {
      file.gzip = nil
      return enqueue(file)
    }
    var budget = Fingerprint.reach * 256
    while budget > 0 {
      let rest = stream.position.offset - gzip.inflater.produced
      if rest == 0 {
        let position = stream.position
        let same = gzip.fingerprint.head == position.head && gzip.fingerprint.tailDigest == position.tail
        file.evidence[key] = same ? .equal : .differs
        return decide(file, descriptor)
      }
      let room = UnsafeMutableRawBufferPointer(rebasing: scratch[..<Int(min(Int64(scratch.count), rest))])
      guard let output = try? gzip.inflate(into: room, from: descriptor) else { return }
      gzip.fingerprint.absorb(UnsafeRawBufferPointer(rebasing: room[..<output.count]))
      budget -= output.count
      switch output.status {
      case .more: continue
      case .starved: return
      case .ended:
        if output.count > 0 { continue }
        file.evidence[key] = .beyondEnd
        return decide(file, descriptor)
      case .corrupt(let reason):
        // What is good of it lies before the offset, and so was read.
        complain(.corrupt(reason: reason, offset: gzip.inflater.produced), path: file.path)
        file.isHopeless = true
        file.gzip = nil
        return
      }
    }
    enqueue(file)
  }

  /// Decompresses a copy as far as it goes without handing anything on, then decides on it again.
  private func measure(_ file: FollowedFile, _ descriptor: Descriptor) {
    guard let gzip = file.gzip else { return }
    var budget = Fingerprint.reach * 256
    while budget > 0 {
      guard let output = try? gzip.inflate(into: scratch, from: descriptor) else { return }
      gzip.fingerprint.absorb(UnsafeRawBufferPointer(rebasing: scratch[..<output.count]))
      budget -= output.count
      if output.status == .more { continue }
      file.measure = FollowedFile.Measure(
        size: file.facts.size, length: gzip.inflater.produced, tail: gzip.fingerprint.tail)
      // One that is still being written is gone on with when there is more of it.
      if output.status != .starved { file.gzip = nil }
      return decide(file, descriptor)
    }
    enqueue(file)
  }

  /// Hands on a piece with the position behind it.
  private func emit(_ piece: LineFramer.Piece, _ stream: FileStream) {
    guard !piece.isEmpty, let framer = stream.framer else { return }
    let size = stream.file?.facts.size ?? stream.position.size
    index.update(stream) {
      if !$0.compressed {
        $0.trail.add(Trail.Mark(offset: $0.offset, tail: $0.tail), end: framer.offset)
        $0.machineStart = options.machineStart
      }
      $0.offset = framer.offset
      $0.head = framer.fingerprint?.head ?? .empty
      $0.tail = framer.fingerprint?.tailDigest ?? .empty
      $0.size = size
    }
    var chunk = Chunk(
      source: id, position: stream.position, bytes: piece.bytes, startOffset: piece.startOffset,
      oversize: piece.oversize.map { [$0] } ?? [])
    if !stream.copies.isEmpty { chunk.copies = recordedCopies(of: stream) }
    outbox.append(.chunk(chunk))
    if let line = piece.oversize {
      report(
        .oversize(offset: line.offset, length: line.length), path: stream.position.path, key: stream.position.key)
    }
  }

  /// Ends a stream: what is held of a last line is its last line, but behind damage.
  func finish(_ stream: FileStream, as ending: StreamPosition.Ending) {
    let size = stream.file?.facts.size ?? stream.position.size
    index.update(stream) {
      $0.ending = ending
      $0.size = size
    }
    let piece = ending == .corrupt ? nil : stream.framer?.finish()
    if let piece, !piece.isEmpty { emit(piece, stream) } else { sendPosition(stream) }
    stream.framer = nil
  }

  /// A file that was closed while idle: its stream goes on only if what is before the offset is still there.
  private func reload(_ file: FollowedFile, _ descriptor: Descriptor) {
    guard let stream = file.stream else { return }
    if stream.position.compressed {
      // The decompressor was given up with the descriptor.
      orphan(stream, of: file, by: .lost)
      return decide(file, descriptor)
    }
    switch FileEvidence.matchTail(stream.position, descriptor) {
    case .equal, .nothing: load(stream, descriptor)
    case .differs, .beyondEnd, .unknown:
      orphan(stream, of: file, by: .truncated)
      rescanWanted = true
    }
  }

  // MARK: - Descriptors

  /// The file's descriptor, opened if need be; nil: it cannot be had now.
  private func openForReading(_ file: FollowedFile) -> Descriptor? {
    useCounter += 1
    file.lastUse = useCounter
    if let descriptor = file.descriptor { return descriptor }
    while open.count >= max(options.maxOpenFiles, 1), closeLongestUnused() {}
    if !canOpenAnother {
      turns.awaitDescriptor(file)
      return nil
    }
    var result = Descriptor.open(file.path)
    if case .failure(let error) = result, error.code == EMFILE || error.code == ENFILE {
      let half = open.count / 2
      while open.count > half, closeLongestUnused() {}
      result = Descriptor.open(file.path)
    }
    switch result {
    case .failure(let error):
      if error.code == ENOENT {
        lookFor(file)
      } else if error.code != EMFILE && error.code != ENFILE {
        complain(.unreadable(reason: errorText(error.code), hint: hint(forOpening: error.code)), path: file.path)
      } else if !isShortOfDescriptors {
        // Once for all files; each is tried again at the next reconcile.
        isShortOfDescriptors = true
        report(.unreadable(reason: errorText(error.code), hint: hint(forOpening: error.code)), path: file.path)
      }
      return nil
    case .success(let descriptor):
      guard let facts = FileFacts.of(descriptor.number), file.isSame(as: facts) else {
        // Another file stands there by now.
        lookFor(file)
        rescanWanted = true
        return nil
      }
      absolve(file.path)
      isShortOfDescriptors = false
      file.facts = facts
      file.descriptor = descriptor
      open[file.key] = file
      return descriptor
    }
  }

  /// False: as many are open as may be, and some of them are being decompressed, or within a long line, and would have to begin
  /// again: they come to its end first.
  var canOpenAnother: Bool {
    open.count < max(options.maxOpenFiles, 1) || !open.values.contains { $0.isMidway }
  }

  /// Closes the file that was not read for longest, one with nothing to read if there is one; false: all must stay open.
  private func closeLongestUnused() -> Bool {
    func rank(_ file: FollowedFile) -> (Int, UInt64) { (file.gzip != nil || file.queued ? 1 : 0, file.lastUse) }
    let closable = open.values.filter { !$0.deleted && !$0.isMidway }
    for file in closable.sorted(by: { rank($0) < rank($1) }) {
      // Closed, it could be opened again only under the name it has now, and not at all if it has none.
      if !isStillThere(file, at: file.path) { lookFor(file) }
      guard !file.deleted, !file.isReleased, isStillThere(file, at: file.path) else { continue }
      open[file.key] = nil
      file.descriptor = nil
      file.gzip = nil
      file.stream?.framer = nil
      return true
    }
    return false
  }
}

extension LineFramer {
  /// The up to 4 KiB read last: what must still be before the next byte if nobody overwrote the file.
  var lastRead: [UInt8] {
    let held = carry.suffix(Fingerprint.reach)
    return (fingerprint?.tail.suffix(Fingerprint.reach - held.count) ?? []) + held
  }
}
