import Glibc

// Whose bytes a file holds: gathers what `FileIdentity` decides upon, and does what it says.
extension FileSource {
  /// Decides on a file that has no stream yet. Leaves it without one if it is empty, a copy, or must be decompressed first.
  func decide(_ file: FollowedFile, _ descriptor: Descriptor) {
    guard file.facts.size > 0, let first = FileEvidence.Head(of: descriptor) else { return }
    if let damage = first.damage {
      complain(.corrupt(reason: damage, offset: 0), path: file.path)
      file.isHopeless = true
      return
    }
    let (head, compressed) = (first.bytes, first.compressed)
    let wasCopyOf = file.copyOf
    file.copyOf = nil
    decideOthers(like: head, compressed, before: file)
    let streams = candidates(for: file, head, compressed)
    var candidates = streams.map { compare($0, with: file, descriptor, head, compressed) }
    for index in streams.indices { candidates[index].wasHeld = streams[index].position.key == wasCopyOf }
    let observation = FileIdentity.Observation(
      device: file.key.device, inode: file.key.inode, generation: file.facts.generation, birth: file.facts.birth,
      size: file.facts.size, compressed: compressed, rotatedName: file.rotatedName)
    var decision = FileIdentity.decide(observation, candidates)
    if case .resume(let chosen) = decision, mustCatchUp(file, with: streams[chosen], compressed) {
      decision = .lookFurther(chosen)
    }
    if case .moved(let chosen) = decision, mustCatchUp(file, with: streams[chosen], compressed) {
      decision = .lookFurther(chosen)
    }
    switch decision {
    case .resume(let chosen):
      if !compressed { stepBackToLine(streams[chosen], file, descriptor) }
      attach(streams[chosen], to: file, compressed)
    case .moved(let chosen):
      let stream = streams[chosen]
      let from = stream.position.path
      attach(stream, to: file, compressed)
      report(.rotated(from: from), path: file.path, key: stream.position.key)
      sendPosition(stream)
    case .hold(let chosen):
      hold(file, as: streams[chosen], descriptor, compressed, streams)
    case .stale:
      beginBehindCopy(file, descriptor, compressed, streams)
    case .lookFurther(let chosen):
      let reading = GzipReading()
      reading.goal = streams[chosen].position.key
      file.gzip = reading
      enqueue(file)
    case .takeBack(let chosen, let mark):
      takeBack(streams[chosen], to: mark, file, descriptor)
    case .truncated(let chosen):
      orphanTruncated(streams[chosen])
      beginStream(file, compressed)
    case .new: beginStream(file, compressed)
    }
  }

  /// Has those decide first by whose bytes a copy or compressed file may be known: files that were overwritten, and copies whose
  /// original was overwritten or is gone.
  private func decideOthers(like head: [UInt8], _ compressed: Bool, before file: FollowedFile) {
    guard file.rotatedName else { return }
    if compressed && !file.deleted {
      // What was removed before it was looked into may be what was compressed.
      let removed = open.values.filter { $0.deleted && $0.stream == nil && $0.copyOf == nil }
      for other in removed.sorted(by: { FollowedFile.isOlder($0.age, $1.age) }) { turn(other) }
    }
    for stream in index.candidates(inode: file.key, head: head) + namesakes(of: file, compressed: compressed) {
      if let other = stream.file, other !== file, isOverwritten(stream, other) {
        orphan(stream, of: other, by: .truncated)
        rescanWanted = true
        turn(other)
      }
      guard isKept(stream, by: file), let holder = files[stream.position.inodeKey],
        let original = holder.copyOf.flatMap({ index[$0] })
      else { continue }
      if let former = original.file, isOverwritten(original, former) {
        orphan(original, of: former, by: .truncated)
        rescanWanted = true
      }
      if original.file == nil { turn(holder) }
    }
  }

  /// Whether other bytes stand in a stream's plain file than were read from it.
  private func isOverwritten(_ stream: FileStream, _ file: FollowedFile) -> Bool {
    guard !stream.position.compressed, let descriptor = file.descriptor ?? (try? Descriptor.open(file.path).get()),
      let facts = FileFacts.of(descriptor.number), file.isSame(as: facts)
    else { return false }
    switch FileEvidence.matchTail(stream.position, descriptor) {
    case .equal, .nothing: return false
    case .differs, .beyondEnd, .unknown: return true
    }
  }

  /// Whether the decompressor stands elsewhere by now, since there was something else to find out.
  private func mustCatchUp(_ file: FollowedFile, with stream: FileStream, _ compressed: Bool) -> Bool {
    let position = stream.position
    if !compressed || position.offset == 0 || isReadOut(file, position) { return false }
    return file.gzip?.inflater.produced != position.offset || file.gzip?.measures == true
  }

  private func isReadOut(_ file: FollowedFile, _ position: StreamPosition) -> Bool {
    position.compressed && position.isReadOut && position.size == file.facts.size
  }

  /// Streams that may be this file's.
  private func candidates(for file: FollowedFile, _ head: [UInt8], _ compressed: Bool) -> [FileStream] {
    var streams = index.candidates(inode: file.key, head: head).filter { $0.file !== file && !isKept($0, by: file) }
    for stream in namesakes(of: file, compressed: compressed) where !streams.contains(where: { $0 === stream }) {
      streams.append(stream)
    }
    return streams
  }

  /// Originals that can be found even before anything of them was read: a copy or a compressed file mostly has its original's
  /// name and something behind it; and what is open and unread, or has been removed, may have been compressed before.
  private func namesakes(of file: FollowedFile, compressed: Bool) -> [FileStream] {
    guard file.rotatedName else { return [] }
    let held = open.values.filter { compressed && ($0.deleted || $0.stream?.position.offset == 0) && $0 !== file }
    return file.path.stems.compactMap { paths[$0]?.stream } + held.compactMap(\.stream)
  }

  /// The machine stopped before the end of the file was on the disk: goes on at a place before what is missing.
  private func takeBack(_ stream: FileStream, to mark: Trail.Mark, _ file: FollowedFile, _ descriptor: Descriptor) {
    let read = stream.position.offset
    let fingerprint = FileEvidence.fingerprint(of: descriptor, upTo: mark.offset)
    index.update(stream) {
      $0.offset = mark.offset
      $0.head = fingerprint.head
      $0.tail = fingerprint.tailDigest
      $0.trail.cut(to: mark.offset)
      $0.machineStart = options.machineStart
    }
    attach(stream, to: file, false)
    report(.takenBack(from: read, to: mark.offset), path: file.path, key: stream.position.key)
    sendPosition(stream)
  }

  /// The stream's file was found overwritten when it was opened.
  private func orphanTruncated(_ stream: FileStream) {
    stream.orphanedAt = pass
    stream.orphanedBy = .truncated
    rescanWanted = true
  }

  func newStream(_ file: FollowedFile) -> FileStream {
    FileStream(position: StreamPosition(source: id, key: index.newKey(for: file.path), path: file.path))
  }

  private func beginStream(_ file: FollowedFile, _ compressed: Bool) {
    let stream = newStream(file)
    stream.position.locate(file.facts, at: file.path)
    index.insert(stream)
    attach(stream, to: file, compressed)
  }

  /// Gives a file its stream and goes on reading at the stream's offset.
  func attach(_ stream: FileStream, to file: FollowedFile, _ compressed: Bool) {
    if let former = stream.file, former !== file {
      // Its file was overwritten and has not been looked at since: it will find itself without a stream.
      former.stream = nil
      enqueue(former)
    }
    orphans.remove(stream.position.key)
    stream.file = file
    file.stream = stream
    let wasReadOut = compressed && isReadOut(file, stream.position)
    index.update(stream) {
      $0.locate(file.facts, at: file.path)
      $0.compressed = compressed
      if !wasReadOut { $0.ending = nil }
    }
    if compressed {
      resumeCompressed(stream, file, wasReadOut)
    } else if let descriptor = file.descriptor {
      load(stream, descriptor)
    }
    if !wasReadOut {
      report(.opened(offset: stream.position.offset), path: file.path, key: stream.position.key)
      enqueue(file)
    }
  }

  private func resumeCompressed(_ stream: FileStream, _ file: FollowedFile, _ wasReadOut: Bool) {
    file.evidence = [:]
    if wasReadOut {
      file.gzip = nil
      file.descriptor = nil
      open[file.key] = nil
      return
    }
    // Caught up with just now: the decompressor stands where reading goes on. Else the stream is at its start.
    if file.gzip?.inflater.produced != stream.position.offset { file.gzip = GzipReading() }
    file.gzip?.goal = nil
    stream.framer = LineFramer(offset: stream.position.offset, fingerprint: file.gzip?.fingerprint)
  }

  /// Makes a plain file's stream ready to be read on; what is before the offset must have been compared.
  func load(_ stream: FileStream, _ descriptor: Descriptor) {
    let position = stream.position
    let tail = descriptor.bytes(at: position.offset - Int64(position.tail.length), count: position.tail.length)
    stream.framer = LineFramer(
      offset: position.offset, fingerprint: Fingerprint(resuming: position, tail: tail))
  }

  private func compare(
    _ stream: FileStream, with file: FollowedFile, _ descriptor: Descriptor, _ head: [UInt8], _ compressed: Bool
  ) -> FileIdentity.Candidate {
    let position = stream.position
    var candidate = FileIdentity.Candidate(
      position: position, head: FileEvidence.matchHead(position.head, head),
      tail: compressed
        ? (position.offset == 0 ? .nothing : file.evidence[position.key] ?? .unknown)
        : FileEvidence.matchTail(position, descriptor),
      original: original(of: stream, comparedWith: file, descriptor, head, compressed))
    if !compressed && (candidate.tail == .differs || candidate.tail == .beyondEnd) {
      candidate.lastStanding = FileEvidence.lastStanding(
        position, now: options.machineStart, size: file.facts.size, descriptor)
    }
    return candidate
  }

  /// What has become of the file a stream is read from, and whether another one begins like it.
  private func original(
    of stream: FileStream, comparedWith file: FollowedFile, _ descriptor: Descriptor, _ head: [UInt8],
    _ compressed: Bool
  ) -> FileIdentity.Original {
    guard let other = stream.file ?? undecided(stream), other !== file else { return .absent }
    guard let opened = other.descriptor ?? (try? Descriptor.open(other.path).get()),
      let facts = FileFacts.of(opened.number), other.isSame(as: facts)
    else { return .absent }
    if stream.position.compressed {
      return compressed
        ? .present(holdsSameBytes: Self.beginsLike(opened, facts, descriptor, file.facts))
        : Self.unpacked(file, from: stream.position, descriptor, head)
    }
    switch FileEvidence.matchTail(stream.position, opened) {
    case .equal, .nothing: break
    case .differs, .beyondEnd, .unknown:
      // It was overwritten, and will find out in its own turn.
      if stream.file != nil { enqueue(other) }
      return .absent
    }
    guard opened.bytes(at: 0, count: head.count) == head else { return .present(holdsSameBytes: false) }
    if compressed {
      // Not decompressed to its present end: that comes next.
      guard let measure = file.measure, measure.size == file.facts.size else { return .present(holdsSameBytes: true) }
      let start = measure.length - Int64(measure.tail.count)
      return .present(holdsSameBytes: opened.bytes(at: start, count: measure.tail.count) == measure.tail)
    }
    return .present(holdsSameBytes: Self.beginsLike(opened, facts, descriptor, file.facts))
  }

  /// The file a stream was left in, if nobody has looked into it yet since the start.
  private func undecided(_ stream: FileStream) -> FollowedFile? {
    let position = stream.position
    guard !position.compressed, !position.finished, let file = files[position.inodeKey], file.stream == nil,
      file.copyOf == nil, file.facts.birth == position.birth
    else { return nil }
    return file
  }

  /// Whether a plain file is what a compressed one holds: what was decompressed of that is known by its hashes.
  private static func unpacked(
    _ file: FollowedFile, from position: StreamPosition, _ descriptor: Descriptor, _ head: [UInt8]
  ) -> FileIdentity.Original {
    guard FileEvidence.matchHead(position.head, head) == .equal else { return .present(holdsSameBytes: false) }
    switch FileEvidence.matchTail(position, descriptor) {
    case .equal: return .present(holdsSameBytes: !position.isReadOut || file.facts.size == position.offset)
    // As long as it grows.
    case .beyondEnd where file.quiet < 2 && !file.deleted: return .presentAndLonger
    case .beyondEnd, .nothing, .differs, .unknown: return .present(holdsSameBytes: false)
    }
  }

  /// Whether one file begins with all that is in another, judged by the other's head and end. A copy of a file that only grows
  /// is never longer, and its end is the same bytes.
  private static func beginsLike(
    _ original: Descriptor, _ originalFacts: FileFacts, _ copy: Descriptor, _ copyFacts: FileFacts
  ) -> Bool {
    guard copyFacts.size <= originalFacts.size else { return false }
    return [0, max(0, copyFacts.size - Int64(Fingerprint.reach))].allSatisfy { start in
      let bytes = copy.bytes(at: start, count: Fingerprint.reach)
      return original.bytes(at: start, count: bytes.count) == bytes
    }
  }
}
