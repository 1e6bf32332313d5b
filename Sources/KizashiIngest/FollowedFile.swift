/// A file a ``FileSource`` knows, under whatever name. Confined to the source's actor.
final class FollowedFile {
  let key: InodeKey
  /// As last looked at.
  var facts: FileFacts
  var path: BytePath
  /// Whether its name matches a pattern of rotated names.
  var rotatedName: Bool
  /// Whether its name matches any pattern; a file renamed out of them is read to its end all the same.
  var inPattern = true
  var descriptor: Descriptor?
  /// What its bytes belong to; nil until that is decided.
  var stream: FileStream?
  /// Key of the stream this is a copy of, while the original is still being read.
  var copyOf: String?
  /// What was last compared of a copy, and found equal.
  struct Copy {
    /// As it is stored once all of that was read from the original.
    var record: FileStream
    var size: Int64
    var head: StreamPosition.Digest
    var tail: StreamPosition.Digest
  }

  /// How far a compressed copy reaches, and its last bytes.
  struct Measure {
    /// On disk, when that was found out.
    var size: Int64
    var length: Int64
    var tail: [UInt8]
  }

  /// Of a compressed copy that was decompressed to its end; nil: not yet.
  var measure: Measure?
  /// What is known of it as a copy of something else.
  var copy: Copy?
  /// Decompression under way; nil for plain files and finished ones.
  var gzip: GzipReading?
  /// Tails compared by decompressing, by stream key.
  var evidence: [String: FileIdentity.Match] = [:]
  /// Damaged from its start, so that nothing can be had from it until it changes.
  var isHopeless = false

  /// Forgotten; a turn it still waits for comes to nothing.
  var isReleased = false
  /// Whether it waits for its turn.
  var queued = false
  /// Whether it is among those that had a turn lately.
  var isRecent = false
  /// The reconcile pass that last saw it by name.
  var seen = 0
  /// Unlinked while open.
  var deleted = false
  /// Reconcile passes without growth.
  var quiet = 0
  var sizeAtReconcile: Int64 = -1
  /// For closing the longest unused.
  var lastUse: UInt64 = 0

  init(facts: FileFacts, path: BytePath, rotatedName: Bool) {
    key = InodeKey(device: facts.device, inode: facts.inode)
    self.facts = facts
    self.path = path
    self.rotatedName = rotatedName
  }

  /// When a file was last written to, whether its name is a rotated one, and the name.
  typealias Age = (modified: Int64, rotated: Bool, path: BytePath)

  var age: Age { (facts.modified, rotatedName, path) }

  /// In which order files with a backlog are read. The kernel's clock of files ticks every few milliseconds: of two in one
  /// tick the rotated one is the older.
  static func isOlder(_ a: Age, _ b: Age) -> Bool {
    if a.modified != b.modified { return a.modified < b.modified }
    return a.rotated != b.rotated ? a.rotated : a.path < b.path
  }

  /// Whether closing it now would lose what was done since its last line, again and again. One that waits for nothing is not: it
  /// would keep all others waiting.
  var isMidway: Bool {
    guard queued else { return false }
    if let gzip { return !gzip.isStarved }
    guard let framer = stream?.framer else { return false }
    return framer.readOffset > framer.offset
  }

  /// Whether facts found at some path are of this very inode, not of a later one with its number.
  func isSame(as other: FileFacts) -> Bool {
    guard other.device == key.device, other.inode == key.inode else { return false }
    if let a = other.birth, let b = facts.birth { return a == b }
    return true
  }
}

/// A stream a ``FileSource`` knows: one that is being read, or one remembered that waits for its file.
final class FileStream {
  /// As of the last chunk.
  var position: StreamPosition
  /// Nil while the file is closed.
  var framer: LineFramer?
  /// The file its bytes are read from; nil: none is known. A cycle with ``FollowedFile/stream``, cut when either lets go and
  /// when the run ends: weak references would slow down every use of 20,000 files.
  var file: FollowedFile?
  /// The reconcile pass in which it lost its file.
  var orphanedAt = 0
  /// Why it lost it.
  var orphanedBy = StreamPosition.Ending.lost
  /// Bytes known to have been in the file and not read when it was lost.
  var lostBytes: Int64
  /// Files held as copies of its file, present and past ones.
  var copies: Set<InodeKey> = []

  init(position: StreamPosition) {
    self.position = position
    lostBytes = max(0, position.compressed ? 0 : position.size - position.offset)
  }
}

/// Decompression of one file.
final class GzipReading {
  let inflater = Inflater()
  /// Of all bytes decompressed while catching up.
  var fingerprint = Fingerprint()
  /// Key of the stream whose offset is being caught up with; nil: caught up.
  var goal: String?
  /// Whether it decompresses a copy only to compare its end with the original's bytes.
  var measures = false
  /// Where the next compressed byte is.
  private var inputOffset: Int64 = 0
  /// Whether the input ended within a member, or could not be read.
  private(set) var isStarved = false

  /// Decompresses once into the buffer.
  func inflate(into buffer: UnsafeMutableRawBufferPointer, from descriptor: Descriptor) throws -> Inflater.Output {
    // Until shown otherwise, and so where reading fails.
    isStarved = true
    let output = try inflater.inflate(into: buffer) { room in
      let count = try descriptor.read(into: room, at: inputOffset).get()
      inputOffset += Int64(count)
      return count
    }
    isStarved = output.status == .starved
    return output
  }
}

/// Finds remembered streams by inode and by the hash of their first bytes.
struct StreamIndex {
  private(set) var streams: [String: FileStream] = [:]
  private var byInode: [InodeKey: Set<String>] = [:]
  private var byHead: [StreamPosition.Digest: Set<String>] = [:]
  private var headLengths: [Int: Int] = [:]
  private var numbers: [String: Int] = [:]

  subscript(key: String) -> FileStream? { streams[key] }

  /// A key no stream has had: the path and a number.
  mutating func newKey(for path: BytePath) -> String {
    let text = path.description
    let number = numbers[text, default: 0] + 1
    numbers[text] = number
    return "\(text)#\(number)"
  }

  mutating func insert(_ stream: FileStream) {
    let key = stream.position.key
    streams[key] = stream
    link(stream.position)
    reserve(key: key)
  }

  /// Gives this key to no new stream.
  mutating func reserve(key: String) {
    if let mark = key.lastIndex(of: "#"), let number = Int(key[key.index(after: mark)...]) {
      let path = String(key[..<mark])
      numbers[path] = max(numbers[path] ?? 0, number)
    }
  }

  mutating func remove(_ stream: FileStream) {
    unlink(stream.position)
    streams[stream.position.key] = nil
  }

  /// Moves a stream's position, keeping the index true.
  mutating func update(_ stream: FileStream, _ change: (inout StreamPosition) -> Void) {
    var position = stream.position
    change(&position)
    let relink =
      position.head != stream.position.head || position.inode != stream.position.inode
      || position.device != stream.position.device
    if relink { unlink(stream.position) }
    stream.position = position
    if relink { link(position) }
  }

  /// Whether an unfinished stream was left in this very inode.
  func mayContinue(_ facts: FileFacts) -> Bool {
    byInode[InodeKey(device: facts.device, inode: facts.inode)]?.contains {
      guard let position = streams[$0]?.position else { return false }
      return !position.finished && position.birth == facts.birth
    } ?? false
  }

  /// Streams that may be this file's, by its inode or by its first bytes.
  func candidates(inode: InodeKey, head: [UInt8]) -> [FileStream] {
    var keys = byInode[inode] ?? []
    var hash = FNV1a()
    for (index, byte) in head.enumerated() {
      hash.absorb(byte)
      guard headLengths[index + 1] != nil else { continue }
      keys.formUnion(byHead[StreamPosition.Digest(length: index + 1, hash: hash.hash)] ?? [])
    }
    return keys.sorted().compactMap { streams[$0] }
  }

  private mutating func link(_ position: StreamPosition) {
    byInode[position.inodeKey, default: []].insert(position.key)
    guard position.head.length > 0 else { return }
    byHead[position.head, default: []].insert(position.key)
    headLengths[position.head.length, default: 0] += 1
  }

  private mutating func unlink(_ position: StreamPosition) {
    let inode = position.inodeKey
    byInode[inode]?.remove(position.key)
    if byInode[inode]?.isEmpty == true { byInode[inode] = nil }
    guard position.head.length > 0 else { return }
    byHead[position.head]?.remove(position.key)
    if byHead[position.head]?.isEmpty == true { byHead[position.head] = nil }
    headLengths[position.head.length]! -= 1
    if headLengths[position.head.length] == 0 { headLengths[position.head.length] = nil }
  }
}
