import Glibc
import KizashiCore
import Logging
import Synchronization
import Testing

@testable import KizashiDaemon

@Suite struct LineLogHandlerTests {
  final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    func append(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
  }

  let lines = Lines()

  private func logger(_ style: LineLogHandler.Style, level: Logger.Level = .trace) -> Logger {
    let lines = lines
    return Logger(label: "test") { _ in
      LineLogHandler(
        style: style, level: level, now: { Instant(milliseconds: 1_790_000_000_123) }, write: { lines.append($0) })
    }
  }

  @Test func `the journal gets its priorities`() {
    let logger = logger(.journal)
    for level in Logger.Level.allCases { logger.log(level: level, "Started") }
    #expect(lines.all == [7, 7, 6, 5, 4, 3, 2].map { "<\($0)>Started\n" })
  }

  @Test func `elsewhere a line has its time and level`() {
    logger(.plain).warning("Source stalled", metadata: ["source": "app", "lag": "12"])
    #expect(lines.all == ["2026-09-21T14:13:20.123Z warning Source stalled lag=12 source=app\n"])
  }

  @Test func `foreign text cannot forge a line or reach a terminal`() {
    logger(.journal).info("Refused", metadata: ["account": "a\n<0>fake \u{1b}[31m\u{9b}\u{202e}x", "empty": ""])
    #expect(lines.all == [#"<6>Refused account="a\n<0>fake \u{1b}[31m\u{9b}\u{202e}x" empty="""# + "\n"])
  }

  @Test func `values that would be read wrong are quoted`() {
    logger(.journal).info("X", metadata: ["a": "b c", "d": "e=f", "g": "h\"i", "j": "日本"])
    #expect(lines.all == [#"<6>X a="b c" d="e=f" g="h\"i" j=日本"# + "\n"])
  }

  @Test func `metadata of the logger is joined with that of the line, which wins`() {
    var logger = logger(.journal)
    logger[metadataKey: "source"] = "app"
    logger[metadataKey: "stream"] = "1"
    logger.info("X", metadata: ["stream": "2"])
    #expect(lines.all == ["<6>X source=app stream=2\n"])
  }

  @Test func `a huge value is cut and a quiet level is not written`() {
    let logger = logger(.journal, level: .notice)
    logger.info("quiet")
    logger.notice("X", metadata: ["v": .string(String(repeating: "y", count: 100_000))])
    #expect(lines.all.count == 1)
    #expect(lines.all.first?.utf8.count ?? 0 < 3000)
    #expect(lines.all.first?.hasSuffix("…\n") == true)
  }

  @Test func `the journal is known by device and inode, not by the variable alone`() {
    var ends: [CInt] = [-1, -1]
    #expect(pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    var status = stat()
    #expect(fstat(ends[1], &status) == 0)
    func isJournal(_ value: String?) -> Bool {
      JournalStream.isJournal(descriptor: ends[1], environment: value.map { ["JOURNAL_STREAM": $0] } ?? [:])
    }
    #expect(isJournal("\(status.st_dev):\(status.st_ino)"))
    for wrong in [
      nil, "", "8:1", "\(status.st_dev):\(status.st_ino + 1)", "\(status.st_dev)",
      "\(status.st_dev):\(status.st_ino):1",
    ] {
      #expect(!isJournal(wrong))
    }
  }

  @Test func `control characters of every kind are shown`() {
    #expect(ControlCharacters.escaped("plain 日本 é") == "plain 日本 é")
    #expect(ControlCharacters.escaped("\u{0}\t\r\n\u{7f}\u{85}\u{2028}") == #"\u{0}\t\r\n\u{7f}\u{85}\u{2028}"#)
  }
}
