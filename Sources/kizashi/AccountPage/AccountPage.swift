import KizashiCore
import KizashiStore

/// The page a person reads when an alert comes: how the account stands, what changed and why, and where to look next.
struct AccountPage {
  let detail: AccountDetail
  let page: Page

  var painter: Painter { page.painter }
  private var summary: AccountSummary { detail.summary }

  /// The whole page; sections with nothing to say are left out.
  var text: String {
    [
      header, alerts, lastChange, earlierChanges, notes, milestones, contracts, measures, timeline, features, users,
      attributes,
    ].filter { !$0.isEmpty }.joined(separator: "\n")
  }

  /// A section's title, with what belongs to it on the same line.
  func title(_ text: String, _ note: String = "") -> String {
    painter.paint(text.uppercased(), .bold) + (note.isEmpty ? "" : "  " + painter.paint(note, .dim)) + "\n"
  }

  // MARK: Head

  /// Name, score and band; trends; when it was seen.
  private var header: String {
    let band = summary.band ?? "unknown"
    let score = summary.score.map { Wording.fixed($0) } ?? "no score"
    var first = [painter.paint(summary.account, .bold), painter.paint("\(band) \(score)", .band(band))]
    if let computed = summary.computedScore, computed != summary.score {
      first.append("computed \(Wording.fixed(computed))")
    }
    if let coverage = summary.coverage { first.append("coverage \(Wording.percent(coverage))") }
    if let phase = summary.phase { first.append("phase \(phase)") }
    if let touch = summary.touch { first.append("\(touch) touch") }
    if hasLeft { first.append(painter.paint("contract cancelled", .red)) }
    var second = [since(band)]
    second += trend("7 days", summary.trend7Days) + trend("28 days", summary.trend28Days)
    var third: [String] = []
    if let seen = summary.lastSeen { third.append("last seen \(page.timeAndAge(seen))") }
    if let seen = summary.firstSeen { third.append("first seen \(page.time(seen).prefix(10))") }
    if third.isEmpty { third.append("no usage seen yet") }
    return [
      first.joined(separator: "  ·  "), second.joined(separator: "  ·  "), third.joined(separator: "  ·  "),
      painter.paint("as of \(page.time(page.now)) (\(page.zone))", .dim),
    ].joined(separator: "\n") + "\n"
  }

  private func since(_ band: String) -> String {
    if let since = detail.bandSince { return "\(band) since \(page.timeAndAge(since))" }
    guard let first = detail.scoreHistory.first, detail.scoreHistory.count < 90 else { return band }
    return "\(band) since it was first scored, \(page.time(first.at).prefix(10))"
  }

  private func trend(_ length: String, _ points: Double?) -> [String] {
    guard let points else { return [] }
    let change = Styled("\(Wording.signedFixed(points)) \(Wording.arrow(points))", .change(points))
    return ["\(length) \(painter.paint(change))"]
  }

  // MARK: Alerts

  private var alerts: String {
    let firing = detail.alerts.filter { $0.state == AlertTransition.State.firing.name }
    let resolved = detail.alerts.filter { $0.state != AlertTransition.State.firing.name }.prefix(2)
    if firing.isEmpty && resolved.isEmpty { return "" }
    var text = title("Alerts", firing.isEmpty ? "none is firing" : "")
    for alert in firing {
      let marker = painter.paint("●", .severity(alert.severity))
      text +=
        "  \(marker) \(painter.paint(alert.rule, .bold)) (\(painter.paint(alert.severity, .plain))) "
        + "firing since \(page.timeAndAge(alert.at))\(alert.isShadow ? ", in shadow" : "")\n"
      text += "    \(painter.paint(alert.reason, .plain))\n"
      if let playbook = alert.playbook { text += "    suggested playbook: \(painter.paint(playbook, .cyan))\n" }
    }
    for alert in resolved {
      let end = alert.resolved.map { ", resolved \(Wording.ago($0, now: page.now))" } ?? ""
      text += painter.paint("  ○ \(alert.rule) fired \(page.time(alert.at))\(end): \(alert.reason)", .dim) + "\n"
    }
    return text
  }

  // MARK: Changes

  /// The newest entry of the score, else of anything but a rule: a rule's move has the reasons of the entry beside it.
  private var newest: JournalEntry? {
    let ofScore = [Change.Kind.score, .band, .config].map(\.name)
    return detail.changes.last { ofScore.contains($0.kind) } ?? detail.changes.last { $0.kind != Change.Kind.rule.name }
  }

  private var lastChange: String {
    guard let change = newest else { return "" }
    var text = title("What changed last", page.timeAndAge(change.at))
    text += "  " + ChangeWords.what(change).map(painter.paint).joined() + "\n"
    for line in change.because { text += ChangeWords.line(line, page: page, indent: 4) }
    if change.because.isEmpty, change.delta == nil, change.kind == Change.Kind.band.name {
      text += "    no score before or after, so there is nothing to add up\n"
    }
    return text + wayThere(change) + sinceThen(change)
  }

  /// What had taken the score to where the band then followed it.
  private func wayThere(_ change: JournalEntry) -> String {
    guard ChangeWords.isWaitOver(change),
      let before = detail.changes.last(where: {
        $0.sequence < change.sequence && !$0.because.isEmpty && $0.kind != Change.Kind.rule.name
      })
    else { return "" }
    let what = ChangeWords.what(before).map(painter.paint).joined()
    return "    \(page.time(before.at))  \(what)\n"
      + before.because.map { ChangeWords.line($0, page: page, indent: 6) }.joined()
  }

  /// What the score has moved since an entry of it: too little for the next one, or later on the same day, which has only one.
  private func sinceThen(_ change: JournalEntry) -> String {
    guard change.kind == Change.Kind.score.name, let then = change.to.flatMap(Double.init), let now = summary.score,
      abs(now - then) >= 0.005
    else { return "" }
    return "    since then \(Wording.signedFixed(now - then)) points, to \(Wording.fixed(now))\n"
  }

  private var earlierChanges: String {
    let others = detail.changes.filter { $0 != newest }
    guard !others.isEmpty else { return "" }
    var table = Table(
      [.init(title: ""), .init(title: "", minimum: 12), .init(title: "", minimum: 12)], indent: 2, showsTitles: false)
    for change in others.reversed() {
      let reasons = change.kind == Change.Kind.rule.name ? "" : ChangeWords.summary(change.because)
      table.rows.append([
        Styled(page.time(change.at), .dim), Styled(ChangeWords.what(change).map(\.text).joined()),
        Styled(reasons, .dim),
      ])
    }
    return title("Changes before") + table.text(width: page.terminal.width, painter: painter)
  }
}
