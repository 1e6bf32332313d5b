import KizashiCore
import KizashiStore
import Testing

@testable import kizashi

@Suite struct WordingTests {
  @Test func `numbers are grouped, signed and rounded for people`() {
    #expect(Wording.grouped(1_234_567) == "1,234,567")
    #expect(Wording.grouped(-1000) == "−1,000")
    #expect(Wording.grouped(7) == "7")
    #expect(Wording.fixed(-0.004) == "0.00")
    #expect(Wording.fixed(12.345, digits: 1) == "12.3")
    #expect(Wording.short(-12.40) == "−12.4")
    #expect(Wording.signed(0) == "±0")
    #expect(Wording.signed(3.5) == "+3.5")
    #expect(Wording.signedFixed(-35.38) == "−35.38")
    #expect(Wording.percent(0.654) == "65 %")
    #expect(Wording.bytes(1536) == "1.5 KiB")
    #expect(Wording.bytes(12) == "12 B")
    #expect(Wording.counted(1, "event") == "1 event")
    #expect(Wording.counted(2000, "event") == "2,000 events")
    #expect(Wording.alerts(1, worst: "high") == "1 high")
    #expect(Wording.alerts(3, worst: "high") == "3, worst high")
  }

  @Test func `money is in its currency, and not in what that is counted in`() {
    #expect(Wording.money(118_800, "EUR") == "1,188 EUR")
    #expect(Wording.money(-950, "usd") == "−9.50 usd")
    #expect(Wording.money(5, "CHF") == "0.05 CHF")
    #expect(Wording.money(4800, "JPY") == "4,800 JPY")
    #expect(Wording.money(1_234_005, "KWD") == "1,234.005 KWD")
    #expect(Wording.money(118_800, nil) == "118,800")
    #expect(Wording.money(.min, "JPY").hasPrefix("−9,223,372,036,854,775,80"))
  }

  @Test func `a band that followed the score does not say that nothing moved`() {
    func what(_ from: String, _ to: String, _ delta: Double?, _ because: [StoredExplanation] = []) -> String {
      let at = Instant(milliseconds: 0)
      let entry = JournalEntry(
        sequence: 1, account: "a", at: at, detected: at, kind: "band", subject: "", from: from, to: to, delta: delta,
        cause: "expiry", because: because)
      return ChangeWords.what(entry).map(\.text).joined()
    }
    #expect(what("green", "yellow", 0) == "green → yellow, because the score stayed there (down_for)")
    #expect(what("green", "unknown", 0) == "green → unknown  ±0.00 points")
    #expect(what("green", "yellow", nil) == "green → yellow")
    let line = StoredExplanation(measure: "m", points: -1, from: nil, to: nil, cause: "expiry")
    #expect(what("green", "yellow", -1, [line]) == "green → yellow  −1.00 points")
  }

  @Test func `ages are in their largest unit`() {
    let now = Instant(milliseconds: 10_000_000_000)
    func ago(_ seconds: Int64) -> String { Wording.ago(now.advanced(by: -seconds * 1000), now: now) }
    #expect(ago(0) == "just now")
    #expect(ago(45) == "45 s ago")
    #expect(ago(150) == "2 min ago")
    #expect(ago(3 * 3600) == "3 h ago")
    #expect(ago(3 * 86_400 + 5) == "3 d ago")
    #expect(ago(-7200) == "in 2 h")
    #expect(Wording.window(hours: 672) == "28d")
    #expect(Wording.window(hours: 24) == "24h")
  }

  @Test func `each cause has its sentence and its name`() {
    let trend = Metric.trend(
      of: .count(feature: .named("reports"), windowHours: 336), floor: Rational(5), minVolume: Rational(10))
    #expect(
      Because.sentence(cause: "expiry", metric: trend)
        == "because usage of reports of 14 days ago left the window (expiry)")
    #expect(Because.sentence(cause: "expiry", metric: nil) == "because older usage left the window (expiry)")
    #expect(
      Because.sentence(cause: "silence", metric: .daysSinceLast(feature: .any, unit: .days))
        == "because another day passed without any use (silence)")
    for cause in Cause.allCases {
      let sentence = Because.sentence(cause: cause.name, metric: nil)
      #expect(sentence.hasSuffix("(\(cause.name))"))
      #expect(!sentence.hasPrefix("for another reason"))
    }
  }

  @Test func `an explanation line reads as a sentence`() {
    let page = Page(terminal: .none, now: Instant(milliseconds: 0), model: Model())
    let line = StoredExplanation(measure: "trend", points: -12.4, from: "0.02", to: "-0.38", cause: "expiry")
    #expect(
      ChangeWords.line(line, page: page, indent: 2)
        == "   −12.40 points  trend 0.02 → −0.38, because usage of 28 days ago left the window (expiry)\n")
    let gone = StoredExplanation(measure: "nps\u{1b}", points: 3, from: nil, to: "9", cause: "survey")
    #expect(
      ChangeWords.line(gone, page: page, indent: 0)
        == "  +3.00 points  nps\\u{1b} missing → 9, because of a survey answer (survey)\n")
  }

  @Test func `a change of config says whether it moved the score or only the band`() {
    let at = Instant(milliseconds: 0)
    func words(_ from: String, _ to: String, _ delta: Double) -> String {
      ChangeWords.what(
        JournalEntry(
          sequence: 1, account: "acme", at: at, detected: at, kind: "config", subject: "", from: from, to: to,
          delta: delta, cause: "config", because: [])
      ).map(\.text).joined()
    }
    #expect(words("83.70", "85.00", 1.3) == "config 83.70 → 85.00  +1.30 points")
    #expect(words("83.70", "83.70", 0) == "config 83.70, in another band now")
  }

  @Test func `moments are read as lengths, days and instants`() throws {
    let calendar = BusinessCalendar(timezone: "Asia/Tokyo", transitions: [.init(since: .min, offset: 32_400)])
    let now = try #require(InstantText.instant("2026-11-19T03:00:00Z"))
    func read(_ text: String) -> String? {
      MomentArgument(argument: text).map { InstantText.text($0.instant(now: now, calendar: calendar)) }
    }
    #expect(read("7d") == "2026-11-12T03:00:00.000Z")
    #expect(read("90s") == "2026-11-19T02:58:30.000Z")
    #expect(read("2026-11-19") == "2026-11-18T15:00:00.000Z")
    #expect(read("2026-11-19T12:00:00+09:00") == "2026-11-19T03:00:00.000Z")
    #expect(read("2026-11-19T12:00:00.25-01:30") == "2026-11-19T13:30:00.250Z")
    for text in [
      "", "7", "d", "-7d", "7w", "2026-13-01", "yesterday", "2026-11-19T12:00:00", "2026-11-19T12:00:00+9:00",
    ] {
      #expect(read(text) == nil, "\(text)")
    }
  }

  @Test func `times are shown in the business time zone`() {
    let calendar = BusinessCalendar(timezone: "Asia/Tokyo", transitions: [.init(since: .min, offset: 32_400)])
    let page = Page(terminal: .none, now: Instant(milliseconds: 1_763_553_600_000), calendar: calendar)
    #expect(page.time(page.now) == "2025-11-19 21:00")
    #expect(page.zone == "Asia/Tokyo, UTC+09:00")
    #expect(Page(terminal: .none, now: page.now).zone == "UTC")
  }
}
