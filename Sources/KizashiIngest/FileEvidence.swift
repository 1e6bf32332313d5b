/// Reads from a file what its identity is decided upon.
enum FileEvidence {
  /// A file's first bytes, decompressed if need be.
  struct Head {
    var bytes: [UInt8]
    var compressed: Bool
    /// Why not one byte can be had.
    var damage: String?

    /// Nil: there are too few bytes to tell anything yet.
    init?(of descriptor: Descriptor) {
      let raw = descriptor.bytes(at: 0, count: Fingerprint.reach)
      // Told by its first bytes, not by its name. One byte could become either.
      if raw.isEmpty || raw == [Inflater.magic[0]] { return nil }
      compressed = raw.starts(with: Inflater.magic)
      bytes = raw
      guard compressed else { return }
      let reading = GzipReading()
      var status = Inflater.Status.more
      bytes = [UInt8](unsafeUninitializedCapacity: Fingerprint.reach) { buffer, count in
        guard let output = try? reading.inflate(into: UnsafeMutableRawBufferPointer(buffer), from: descriptor) else {
          return
        }
        count = output.count
        status = output.status
      }
      if bytes.isEmpty {
        guard case .corrupt(let reason) = status else { return nil }
        damage = reason
      }
    }
  }

  /// A plain file's first bytes and the last ones before `size`, as far as a fingerprint reaches.
  static func ends(of descriptor: Descriptor, upTo size: Int64) -> [[UInt8]] {
    let reach = Int(min(size, Int64(Fingerprint.reach)))
    let head = descriptor.bytes(at: 0, count: reach)
    return size > reach ? [head, descriptor.bytes(at: size - Int64(reach), count: reach)] : [head]
  }

  /// Of a plain file's bytes up to `size`, as if they had been read.
  static func fingerprint(of descriptor: Descriptor, upTo size: Int64) -> Fingerprint {
    fingerprint(ofEnds: ends(of: descriptor, upTo: size))
  }

  static func fingerprint(ofEnds ends: [[UInt8]]) -> Fingerprint {
    var fingerprint = Fingerprint()
    for bytes in ends { bytes.withUnsafeBytes { fingerprint.absorb($0) } }
    return fingerprint
  }

  /// Whether a file begins as a stream does.
  static func matchHead(_ remembered: StreamPosition.Digest, _ head: [UInt8]) -> FileIdentity.Match {
    if remembered.length == 0 { return .nothing }
    guard head.count >= remembered.length else { return .beyondEnd }
    var hash = FNV1a()
    for byte in head.prefix(remembered.length) { hash.absorb(byte) }
    return hash.hash == remembered.hash ? .equal : .differs
  }

  /// Whether the bytes before a stream's offset stand in a plain file.
  static func matchTail(_ position: StreamPosition, _ descriptor: Descriptor) -> FileIdentity.Match {
    match(position.tail, endingAt: position.offset, descriptor)
  }

  /// The last place of the stream's trail whose bytes stand in a plain file; nil: none, or the machine has not been started since,
  /// and then no byte of it was lost.
  static func lastStanding(
    _ position: StreamPosition, now: MachineStart, size: Int64, _ descriptor: Descriptor
  ) -> Trail.Mark? {
    guard position.machineStart?.isOther(than: now) == true else { return nil }
    return position.trail.last(within: size) { match($0.tail, endingAt: $0.offset, descriptor) == .equal }
  }

  private static func match(
    _ tail: StreamPosition.Digest, endingAt offset: Int64, _ descriptor: Descriptor
  ) -> FileIdentity.Match {
    if offset == 0 { return .nothing }
    let bytes = descriptor.bytes(at: offset - Int64(tail.length), count: tail.length)
    guard bytes.count == tail.length else { return .beyondEnd }
    return Fingerprint.digest(ofTail: bytes) == tail ? .equal : .differs
  }
}
