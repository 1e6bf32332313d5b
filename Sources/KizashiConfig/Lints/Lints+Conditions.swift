import KizashiCore

extension Lints {
  /// Conditions that hold for nobody, whoever it is, so that what they limit never comes about.
  func warnOfConditions() {
    for segment in model.segments {
      warn(["segments", segment.name], segment.when, "nobody ever belongs to this segment")
    }
    for phase in model.phases { warn(["phases", phase.name], phase.when, "nobody is ever in this phase") }
    if case .computed(let cases) = model.touch {
      for touch in cases { warn(["touch", touch.name], touch.when, "nobody ever has this touch") }
    }
    for card in model.scorecards {
      warn(["scorecards", card.name, "when"], card.when, "nobody is ever scored by this scorecard")
      for cap in card.caps { warn(["scorecards", card.name, "caps"], cap.condition, "one of the caps never applies") }
    }
    for rule in model.rules {
      warn(["rules", rule.name, "when"], rule.when, "this rule can never fire")
      if let until = rule.until { warn(["rules", rule.name, "until"], until, "until has no effect") }
      if let clear = rule.clear {
        let effect = rule.when == .always ? "what opens never resolves" : "what opens resolves only with its when"
        warn(["rules", rule.name, "clear"], clear, effect)
      }
    }
  }

  private func warn(_ path: [String], _ condition: Condition, _ effect: String) {
    guard let why = whyNever(condition) else { return }
    warn(path, "\(effect): \(why)", hint: "mend the condition or leave it out")
  }

  /// Why a condition holds for nobody; nil: it can hold, or nobody can tell. An override makes a band, so bands are not looked at.
  private func whyNever(_ condition: Condition) -> String? {
    switch condition {
    case .all(let parts): return parts.lazy.compactMap(whyNever).first
    case .any(let parts): return whyNever(all: parts) { whyNever($0) }
    case .attribute(_, .within(let range)), .renewal(let range): return whyEmpty(range)
    case .tenure(let range):
      return whyEmpty(range) ?? (range.meets(low: Rational(0), high: nil) ? nil : "no tenure is below 0")
    case .measure(let name, let range):
      guard let grades = ranges.grades[name] else { return whyEmpty(range) }
      let span = "between \(decimalText(grades.lowerBound)) and \(decimalText(grades.upperBound))"
      return whyEmpty(range)
        ?? (range.meets(low: grades.lowerBound, high: grades.upperBound) ? nil : "the grade of \(name) lies \(span)")
    case .segment(let names):
      return whyNever(all: names) { name in
        model.segments.first { $0.name == name }.flatMap { whyNever($0.when) }.map { "segment \(quoted(name)): \($0)" }
      }
    case .phase(let names):
      return whyNever(all: names) { name in
        model.phases.first { $0.name == name }.flatMap { whyNever($0.when) }.map { "phase \(quoted(name)): \($0)" }
      }
    case .touch(let names):
      guard case .computed(let cases) = model.touch else { return nil }
      return whyNever(all: names) { name in
        cases.first { $0.name == name }.flatMap { whyNever($0.when) }.map { "touch \(quoted(name)): \($0)" }
      }
    case .not, .band, .contract, .product, .attribute(_, .oneOf), .milestone: return nil
    }
  }

  /// The first reason, where each of the choices has one.
  private func whyNever<Choice>(all choices: [Choice], _ why: (Choice) -> String?) -> String? {
    let reasons = choices.compactMap(why)
    return reasons.count == choices.count ? reasons.first : nil
  }

  private func whyEmpty(_ range: NumberRange) -> String? {
    range.meets(low: nil, high: nil) ? nil : "no number is \(range.words)"
  }
}

extension NumberRange {
  /// Whether a number between two bounds, both included, lies in the range.
  fileprivate func meets(low: Rational?, high: Rational?) -> Bool {
    guard let least = [above, atLeast, low].compactMap(\.self).max(),
      let most = [below, atMost, high].compactMap(\.self).min()
    else { return true }
    return least < most || least == most && least != above && most != below
  }

  /// `above 50 and below 20`.
  fileprivate var words: String {
    [("above", above), ("at least", atLeast), ("below", below), ("at most", atMost)]
      .compactMap { word, bound in bound.map { "\(word) \(decimalText($0))" } }.joined(separator: " and ")
  }
}
