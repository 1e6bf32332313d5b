import KizashiCore
import KizashiDecode

/// One pass over all lines, chunk by chunk as the daemon does it, and then a month without any. CPU seconds of each stage.
struct Run {
  private(set) var decode = 0.0
  private(set) var apply = 0.0
  private(set) var drain = 0.0
  /// Of the month.
  private(set) var advance = 0.0
  /// What changed in it.
  private(set) var silentChanges = 0
  private(set) var facts: [Fact] = []

  init(_ lines: UnsafeRawBufferPointer) {
    let decoder = LineDecoder(options: DecodeOptions())
    var engine = Engine(model: Model(), configVersion: 1, sources: [SourceModel(name: "app")], seed: 42)
    var batch = EventBatch()
    var start = 0
    while start < lines.count {
      var end = min(start + 1 << 20, lines.count)
      while end < lines.count && lines[end - 1] != UInt8(ascii: "\n") { end -= 1 }
      let chunk = UnsafeRawBufferPointer(rebasing: lines[start..<end])
      decode += Stages.timed {
        decoder.decode(chunk, atStreamStart: start == 0, receivedAt: Instant(milliseconds: 0), into: &batch)
      }
      apply += Stages.timed { engine.apply(batch) }
      if engine.undrainedBytes >= 24 << 20 { cut(&engine) }
      start = end
    }
    cut(&engine)
    let end = engine.now.advanced(by: 30 * 86_400_000)
    var isThere = false
    while !isThere {
      advance += Stages.timed { isThere = engine.advance(to: end, within: 24 << 20) }
      silentChanges += engine.drain().changes.count
    }
  }

  private mutating func cut(_ engine: inout Engine) {
    var commit = Commit()
    drain += Stages.timed { commit = engine.drain() }
    facts += commit.facts
  }
}
