/// How far a stream has been read, and how to know its file again: what must be stored in the transaction that holds
/// the events read up to here.
package struct StreamPosition: Sendable, Equatable, Codable {
  /// Why nothing more is expected of a stream.
  package enum Ending: String, Sendable, Codable {
    /// Finite input (a `.gz`, standard input) was read to its end.
    case complete
    /// A connection was closed: nothing can go on here, so that the position need not be kept.
    case closed
    /// A `.gz` was read up to damage in it.
    case corrupt
    /// The file was deleted and read to its end.
    case deleted
    /// The file was renamed to where no pattern looks, and has not grown for a while.
    case departed
    /// The file was truncated or overwritten; what follows in it is another stream.
    case truncated
    /// The file up to the offset is a copy of what was read from another one. No stream yet: it becomes one if something
    /// else follows there.
    case copied
    /// The file was not found again; see ``SourceEvent/Kind/gone(lostBytes:)``.
    case lost
  }

  /// A hash of some bytes and how many they are.
  package struct Digest: Sendable, Hashable, Codable {
    /// Number of bytes hashed.
    package var length: Int
    /// FNV-1a for heads (it grows byte by byte), ``WordHash`` for tails.
    package var hash: UInt64
    /// A digest of that hash over that many bytes.
    package init(length: Int, hash: UInt64) {
      self.length = length
      self.hash = hash
    }
    /// Of no bytes.
    package static let empty = Digest(length: 0, hash: 0)
  }

  /// Id of the configured source.
  package var source: String
  /// Identity of the stream among all of all times: the first path and a number. Renames do not change it.
  package var key: String
  /// Where the file was last seen.
  package var path: BytePath
  /// Number of the device the file was last seen on.
  package var device: UInt64
  /// Its inode number there.
  package var inode: UInt64
  /// Generation of the inode, which changes when the number is used again; nil: the file system tells none.
  package var generation: Int64?
  /// When the inode was made, in nanoseconds since 1970; nil: the file system tells none.
  package var birth: Int64?
  /// Of the stream's first bytes, up to 4 KiB of those read.
  package var head: Digest
  /// Of the up to 4 KiB before ``offset``.
  package var tail: Digest
  /// Where ``offset`` has been before; kept for plain files only.
  package var trail = Trail()
  /// The start of the machine under which ``offset`` was last moved; nil: it never was.
  package var machineStart: MachineStart?
  /// Bytes of the stream that are done with, whole lines; decompressed bytes where ``compressed``.
  package var offset: Int64
  /// Size of the file, as stored on disk, when last looked at; 0 for what is no file.
  package var size: Int64
  /// Whether the file is gzip-compressed.
  package var compressed: Bool
  /// Line feeds consumed; counted for connections only.
  package var lines: Int64
  /// Nil while more may come.
  package var ending: Ending?

  /// Whether nothing more is expected of this stream.
  package var finished: Bool { ending != nil }

  /// Whether all that can be had of a finite input has been.
  var isReadOut: Bool { ending == .complete || ending == .corrupt }

  /// A position at the start of a stream of which nothing is known yet.
  package init(source: String, key: String, path: BytePath) {
    self.source = source
    self.key = key
    self.path = path
    device = 0
    inode = 0
    head = .empty
    tail = .empty
    offset = 0
    size = 0
    compressed = false
    lines = 0
  }

  /// Takes over what `facts` say of the file.
  mutating func locate(_ facts: FileFacts, at path: BytePath) {
    self.path = path
    device = facts.device
    inode = facts.inode
    birth = facts.birth
    generation = facts.generation
    size = facts.size
  }
}
