import GRDB
import KizashiCore
import TestSupport
import Testing

@testable import KizashiStore

@Suite struct InstantTextTests {
  @Test func `instants are written as the views write them`() {
    #expect(InstantText.text(Instant(milliseconds: 0)) == "1970-01-01T00:00:00.000Z")
    #expect(InstantText.text(noon.advanced(by: 7)) == "2025-11-19T12:00:00.007Z")
    #expect(InstantText.text(Instant(milliseconds: -1)) == "1969-12-31T23:59:59.999Z")
    #expect(InstantText.text(Instant(milliseconds: 951_782_400_000)) == "2000-02-29T00:00:00.000Z")
  }

  @Test(arguments: [UInt64(1), 2, 3]) func `they read back as they were, and SQLite agrees`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let queue = try DatabaseQueue()
    for _ in 0..<500 {
      let instant = Instant(milliseconds: Int64.random(in: -2_000_000_000_000...100_000_000_000_000, using: &random))
      let text = InstantText.text(instant)
      #expect(InstantText.instant(text) == instant, "seed \(seed): \(text)")
      let theirs = try queue.read { db in
        try String.fetchOne(db, sql: "SELECT \(Views.time("?"))", arguments: [instant.milliseconds])
      }
      #expect(theirs == text, "seed \(seed)")
    }
  }

  @Test(arguments: [
    "", "2025-11-19", "2025-11-19T12:00:00", "2025-11-19T12:00:00+00:00", "2025-13-19T12:00:00Z",
    "2025-11-19T24:00:00Z",
    "2025-11-19T12:00:00.Z", "2025-11-19T12:00:00.1x0Z", "x025-11-19T12:00:00Z", "2025-11-19 12:00:00Z",
  ]) func `other texts are none`(text: String) {
    #expect(InstantText.instant(text) == nil)
  }
}
