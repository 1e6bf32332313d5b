import KizashiCore
import KizashiStore

/// The lower half of the page: how the product is used.
extension AccountPage {
  /// How many features a person is shown; the rest are counted. JSON has all.
  private static let shownFeatures = 15
  /// Days of the timeline.
  private static let timelineDays: Int32 = 28

  // MARK: Timeline

  var timeline: String {
    let today = max(page.calendar.day(of: page.now.tile).number, detail.usage.days.last?.day.number ?? .min)
    let days = (today - Self.timelineDays + 1)...today
    var text = ""
    let events = Dictionary(uniqueKeysWithValues: detail.usage.days.map { ($0.day.number, $0.events) })
    let counts = days.map { events[$0] }
    if let most = counts.compactMap({ $0 }).max() {
      let line = Sparkline.line(counts.map { $0.map(Double.init) }, low: 0, high: Double(max(1, most)))
      text += "  events  \(painter.paint(line, .cyan))  at most \(Wording.counted(most, "event")) a day; · is none\n"
    } else if !events.isEmpty {
      text += "  events  \(painter.paint(Sparkline.line(counts.map { _ in nil }, low: 0, high: 1), .dim))  none\n"
    }
    if let scores = scores(of: days) {
      let known = scores.compactMap { $0 }
      let (least, most) = (Wording.short(known.min() ?? 0), Wording.short(known.max() ?? 0))
      text +=
        "  score   \(painter.paint(Sparkline.line(scores, low: 0, high: 100), .cyan))  "
        + "\(least)–\(most), now \(Wording.short(known.last ?? 0))\n"
    }
    return text.isEmpty ? "" : title("Timeline", "the last 28 days") + text
  }

  /// The score in force at the end of each day; nil where there was none, and as a whole where there never was one.
  private func scores(of days: ClosedRange<Int32>) -> [Double?]? {
    var rows = detail.scoreHistory.compactMap { row in
      InstantText.instant("\(row.day)T00:00:00Z").map { (day: $0.milliseconds / 86_400_000, score: row.score) }
    }[...]
    var score: Double?
    let scores = days.map { day in
      while let row = rows.first, row.day <= Int64(day) {
        score = row.score
        rows = rows.dropFirst()
      }
      return score
    }
    return scores.contains { $0 != nil } ? scores : nil
  }

  // MARK: Features and users

  var features: String {
    let any = detail.usage.features.first { $0.feature == "any" }
    // With no feature marked core, `core` is all use once more.
    let rows = detail.usage.features.filter { $0.feature != "core" || !$0.hasFigures(of: any) }
    guard !rows.isEmpty else { return "" }
    let window = Wording.window(hours: detail.usage.windowHours)
    var table = Table(
      [
        .init(title: "FEATURE", minimum: 10), .init(title: "EVENTS", alignment: .right), .init(title: "BEFORE"),
        .init(title: "USERS", alignment: .right), .init(title: "BEFORE"), .init(title: "DAYS", alignment: .right),
        .init(title: "BEFORE"), .init(title: "LAST USED"),
      ], indent: 2)
    for row in rows.prefix(Self.shownFeatures) {
      table.rows.append(
        [Styled(row.feature == "any" ? "any (all use)" : row.feature)]
          + (row.isWhole
            ? pair(row.events, row.previous(\.previousEvents)) + pair(row.users, row.previous(\.previousUsers))
              + pair(row.activeDays, row.previous(\.previousActiveDays))
            : Array(repeating: Styled("–", .dim), count: 6))
          + [Styled(Wording.ago(row.lastSeen, now: page.now), row.events == 0 ? .dim : .plain)])
    }
    var text = title("Features", "the last \(window) beside the \(window) before")
    text += table.text(width: page.terminal.width, painter: painter)
    if rows.count > Self.shownFeatures {
      text += painter.paint("  and \(rows.count - Self.shownFeatures) more (--format json has all)", .dim) + "\n"
    }
    return text
  }

  private func pair(_ now: Int64, _ before: Int64?) -> [Styled] {
    guard let before else { return [Styled(Wording.grouped(now), now == 0 ? .dim : .plain), Styled("–", .dim)] }
    let style: Style = now == before ? .dim : now < before ? .red : .green
    return [
      Styled(Wording.grouped(now), now == 0 ? .dim : .plain),
      Styled("\(Wording.arrow(Double(now - before))) \(Wording.grouped(before))", style),
    ]
  }

  var users: String {
    guard detail.usage.userCount > 0 else { return "" }
    let window = Wording.window(hours: detail.usage.windowHours)
    let total = detail.usage.features.first { $0.feature == "any" }?.events ?? 0
    var table = Table(
      [
        .init(title: "USER", minimum: 10), .init(title: "EVENTS", alignment: .right), .init(title: "BEFORE"),
        .init(title: "OF ALL", alignment: .right), .init(title: "DAYS", alignment: .right), .init(title: "LAST SEEN"),
        .init(title: "FIRST SEEN"),
      ], indent: 2)
    for row in detail.usage.users {
      let share = total > 0 ? Wording.percent(Double(row.events) / Double(total)) : "–"
      table.rows.append(
        [Styled(row.user)] + pair(row.events, row.previousEvents) + [
          Styled(share), Styled(Wording.grouped(row.activeDays)), Styled(Wording.ago(row.lastSeen, now: page.now)),
          Styled(String(page.time(row.firstSeen).prefix(10)), .dim),
        ])
    }
    let count = Wording.counted(Int64(detail.usage.userCount), "user")
    let shown = detail.usage.users.count
    let note =
      shown < detail.usage.userCount
      ? "the \(shown) of \(count) who used most in \(window)" : "\(count); figures of \(window)"
    return title("Users", note) + table.text(width: page.terminal.width, painter: painter)
  }

  // MARK: Attributes

  var attributes: String {
    guard !detail.attributes.isEmpty else { return "" }
    var table = Table(
      [.init(title: "", minimum: 8), .init(title: "", minimum: 10), .init(title: "")], indent: 2, showsTitles: false)
    for row in detail.attributes {
      table.rows.append([
        Styled(row.name), Styled(row.value ?? "null"), Styled(Wording.ago(row.updated, now: page.now), .dim),
      ])
    }
    return title("Attributes") + table.text(width: page.terminal.width, painter: painter)
  }
}

extension AccountUsage.FeatureUse {
  /// Whether nothing but the name differs.
  fileprivate func hasFigures(of other: AccountUsage.FeatureUse?) -> Bool {
    var renamed = self
    renamed.feature = other?.feature ?? ""
    return renamed == other
  }
}
