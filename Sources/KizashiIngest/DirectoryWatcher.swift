import Glibc

/// inotify on the directories of a source's patterns, and on single files that stand elsewhere (targets of links, files
/// moved out of the pattern).
///
/// A watch on a directory tells of writes to the files in it, so 20,000 files in ten directories cost ten watches.
final class DirectoryWatcher {
  /// What the kernel told.
  enum Event {
    /// An entry of the directory was written to or its rights changed.
    case changed(directory: BytePath, name: [UInt8])
    /// An entry appeared, or left.
    case appeared(directory: BytePath, name: [UInt8])
    case left(directory: BytePath, name: [UInt8])
    /// A watched file was written to or renamed or deleted.
    case file(inode: InodeKey)
    /// Directories came or went, or the kernel's queue ran over: look at everything.
    case rescan
  }

  private static let entryMask =
    IN_CREATE | IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF
    | IN_ONLYDIR
  private static let ancestorMask = IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
  private static let fileMask = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF

  /// Readable when there is something to tell.
  let descriptor: Int32
  private var directories: [Int32: BytePath] = [:]
  private var files: [Int32: InodeKey] = [:]
  private var fileWatches: [InodeKey: Int32] = [:]
  private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// On failure `errno`: the kernel gives no (more) inotify instances, and the caller falls back on reconciling.
  static func make() -> Result<DirectoryWatcher, Errno> {
    let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
    return descriptor < 0 ? .failure(Errno(errno)) : .success(DirectoryWatcher(descriptor))
  }

  deinit { close(descriptor) }

  /// Watches exactly these directories. Returns those that could not be watched, with `errno`, and whether there are watches
  /// that were not there before: what appeared in those directories since they were listed has gone unnoticed.
  func watch(_ wanted: [BytePath: Expansion.Watched]) -> (failures: [(BytePath, Int32)], isNew: Bool) {
    var failures: [(BytePath, Int32)] = []
    var current: [Int32: BytePath] = [:]
    for directory in wanted.keys.sorted() {
      let mask = wanted[directory]!.entries.isEmpty ? Self.ancestorMask : Self.entryMask
      // Idempotent for the same inode, and it must be asked anew: another directory may stand at the path by now.
      let watch = directory.withCString { inotify_add_watch(descriptor, $0, UInt32(mask)) }
      if watch < 0 {
        if errno != ENOENT { failures.append((directory, errno)) }
        continue
      }
      current[watch] = directory
    }
    for watch in directories.keys where current[watch] == nil && files[watch] == nil {
      inotify_rm_watch(descriptor, watch)
    }
    let isNew = current.keys.contains { directories[$0] == nil }
    directories = current
    return (failures, isNew)
  }

  /// Watches one file, wherever it stands.
  func watch(file: InodeKey, at path: BytePath) {
    guard fileWatches[file] == nil else { return }
    let watch = path.withCString { inotify_add_watch(descriptor, $0, UInt32(Self.fileMask)) }
    guard watch >= 0, directories[watch] == nil else { return }
    files[watch] = file
    fileWatches[file] = watch
  }

  /// Ends the watch on one file.
  func unwatch(file: InodeKey) {
    guard let watch = fileWatches.removeValue(forKey: file) else { return }
    files[watch] = nil
    inotify_rm_watch(descriptor, watch)
  }

  /// Everything told since the last time, in order.
  func events() -> [Event] {
    var events: [Event] = []
    while true {
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress!, $0.count) }
      guard count > 0 else { return events }
      buffer.withUnsafeBytes { bytes in
        var offset = 0
        while offset + MemoryLayout<inotify_event>.size <= count {
          let header = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
          let start = offset + MemoryLayout<inotify_event>.size
          let name = bytes[start..<start + Int(header.len)].prefix { $0 != 0 }
          if let event = interpret(header, Array(name)) { events.append(event) }
          offset = start + Int(header.len)
        }
      }
    }
  }

  private func interpret(_ header: inotify_event, _ name: [UInt8]) -> Event? {
    let mask = Int(header.mask)
    func has(_ bit: some BinaryInteger) -> Bool { mask & Int(bit) != 0 }
    if has(IN_Q_OVERFLOW) { return .rescan }
    if let file = files[header.wd] {
      if has(IN_IGNORED) {
        files[header.wd] = nil
        fileWatches[file] = nil
      }
      return .file(inode: file)
    }
    guard let directory = directories[header.wd] else { return nil }
    if has(IN_IGNORED) || has(IN_DELETE_SELF) || has(IN_MOVE_SELF) || has(IN_UNMOUNT) { return .rescan }
    // Rights of the directory itself.
    if has(IN_ISDIR) && name.isEmpty { return .rescan }
    if has(IN_CREATE) || has(IN_MOVED_TO) { return .appeared(directory: directory, name: name) }
    if has(IN_MOVED_FROM) || has(IN_DELETE) { return .left(directory: directory, name: name) }
    if has(IN_MODIFY) || has(IN_ATTRIB) { return .changed(directory: directory, name: name) }
    return nil
  }
}

/// An inode number on its device. Unique only among inodes that exist at the same time.
struct InodeKey: Hashable {
  var device: UInt64
  var inode: UInt64
}

extension StreamPosition {
  /// Where the file was last seen.
  var inodeKey: InodeKey { InodeKey(device: device, inode: inode) }
}
