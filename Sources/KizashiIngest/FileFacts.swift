import CLinux
import Glibc

/// What the kernel says of a file.
struct FileFacts: Equatable {
  var device: UInt64
  var inode: UInt64
  /// Number of names; 0: deleted while open.
  var links: UInt64
  var size: Int64
  /// Nanoseconds since 1970.
  var modified: Int64
  /// Nanoseconds since 1970; nil: the file system tells none.
  var birth: Int64?
  /// Needs a descriptor; nil: not asked for, or the file system tells none.
  var generation: Int64?
  /// `S_IFMT` bits.
  var type: UInt32

  /// Of the file at the path, links followed. On failure `errno`.
  static func at(_ path: BytePath) -> Result<FileFacts, Errno> {
    var file = clinux_file()
    guard path.withCString({ clinux_stat($0, &file) }) == 0 else { return .failure(Errno(errno)) }
    return .success(FileFacts(file))
  }

  /// Of an open file, its generation included.
  static func of(_ descriptor: Int32) -> FileFacts? {
    var file = clinux_file()
    guard clinux_fstat(descriptor, &file) == 0 else { return nil }
    var facts = FileFacts(file)
    let generation = clinux_generation(descriptor)
    facts.generation = generation < 0 ? nil : generation
    return facts
  }

  private init(_ file: clinux_file) {
    device = file.device
    inode = file.inode
    links = file.links
    size = file.size
    modified = file.modified_ns
    birth = file.birth_ns < 0 ? nil : file.birth_ns
    type = file.type
  }

  /// As of an entry of a ``FileSource/Snapshot``.
  var entry: clinux_entry {
    clinux_entry(
      device: device, inode: inode, size: size, modified_ns: modified, birth_ns: birth ?? -1, name: 0)
  }

  init(device: UInt64, inode: UInt64, size: Int64, birth: Int64? = nil, generation: Int64? = nil) {
    self.device = device
    self.inode = inode
    self.size = size
    self.birth = birth
    self.generation = generation
    links = 1
    modified = 0
    type = UInt32(S_IFREG)
  }

  var isRegular: Bool { type == UInt32(S_IFREG) }
  var isDirectory: Bool { type == UInt32(S_IFDIR) }

  /// What it is, for an operator.
  var typeName: String {
    switch type {
    case UInt32(S_IFREG): "a regular file"
    case UInt32(S_IFDIR): "a directory"
    case UInt32(S_IFIFO): "a FIFO"
    case UInt32(S_IFSOCK): "a socket"
    case UInt32(S_IFCHR), UInt32(S_IFBLK): "a device"
    default: "no regular file"
    }
  }
}

/// A system error number.
struct Errno: Error, Equatable {
  let code: Int32
  init(_ code: Int32) { self.code = code }

  /// Whether there is nothing under a name.
  var isAbsence: Bool { code == ENOENT || code == ENOTDIR }
}
