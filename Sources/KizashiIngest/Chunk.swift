/// Whole lines of one stream, with the position behind them.
package struct Chunk: Sendable {
  /// Id of the configured source.
  package var source: String
  /// Where the stream stands AFTER this chunk; to be stored with what the chunk holds.
  package var position: StreamPosition
  /// Whole lines with their line feeds; the last line of finite input may lack it. Empty when only the position moved
  /// (the file was renamed, the stream ended, an oversize line was passed).
  package var bytes: [UInt8]
  /// Offset of the first of ``bytes`` in the stream.
  package var startOffset: Int64
  /// Lines too long to be held, skipped since the last chunk; they lie before ``startOffset``.
  package var oversize: [OversizeLine]
  /// How much of each copy of this stream's file has come from this stream, as positions of the copies; to be stored together
  /// with ``position``, or a copy could be read once more.
  package var copies: [StreamPosition] = []
  /// Who is told when this chunk is stored and synced; nil: nobody waits for it.
  package var acknowledgement: Acknowledgement?

  /// Lines of a stream that ends a piece at `position`.
  package init(
    source: String, position: StreamPosition, bytes: [UInt8], startOffset: Int64, oversize: [OversizeLine]
  ) {
    self.source = source
    self.position = position
    self.bytes = bytes
    self.startOffset = startOffset
    self.oversize = oversize
  }

  /// Whether ``bytes`` begins with the stream's first byte (where a byte order mark may stand).
  package var atStreamStart: Bool { startOffset == 0 && !bytes.isEmpty }
}

/// A line longer than ``LineFramer/lineLimit``, which was skipped.
package struct OversizeLine: Sendable, Equatable {
  /// Where it begins in the stream.
  package var offset: Int64
  /// Its length in bytes, without the line feed.
  package var length: Int64
  /// Its first bytes, at most 1 KiB.
  package var sample: [UInt8]
}

/// Takes what a source reads.
package protocol ChunkSink: Sendable {
  /// Returns when the chunk is taken. Until then the source reads nothing more: this is the back-pressure.
  func accept(_ chunk: Chunk) async throws
  /// At the last look the source had nothing unread. Called after each pass that found it so, the first included;
  /// void as soon as the source's next chunk is accepted.
  func drained(source: String) async
  /// Something happened that an operator may want to know or a counter should count.
  func report(_ event: SourceEvent) async
}
