/// FNV-1a, 64 bits: grows byte by byte, so every prefix of a head has its hash for free.
/// http://www.isthe.com/chongo/tech/comp/fnv/
struct FNV1a: Equatable {
  private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325

  /// Goes on from a stored hash.
  init(resuming hash: UInt64) { self.hash = hash }

  init() {}

  mutating func absorb(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }

  mutating func absorb(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes { absorb(byte) }
  }
}

/// A hash over eight bytes at a time, for tails, which are hashed anew with every chunk.
///
/// FNV-1a's step on words, with a shift so that high bits reach low ones, and the length mixed in. Not for adversaries: who
/// can write the file can also write events.
package enum WordHash {
  /// The hash of the bytes; stored in positions, so it never changes.
  package static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(bytes.count)
    var index = 0
    while index + 8 <= bytes.count {
      hash = mix(hash, UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
      index += 8
    }
    var last: UInt64 = 0
    var shift: UInt64 = 0
    while index < bytes.count {
      last |= UInt64(bytes[index]) << shift
      shift += 8
      index += 1
    }
    return mix(hash, last)
  }

  private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
    return product ^ (product >> 32)
  }
}

/// What is remembered of the bytes of a stream read so far: a hash of the first 4 KiB and the last 4 KiB themselves.
struct Fingerprint {
  /// Most bytes of a head or a tail.
  static let reach = 4096

  private var headHash: FNV1a
  private var headLength: Int
  /// The last bytes absorbed, at most ``reach``.
  private(set) var tail: [UInt8]

  /// Of nothing.
  init() {
    headHash = FNV1a()
    headLength = 0
    tail = []
  }

  /// As it stood at `position`, whose tail's bytes are given.
  init(resuming position: StreamPosition, tail: [UInt8]) {
    headHash = position.head.length == 0 ? FNV1a() : FNV1a(resuming: position.head.hash)
    headLength = position.head.length
    self.tail = tail
  }

  /// Adds the next bytes of the stream.
  mutating func absorb(_ bytes: UnsafeRawBufferPointer) {
    if headLength < Self.reach {
      let part = min(bytes.count, Self.reach - headLength)
      headHash.absorb(UnsafeRawBufferPointer(rebasing: bytes[..<part]))
      headLength += part
    }
    if bytes.count >= Self.reach {
      tail = Array(bytes[(bytes.count - Self.reach)...])
    } else {
      tail.append(contentsOf: bytes)
      if tail.count > Self.reach { tail.removeFirst(tail.count - Self.reach) }
    }
  }

  /// Of the first bytes, as stored.
  var head: StreamPosition.Digest {
    headLength == 0 ? .empty : StreamPosition.Digest(length: headLength, hash: headHash.hash)
  }

  /// Of the last bytes, as stored.
  var tailDigest: StreamPosition.Digest {
    tail.isEmpty ? .empty : Self.digest(ofTail: tail)
  }

  /// The stored form of these bytes as a tail.
  static func digest(ofTail bytes: [UInt8]) -> StreamPosition.Digest {
    StreamPosition.Digest(length: bytes.count, hash: bytes.withUnsafeBytes(WordHash.hash))
  }
}
