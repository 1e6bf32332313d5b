import ReferenceModel
import Testing

@testable import KizashiCore

/// What is kept of an account's usage follows what its windows hold.
@Suite struct `Memory of usage` {
  private static let day: Int64 = 86_400_000
  private static let start: Int64 = 1_700_000_000_000

  /// One event of each of `accounts` accounts a day, from `first` on.
  private static func events(_ accounts: Int, days: Range<Int>) -> EventBatch {
    var batch = EventBatch()
    for day in days {
      for account in 0..<accounts {
        batch.append(
          ReferenceEvent(
            kind: .usage, at: start + Int64(day) * Self.day + Int64(account), account: "a\(account)",
            event: "e\(day % 5)"))
      }
    }
    return batch
  }

  private static func engine() -> Engine {
    Engine(model: Model(), configVersion: 1, sources: [SourceModel(name: "app")], seed: 5)
  }

  private static func room(_ engine: borrowing Engine) -> Int {
    (0..<engine.accountCount).reduce(0) { sum, account in
      sum + Int(engine.usage.header(engine.usage.block(AccountID(account))).pointee.capacity)
    }
  }

  /// - Parameter used: On how many days: one who was there for three keeps no more than one who was there for forty.
  @Test(arguments: [3, 40]) func `accounts that have fallen silent keep no log and no counters of features`(used: Int) {
    var engine = Self.engine()
    engine.apply(Self.events(50, days: 0..<used))
    #expect(Self.room(engine) >= 50 * min(used, 28))
    #expect(engine.usage.featureCounts.count == 50 * min(used, 5))
    engine.advance(to: Instant(milliseconds: Self.start + 140 * Self.day))
    #expect(Self.room(engine) == 0)
    #expect(engine.usage.featureCounts.count == 0)
    // They come back as they were.
    engine.apply(Self.events(50, days: 141..<146))
    #expect(Self.room(engine) >= 50 * 5)
    #expect(engine.usage.featureCounts.count == 50 * 5)
  }

  @Test func `the log of an account that is used every day stays as long as its windows`() {
    var engine = Self.engine()
    engine.apply(Self.events(50, days: 0..<100))
    let room = Self.room(engine)
    engine.apply(Self.events(50, days: 100..<400))
    #expect(Self.room(engine) <= 2 * room)
  }
}
