import Testing

@testable import KizashiIngest

/// Every case of the decision in one table: what is remembered, what is found, what follows.
@Suite struct `File identity` {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var file: FileIdentity.Observation
    var candidates: [FileIdentity.Candidate]
    var expected: FileIdentity.Decision
  }

  static func file(
    inode: UInt64 = 1, device: UInt64 = 1, generation: Int64? = 7, birth: Int64? = 70, size: Int64 = 10_000,
    compressed: Bool = false, rotated: Bool = false
  ) -> FileIdentity.Observation {
    FileIdentity.Observation(
      device: device, inode: inode, generation: generation, birth: birth, size: size, compressed: compressed,
      rotatedName: rotated)
  }

  static func remembered(
    inode: UInt64 = 1, device: UInt64 = 1, generation: Int64? = 7, birth: Int64? = 70, offset: Int64 = 8_000,
    headLength: Int = 4_096, size: Int64 = 10_000, compressed: Bool = false,
    ending: StreamPosition.Ending? = nil, head: FileIdentity.Match = .equal, tail: FileIdentity.Match = .equal,
    original: FileIdentity.Original = .absent, held: Bool = false, lastStanding: Trail.Mark? = nil
  ) -> FileIdentity.Candidate {
    var position = StreamPosition(source: "app", key: "k", path: BytePath("/a"))
    position.inode = inode
    position.device = device
    position.generation = generation
    position.birth = birth
    position.offset = offset
    position.head = .init(length: headLength, hash: 1)
    position.size = size
    position.compressed = compressed
    position.ending = ending
    return FileIdentity.Candidate(
      position: position, head: head, tail: tail, original: original, wasHeld: held, lastStanding: lastStanding)
  }

  static func row(
    _ name: String, _ file: FileIdentity.Observation, _ candidates: [FileIdentity.Candidate],
    _ expected: FileIdentity.Decision
  ) -> Case { Case(testDescription: name, file: file, candidates: candidates, expected: expected) }

  static let sameInode: [Case] = [
    row("nothing remembered", file(), [], .new),
    row("as it was", file(), [remembered()], .resume(0)),
    row("grown", file(size: 1 << 40), [remembered()], .resume(0)),
    row(
      "nothing read of it yet", file(), [remembered(offset: 0, headLength: 0, head: .nothing, tail: .nothing)],
      .resume(0)),
    row("exactly read out", file(size: 8_000), [remembered()], .resume(0)),
    row("shorter than the offset", file(size: 7_999), [remembered(tail: .beyondEnd)], .truncated(0)),
    row("refilled beyond the offset", file(), [remembered(tail: .differs)], .truncated(0)),
    row("refilled, first lines the same", file(), [remembered(head: .equal, tail: .differs)], .truncated(0)),
    row("given up as truncated, yet as it was", file(), [remembered(ending: .truncated)], .resume(0)),
    row("given up as lost, and back", file(), [remembered(ending: .lost)], .resume(0)),
    row("file system without generations", file(generation: nil), [remembered(generation: nil)], .resume(0)),
    row(
      "file system that tells neither", file(generation: nil, birth: nil), [remembered(generation: nil, birth: nil)],
      .resume(0)),
    row(
      "neither told, other bytes", file(generation: nil, birth: nil),
      [remembered(generation: nil, birth: nil, head: .differs, tail: .differs)], .truncated(0)),
    row(
      "prefers the same inode to a longer match elsewhere", file(),
      [remembered(inode: 2, offset: 9_000), remembered()], .resume(1)),
    row(
      "truncated before: the inode's later stream goes on", file(),
      [remembered(offset: 9_000, ending: .truncated, tail: .differs), remembered()], .resume(1)),
    row(
      "truncated again: the later stream ends", file(),
      [remembered(offset: 9_000, ending: .truncated, tail: .differs), remembered(tail: .differs)], .truncated(1)),
    row(
      "nothing read before it was truncated does not hide a longer match", file(),
      [remembered(offset: 0, headLength: 0, head: .nothing, tail: .nothing), remembered()], .resume(1)),
    row(
      "overwritten with what another stream had", file(),
      [remembered(tail: .differs), remembered(inode: 2, offset: 9_000)], .moved(1)),
  ]

  private static let mark = Trail.Mark(offset: 6_000, tail: .init(length: 4_096, hash: 2))

  static let cutWithThePower: [Case] = [
    row(
      "shorter than the offset", file(size: 7_000), [remembered(tail: .beyondEnd, lastStanding: mark)],
      .takeBack(0, to: mark)),
    row("written on since", file(), [remembered(tail: .differs, lastStanding: mark)], .takeBack(0, to: mark)),
    row(
      "nothing of it is as it was", file(size: 7_000), [remembered(head: .differs, tail: .beyondEnd)], .truncated(0)),
    row(
      "known to be truncated", file(size: 7_000),
      [remembered(ending: .truncated, tail: .beyondEnd, lastStanding: mark)], .truncated(0)),
    row(
      "overwritten with what another stream had", file(),
      [remembered(tail: .differs, lastStanding: mark), remembered(inode: 2, offset: 9_000)], .moved(1)),
    row(
      "another inode", file(inode: 2, size: 7_000), [remembered(tail: .beyondEnd, lastStanding: mark)], .new),
  ]

  static let reusedInode: [Case] = [
    row("other generation, other bytes", file(generation: 8), [remembered(head: .differs, tail: .differs)], .new),
    row(
      "other birth, other bytes", file(generation: nil, birth: 71), [remembered(head: .differs, tail: .differs)], .new),
    row("other generation, the same bytes: a copy", file(generation: 8), [remembered()], .moved(0)),
    row("same number on another device", file(device: 2), [remembered(head: .differs, tail: .differs)], .new),
    row("device renumbered at boot", file(device: 2), [remembered()], .moved(0)),
    row("never had an inode", file(inode: 0), [remembered(inode: 0, head: .differs, tail: .differs)], .new),
  ]

  static let otherInode: [Case] = [
    row("moved between file systems", file(inode: 2), [remembered()], .moved(0)),
    row("another file", file(inode: 2), [remembered(head: .differs, tail: .differs)], .new),
    row("identical heads", file(inode: 2), [remembered(tail: .differs)], .new),
    row("identical heads, shorter", file(inode: 2, size: 5_000), [remembered(tail: .beyondEnd)], .new),
    row("shorter than the head", file(inode: 2, size: 50), [remembered(head: .beyondEnd, tail: .beyondEnd)], .new),
    row(
      "nothing to compare", file(inode: 2), [remembered(offset: 0, headLength: 0, head: .nothing, tail: .nothing)], .new
    ),
    row("equal to a file read out and deleted", file(inode: 2), [remembered(ending: .deleted)], .new),
    row("copy of what was truncated", file(inode: 2, rotated: true), [remembered(ending: .truncated)], .moved(0)),
    row(
      "the longest match wins", file(inode: 9),
      [remembered(inode: 2, offset: 30, headLength: 30), remembered(inode: 3), remembered(inode: 4, tail: .differs)],
      .moved(1)),
    row("of equals the first", file(inode: 9), [remembered(inode: 2), remembered(inode: 3)], .moved(0)),
  ]

  static let originalThere: [Case] = [
    row(
      "copy under a rotated name", file(inode: 2, rotated: true),
      [remembered(original: .present(holdsSameBytes: true))], .hold(0)),
    row(
      "copy being written", file(inode: 2, size: 5_000, rotated: true),
      [remembered(tail: .beyondEnd, original: .present(holdsSameBytes: true))], .hold(0)),
    row(
      "small copy under a rotated name", file(inode: 2, size: 30, rotated: true),
      [remembered(offset: 30, headLength: 30, original: .present(holdsSameBytes: true))], .hold(0)),
    row(
      "copy of what was not read yet", file(inode: 2, rotated: true),
      [remembered(offset: 0, headLength: 0, head: .nothing, tail: .nothing, original: .present(holdsSameBytes: true))],
      .hold(0)),
    row(
      "large copy under a live name", file(inode: 2), [remembered(original: .present(holdsSameBytes: true))], .hold(0)),
    row(
      "small files of live names that are equal", file(inode: 2, size: 30),
      [remembered(offset: 30, headLength: 30, original: .present(holdsSameBytes: true))], .new),
    row(
      "begins like a longer stream that lost its file, and is all in one that has not been read",
      file(inode: 2, rotated: true),
      [
        remembered(inode: 3, offset: 9_000),
        remembered(
          inode: 4, offset: 0, headLength: 0, head: .nothing, tail: .nothing, original: .present(holdsSameBytes: true)),
      ], .hold(1)),
    row(
      "goes on otherwise than the original", file(inode: 2, rotated: true),
      [remembered(original: .present(holdsSameBytes: false))], .new),
  ]

  /// A copy whose original was read further than the copy goes, and is gone.
  static let staleCopy: [Case] = [
    row(
      "stored as a copy that was read", file(inode: 2, size: 8_000, rotated: true),
      [remembered(inode: 2, ending: .copied), remembered(offset: 9_000, tail: .beyondEnd)], .resume(0)),
    row(
      "added to since, while it was known as a copy", file(inode: 2, size: 8_500, rotated: true),
      [remembered(inode: 2, ending: .copied), remembered(offset: 9_000, tail: .beyondEnd, held: true)], .stale(0)),
    row(
      "added to since under a live name", file(inode: 2, size: 8_500),
      [remembered(inode: 2, ending: .copied), remembered(offset: 9_000, tail: .beyondEnd, held: true)], .resume(0)),
    row(
      "added to since, the original there and otherwise", file(inode: 2, size: 8_500, rotated: true),
      [
        remembered(inode: 2, ending: .copied),
        remembered(offset: 9_000, tail: .beyondEnd, original: .present(holdsSameBytes: false), held: true),
      ], .resume(0)),
    row(
      "the original goes on in it", file(inode: 2, rotated: true),
      [remembered(inode: 2, ending: .copied), remembered(offset: 8_000)], .moved(1)),
    row(
      "a shorter stream begins like it", file(inode: 2, rotated: true),
      [remembered(inode: 2, ending: .copied), remembered(offset: 30, headLength: 30)], .resume(0)),
    row(
      "the original is there", file(inode: 2, size: 8_000, rotated: true),
      [
        remembered(inode: 2, ending: .copied),
        remembered(offset: 9_000, tail: .beyondEnd, original: .present(holdsSameBytes: true)),
      ], .hold(1)),
    row(
      "overwritten since", file(inode: 2, rotated: true), [remembered(inode: 2, ending: .copied, tail: .differs)], .new),
    row(
      "moved to another file system", file(inode: 3, device: 2, rotated: true),
      [remembered(inode: 2, ending: .copied)], .moved(0)),
    row(
      "never known as a copy", file(inode: 2, size: 8_000, rotated: true),
      [remembered(offset: 9_000, tail: .beyondEnd)], .new),
    row(
      "compressed while its original was written on", file(inode: 2, compressed: true, rotated: true),
      [remembered(offset: 9_000, tail: .beyondEnd, held: true)], .stale(0)),
  ]

  static let compressed: [Case] = [
    row(
      "being decompressed", file(inode: 2, size: 5_000),
      [remembered(compressed: true, ending: .complete, tail: .beyondEnd, original: .presentAndLonger)], .hold(0)),
    row(
      "begins like a compressed file, and is the copy of another", file(inode: 2, size: 5_000, rotated: true),
      [
        remembered(offset: 9_000, compressed: true, ending: .complete, tail: .beyondEnd, original: .presentAndLonger),
        remembered(original: .present(holdsSameBytes: true)),
      ], .hold(1)),
    row(
      "begins like a compressed file, and was overwritten", file(size: 5_000),
      [
        remembered(tail: .beyondEnd),
        remembered(inode: 2, offset: 9_000, compressed: true, tail: .beyondEnd, original: .presentAndLonger),
      ], .truncated(0)),
    row(
      "equal head, not decompressed yet", file(inode: 2, compressed: true), [remembered(tail: .unknown)],
      .lookFurther(0)),
    row("compressed copy of a stream", file(inode: 2, compressed: true), [remembered(tail: .equal)], .moved(0)),
    row("equal head, other tail", file(inode: 2, compressed: true), [remembered(tail: .differs)], .new),
    row("ends before the offset", file(inode: 2, compressed: true), [remembered(tail: .beyondEnd)], .new),
    row("another head", file(inode: 2, compressed: true), [remembered(head: .differs, tail: .unknown)], .new),
    row(
      "still being compressed", file(inode: 2, size: 100, compressed: true, rotated: true),
      [remembered(tail: .unknown, original: .present(holdsSameBytes: true))], .hold(0)),
    row(
      "smaller on disk than the offset", file(size: 100, compressed: true),
      [remembered(size: 100, compressed: true, tail: .equal)], .resume(0)),
    row(
      "the same file, restart in its middle", file(compressed: true), [remembered(compressed: true, tail: .unknown)],
      .lookFurther(0)),
    row(
      "read out, same size: not decompressed again", file(compressed: true),
      [remembered(compressed: true, ending: .complete, tail: .unknown)], .resume(0)),
    row(
      "read up to damage, same size", file(compressed: true),
      [remembered(compressed: true, ending: .corrupt, tail: .unknown)], .resume(0)),
    row(
      "read out, a member appended since", file(size: 12_000, compressed: true),
      [remembered(compressed: true, ending: .complete, tail: .unknown)], .lookFurther(0)),
    row(
      "replaced in place", file(compressed: true), [remembered(compressed: true, tail: .differs)], .truncated(0)),
    row(
      "second candidate after the first was looked at", file(inode: 9, compressed: true),
      [remembered(inode: 2, offset: 9_000, tail: .differs), remembered(inode: 3, tail: .unknown)], .lookFurther(1)),
  ]

  @Test(arguments: sameInode + cutWithThePower + reusedInode + otherInode + originalThere + staleCopy + compressed)
  func `decides`(_ row: Case) {
    #expect(FileIdentity.decide(row.file, row.candidates) == row.expected)
  }
}
