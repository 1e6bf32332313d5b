extension Engine {
  /// One sentence for people: why a rule moved.
  mutating func reason(_ index: Int, _ account: AccountID, _ step: RuleMachine.Step) -> String {
    let a = Int(account)
    let ended = step.to == .ok
    if ended && !holds(compiled.rules[index].when, account) {
      return "the rule does not apply to this account any more"
    }
    switch compiled.rules[index].condition {
    case .bandChange:
      let band = compiled.bands.name(scores.core(account).pointee.band)
      return ended ? "the band is \(band) now" : "the band became \(band)"
    case .drop(let by, let within, let history):
      let high = drops[a * compiled.dropCount + history].highest
      let score = scores.core(account).pointee.score
      let span = ReasonText.span(within)
      guard score >= 0 else { return "there is no score any more" }
      let fall = ReasonText.points(high - score)
      return ended
        ? "the score is \(ReasonText.points(score)), no longer \(ReasonText.points(by)) below its highest of the last \(span)"
        : "the score fell \(fall) points, from \(ReasonText.points(high)) to \(ReasonText.points(score)), within \(span)"
    case .measure(let measure, let comparison, let clear):
      let grade = scores.grades(account)[measure]
      let value = grade < 0 ? nil : Rational(Int128(grade), 100)
      return ReasonText.threshold("the grade of \(compiled.measures[measure].name)", value, comparison, clear, ended)
    case .metric(let metric, let comparison, let clear):
      guard case .threshold(.metric(let written), _, _) = compiled.rules[index].rule.kind else { return "" }
      return ReasonText.threshold(written.plainWords, value(metric, account), comparison, clear, ended)
    case .band(let bands):
      let band = compiled.bands.name(scores.core(account).pointee.band)
      let names = bands.map { compiled.bands.name($0) }.joined(separator: " or ")
      let length = compiled.rules[index].rule.forMilliseconds
      if ended { return "the band is \(band), no longer \(names)" }
      return length == 0 ? "the band is \(band)" : "the band has been \(names) for \(ReasonText.span(length))"
    case .collapse(let trend, let most):
      guard case .breadthCollapse(let hours, _, _) = compiled.rules[index].rule.kind,
        let change = value(trend, account)
      else { return "too few features were used to compare" }
      let share = ReasonText.percent(change + Rational(1))
      let limit = ReasonText.percent(most + Rational(1))
      return
        "the features used are \(share) of those of the \(ReasonText.span(hours: hours)) before, "
        + (ended ? "more than \(limit)" : "\(limit) or less")
    case .adopted(let days, let least):
      guard case .adopted(let feature, let hours, _) = compiled.rules[index].rule.kind else { return "" }
      let used = value(days, account)?.text(digits: 0) ?? "0"
      return
        "\(ended ? ReasonText.isUsed(feature) : "\(ReasonText.used(feature)) came into use:") on \(used) \(used == "1" ? "day" : "days") of the last "
        + ReasonText.span(hours: hours)
        + (ended ? ", fewer than \(least.text(digits: 0))" : "")
    case .silence(let leaf, let after, _):
      let name = ReasonText.feature(compiled.leaves[leaf].feature)
      return ended
        ? "\(ReasonText.isUsed(compiled.leaves[leaf].feature)) again"
        : "no event of \(name) for \(ReasonText.span(after))"
    case .overdue(let milestone):
      let name = compiled.model.milestones[milestone].name
      if customers.milestones(account)[milestone].reachedAt != .max { return "\(name) is reached" }
      guard !ended, let due = due(milestone, account) else { return "\(name) is not due any more" }
      return "\(name) was due on \(ReasonText.date(daySteps.day(of: due).number)) and is not reached"
    case .abandoned(_, let days, _, _):
      guard case .abandoned(let feature, let hours, let before, _, _) = compiled.rules[index].rule.kind else {
        return ""
      }
      let name = ReasonText.feature(feature)
      let used = value(days, account)?.text(digits: 0) ?? "0"
      return ended
        ? "\(ReasonText.isUsed(feature)) again, or nothing else is"
        : "no event of \(name) for \(ReasonText.span(hours: hours)), after \(used) active days in the "
          + "\(ReasonText.span(hours: before)) before; the account uses other things"
    case .powerUserLost(let after, let role, let slot):
      guard !ended, let lost = lostPowerUser(account, after: after, role: role, slot: slot) else {
        return "no power user is missing any more"
      }
      return self.reason(lost, account, after: after, role: role)
    case .holds:
      guard case .attribute(let name, _) = compiled.rules[index].rule.kind else { return "" }
      let value = attributes.value(account, name)?.shown
      return value.map { "\(name) is \($0)" } ?? "\(name) is not set"
    case .marked(let within):
      guard case .attributeChanged(let name, _) = compiled.rules[index].rule.kind else { return "" }
      let value = attributes.value(account, name)?.shown
      return ended
        ? "\(name) changed \(ReasonText.span(within)) ago"
        : value.map { "\(name) became \($0)" } ?? "\(name) was removed"
    case .composite(let all, let rules):
      let states = scores.rules(account)
      let firing = rules.filter { states[$0].phase == .firing }.map { compiled.rules[$0].rule.name }
      return ended
        ? (all ? "not all of its rules fire any more" : "none of its rules fires any more")
        : "\(firing.joined(separator: " and ")) \(firing.count == 1 ? "fires" : "fire")"
    case .shift(let watch): return shiftReason(watch, account, ended: ended)
    }
  }
}

/// Words of the reasons that alerts carry.
enum ReasonText {
  static func points(_ hundredths: Int32) -> String { Rational(Int128(hundredths), 100).text(digits: 2) }

  static func feature(_ feature: FeatureReference) -> String {
    switch feature {
    case .any: "any feature"
    case .core: "the core features"
    case .named(let name): name
    case .matching(let feature, _): ReasonText.feature(feature)
    }
  }

  /// What there is use of; ``feature(_:)`` says what there is none of.
  static func used(_ of: FeatureReference) -> String {
    switch of {
    case .any: "something"
    case .matching(let whole, _): used(whole)
    case .core, .named: feature(of)
    }
  }

  /// `exports is used`, `the core features are used`.
  static func isUsed(_ of: FeatureReference) -> String {
    if case .core = of { return "\(feature(of)) are used" }
    if case .matching(let whole, _) = of { return isUsed(whole) }
    return "\(used(of)) is used"
  }

  static func percent(_ share: Rational) -> String { "\((share * Rational(100)).text(digits: 0)) %" }

  static func span(hours: Int) -> String { span(Int64(hours) * 3_600_000) }

  static func span(_ span: RuleSpan) -> String {
    switch span {
    case .milliseconds(let length): ReasonText.span(length)
    case .businessDays(let days): days == 1 ? "1 business day" : "\(days) business days"
    }
  }

  static func span(_ milliseconds: Int64) -> String {
    for (unit, length) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
    where milliseconds >= length && milliseconds % length == 0 { return "\(milliseconds / length)\(unit)" }
    return "\(milliseconds)ms"
  }

  static func threshold(
    _ what: String, _ value: Rational?, _ comparison: Comparison, _ clear: Rational?, _ ended: Bool
  ) -> String {
    guard let value else { return "\(what) is missing" }
    let (word, limit): (String, Rational) =
      switch comparison {
      case .above(let limit): ("above", limit)
      case .below(let limit): ("below", limit)
      }
    let bound = ended ? clear ?? limit : limit
    // As many digits as tell them apart, where they differ at all: 0.904 is above 0.900, and 0.90 is not above 0.90.
    let digits = value == bound ? 2 : (2..<6).first { value.text(digits: $0) != bound.text(digits: $0) } ?? 6
    let (shown, least) = (decimal(value, digits), decimal(bound, digits))
    return "\(what) is \(shown), \(ended ? "no longer \(word)" : word) \(least)"
  }

  /// With a minus sign, not a hyphen.
  private static func decimal(_ value: Rational, _ digits: Int) -> String {
    let text = value.text(digits: digits)
    return text.hasPrefix("-") ? "−\(text.dropFirst())" : text
  }
}
