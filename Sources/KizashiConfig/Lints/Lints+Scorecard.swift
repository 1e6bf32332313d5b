import KizashiCore

extension Lints {
  /// The least move of the score, in points, for which a weight is worth having.
  private static let leastPoints = Rational(1, 2)

  /// Measures and dimensions that move the score by less than half a point, from their worst to their best.
  func warnOfWeights() { for card in model.scorecards { warnOfWeights(card) } }

  private func warnOfWeights(_ card: Scorecard) {
    let all = card.dimensions.reduce(0) { $0 + $1.weight }
    for dimension in card.dimensions {
      let own = dimension.measures.reduce(0) { $0 + $1.weight }
      let path = ["scorecards", card.name, "dimensions", dimension.name]
      let effects = dimension.measures.map { measure in
        let share = Rational(Int128(dimension.weight), Int128(all)) * Rational(Int128(measure.weight), Int128(own))
        let range = ranges.grades[measure.name] ?? Rational(0)...Rational(100)
        return (name: measure.name, points: share * (range.upperBound - range.lowerBound))
      }
      if effects.reduce(Rational(0), { $0 + $1.points }) < Self.leastPoints {
        warn(
          path, "with every measure at hand this dimension moves the score by less than half a point",
          hint: "give it more weight, or leave it out")
        continue
      }
      for effect in effects where effect.points < Self.leastPoints {
        let most = effect.points == Rational(0) ? "not at all" : "by \(effect.points.text(digits: 2)) points at most"
        warn(
          path + ["measures", effect.name], "with every measure at hand this one moves the score \(most)",
          hint: "give it more weight or a steeper grade, or leave it out")
      }
    }
  }

  /// Measures that neither a score, nor a rule, nor a condition looks at.
  func warnOfMeasures() {
    let scored = Set(model.scorecards.flatMap(\.dimensions).flatMap(\.measures).map(\.name))
    var watched = Set(
      model.rules.compactMap { rule in
        if case .threshold(.measure(let name), _, _) = rule.kind { name } else { nil }
      })
    for condition in model.conditions {
      condition.visit { if case .measure(let name, _) = $0 { watched.insert(name) } }
    }
    for measure in model.measures where !scored.contains(measure.name) && !watched.contains(measure.name) {
      warn(
        ["measures", measure.name], "nothing uses this measure: no scorecard and no rule",
        hint: "it is computed and shown; put it into a scorecard, or watch it with a threshold rule")
    }
  }

  /// Bands no account can ever be in, or climb into again.
  func warnOfBands() {
    let unreachable = ranges.unreachable(model.bands)
    let reach =
      "the score lies between \(decimalText(ranges.score.lowerBound)) and \(decimalText(ranges.score.upperBound))"
    for band in model.bands.bands {
      let climbed = Rational(Int128(band.bound + model.bands.clearMargin), 100)
      if unreachable.contains(band.name) {
        warn(
          ["bands", band.name], "by its measures no account can ever be in \(quoted(band.name)): \(reach)",
          hint: "look at the grades of the measures, or move the bound")
      } else if band.bound > 0, ranges.score.upperBound < climbed {
        warn(
          ["bands", band.name],
          "by its measures no account can climb into \(quoted(band.name)), which takes \(decimalText(climbed)) with clear_margin: \(reach)",
          hint: "look at the grades of the measures, move the bound, or lower clear_margin")
      }
    }
  }

  /// Patterns of a feature that another of its patterns makes superfluous.
  func warnOfFeatures() {
    for feature in model.features {
      for (index, pattern) in feature.patterns.enumerated() {
        if let word = Feature.reservedWords.first(where: { pattern.hasPrefix($0) }) {
          warn(
            ["features", feature.name, "events"],
            "\(quoted(pattern)) finds nothing: events whose names begin with \(quoted(word)) are no usage",
            hint: "they say what the score needs beside usage; call a product's own events otherwise")
          continue
        }
        // A star of the one is matched by a star of the other as any text is.
        let other = feature.patterns.enumerated().first { other in
          other.offset != index && KizashiConfig.matches(pattern, pattern: other.element)
            && (other.element != pattern || other.offset < index)
        }
        guard let other else { continue }
        warn(
          ["features", feature.name, "events"],
          "\(quoted(pattern)) finds nothing that \(quoted(other.element)) does not find already", hint: "leave it out")
      }
    }
  }
}
