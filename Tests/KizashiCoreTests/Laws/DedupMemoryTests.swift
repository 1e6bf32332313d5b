import KizashiCore
import ReferenceModel
import Testing

/// What is remembered of ids when sources are far apart in time.
@Suite struct DedupMemoryTests {
  private static let hour: Int64 = 3_600_000
  private static let model = Model()
  private static let sources = [SourceModel(name: "ahead"), SourceModel(name: "behind")]

  private static func line(_ source: Int, hour: Int64) -> ReferenceEvent {
    ReferenceEvent(
      source: source, at: hour * Self.hour, account: "a", event: "e", id: "\(source) \(hour)",
      latestAcceptable: .max)
  }

  private static func engine(from world: StoredWorld? = nil) throws -> Engine {
    var engine = Engine(model: model, configVersion: 1, sources: sources, seed: 5)
    if let world { try engine.restore(world.restored(model: model, all: false), mode: .resume) }
    return engine
  }

  private static func apply(_ event: ReferenceEvent, to engine: inout Engine) {
    var batch = EventBatch()
    batch.source = event.source
    batch.append(event)
    engine.apply(batch)
  }

  @Test func `another user says something else, of the store's first account and event too`() throws {
    var engine = try Self.engine()
    for (user, id) in [("u1", "1"), ("u2", "2"), ("u2", "1"), (nil, "1"), ("u1", "1")] {
      Self.apply(
        ReferenceEvent(source: 0, at: Self.hour, account: "a", user: user, event: "e", id: id, latestAcceptable: .max),
        to: &engine)
    }
    let row = try #require(engine.drain().sources.first)
    #expect(row.events == 2 && row.duplicates == 1)
    #expect(row.refused[Int(RefusalReason.idConflict.rawValue)] == 2)
  }

  @Test func `a source that lags keeps its ids through restarts, and keeps no one else's`() throws {
    var engine = try Self.engine()
    var world = StoredWorld()
    var most = 0
    for step in 0..<600 {
      // One source walks through 2,400 hours; the other starts 3,000 hours behind and walks through 60.
      Self.apply(Self.line(0, hour: Int64(4000 + 4 * step)), to: &engine)
      if step % 10 == 0 { Self.apply(Self.line(1, hour: Int64(1000 + step / 10)), to: &engine) }
      world.store(engine.drain())
      most = max(most, world.fingerprints.reduce(0) { $0 + $1.bytes.count } / 36)
      if step % 97 == 0 { engine = try Self.engine(from: world) }
    }
    // A horizon is 48 hours: 12 lines of the one, 49 of the other; three horizons and what is stored twice.
    #expect(most < 250)
    for behind in 1012...1059 { Self.apply(Self.line(1, hour: Int64(behind)), to: &engine) }
    for ahead in stride(from: 6352, through: 6396, by: 4) { Self.apply(Self.line(0, hour: Int64(ahead)), to: &engine) }
    let rows = engine.drain().sources
    #expect(rows.map(\.duplicates) == [12, 48])
  }

  @Test func `a source that ended keeps nothing of the others`() throws {
    var engine = try Self.engine()
    var world = StoredWorld()
    Self.apply(Self.line(1, hour: 1000), to: &engine)
    for step in 0..<600 {
      Self.apply(Self.line(0, hour: Int64(1000 + 4 * step)), to: &engine)
      world.store(engine.drain())
    }
    #expect(world.fingerprints.reduce(0) { $0 + $1.bytes.count } / 36 < 100)
    engine = try Self.engine(from: world)
    Self.apply(Self.line(1, hour: 1000), to: &engine)
    #expect(engine.drain().sources.map(\.duplicates) == [1])
  }
}
