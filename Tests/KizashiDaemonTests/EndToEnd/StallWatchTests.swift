import KizashiCore
import Testing

@testable import KizashiDaemon

/// When a source counts as stalled, and when as delivering again.
@Suite struct StallWatchTests {
  private static let minute: Int64 = 60_000
  private static let noon: Int64 = 1_772_366_400_000
  private static func at(_ minutes: Int64) -> Instant { Instant(milliseconds: noon + minutes * minute) }

  private var watch = StallWatch()
  private var row = SourceRow(source: 0)

  init() {
    watch.follow([SourceModel(name: "app", stallAfterMilliseconds: 30 * Self.minute)], now: Self.at(0))
    hear(0, event: 0)
  }

  private mutating func hear(_ minutes: Int64, event: Int64) {
    row.lines += 1
    row.watermark = Self.at(event)
    watch.heard(0, now: Self.at(minutes))
  }

  private func stall(lines: Int64) -> StallRow {
    StallRow(
      source: 0, episode: 1, isOpen: true, at: Self.at(0), clock: Self.at(0), waitsUntil: nil, lines: lines,
      accounts: 0,
      members: [])
  }

  private mutating func verdict(_ minutes: Int64, stall: StallRow? = nil, isDrained: Bool = true) -> StallWatch.Verdict?
  {
    watch.verdict(on: 0, row, stall: stall, isDrained: isDrained, now: Self.at(minutes))
  }

  @Test mutating func `silence is a stall when it has lasted, whether or not something is unread`() {
    #expect(verdict(29) == nil)
    #expect(verdict(30) == .stalled(.silence))
    #expect(verdict(30, isDrained: false) == .stalled(.silence))
    watch.excuse(0, now: Self.at(20))
    #expect(verdict(49) == nil)
    #expect(verdict(50) == .stalled(.silence))
  }

  @Test mutating func `a clock that is set back begins the count anew`() {
    #expect(verdict(-60) == nil)
    #expect(verdict(-31) == nil)
    #expect(verdict(-30) == .stalled(.silence))
  }

  @Test mutating func `the first lines of a backlog are no end of a stall`() {
    let open = stall(lines: row.lines)
    #expect(verdict(300, stall: open) == nil)
    hear(300, event: 5)
    #expect(verdict(300, stall: open) == nil)
    // Caught up, but there is more.
    hear(300, event: 270)
    #expect(verdict(300, stall: open, isDrained: false) == nil)
    #expect(verdict(300, stall: open) == .resumed)
  }

  @Test mutating func `what ends before it has caught up has ended all the same`() {
    let open = stall(lines: row.lines)
    hear(300, event: 5)
    #expect(verdict(300, stall: open) == nil)
    #expect(verdict(301, stall: open) == .resumed)
  }

  @Test mutating func `nothing ends while there is nothing to be read from`() {
    let open = stall(lines: row.lines)
    hear(300, event: 300)
    watch.looked(0, isThere: false, now: Self.at(300))
    #expect(verdict(310, stall: open) == nil)
    watch.looked(0, isThere: true, now: Self.at(310))
    #expect(verdict(310, stall: open) == .resumed)
  }

  @Test
  mutating func `a file that was never there is missed when it has been silent, one that was there when it has gone`() {
    watch.looked(0, isThere: false, now: Self.at(1))
    #expect(verdict(1) == nil)
    #expect(verdict(2) == .stalled(.gone))
    row.lines = 0
    #expect(verdict(29) == nil)
    #expect(verdict(30) == .stalled(.silence))
  }

  @Test mutating func `sources without stall_after never stall`() {
    watch.follow([SourceModel(name: "app")], now: Self.at(0))
    watch.looked(0, isThere: false, now: Self.at(0))
    #expect(verdict(10_000) == nil)
  }
}
