import KizashiCore
import KizashiStore

/// What the account is to reach, what it has signed, and what people say of it.
extension AccountPage {
  private static let day: Int64 = 86_400_000

  /// When the customer began: with the earliest contract of those that are active, else of all; without one with the first use.
  private var start: Instant? {
    let active = detail.contracts.filter(isActive).compactMap(\.started).min()
    return active ?? detail.contracts.compactMap(\.started).min() ?? detail.summary.firstSeen
  }

  /// Whether all that they had with us is over.
  var hasLeft: Bool { !detail.contracts.isEmpty && !detail.contracts.contains(where: isActive) }

  private func isActive(_ contract: AccountContract) -> Bool { contract.state == ContractState.active.rawValue }

  /// When they began with a product; nil: they do not have it.
  private func start(of product: String?) -> Instant? {
    guard let product else { return start }
    return detail.contracts.first { $0.product == product && isActive($0) }?.started
  }

  private func product(of milestone: String) -> String? {
    page.model?.milestones.first { $0.name == milestone }?.product
  }

  /// Those of products that the account does not have are not to be reached by it.
  private var expectedMilestones: [AccountMilestone] {
    detail.milestones.filter { row in
      guard row.reached == nil, let product = product(of: row.milestone) else { return true }
      return start(of: product) != nil
    }
  }

  var milestones: String {
    let rows = expectedMilestones
    guard !rows.isEmpty else { return "" }
    var table = Table(
      [.init(title: ""), .init(title: "", minimum: 10), .init(title: "")], indent: 2, showsTitles: false)
    for row in rows {
      let (text, style) = standing(row)
      table.rows.append([Styled(row.milestone), Styled(text, style), Styled(events(row), .dim)])
    }
    let reached = "\(rows.count { $0.reached != nil }) of \(rows.count) reached"
    return title("Milestones", ([reached] + timesToValue(rows)).joined(separator: "  ·  "))
      + table.text(width: page.terminal.width, painter: painter)
  }

  /// How long it took until the first milestone of value: of the account, then of each product that has such milestones of its own.
  private func timesToValue(_ rows: [AccountMilestone]) -> [String] {
    let goals = (page.model?.milestones ?? []).filter(\.value)
    var products: [String?] = []
    for goal in goals where !products.contains(goal.product) { products.append(goal.product) }
    return products.compactMap { product in
      guard let start = start(of: product) else { return nil }
      let names = goals.filter { $0.product == product }.map(\.name)
      let reached = rows.filter { names.contains($0.milestone) }.compactMap(\.reached).min()
      let days = max(0, ((reached ?? page.now).milliseconds - start.milliseconds) / Self.day)
      let what = product.map { " of \($0)" } ?? ""
      let length = Wording.counted(days, "day")
      return reached == nil ? "no value\(what) yet, after \(length)" : "time to value\(what) \(length)"
    }
  }

  private func standing(_ row: AccountMilestone) -> (String, Style) {
    if let reached = row.reached {
      guard let start = start(of: product(of: row.milestone)) ?? start, reached >= start else {
        return ("reached \(page.time(reached).prefix(10))", .green)
      }
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
      let isActive = isActive(row)
      table.rows.append([
        Styled(row.product.isEmpty ? "contract" : row.product),
        Styled("\(row.state)\(isActive ? since : "")", isActive ? .plain : .red),
        Styled(row.mrr.map { "\(Wording.money($0, row.currency)) a month" } ?? ""),
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
        Styled(page.time(row.at), .dim), Styled(row.by ?? ""), Styled(said(row)), Styled(row.note ?? "", .dim),
      ])
    }
    return title("Notes") + table.text(width: page.terminal.width, painter: painter)
  }

  private func said(_ row: AccountNote) -> String {
    let what = row.event.prefix { $0 != "." }
    let isTakenBack = row.event == "override.set" && row.value == nil
    let words = [row.kind, isTakenBack ? "taken back" : row.value, row.until.map { "until \($0)" }].compactMap { $0 }
    // It is kept, because another config may have had it, or come to have it; under this one it does nothing.
    let bands = page.model?.bands.bands.map(\.name)
    let isNoBand = row.kind == "band" && row.value.map { bands?.contains($0) == false } ?? false
    let text = words.isEmpty ? "\(what)" : "\(what): \(words.joined(separator: " "))"
    return isNoBand ? "\(text) (there is no such band)" : text
  }
}
