import TestSupport
import Testing

@testable import KizashiCore

/// The engine's own state, written and read back.
@Suite struct `Bytes of a state` {
  @Test(arguments: UInt64(1)...20) func `are read back as they were written, however many`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let numbers = (0..<random.int(0...2000)).map { _ in
      Int64(truncatingIfNeeded: random.next()) >> Int64(random.int(0...63))
    }
    var writer = ByteWriter()
    for number in numbers { writer.write(number) }
    writer.write(true)
    var reader = ByteReader(writer.bytes)
    let read = numbers.map { _ in reader.signed() }
    #expect(read == numbers, "seed \(seed)")
    #expect(reader.flag() && reader.isAtEnd && !reader.failed, "seed \(seed)")
  }
}
