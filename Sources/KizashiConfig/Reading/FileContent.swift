import Foundation

/// Small files, read whole.
enum FileContent {
  /// Why a file could not be read.
  struct Failure: Error {
    /// The system's error number; 0 when there was none.
    var code: Int32
    var why: String
  }

  /// The bytes of a file of at most `limit` bytes.
  static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(code: errno, why: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Foundation.read(descriptor, &buffer, buffer.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw Failure(code: errno, why: String(cString: strerror(errno)))
      }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
      guard bytes.count <= limit else { throw Failure(code: 0, why: "it is larger than \(limit >> 10) KiB") }
    }
  }
}

/// A path as the config means it: relative ones start at the directory of the config file.
func resolvedPath(_ path: String, in directory: String) -> String {
  path.hasPrefix("/") || directory.isEmpty ? path : directory == "/" ? "/\(path)" : "\(directory)/\(path)"
}

/// Where the relative paths of a file start; empty, which leaves them as they are, where its path names no directory.
func directoryOf(_ path: String) -> String {
  path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? ""
}
