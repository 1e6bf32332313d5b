import Testing

@testable import kizashi

@Suite struct ProgressBarTests {
  private let half = ProgressBar.State(
    bytes: 224 << 20, totalBytes: 448 << 20, events: 1_000_000, elapsedMilliseconds: 4000)

  @Test func `it says how much, how fast and how long still`() {
    let line = ProgressBar.line(half, width: 100)
    #expect(line == "███████████████░░░░░░░░░░░░░░░ 50 % 224.0 MiB of 448.0 MiB · 250,000 events/s · 4 s left")
  }

  @Test func `it fits any width`() {
    for width in 1...120 { #expect(DisplayWidth.of(ProgressBar.line(half, width: width)) <= width) }
  }

  @Test func `without a total there is no share and no end in sight`() {
    var state = half
    state.totalBytes = nil
    #expect(ProgressBar.line(state, width: 100) == "224.0 MiB read · 250,000 events/s")
  }

  @Test func `the first moments promise nothing`() {
    let state = ProgressBar.State(bytes: 0, totalBytes: 10, events: 0, elapsedMilliseconds: 0)
    #expect(!ProgressBar.line(state, width: 100).contains("left"))
  }
}
