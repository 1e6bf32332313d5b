import KizashiCore
import ReferenceModel
import Testing

/// How much waits to be stored is what bounds memory while it gathers.
@Suite struct CommitSizeTests {
  /// A score that falls by a point a day.
  private static let model = Model(
    measures: [
      Measure(
        name: "last", metric: .daysSinceLast(feature: .any, unit: .days),
        grade: .points([
          GradePoint(value: Rational(0), points: Rational(100)), GradePoint(value: Rational(100), points: Rational(0)),
        ]))
    ],
    scorecards: [Scorecard(name: "s", dimensions: [Dimension(name: "d", weight: 1, measures: [("last", 1)])])])

  private func event(_ account: Int, at: Int64, kind: ReferenceEvent.Kind = .usage) -> ReferenceEvent {
    ReferenceEvent(kind: kind, at: at, account: "a\(account)", event: "e")
  }

  private func engine(_ events: [ReferenceEvent]) -> Engine {
    var engine = Engine(model: Self.model, configVersion: 1, sources: [SourceModel(name: "app")], seed: 5)
    var batch = EventBatch()
    for event in events { batch.append(event) }
    engine.apply(batch)
    return engine
  }

  @Test func `events count, and so do days that pass without one`() {
    let day: Int64 = 86_400_000
    var engine = engine((0..<100).map { event($0, at: 1_700_000_000_000 + Int64($0)) })
    let events = engine.undrainedBytes
    #expect(events >= 100 * MemoryLayout<Fact>.stride)
    engine.advance(to: Instant(milliseconds: 1_700_000_000_000 + 40 * day))
    let days = engine.undrainedBytes
    #expect(days > events + 100 * 40 * MemoryLayout<ScoreHistoryRow>.stride)
    let commit = engine.drain()
    #expect(days >= commit.changes.count * MemoryLayout<Change>.stride)
    #expect(engine.undrainedBytes == 0)
  }

  @Test func `a record counts with its line`() {
    let engine = engine([event(0, at: 1_700_000_000_000, kind: .group)])
    #expect(engine.undrainedBytes > MemoryLayout<StoredRecord>.stride)
  }
}
