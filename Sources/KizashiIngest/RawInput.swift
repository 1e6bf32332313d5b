import Glibc

/// The bytes of a file from an offset, or those of standard input, one after the other.
final class RawInput {
  /// Nil: standard input.
  let file: Descriptor?
  /// Nil: standard input.
  let facts: FileFacts?
  /// Bytes read so far, from the file's start.
  private(set) var consumed: Int64 = 0
  private let name: BytePath
  private let waker: Waker
  /// Read ahead from standard input, to see what it is.
  private var ahead: [UInt8] = []

  /// `path` nil: standard input.
  init(path: BytePath?, waker: Waker) throws {
    self.waker = waker
    name = path ?? BytePath("standard input")
    guard let path else {
      file = nil
      facts = nil
      return
    }
    switch Descriptor.open(path) {
    case .failure(let error): throw Self.error("open", path, error.code)
    case .success(let descriptor):
      guard let facts = FileFacts.of(descriptor.number) else { throw Self.error("look at", path, errno) }
      guard facts.isRegular else {
        throw IngestError(
          kind: .unreadable, operation: "read", subject: path.description, reason: "it is \(facts.typeName)",
          hint: facts.isDirectory ? "name the files in it" : "pipe it into standard input (-)")
      }
      file = descriptor
      self.facts = facts
      posix_fadvise(descriptor.number, 0, 0, POSIX_FADV_SEQUENTIAL)
    }
  }

  /// Reads on. 0: the end.
  func read(into room: UnsafeMutableRawBufferPointer) throws -> Int {
    let count: Int
    if let file {
      switch file.read(into: room, at: consumed) {
      case .success(let got): count = got
      case .failure(let error): throw Self.error("read", name, error.code)
      }
    } else if !ahead.isEmpty {
      count = min(ahead.count, room.count)
      room.copyBytes(from: ahead.prefix(count))
      ahead.removeFirst(count)
      return count
    } else {
      count = try readStandardInput(into: room)
    }
    consumed += Int64(count)
    return count
  }

  /// Goes to an offset of a file.
  func seek(to offset: Int64) { consumed = offset }

  /// Whether standard input is compressed.
  func beginsWithMagic() throws -> Bool {
    var byte: UInt8 = 0
    while ahead.count < Inflater.magic.count && ahead == Array(Inflater.magic.prefix(ahead.count)) {
      let count = try withUnsafeMutableBytes(of: &byte) { try readStandardInput(into: $0) }
      if count == 0 { break }
      consumed += 1
      ahead.append(byte)
    }
    return ahead == Inflater.magic
  }

  /// Waits for the pipe or for cancellation, whichever comes first.
  private func readStandardInput(into room: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      var descriptors = [
        pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
        pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      wait(for: &descriptors, milliseconds: 60_000)
      try Task.checkCancellation()
      guard descriptors[0].revents != 0 else { continue }
      let count = Glibc.read(STDIN_FILENO, room.baseAddress, room.count)
      if count >= 0 { return count }
      if errno != EINTR && errno != EAGAIN { throw Self.error("read", name, errno) }
    }
  }

  private static func error(_ operation: String, _ path: BytePath, _ code: Int32) -> IngestError {
    IngestError(
      kind: .unreadable, operation: operation, subject: path.description, reason: errorText(code),
      hint: hint(forOpening: code))
  }
}
