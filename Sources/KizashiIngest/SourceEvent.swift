/// Something a source did or met, for logs and counters.
package struct SourceEvent: Sendable, Equatable, CustomStringConvertible {
  /// What happened.
  package enum Kind: Sendable, Equatable {
    /// Reading of a stream begins, or goes on, at this offset.
    case opened(offset: Int64)
    /// The stream's file has another name, or its content another file, than before.
    case rotated(from: BytePath)
    /// The file was truncated or overwritten; bytes known to have been in it unread.
    case truncated(lostBytes: Int64)
    /// The file lost bytes that were read before the machine was started again: read on from an earlier offset.
    case takenBack(from: Int64, to: Int64)
    /// The file is no longer there; bytes known to have been in it unread.
    case gone(lostBytes: Int64)
    /// The file or directory cannot be read. Reported once until it can.
    case unreadable(reason: String, hint: String)
    /// Something in the glob that is no file. Reported once.
    case ignored(reason: String)
    /// Compressed input is damaged behind this (decompressed) offset; what is before it counts.
    case corrupt(reason: String, offset: Int64)
    /// A line was too long and has been skipped.
    case oversize(offset: Int64, length: Int64)
    /// inotify cannot be used for this path; changes are found at the next reconcile instead.
    case unwatched(reason: String, hint: String)
    /// A producer connected.
    case connectionOpened(uid: UInt32, pid: Int32)
    /// A connection ended.
    case connectionClosed(lines: Int64, bytes: Int64, reason: String)
    /// There are too many acknowledged producers; this one, which has been away longest, would start over.
    case producerForgotten(name: String, lines: Int64)
    /// A connection was not let in.
    case connectionRefused(reason: String)
  }

  /// Id of the configured source.
  package var source: String
  /// The stream's key; nil where there is none.
  package var key: String?
  /// The file, directory or socket; nil where there is none.
  package var path: BytePath?
  /// What happened.
  package var kind: Kind

  /// One line for an operator.
  package var description: String {
    let place = path.map { " \($0)" } ?? ""
    switch kind {
    case .opened(let offset): return "reading\(place) from byte \(offset)"
    case .rotated(let from): return "\(from) is now\(place)"
    case .truncated(let lost):
      return "truncated:\(place)" + (lost > 0 ? ": at least \(lost) bytes were never read" : "")
    case .takenBack(let read, let offset):
      return
        "end lost when the machine stopped:\(place) was read up to byte \(read) and is as it was up to byte \(offset): "
        + "reading on there; lines without an id between there and the loss count twice"
    case .gone(let lost): return "gone:\(place)" + (lost > 0 ? ": at least \(lost) bytes were never read" : "")
    case .unreadable(let reason, let hint): return "cannot read\(place): \(reason); \(hint)"
    case .ignored(let reason): return "ignored:\(place): \(reason)"
    case .corrupt(let reason, let offset):
      return "damaged:\(place): \(reason) behind byte \(offset); the lines before it count"
    case .oversize(let offset, let length): return "line of \(length) bytes skipped at byte \(offset) of\(place)"
    case .unwatched(let reason, let hint): return "cannot watch\(place): \(reason); \(hint)"
    case .connectionOpened(let uid, let pid): return "connection from uid \(uid), pid \(pid)"
    case .connectionClosed(let lines, let bytes, let reason):
      return "connection closed after \(lines) lines, \(bytes) bytes: \(reason)"
    case .producerForgotten(let name, let lines):
      return
        "producer \(name) forgotten after \(lines) lines: others are newer; under this name counting would start over"
    case .connectionRefused(let reason): return "connection refused: \(reason)"
    }
  }
}
