/// What became of a producer's lines: they are stored and synced to disk.
package struct Receipt: Sendable, Equatable {
  /// A line that was not counted.
  package struct RefusedLine: Sendable, Equatable {
    /// Number of the line among the producer's, from 1.
    package var line: Int64
    /// The reason's name, as quarantine shows it.
    package var reason: String

    /// A line with this number, refused for this reason.
    package init(line: Int64, reason: String) {
      self.line = line
      self.reason = reason
    }
  }

  /// Key of the stream.
  package var key: String
  /// Lines of the stream that are stored, refused ones included.
  package var lines: Int64
  /// Those of them, since the last receipt, that were refused, ascending.
  package var refused: [RefusedLine]

  /// A receipt for all lines up to number `lines`.
  package init(key: String, lines: Int64, refused: [RefusedLine] = []) {
    self.key = key
    self.lines = lines
    self.refused = refused
  }
}

/// Whoever wants to know when a chunk is stored for good.
package protocol ReceiptTaker: Sendable {
  /// Called after the transaction that holds the lines is synced, on any thread; must not block.
  func take(_ receipt: Receipt)
}

/// A chunk's wish to be acknowledged.
package struct Acknowledgement: Sendable {
  /// Number, from 1, of the first line of the chunk's bytes among the stream's.
  package var firstLine: Int64
  /// Who is told.
  package var taker: any ReceiptTaker

  /// Tells `taker` about lines numbered from `firstLine`.
  package init(firstLine: Int64, taker: any ReceiptTaker) {
    self.firstLine = firstLine
    self.taker = taker
  }
}
