import CLinux
import Glibc

/// Cuts what is read from one stream into pieces of whole lines, holds back the partial last line, skips lines that are
/// too long. Pure: it sees bytes, not descriptors. Memory: one line of at most ``lineLimit``, and a carriage return.
struct LineFramer {
  /// The longest line held, in bytes without its line end, which is a line feed or a carriage return and a line feed.
  static let lineLimit = 1 << 20
  /// The longest sample of a skipped line, in bytes.
  static let sampleLimit = 1024

  /// What one fill gave.
  struct Piece {
    /// Whole lines.
    var bytes: [UInt8] = []
    /// Offset of ``bytes`` in the stream.
    var startOffset: Int64
    /// A line that was skipped and has now ended; it lies before ``bytes``.
    var oversize: OversizeLine?
    /// Bytes read, whatever became of them.
    var readCount = 0
    /// Whether there is nothing to hand on.
    var isEmpty: Bool { bytes.isEmpty && oversize == nil }
  }

  /// Bytes of the stream that are done with.
  private(set) var offset: Int64
  /// Read, but its line feed has not come yet.
  private(set) var carry: [UInt8] = []
  /// The line being skipped, with its length so far.
  private(set) var skipping: OversizeLine?
  /// Of all bytes read but ``carry``; nil where nobody asks for it.
  private(set) var fingerprint: Fingerprint?

  /// Goes on at `offset`.
  init(offset: Int64 = 0, fingerprint: Fingerprint? = nil) {
    self.offset = offset
    self.fingerprint = fingerprint
  }

  /// Where the next byte is to be read from.
  var readOffset: Int64 { offset + Int64(carry.count) + (skipping?.length ?? 0) }

  /// Reads once, through `read`, which fills a part of the buffer and returns how much (0: nothing there now).
  ///
  /// `budget` is at most ``lineLimit``: so only the first line of a piece, or the one behind it, can be too long. The
  /// bytes are read straight into the array that is handed on, at the place behind the held partial line.
  mutating func fill(_ budget: Int, from read: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows -> Piece {
    precondition(budget > 0 && budget <= Self.lineLimit, "a budget is 1 byte to the line limit")
    let held = carry.count
    var piece = Piece(startOffset: offset)
    piece.bytes = try [UInt8](unsafeUninitializedCapacity: held + budget) { buffer, count in
      let whole = UnsafeMutableRawBufferPointer(buffer)
      let room = UnsafeMutableRawBufferPointer(rebasing: whole[held..<held + budget])
      piece.readCount = try read(room)
      guard piece.readCount > 0 else { return }
      let fresh = UnsafeRawBufferPointer(rebasing: room[..<piece.readCount])
      guard let end = fresh.lastLineEnd else {
        hold(fresh)
        return
      }
      if held > 0 { carry.withUnsafeBytes { whole.copyMemory(from: $0) } }
      let dropped = closeOversize(UnsafeRawBufferPointer(rebasing: whole[..<(held + end)]), held, &piece)
      fingerprint?.absorb(UnsafeRawBufferPointer(rebasing: whole[..<(held + end)]))
      carry = Array(fresh[end...])
      count = held + end - dropped
      if dropped > 0 && count > 0 { memmove(whole.baseAddress!, whole.baseAddress! + dropped, count) }
    }
    if !piece.isEmpty { offset = piece.startOffset + Int64(piece.bytes.count) }
    return piece
  }

  /// Counts on from another place in the stream: what was handed out so far was not part of it.
  mutating func rebase(to offset: Int64) {
    skipping?.offset += offset - self.offset
    self.offset = offset
  }

  /// Finite input has ended: what is held is its last line.
  mutating func finish() -> Piece {
    var piece = Piece(startOffset: offset)
    if let line = skipping {
      piece.oversize = line
      piece.startOffset += line.length
      skipping = nil
    } else {
      carry.withUnsafeBytes { fingerprint?.absorb($0) }
      piece.bytes = carry
      carry = []
    }
    offset = piece.startOffset + Int64(piece.bytes.count)
    return piece
  }

  /// No line feed came: holds the bytes, or skips them once the line is too long.
  private mutating func hold(_ fresh: UnsafeRawBufferPointer) {
    if skipping != nil {
      skipping!.length += Int64(fresh.count)
    } else if Self.isTooLong(carry.count + fresh.count, last: fresh.last) {
      let sample = Array((carry.prefix(Self.sampleLimit) + fresh.prefix(Self.sampleLimit)).prefix(Self.sampleLimit))
      skipping = OversizeLine(offset: offset, length: Int64(carry.count + fresh.count), sample: sample)
      carry.withUnsafeBytes { fingerprint?.absorb($0) }
      carry = []
    } else {
      carry.append(contentsOf: fresh)
      return
    }
    fingerprint?.absorb(fresh)
  }

  /// Whether so many bytes before a line feed, or before one that is still to come, are a line too long. A carriage return at
  /// their end is part of the line end.
  private static func isTooLong(_ count: Int, last: UInt8?) -> Bool {
    count > lineLimit && (count > lineLimit + 1 || last != UInt8(ascii: "\r"))
  }

  /// If the first of these whole lines is (the end of) one too long, notes it and returns how many bytes to drop.
  private mutating func closeOversize(_ lines: UnsafeRawBufferPointer, _ held: Int, _ piece: inout Piece) -> Int {
    guard skipping != nil || lines.count > Self.lineLimit else { return 0 }
    // The held part has no line feed in it.
    let first = held + UnsafeRawBufferPointer(rebasing: lines[held...]).firstLineFeed!
    if skipping != nil {
      skipping!.length += Int64(first)
    } else if Self.isTooLong(first, last: first > 0 ? lines[first - 1] : nil) {
      let sample = Array(lines.prefix(Self.sampleLimit))
      skipping = OversizeLine(offset: offset, length: Int64(first), sample: sample)
    } else {
      return 0
    }
    piece.oversize = skipping
    piece.startOffset += skipping!.length + 1
    skipping = nil
    return first + 1
  }
}

extension UnsafeRawBufferPointer {
  /// Offset behind the last line feed.
  fileprivate var lastLineEnd: Int? {
    guard let base = baseAddress, let found = clinux_memrchr(base, 0x0a, count) else { return nil }
    return found - base + 1
  }

  /// Offset of the first line feed.
  fileprivate var firstLineFeed: Int? {
    guard let base = baseAddress, let found = memchr(base, 0x0a, count) else { return nil }
    return UnsafeRawPointer(found) - base
  }
}
