import CLinux
import Glibc

/// An open descriptor that is closed with its last reference.
final class Descriptor {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { close(number) }

  /// Opens a file for reading. Never blocks on a FIFO, never becomes a controlling terminal. Fails with `EMFILE` before the
  /// process has no descriptors left.
  static func open(_ path: BytePath) -> Result<Descriptor, Errno> {
    let number = path.withCString { Glibc.open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) }
    if number < 0 { return .failure(Errno(errno)) }
    let descriptor = Descriptor(number)
    return descriptor.isOfTheLast ? .failure(Errno(EMFILE)) : .success(descriptor)
  }

  /// Whether this is one of the last descriptors the process may have. The kernel gives the lowest free number, so the number
  /// tells. Those are kept for the rest of the process: SQLite, child processes, and libdispatch, which ends the process
  /// when it cannot open a file of its own.
  var isOfTheLast: Bool {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return false }
    let most = Int64(clamping: limit.rlim_cur)
    return Int64(number) >= most - min(Self.reserve, most / 4)
  }

  private static let reserve: Int64 = 32

  /// Reads at an offset; a signal does not cut it short. On failure `errno`.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Result<Int, Errno> {
    while true {
      let count = pread(number, buffer.baseAddress, buffer.count, off_t(offset))
      if count >= 0 { return .success(count) }
      if errno != EINTR { return .failure(Errno(errno)) }
    }
  }

  /// Up to `count` bytes at an offset; fewer if the file ends before or cannot be read.
  func bytes(at offset: Int64, count: Int) -> [UInt8] {
    guard offset >= 0, count > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<count])
        guard case .success(let got) = read(into: rest, at: offset + Int64(filled)), got > 0 else { return }
        filled += got
      }
    }
  }

  /// Reads at an offset behind bytes that must still be as expected, all in one call, so that nothing can change in between.
  /// Nil: they are not.
  func read(
    into buffer: UnsafeMutableRawBufferPointer, behind expected: [UInt8], scratch: UnsafeMutableRawBufferPointer,
    at offset: Int64
  ) -> Result<Int?, Errno> {
    var parts = [
      iovec(iov_base: scratch.baseAddress, iov_len: expected.count),
      iovec(iov_base: buffer.baseAddress, iov_len: buffer.count),
    ]
    while true {
      let count = preadv(number, &parts, 2, off_t(offset - Int64(expected.count)))
      if count >= 0 {
        guard count >= expected.count else { return .success(nil) }
        let same = expected.withUnsafeBytes {
          expected.isEmpty || memcmp($0.baseAddress!, scratch.baseAddress!, $0.count) == 0
        }
        return .success(same ? count - expected.count : nil)
      }
      if errno != EINTR { return .failure(Errno(errno)) }
    }
  }

  /// Where the hole that begins at an offset ends, `size` at the latest; the offset itself if there are bytes.
  func endOfHole(at offset: Int64, size: Int64) -> Int64 {
    let data = clinux_data_after(number, offset)
    if data < 0 { return errno == ENXIO ? max(offset, size) : offset }
    return min(data, max(offset, size))
  }

  /// The file's present path, however often it was renamed since it was opened; nil if it has none any more.
  var currentPath: BytePath? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = "/proc/self/fd/\(number)".withCString { link in
      buffer.withUnsafeMutableBytes {
        readlink(link, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
      }
    }
    guard count > 0, buffer[0] == UInt8(ascii: "/") else { return nil }
    return BytePath(bytes: Array(buffer[..<count]))
  }
}

/// Memory that is freed with its last reference.
final class ScratchBuffer {
  let bytes: UnsafeMutableRawBufferPointer

  init(byteCount: Int) { bytes = .allocate(byteCount: byteCount, alignment: 16) }

  deinit { bytes.deallocate() }
}
