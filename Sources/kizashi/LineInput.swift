import Foundation

/// Lines of a file or of standard input, one after the other, in bounded memory.
struct LineInput: ~Copyable {
  /// The longest line given whole. Of a longer one only so much is given, two bytes more than the daemon takes, of which one may
  /// look like the carriage return of a line end: it is refused as `oversize` and keeps its number.
  static let lineLimit = (1 << 20) + 2

  /// Bytes read so far.
  private(set) var bytesRead: Int64 = 0
  /// Size of the file; nil: not known.
  let totalBytes: Int64?
  private let name: String
  private let file: FileHandle
  private var buffer: [UInt8] = []
  private var start = 0
  private var atEnd = false

  /// Opens a file; `-` is standard input.
  init(_ path: String) throws(Failure) {
    name = path == "-" ? "standard input" : path
    if path == "-" {
      file = .standardInput
      totalBytes = nil
      return
    }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw Failure(.unavailable, "cannot read \(path): it is a folder", hint: "name the files in it")
    }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw Failure(
        .unavailable, "cannot read \(path): \(String(cString: strerror(errno)))", hint: "check the name and its rights")
    }
    file = handle
    totalBytes = (try? handle.seekToEnd()).map(Int64.init)
    try? handle.seek(toOffset: 0)
  }

  /// The next line without its line feed; nil: the end. What stands behind the last line feed is a line too.
  mutating func next() throws(Failure) -> ArraySlice<UInt8>? {
    guard let end = try nextEnd() else { return nil }
    defer { start = end + 1 }
    return buffer[start..<end]
  }

  /// The next lines that are at hand, each with its line feed; nil: the end. What stands behind the last line feed of the
  /// input is given one.
  mutating func nextLines() throws(Failure) -> ArraySlice<UInt8>? {
    guard let end = try nextEnd() else { return nil }
    let last = buffer[end...].lastIndex(of: 0x0a) ?? end
    defer { start = last + 1 }
    return buffer[start...last]
  }

  /// Where the next line ends, its line feed; nil: there is no line any more.
  private mutating func nextEnd() throws(Failure) -> Int? {
    var isCut = false
    while true {
      if let end = buffer[start...].firstIndex(of: 0x0a) {
        guard isCut, end > start + Self.lineLimit else { return end }
        buffer.removeSubrange(start + Self.lineLimit..<end)
        return start + Self.lineLimit
      }
      if buffer.count - start > Self.lineLimit {
        // The rest of a line that is too long is read and thrown away.
        buffer.removeSubrange((start + Self.lineLimit)...)
        isCut = true
      }
      if try fill() { continue }
      guard start < buffer.count else { return nil }
      buffer.append(0x0a)
    }
  }

  private mutating func fill() throws(Failure) -> Bool {
    if atEnd { return false }
    buffer.removeFirst(start)
    start = 0
    do {
      guard let more = try file.read(upToCount: 256 * 1024), !more.isEmpty else {
        atEnd = true
        return false
      }
      if bytesRead == 0, more.starts(with: [0x1f, 0x8b]) {
        throw Failure(.badData, "\(name) is compressed", hint: "zcat \(name) | kizashi send --producer NAME -")
      }
      bytesRead += Int64(more.count)
      buffer += more
      return true
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.unavailable, "cannot read \(name): \(error.localizedDescription)")
    }
  }
}
