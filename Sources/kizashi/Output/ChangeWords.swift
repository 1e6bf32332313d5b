import KizashiCore
import KizashiStore

/// A change in words.
enum ChangeWords {
  /// What changed: `green → yellow −35.38`, `91.81 → 56.43 −35.38`, `rule health-drop ok → firing`.
  static func what(_ change: JournalEntry) -> [Styled] {
    let from = change.from ?? "none"
    let to = change.to ?? "none"
    let delta = change.delta.map { [Styled("  "), Styled("\(Wording.signedFixed($0)) points", .change($0))] } ?? []
    switch change.kind {
    case Change.Kind.band.name where isWaitOver(change):
      return [
        Styled(from, .band(change.from)), Styled(" → "), Styled(to, .band(change.to)),
        Styled(", because the score stayed there (down_for)"),
      ]
    case Change.Kind.band.name:
      return [Styled(from, .band(change.from)), Styled(" → "), Styled(to, .band(change.to))] + delta
    case Change.Kind.score.name: return [Styled("score \(from) → \(to)")] + delta
    case Change.Kind.rule.name:
      return [Styled("rule "), Styled(change.subject, .bold), Styled(" \(from) → "), Styled(to, state(to))]
    case Change.Kind.config.name where change.from == change.to:
      // Such an entry has its scores and not its bands, and is written where one of the two has changed.
      return [Styled("config \(to), in another band now")]
    case Change.Kind.milestone.name:
      return [Styled("milestone "), Styled(change.subject, .bold), Styled(" \(to)", .green)]
    case Change.Kind.phase.name where change.cause == Cause.config.name:
      // Nothing that the customer did.
      return [Styled("phase \(from) → \(to), because the configuration changed")]
    default:
      let subject = change.subject.isEmpty ? change.kind : "\(change.kind) \(change.subject)"
      return [Styled("\(subject) \(from) → \(to)")] + delta
    }
  }

  /// Whether a band fell although the score did not move: it had been below the bound, for as long as that takes.
  static func isWaitOver(_ change: JournalEntry) -> Bool {
    change.kind == Change.Kind.band.name && change.delta == 0 && change.because.isEmpty
      && ![change.from, change.to].contains("unknown")
  }

  /// One reason: `−30.40 points  reports_trend 0.02 → −0.38, because usage of 28 days ago left the window (expiry)`.
  static func line(_ line: StoredExplanation, page: Page, indent: Int) -> String {
    let points = Styled(Wording.signedFixed(line.points), .change(line.points))
    let padding = String(repeating: " ", count: indent)
    let because =
      Because.sentence(of: line.measure, cause: line.cause)
      ?? Because.sentence(cause: line.cause, metric: page.metric(ofMeasure: line.measure))
    return "\(padding)\(page.painter.paint(points, width: 7, .right)) points  "
      + "\(page.painter.paint(sentence(line), .plain)), \(because)\n"
  }

  /// The reasons of an entry as one short text: `reports_trend −30.40, active_users −4.98`.
  static func summary(_ lines: [StoredExplanation], most: Int = 3) -> String {
    let shown = lines.prefix(most).map { "\($0.measure) \(Wording.signedFixed($0.points))" }.joined(separator: ", ")
    return lines.count > most ? "\(shown), and \(lines.count - most) more" : shown
  }

  private static func sentence(_ line: StoredExplanation) -> String {
    switch (line.from, line.to) {
    case (nil, nil): line.measure
    case (let from, let to):
      if from == to {
        "\(line.measure) still at \(value(from))"
      } else {
        "\(line.measure) \(value(from)) → \(value(to))"
      }
    }
  }

  private static func value(_ text: String?) -> String {
    guard let text else { return "missing" }
    return text.hasPrefix("-") ? "−\(text.dropFirst())" : text
  }

  private static func state(_ name: String) -> Style {
    switch name {
    case "firing": .red
    case "pending": .yellow
    case "ok": .green
    default: .plain
    }
  }
}
