/// Decides whose bytes a file holds. A file's identity is a record, not a path or an inode number: paths are given to new
/// files at each rotation, inode numbers are used again, and copies and compressed files carry old bytes under new ones.
///
/// Pure: all that had to be read from files is in the arguments, so every case stands in one table of tests.
package enum FileIdentity {
  /// How remembered bytes compare with the file's.
  package enum Match: Sendable, Equatable {
    /// Nothing is remembered (the stream stands at its start).
    case nothing
    case equal
    case differs
    /// The file ends before the remembered bytes would.
    case beyondEnd
    /// Not looked at: it takes decompressing the file up to there.
    case unknown
  }

  /// What has become of the file a remembered stream was last read from.
  package enum Original: Sendable, Equatable {
    /// It is gone, was truncated, or is the very file in question.
    case absent
    /// It is there as it was. `holdsSameBytes`: the file in question is equal to its beginning, as far as was compared.
    case present(holdsSameBytes: Bool)
    /// It is there, compressed, and longer than the file in question, which begins alike: perhaps somebody is decompressing it.
    case presentAndLonger
  }

  /// The file in question.
  package struct Observation: Sendable, Equatable {
    package var device: UInt64
    package var inode: UInt64
    package var generation: Int64?
    package var birth: Int64?
    /// Size on disk.
    package var size: Int64
    package var compressed: Bool
    /// Whether its name matches a glob of rotated files (and so may be expected to hold bytes already seen).
    package var rotatedName: Bool

    /// An observation of these facts.
    package init(
      device: UInt64, inode: UInt64, generation: Int64?, birth: Int64?, size: Int64, compressed: Bool,
      rotatedName: Bool
    ) {
      self.device = device
      self.inode = inode
      self.generation = generation
      self.birth = birth
      self.size = size
      self.compressed = compressed
      self.rotatedName = rotatedName
    }
  }

  /// A remembered stream, compared with the file in question.
  package struct Candidate: Sendable, Equatable {
    package var position: StreamPosition
    package var head: Match
    package var tail: Match
    package var original: Original
    /// Whether the file was known as a copy of this stream's while that was still there.
    package var wasHeld: Bool
    /// The last place of the stream's trail whose bytes stand in the file, where the machine has been started since.
    package var lastStanding: Trail.Mark?

    /// A candidate so compared.
    package init(
      position: StreamPosition, head: Match, tail: Match, original: Original, wasHeld: Bool = false,
      lastStanding: Trail.Mark? = nil
    ) {
      self.position = position
      self.head = head
      self.tail = tail
      self.original = original
      self.wasHeld = wasHeld
      self.lastStanding = lastStanding
    }
  }

  /// Whose bytes the file holds. Indices are into the candidates.
  package enum Decision: Sendable, Equatable {
    /// The same file: go on at the offset.
    case resume(Int)
    /// Another file with the stream's bytes (copied, moved between file systems, compressed): go on in it.
    case moved(Int)
    /// A copy of what is still being read from the original: leave it alone until the original is gone.
    case hold(Int)
    /// A copy of the beginning of this stream, which has been read beyond the copy's end: nothing in it is new.
    case stale(Int)
    /// Decompress up to the stream's offset, compare the tail, decide again.
    case lookFurther(Int)
    /// The same file, without its last bytes, which had not reached the disk when the machine stopped: go on where it still is
    /// as it was.
    case takeBack(Int, to: Trail.Mark)
    /// The file was truncated or overwritten: the stream ends, a new one begins.
    case truncated(Int)
    /// A file never seen.
    case new
  }

  /// A head shorter than this says too little to call two files of live names copies of one another while both are there.
  static let convincing = Fingerprint.reach

  /// Decides. The order of the candidates does not matter, but for ties.
  package static func decide(_ file: Observation, _ candidates: [Candidate]) -> Decision {
    // The stream that is read furthest is the best match: every shorter match is a prefix of it.
    func rank(_ index: Int) -> (Int64, Int, Int) {
      let position = candidates[index].position
      return (-position.offset, position.ending == .copied ? 1 : 0, index)
    }
    let order = candidates.indices.sorted { rank($0) < rank($1) }
    let remembered = order.filter { sameInode(file, candidates[$0].position) }
    // An inode that was truncated has had several streams.
    let ofInode = remembered.filter { candidates[$0].position.ending != .copied }
    for index in ofInode where isResumable(file, candidates[index]) { return .resume(index) }
    for index in ofInode where file.compressed && candidates[index].tail == .unknown { return .lookFurther(index) }
    let others = order.filter { !ofInode.contains($0) }
    // All that is in a copy comes from its original, whatever else begins like both.
    for index in others where holdsCopy(file, candidates[index]) { return .hold(index) }
    for index in others {
      let decision =
        remembered.contains(index)
        ? decideCopy(file, candidates, index) : decideOtherInode(file, candidates[index], index)
      if let decision { return decision }
    }
    for index in ofInode where !candidates[index].position.finished {
      if let mark = candidates[index].lastStanding { return .takeBack(index, to: mark) }
    }
    if let overwritten = ofInode.first(where: { !candidates[$0].position.finished }) ?? ofInode.first {
      return .truncated(overwritten)
    }
    return order.first { candidates[$0].original == .presentAndLonger }.map { .hold($0) } ?? .new
  }

  /// The file was stored as a copy of which all had been read, and whose copy it was is not continued in it: that stream has
  /// been read further than the copy goes.
  private static func decideCopy(_ file: Observation, _ candidates: [Candidate], _ index: Int) -> Decision? {
    guard isResumable(file, candidates[index]) else { return nil }
    // What was added to it since may be the end of the copying; under a live name a producer wrote it.
    let isBeginning = candidates.contains {
      file.rotatedName && $0.wasHeld && $0.original == .absent && $0.tail == .beyondEnd
    }
    return isBeginning ? .stale(index) : .resume(index)
  }

  private static func isResumable(_ file: Observation, _ candidate: Candidate) -> Bool {
    let position = candidate.position
    // Read to its end before and not grown since: decompressing it again would tell nothing.
    if file.compressed && position.compressed && position.isReadOut && position.size == file.size { return true }
    let isLongEnough = file.compressed || file.size >= position.offset
    return isLongEnough && (candidate.tail == .equal || candidate.tail == .nothing)
  }

  /// While both are there the bytes themselves were compared, so the remembered ones have nothing to add.
  private static func holdsCopy(_ file: Observation, _ candidate: Candidate) -> Bool {
    candidate.original == .present(holdsSameBytes: true)
      && (file.rotatedName || candidate.position.head.length >= convincing)
  }

  private static func decideOtherInode(_ file: Observation, _ candidate: Candidate, _ index: Int) -> Decision? {
    guard candidate.original == .absent else { return nil }
    // A deleted file was read to its end before it went; what has its bytes now was written by somebody again.
    guard candidate.head == .equal, candidate.position.ending != .deleted else { return nil }
    switch candidate.tail {
    case .equal: return .moved(index)
    case .unknown: return .lookFurther(index)
    case .beyondEnd: return file.compressed && candidate.wasHeld ? .stale(index) : nil
    case .nothing, .differs: return nil
    }
  }

  /// Whether the inode is the one remembered, not another that got its number. Where the file system tells neither
  /// generation nor birth the bytes must decide.
  static func sameInode(_ file: Observation, _ position: StreamPosition) -> Bool {
    guard file.inode == position.inode, file.device == position.device, position.inode != 0 else { return false }
    // A file system tells both or neither; both must agree where told.
    if let a = file.generation, let b = position.generation, a != b { return false }
    if let a = file.birth, let b = position.birth, a != b { return false }
    return true
  }
}
