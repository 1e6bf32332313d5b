/// Places a stream's offset has been at, each with the hash of what stood before it: close together near the present one,
/// ever farther apart behind it. If the power goes and the file loses bytes that were read but never reached the disk, reading
/// goes on at the last place whose bytes are still there. The distance from there to where the file was cut is then no longer
/// than what the file lost, or ``grain``, or one read.
package struct Trail: Sendable, Equatable, Codable {
  /// A former offset.
  package struct Mark: Sendable, Equatable, Codable {
    /// Bytes of the stream that were done with.
    package var offset: Int64
    /// Of the up to 4 KiB before ``offset``.
    package var tail: StreamPosition.Digest

    init(offset: Int64, tail: StreamPosition.Digest) {
      self.offset = offset
      self.tail = tail
    }

    /// As three numbers, for there are many and they are stored with each commit.
    package init(from decoder: any Decoder) throws {
      var values = try decoder.unkeyedContainer()
      offset = try values.decode(Int64.self)
      tail = .init(length: try values.decode(Int.self), hash: try values.decode(UInt64.self))
    }

    /// The same three numbers.
    package func encode(to encoder: any Encoder) throws {
      var values = encoder.unkeyedContainer()
      try values.encode(offset)
      try values.encode(tail.length)
      try values.encode(tail.hash)
    }
  }

  /// Places nearer to the offset than this need not be told apart, in bytes: disks lose whole pages.
  static let grain: Int64 = 4096

  /// Former offsets, oldest first.
  private(set) package var marks: [Mark] = []

  /// Nowhere yet.
  package init() {}

  package init(from decoder: any Decoder) throws {
    marks = try decoder.singleValueContainer().decode([Mark].self)
  }

  package func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    try value.encode(marks)
  }

  /// Notes where the offset was, now that it is at `end`, and forgets what lies too close together for its distance.
  mutating func add(_ mark: Mark, end: Int64) {
    guard mark.offset > 0, mark.offset > marks.last?.offset ?? 0 else { return }
    marks.append(mark)
    var kept = 0
    for index in 1..<max(marks.count - 1, 1) {
      let spanned = end - marks[kept].offset
      if spanned > 2 * (end - marks[index + 1].offset) + Self.grain {
        kept += 1
        marks[kept] = marks[index]
      }
    }
    if marks.count > 1 {
      marks[kept + 1] = marks[marks.count - 1]
      marks.removeLast(marks.count - kept - 2)
    }
  }

  /// Forgets what lies at an offset or behind it.
  mutating func cut(to offset: Int64) { marks.removeAll { $0.offset >= offset } }

  /// The last place at most `size` bytes into the file for which `stands` is true.
  func last(within size: Int64, where stands: (Mark) -> Bool) -> Mark? {
    marks.last { $0.offset <= size && stands($0) }
  }
}
