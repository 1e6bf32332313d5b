import KizashiCore
import KizashiIngest
import KizashiStore

/// A decoded chunk on its way to the engine.
struct DecodedChunk: Sendable {
  var batch: EventBatch
  var chunk: Chunk
  var readAt: Instant
  /// The lines of quarantine that it is made of: their rows go with what becomes of them.
  var retried: RetriedLines?
}

/// Lines of quarantine in one chunk, each where it came from.
struct RetriedLines: Sendable {
  /// By where the line begins in the chunk. Several events of one line may have been refused.
  private(set) var origins: [Int: [RetryableLine]] = [:]
  /// The chunk.
  private(set) var bytes: [UInt8] = []

  /// - Parameter lines: Of one source.
  init(_ lines: [RetryableLine]) {
    var known: [Place: Int] = [:]
    for line in lines {
      let place = Place(path: line.path, offset: line.offset, line: line.line)
      let start = known[place] ?? bytes.count
      if known.updateValue(start, forKey: place) == nil {
        bytes += line.line
        bytes.append(UInt8(ascii: "\n"))
      }
      origins[start, default: []].append(line)
    }
  }

  private struct Place: Hashable {
    var path: [UInt8]?
    var offset: Int64
    var line: [UInt8]
  }
}
