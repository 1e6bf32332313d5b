import KizashiCore
import KizashiDaemon
import KizashiStore

extension BacktestAnswer {
  /// The figures of one config, of all rules that count or of one.
  struct Row {
    var config: String
    /// Nil: all that count.
    var rule: String?
    var severity: String?
    var counts: Bool
    var figures: BacktestFigures
    var comparison: BacktestReport.Comparison?
  }

  /// The totals, then each rule under each config that has it.
  var rows: [Row] {
    var rows = [Row(config: "new", counts: true, figures: report.new.total)]
    if let old = report.old { rows.append(Row(config: "old", counts: true, figures: old.total)) }
    for rule in report.rules {
      for (config, figures) in [("new", rule.new), ("old", rule.old)] {
        guard let figures else { continue }
        rows.append(
          Row(
            config: config, rule: rule.rule, severity: rule.severity, counts: rule.counts, figures: figures,
            comparison: config == "new" ? rule.comparison : nil))
      }
      if rule.new == nil && rule.old == nil {
        rows.append(
          Row(config: "stored", rule: rule.rule, counts: false, figures: BacktestFigures(), comparison: rule.comparison)
        )
      }
    }
    return rows
  }

  static var listing: Listing<Row> {
    let names: [Column<Row>] = [
      .text("rule", "RULE", minimum: 8) { $0.rule ?? "(all)" }, .text("config", "CONFIG") { $0.config },
      .text("severity", nil) { $0.severity }, .hidden("counts") { .bool($0.counts) },
    ]
    let people: [Column<Row>] = [
      shown("ALERTS") { Wording.grouped($0.alerts) },
      shown("A YEAR") { $0.alertsPerAccountYear?.text(digits: 2) },
      shown("PRECISION") { percent($0.precision) },
      shown("SETTLED") { percent($0.settledPrecision) },
      shown("CUSTOMERS") { percent($0.customers) },
      shown("AT RANDOM") { $0.customersAtRandom.map(Wording.percent) },
      shown("RECALL") { percent($0.recall) },
      shown("AT RANDOM") { $0.recallAtRandom.map(Wording.percent) },
      shown("LEAD DAYS", leads),
    ]
    let machines: [Column<Row>] = figures(BacktestFigures()).map(\.name).map { key in
      .hidden(key) { row in figures(row.figures).first { $0.name == key }?.value ?? .null }
    }
    let comparison: [Column<Row>] = [
      .count("stored", "STORED") { $0.comparison?.stored }, .count("both", "BOTH") { $0.comparison?.both },
      .count("only_new", "ONLY NEW") { $0.comparison?.onlyNew },
      .count("only_stored", "ONLY STORED") { $0.comparison?.onlyStored },
    ]
    return Listing(columns: names + people + machines + comparison, nothing: "No rule.")
  }

  private static func shown(_ title: String, _ text: @escaping (BacktestFigures) -> String?) -> Column<Row> {
    Column(
      key: nil, title: title, alignment: .right, value: { _ in .null },
      cell: { row, _ in
        guard row.config != "stored", let text = text(row.figures) else { return Styled("–", .dim) }
        return Styled(text)
      })
  }

  /// `56 % of 412`.
  private static func percent(_ share: Share) -> String? {
    share.exact.map { "\(($0 * Rational(100)).text(digits: 0)) % of \(Wording.grouped(share.whole))" }
  }

  /// Lower quartile, median, upper quartile.
  private static func leads(_ figures: BacktestFigures) -> String? {
    let days = [1, 2, 3].compactMap { figures.lead(quartile: $0) }.map { "\($0 / 86_400_000)" }
    return days.isEmpty ? nil : days.joined(separator: "/")
  }

  func table(_ page: Page) -> String {
    var text = head(page) + "\n" + Self.listing.text(rows, format: .table, page: page) + "\n" + months(page)
    if isListed { text += "\n" + episodeTable(.table, page) }
    if let isMet {
      text += isMet ? "\nWhat was required is met.\n" : "\nWhat was required is not met:\n"
      for requirement in requirements where !requirement.isMet { text += "  \(Self.words(requirement))\n" }
    }
    return text
  }

  /// `recall 0.4167 (5 of 12), required 0.5`. The counts, because what is rounded may look like what is required.
  private static func words(_ requirement: Requirement) -> String {
    let (share, required) = (requirement.found, Wording.short(requirement.required.approximate, digits: 4))
    guard let found = share.exact else { return "\(requirement.name): nothing to tell it from, required \(required)" }
    let counts = "\(Wording.grouped(share.part)) of \(Wording.grouped(share.whole))"
    return "\(requirement.name) \(found.text(digits: 4)) (\(counts)), required \(required)"
  }

  private func head(_ page: Page) -> String {
    let base = report.base
    var lines = [
      "\(page.time(report.from)) to \(page.time(report.to)) (\(page.zone)): \(Wording.counted(report.accounts, "account")), "
        + "\(years.text(digits: 0)) account-years, \(Wording.counted(report.events, "event")) in "
        + "\(Wording.counted(report.facts, "fact")), \(Wording.counted(report.records, "record"))"
    ]
    var churn = "\(Wording.counted(base.churns, "churn")) by \(Visible.text(report.churn.text))"
    if let rate = churnRate { churn += ", \(rate.text(digits: 2)) an account-year" }
    if report.unmatched > 0 { churn += "; \(report.unmatched) of the list fit no customer" }
    lines.append(churn)
    let random = Share(base.precision.part, of: base.precision.whole).exact
    let settled = Share(base.settledPrecision.part, of: base.settledPrecision.whole).exact
    if let random {
      let other = settled.map { ", \(($0 * Rational(100)).text(digits: 0)) % of the settled ones" } ?? ""
      lines.append(
        "of alerts at random \((random * Rational(100)).text(digits: 0)) % would be right\(other); right: churn within "
          + "\(Wording.length(milliseconds: report.horizon)); foreseen: \(Wording.length(milliseconds: report.lead)) before or more"
      )
    }
    switch report.baseline {
    case .stored: lines.append("old: the config the store was computed under")
    case .file: lines.append("old: the config of --against")
    case .same: lines.append("the other config decides the same numbers and is not shown")
    case .unreadable: lines.append("the store's own config cannot be read by this version; --against names another")
    case .none: break
    }
    lines += unread("new", report.new, page) + (report.old.map { unread("old", $0, page) } ?? [])
    return lines.joined(separator: "\n") + "\n"
  }

  /// What a config asks for that the store has not read: to whoever looks at the alerts a rule that cannot fire is as good as one
  /// that need not.
  private func unread(_ name: String, _ side: BacktestReport.Side, _ page: Page) -> [String] {
    if side.unread.isEmpty { return [] }
    let parts = side.unread.map { unread in
      let what =
        unread.value.map { "\(Visible.text(unread.property)) = \(Visible.text($0))" }
        ?? "sum of \(Visible.text(unread.property))"
      return "\(what) (\(unread.since.map { "read since \(page.time($0))" } ?? "never read"))"
    }
    return [
      "\(name): not in the store: \(parts.joined(separator: ", ")): rules and measures that ask for it see less than there was; "
        + "replay the log under this config into a store of its own to know"
    ]
  }

  /// The share of the book in each band, by month and of all.
  private func months(_ page: Page) -> String {
    struct Share {
      var month: String
      var days: [Int64]
    }
    func listing(_ title: String, _ side: BacktestReport.Side) -> String {
      let rows = side.months.map { Share(month: $0.month, days: $0.days) } + [Share(month: "all", days: side.days)]
      let bands = side.bands.enumerated().map { index, name in
        Column<Share>(
          key: nil, title: name.uppercased(), alignment: .right, value: { _ in .null },
          cell: { row, _ in
            let sum = row.days.reduce(0, +)
            return sum == 0 ? Styled("–", .dim) : Styled(Wording.percent(Double(row.days[index]) / Double(sum)))
          })
      }
      return Listing<Share>(columns: [.text("month", title) { $0.month }] + bands, nothing: "")
        .text(rows, format: .table, page: page)
    }
    let new = listing("BOOK, NEW", report.new)
    return new + (report.old.map { "\n" + listing("BOOK, OLD", $0) } ?? "")
  }
}
