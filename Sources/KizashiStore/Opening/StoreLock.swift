import Glibc

/// The right to write a store: an advisory lock on `<store>.lock`, held until this is released.
///
/// The lock is of the open file, so the kernel takes it back whatever ends the process; the file stays and means
/// nothing by itself. It holds the process id, for the message a second instance shows.
final class StoreLock {
  /// Whether the lock file was there already: somebody has had a store here before.
  let wasThere: Bool
  /// Negative once released.
  private var descriptor: Int32

  /// Takes the lock or says who has it.
  init(storePath: String) throws(StoreError) {
    let action = "locking the store"
    let path = storePath + ".lock"
    wasThere = SystemFile.exists(path)
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o640)
    guard descriptor >= 0 else {
      let code = errno
      let reason: StoreError.Reason =
        switch code {
        case ENOSPC, EDQUOT: .diskFull
        case EROFS: .readOnly
        default: SystemFile.reasonNotToOpen(path)
        }
      throw StoreError(action, path: storePath, reason, detail: "\(path): \(SystemFile.message(code))")
    }
    guard StoreLock.take(descriptor) else {
      let code = errno
      let holder = StoreLock.holder(descriptor)
      close(descriptor)
      guard code == EWOULDBLOCK else {
        throw StoreError(action, path: storePath, .other, detail: "\(path): \(SystemFile.message(code))")
      }
      throw StoreError(action, path: storePath, .heldByAnotherProcess(holder))
    }
    // The id is only for people: a disk too full to hold it does not matter.
    if ftruncate(descriptor, 0) == 0 {
      let text = Array("\(getpid())\n".utf8)
      _ = pwrite(descriptor, text, text.count, 0)
    }
    self.descriptor = descriptor
  }

  deinit { release() }

  /// Gives the right back; what was written under it must be closed by now.
  func release() {
    guard descriptor >= 0 else { return }
    // Explicitly: a child between fork and exec holds a copy of the descriptor, and with it the lock.
    flock(descriptor, LOCK_UN)
    close(descriptor)
    descriptor = -1
  }

  /// Takes the lock; false, with errno: it cannot be had.
  ///
  /// A process that was killed while it started a hook leaves a child that holds a copy of the descriptor until it has become
  /// another program. So a lock whose holder is no longer there is waited for, a moment.
  private static func take(_ descriptor: Int32) -> Bool {
    for _ in 0..<200 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
      guard errno == EWOULDBLOCK, let holder = holder(descriptor), kill(holder, 0) != 0, errno == ESRCH else { break }
      usleep(10_000)
    }
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0
  }

  private static func holder(_ descriptor: Int32) -> Int32? {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    return Int32(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }
}
