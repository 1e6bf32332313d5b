import Glibc

/// A descriptor that a hook reads its standard input from, already holding all of it.
///
/// Nobody writes while the hook runs, so a hook that exits without reading cannot raise SIGPIPE here and a hook that reads
/// slowly blocks nobody.
struct HookInput: ~Copyable {
  /// `F_SETPIPE_SZ`; the constant is hidden from Swift.
  private static let setPipeSize: CInt = 1031

  /// Close-on-exec; still owned by this value.
  let descriptor: CInt

  /// - Throws: ``HookStartFailure`` where there is no descriptor or no room for the bytes.
  init(_ bytes: [UInt8], program: String) throws(HookStartFailure) {
    if let pipe = Self.filledPipe(bytes) {
      descriptor = pipe
    } else {
      descriptor = try Self.filledFile(bytes, program: program)
    }
  }

  deinit { close(descriptor) }

  /// A pipe's reading end; nil: the bytes do not fit into a pipe (their size is limited for each user), or none is to be had.
  private static func filledPipe(_ bytes: [UInt8]) -> CInt? {
    var ends: [CInt] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    defer { close(ends[1]) }
    _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
    _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
    // Non-blocking on the writing end only: the hook must see an ordinary pipe.
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    if bytes.count > 65_536 { _ = fcntl(ends[1], setPipeSize, CInt(clamping: bytes.count)) }
    guard write(ends[1], bytes, bytes.count) == bytes.count else {
      close(ends[0])
      return nil
    }
    return ends[0]
  }

  /// An unlinked temporary file, at its beginning.
  private static func filledFile(_ bytes: [UInt8], program: String) throws(HookStartFailure) -> CInt {
    func failure(_ number: CInt) -> HookStartFailure {
      .other(
        program: program,
        reason: "no temporary file for its \(bytes.count) bytes of standard input: "
          + "\(String(cString: strerror(number))) (is the disk of /tmp full?)")
    }
    guard let stream = tmpfile() else { throw failure(errno) }
    defer { fclose(stream) }
    let file = fcntl(fileno(stream), F_DUPFD_CLOEXEC, 3)
    guard file >= 0 else { throw failure(errno) }
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        let number = errno
        close(file)
        throw failure(number)
      }
      written += count
    }
    lseek(file, 0, SEEK_SET)
    return file
  }
}
