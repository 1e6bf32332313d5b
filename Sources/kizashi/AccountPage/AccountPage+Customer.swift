import KizashiCore
import KizashiStore

/// What the account is to reach, what it has signed, and what people say of it.
extension AccountPage {
  private static let day: Int64 = 86_400_000

  /// When the customer began: with the earliest contract, else with the first use.
  private var start: Instant? { detail.contracts.compactMap(\.started).min() ?? detail.summary.firstSeen }

  var milestones: String {
    guard !detail.milestones.isEmpty else { return "" }
    var table = Table(
      [.init(title: ""), .init(title: "", minimum: 10), .init(title: "")], indent: 2, showsTitles: false)
    for row in detail.milestones {
      let (text, style) = standing(row)
      table.rows.append([Styled(row.milestone), Styled(text, style), Styled(events(row), .dim)])
    }
    let reached = detail.milestones.count { $0.reached != nil }
    return title("Milestones", "\(reached) of \(detail.milestones.count) reached")
      + table.text(width: page.terminal.width, painter: painter)
  }

  private func standing(_ row: AccountMilestone) -> (String, Style) {
    if let reached = row.reached {
      guard let start, reached >= start else { return ("reached \(page.time(reached).prefix(10))", .green) }
      let days = (reached.milliseconds - start.milliseconds) / Self.day
      return ("reached \(page.time(reached).prefix(10)), after \(Wording.counted(days, "day"))", .green)
    }
    guard let due = row.due else { return ("open", .plain) }
    return due <= page.now
      ? ("overdue since \(page.time(due).prefix(10))", .red) : ("open, due \(page.time(due).prefix(10))", .plain)
  }

  private func events(_ row: AccountMilestone) -> String {
    row.reached == nil && row.count > 0 ? "\(Wording.counted(row.count, "event")) so far" : ""
  }

  var contracts: String {
    guard !detail.contracts.isEmpty else { return "" }
    var table = Table(
      [.init(title: ""), .init(title: "", minimum: 10), .init(title: ""), .init(title: "")], indent: 2,
      showsTitles: false)
    for row in detail.contracts {
      let since = row.started.map { " since \(page.time($0).prefix(10))" } ?? ""
      let isActive = row.state == ContractState.active.rawValue
      table.rows.append([
        Styled(row.product.isEmpty ? "contract" : row.product),
        Styled("\(row.state)\(isActive ? since : "")", isActive ? .plain : .red),
        Styled(row.mrr.map { "\($0) \(row.currency ?? "") a month" } ?? ""),
        Styled(row.reason ?? row.termEnd.map { "until \($0)" } ?? "", .dim),
      ])
    }
    return title("Contracts") + table.text(width: page.terminal.width, painter: painter)
  }

  /// What people said of it.
  var notes: String {
    guard !detail.notes.isEmpty else { return "" }
    var table = Table(
      [.init(title: ""), .init(title: "", minimum: 8), .init(title: ""), .init(title: "", minimum: 12)], indent: 2,
      showsTitles: false)
    for row in detail.notes {
      table.rows.append([
        Styled(page.time(row.at), .dim), Styled(row.by ?? ""), Styled(Self.said(row)), Styled(row.note ?? "", .dim),
      ])
    }
    return title("Notes") + table.text(width: page.terminal.width, painter: painter)
  }

  private static func said(_ row: AccountNote) -> String {
    let what = row.event.prefix { $0 != "." }
    let isTakenBack = row.event == "override.set" && row.value == nil
    let words = [row.kind, isTakenBack ? "taken back" : row.value, row.until.map { "until \($0)" }].compactMap { $0 }
    return words.isEmpty ? "\(what)" : "\(what): \(words.joined(separator: " "))"
  }
}
