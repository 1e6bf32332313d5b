import Glibc

// When a file or a stream comes to its end, and what is said of it.
extension FileSource {
  /// Counts the passes a file has not grown, and lets deleted and departed ones go when there have been enough.
  func noteQuiet(_ file: FollowedFile) {
    guard files[file.key] === file else { return }
    var size = file.facts.size
    if let descriptor = file.descriptor {
      size = FileFacts.of(descriptor.number)?.size ?? size
    } else if !file.inPattern, case .success(let facts) = FileFacts.at(file.path) {
      size = facts.size
    }
    file.quiet = size == file.sizeAtReconcile && !file.queued ? file.quiet + 1 : 0
    file.sizeAtReconcile = size
    if size != file.facts.size { enqueue(file) }
    if file.deleted && file.quiet >= options.deletedQuietPasses {
      // A file not yet looked into may be its copy.
      let mayHaveCopy = files.values.contains { $0.queued && $0.stream == nil && $0.copyOf == nil }
      if !mayHaveCopy { release(file, as: .deleted) }
    } else if !file.deleted && !file.inPattern && file.quiet >= options.departedQuietPasses {
      release(file, as: .departed)
    } else if let gzip = file.gzip, gzip.isStarved, file.quiet == 2 {
      complain(
        .corrupt(
          reason: "it ends within a gzip member: still being written, or cut short",
          offset: file.stream?.framer?.readOffset ?? 0), path: file.path)
    }
  }

  /// Forgets a file. Its stream ends, unless the bytes may be found elsewhere: then it is an orphan for a while.
  func release(_ file: FollowedFile, as ending: StreamPosition.Ending) {
    if paths[file.path] === file { paths[file.path] = nil }
    watcher?.unwatch(file: file.key)
    open[file.key] = nil
    if files[file.key] === file { files[file.key] = nil }
    file.isReleased = true
    defer { file.descriptor = nil }
    guard let stream = file.stream else { return }
    let hasCopy = files.values.contains { $0.copyOf == stream.position.key }
    if hasCopy || ending == .lost { return orphan(stream, of: file, by: .lost) }
    let lost = ending == .deleted ? 0 : unread(stream, file)
    if ending == .deleted {
      finish(stream, as: ending)
      index.remove(stream)
    } else {
      index.update(stream) { $0.ending = ending }
      sendPosition(stream)
      settled.append(stream.position.key)
    }
    file.stream = nil
    stream.file = nil
    stream.framer = nil
    report(.gone(lostBytes: lost), path: file.path, key: stream.position.key)
  }

  /// Takes a stream from its file. Its bytes may be in a copy; what is lost is said once everything was looked at.
  func orphan(_ stream: FileStream, of file: FollowedFile, by ending: StreamPosition.Ending) {
    stream.lostBytes = unread(stream, file)
    stream.orphanedAt = pass
    stream.orphanedBy = ending
    stream.framer = nil
    stream.file = nil
    if file.stream === stream { file.stream = nil }
    if !stream.position.finished { orphans.insert(stream.position.key) }
    // Before its copies: what is in it now may have been copied, too.
    if !file.isReleased { enqueue(file) }
    for copy in files.values where copy.copyOf == stream.position.key { enqueue(copy) }
  }

  /// Bytes known to be in a file and not yet done with.
  func unread(_ stream: FileStream, _ file: FollowedFile) -> Int64 {
    if file.gzip != nil || stream.position.compressed { return 0 }
    return max(0, max(file.facts.size, stream.framer?.readOffset ?? 0) - stream.position.offset)
  }

  /// To be called before all is looked at. What cannot be seen by now may come into sight behind the look: only the next one
  /// could find it.
  func deferOrphans() {
    for stream in orphans.lazy.compactMap({ self.index[$0] }) where mayComeBack(stream) { stream.orphanedAt = pass }
  }

  /// Once everything there is has been looked at, streams still without a file have lost it: says so, once.
  func settleOrphans() {
    for key in orphans.sorted() {
      guard let stream = index[key], stream.file == nil else {
        orphans.remove(key)
        continue
      }
      guard stream.orphanedAt < pass, !mayComeBack(stream) else { continue }
      orphans.remove(key)
      let ending = stream.orphanedBy
      index.update(stream) { $0.ending = ending }
      let kind: SourceEvent.Kind =
        ending == .truncated ? .truncated(lostBytes: stream.lostBytes) : .gone(lostBytes: stream.lostBytes)
      sendPosition(stream)
      report(kind, path: stream.position.path, key: key)
      settled.append(key)
    }
    // Remembered a while longer, should the bytes turn up somewhere; but not for ever.
    while settled.count > Self.settledLimit {
      index[settled.removeFirst()].map { if $0.file == nil { index.remove($0) } }
    }
  }

  /// A stream's file may be there without our being able to see it: its directory is missing (a file system not mounted)
  /// or cannot be searched, or the file is there and cannot be read.
  private func mayComeBack(_ stream: FileStream) -> Bool {
    let position = stream.position
    if stream.orphanedBy == .lost, let file = files[position.inodeKey],
      file.stream == nil
    {
      return true
    }
    if files.values.contains(where: { $0.gzip?.goal == position.key }) { return true }
    guard case .success(let facts) = FileFacts.at(position.path.directory), facts.isDirectory else { return true }
    if case .failure(let error) = FileFacts.at(position.path), error.code != ENOENT { return true }
    return false
  }
}
