import KizashiConfig
import KizashiCore
import KizashiDaemon
import KizashiStore

/// What a scenario expected, and what happened instead, in plain words.
struct ScenarioWords {
  /// What happened, with its explanation where it has one.
  struct Sentence: Equatable {
    var text: String
    var at: Instant?
    var because: [StoredExplanation] = []
  }

  let page: Page
  let start: Instant

  // MARK: Expected

  /// `alert gone-quiet opens on 2026-05-14 and resolves before 40d`.
  static func expected(_ what: Expectation.What) -> String {
    switch what {
    case .alert(let alert): expected(alert)
    case .noAlert(let rules, let during):
      (rules.isEmpty ? "no alert" : "no alert of \(or(rules))") + (during.map { " \(phrase($0.text))" } ?? "")
    case .noOther(let kinds, let during): expected(noOther: kinds) + (during.map { " \(phrase($0.text))" } ?? "")
    case .change(let change): expected(change)
    case .noChange(let change): "never: \(expected(change))"
    case .band(let bands, let time): "band \(or(bands)) \(when(time))"
    case .score(let number, let time): "score \(number.text) \(when(time))"
    case .measure(let name, let grade, let value, _, let text):
      "measure \(name): "
        + [grade.map { "grade \($0.text)" }, value.map { "value \($0.text)" }].compactMap { $0 }.joined(separator: ", ")
        + " \(phrase(text))"
    }
  }

  private static func expected(_ alert: ExpectedAlert) -> String {
    var text = "alert \(alert.rule) opens"
    if let opens = alert.opens { text += " \(phrase(opens.text))" }
    switch alert.resolves {
    case .never: text += " and does not resolve"
    case .within(let time): text += " and resolves \(phrase(time.text))"
    case nil: break
    }
    if let times = alert.times { text += times == 1 ? ", once" : ", \(times) times" }
    if let reason = alert.reason { text += ", its reason says “\(reason)”" }
    return text + (alert.because.map(because) ?? "")
  }

  /// `no other alert and no other change of band`.
  private static func expected(noOther kinds: [OtherKind]) -> String {
    guard kinds != OtherKind.all else { return "nothing else happens" }
    let changes = kinds.filter { $0 != .alert }.map(\.name)
    return [
      kinds.contains(.alert) ? "no other alert" : nil, changes.isEmpty ? nil : "no other change of \(or(changes))",
    ]
    .compactMap { $0 }.joined(separator: " and ")
  }

  private static func expected(_ change: ExpectedChange) -> String {
    var text = change.kind
    if let subject = change.subject { text += " \(subject)" }
    if !change.from.isEmpty { text += " from \(or(change.from))" }
    text += change.to.isEmpty ? " changes" : " becomes \(or(change.to))"
    if let when = change.when { text += " \(phrase(when.text))" }
    return text + (change.because.map(because) ?? "")
  }

  private static func because(_ reason: ExpectedReason) -> String {
    let cause = reason.cause.map { "(\($0))" }
    return ", most of all because of "
      + [reason.measure ?? "any measure", cause].compactMap { $0 }.joined(separator: " ")
  }

  private static func when(_ time: ExpectedTime) -> String {
    switch time {
    case .at(_, let text): phrase(text)
    case .during(let time): phrase(time.text)
    }
  }

  /// `on 2026-05-14`, `at 13d 4h`, `between 12d and 14d`.
  private static func phrase(_ text: String) -> String {
    if ["before", "from", "between", "always"].contains(where: { text.hasPrefix($0) }) { return text }
    return text.utf8.count == 10 && text.contains("-") ? "on \(text)" : "at \(text)"
  }

  private static func or(_ names: [String]) -> String { names.joined(separator: " or ") }

  // MARK: Instead

  /// What happened instead of what was expected, the nearest first.
  func instead(_ verdict: Verdict) -> [Sentence] { verdict.instead.map { sentence($0, verdict.expectation.what) } }

  private func sentence(_ instead: Verdict.Instead, _ what: Expectation.What) -> Sentence {
    switch instead {
    case .episode(let episode, let misses): return sentence(episode, misses, what)
    case .change(let entry, let misses):
      let words = ChangeWords.what(entry).map(\.text).joined()
      let why = misses.compactMap { $0 == .because ? another(entry.because) : differs($0) }
      return Sentence(
        text: "\(words), \(time(entry.at))" + (why.isEmpty ? "" : ": \(why.joined(separator: ", "))"), at: entry.at,
        because: entry.because)
    case .count(let number):
      return Sentence(text: "there \(number == 1 ? "is" : "are") \(Wording.counted(Int64(number), "such alert"))")
    case .pending(let entry):
      return Sentence(text: "\(entry.subject) was pending from \(time(entry.at)), not for long enough", at: entry.at)
    case .state(let state, let instant):
      guard let state else { return Sentence(text: "nothing had happened to it by \(time(instant))", at: instant) }
      return Sentence(text: "\(time(instant)): \(score(state)), band \(state.band)", at: instant)
    case .measure(let state, let instant):
      guard let state else { return Sentence(text: "nothing had happened to it by \(time(instant))", at: instant) }
      let grade = state.grade.map { Rational(Int128($0), 100).text(digits: 2) } ?? "none"
      let value = state.value.map(decimalText) ?? "missing"
      return Sentence(text: "\(time(instant)): grade \(grade), value \(value)", at: instant)
    case .course(let states): return Sentence(text: "nothing of the kind happened; \(course(states))")
    }
  }

  private func sentence(_ episode: Story.Episode, _ misses: [Verdict.Miss], _ what: Expectation.What) -> Sentence {
    var text = "it opened \(time(episode.opened))"
    switch what {
    case .noAlert, .noOther: text = "\(episode.rule) opened \(time(episode.opened))"
    default: break
    }
    let opening = misses.compactMap { miss -> String? in
      switch miss {
      case .early(let length): "\(span(length)) too early"
      case .late(let length): late(length)
      default: nil
      }
    }
    text += opening.map { ", \($0)" }.joined() + ": \(episode.reason)"
    if misses.contains(.because) { text += "; \(another(episode.because))" }
    if misses.contains(.stillOpen) { text += "; it is still open at the end" }
    if let resolved = episode.resolved {
      let off = misses.compactMap { miss -> String? in
        switch miss {
        case .resolvedEarly(let length): "\(span(length)) too early"
        case .resolvedLate(let length): late(length)
        default: nil
        }
      }
      if !off.isEmpty || misses.contains(.resolved) {
        text += "; it resolved \(time(resolved))" + off.map { ", \($0)" }.joined()
        text += episode.resolution.map { ": \($0)" } ?? ""
      }
    }
    return Sentence(text: text, at: episode.opened, because: episode.because)
  }

  private func another(_ lines: [StoredExplanation]) -> String {
    guard let top = lines.first else { return "it carries no reason" }
    return "the first reason is \(top.measure) (\(top.cause))"
  }

  private func differs(_ miss: Verdict.Miss) -> String? {
    switch miss {
    case .early(let length): "\(span(length)) too early"
    case .late(let length): late(length)
    case .from: "from another"
    case .to: "to another"
    default: nil
    }
  }

  /// `score 96.22 at first, lowest 71.20 on 2026-05-01 09:00 (13d 9h), 90.00 at the end; bands: green`.
  private func course(_ states: [Story.State]) -> String {
    guard let first = states.first, let last = states.last else { return "there was no event at all" }
    var text = "\(score(first)) at first"
    let lowest = states.filter { $0.score != nil }.min { ($0.score ?? 0) < ($1.score ?? 0) }
    if let lowest { text += ", lowest \(points(lowest.score)) on \(time(lowest.at))" }
    var bands: [String] = []
    for state in states where bands.last != state.band { bands.append(state.band) }
    return "\(text), \(points(last.score)) at the end; band \(bands.joined(separator: " → "))"
  }

  private func score(_ state: Story.State) -> String {
    state.score == nil ? "no score" : "score \(points(state.score))"
  }

  private func points(_ hundredths: Int?) -> String {
    hundredths.map { Rational(Int128($0), 100).text(digits: 2) } ?? "none"
  }

  // MARK: Times

  /// `2026-05-14 00:00 (24d)`.
  func time(_ instant: Instant) -> String { "\(page.time(instant)) (\(offset(instant)))" }

  /// As a scenario writes it: `24d 9h`.
  func offset(_ instant: Instant) -> String { StoryLength(from: start, to: instant, page.calendar).text }

  private func late(_ milliseconds: Int64) -> String {
    milliseconds == 0 ? "just too late" : "\(span(milliseconds)) too late"
  }

  /// `2d 30m`.
  private func span(_ milliseconds: Int64) -> String {
    StoryLength(from: Instant(milliseconds: 0), to: Instant(milliseconds: milliseconds), .utc).text
  }
}
