// Copies of what is still being read: as copytruncate makes them, or a compressor beside its input.
//
// A copy is left alone until its original is gone, and then read on from where the original was left. But the original may have
// been read further than the copy goes: what was written between the end of the copying and the truncation. Then nothing is
// left by which the copy could be known; so what was compared while both were there is remembered, and stored.
extension FileSource {
  /// Leaves a copy alone until its original is gone, and remembers how much of it was compared.
  func hold(
    _ file: FollowedFile, as stream: FileStream, _ descriptor: Descriptor, _ compressed: Bool, _ known: [FileStream]
  ) {
    file.copyOf = stream.position.key
    stream.copies.insert(file.key)
    // Compared byte by byte, or by hashes that will do again.
    if stream.position.compressed { return }
    if compressed {
      if file.measure?.size == file.facts.size { return }
      // Identical heads say little: compressed files are compared at their ends, too.
      if file.gzip?.measures != true {
        file.gzip = GzipReading()
        file.gzip?.measures = true
      }
      return enqueue(file)
    }
    // What is remembered must be what was compared, and either file may have been overwritten since.
    let ends = FileEvidence.ends(of: descriptor, upTo: file.facts.size)
    guard let original = stream.file, let opened = original.descriptor ?? (try? Descriptor.open(original.path).get()),
      FileEvidence.ends(of: opened, upTo: file.facts.size) == ends
    else { return }
    let fingerprint = FileEvidence.fingerprint(ofEnds: ends)
    let record = file.copy?.record ?? known.first { isRecord($0, of: file) }
    file.copy = FollowedFile.Copy(
      record: record.flatMap { $0.position.offset <= file.facts.size ? $0 : nil } ?? newStream(file),
      size: file.facts.size, head: fingerprint.head, tail: fingerprint.tailDigest)
    if let record = recordedCopy(file, of: stream) { sendPosition(record) }
  }

  /// The stream was read on: what is now to be remembered of copies that end before its offset.
  func recordedCopies(of stream: FileStream) -> [StreamPosition] {
    stream.copies.compactMap { files[$0] }.compactMap { recordedCopy($0, of: stream)?.position }
  }

  private func recordedCopy(_ file: FollowedFile, of stream: FileStream) -> FileStream? {
    guard file.copyOf == stream.position.key, let copy = file.copy, stream.position.offset >= copy.size,
      copy.record.position.offset != copy.size
    else { return nil }
    let record = copy.record
    if index[record.position.key] == nil { index.insert(record) }
    index.update(record) {
      $0.locate(file.facts, at: file.path)
      $0.size = copy.size
      $0.offset = copy.size
      $0.head = copy.head
      $0.tail = copy.tail
      $0.ending = .copied
    }
    return record
  }

  /// A copy goes on otherwise than its original did: the line within which they part is its own, and read from its beginning.
  func stepBackToLine(_ stream: FileStream, _ file: FollowedFile, _ descriptor: Descriptor) {
    let end = stream.position.offset
    guard stream.position.ending == .copied, file.facts.size > end else { return }
    let reach = min(end, Int64(LineFramer.lineLimit))
    let before = descriptor.bytes(at: end - reach, count: Int(reach))
    let lineFeed = before.lastIndex(of: UInt8(ascii: "\n")).map { end - reach + Int64($0) }
    // Without any, it is the first line or one that is too long anyway.
    guard let start = lineFeed.map({ $0 + 1 }) ?? (reach == end ? 0 : nil) else { return }
    let fingerprint = FileEvidence.fingerprint(of: descriptor, upTo: start)
    index.update(stream) {
      $0.offset = start
      $0.head = fingerprint.head
      $0.tail = fingerprint.tailDigest
    }
  }

  /// Whether it is the record of another file that is still held as a copy: that one is to be known by its original.
  func isKept(_ stream: FileStream, by file: FollowedFile) -> Bool {
    let position = stream.position
    guard position.ending == .copied,
      let holder = files[position.inodeKey], holder !== file
    else { return false }
    return holder.copy?.record === stream && holder.copyOf != nil
  }

  private func isRecord(_ stream: FileStream, of file: FollowedFile) -> Bool {
    let position = stream.position
    return position.ending == .copied && position.inode == file.key.inode && position.device == file.key.device
      && position.birth == file.facts.birth
  }

  /// All of a copy has been read from its original: what may still follow in it is a stream of its own.
  func beginBehindCopy(
    _ file: FollowedFile, _ descriptor: Descriptor, _ compressed: Bool, _ known: [FileStream]
  ) {
    let stream = file.copy?.record ?? known.first { isRecord($0, of: file) } ?? newStream(file)
    if index[stream.position.key] == nil { index.insert(stream) }
    let end = file.gzip?.inflater.produced ?? file.facts.size
    let fingerprint = file.gzip?.fingerprint ?? FileEvidence.fingerprint(of: descriptor, upTo: end)
    index.update(stream) {
      $0.offset = end
      $0.head = fingerprint.head
      $0.tail = fingerprint.tailDigest
    }
    attach(stream, to: file, compressed)
    sendPosition(stream)
  }
}
