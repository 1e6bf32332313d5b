import KizashiCore
import KizashiStore

/// What the score is made of.
extension AccountPage {
  /// Measures that stand together in the table.
  private struct Group {
    /// A dimension; nil: in no scorecard.
    var dimension: String?
    var rows: [MeasureState]
  }

  var measures: String {
    guard !detail.measures.isEmpty else { return "" }
    var table = Table(
      [
        .init(title: "MEASURE"), .init(title: "VALUE", alignment: .right), .init(title: "GRADE", alignment: .right),
        .init(title: ""), .init(title: "SHARE", alignment: .right), .init(title: "POINTS", alignment: .right),
        .init(title: "WHAT IT IS", minimum: 10),
      ], indent: 2)
    let groups = self.groups
    for group in groups {
      // With one dimension its name says nothing.
      if groups.count > 1 {
        table.rows.append([Styled(group.dimension ?? "in no scorecard", .dim)] + Array(repeating: Styled(""), count: 6))
      }
      table.rows += group.rows.map(cells)
    }
    var text = title("Measures", "points add up to the score")
    text += table.text(width: page.terminal.width, painter: painter)
    let others = detail.measures.count - groups.reduce(0) { $0 + $1.rows.count }
    if others > 0 {
      text += painter.paint("  and \(others) of other scorecards (--format json has all)", .dim) + "\n"
    }
    return text
  }

  /// The measures of the account's scorecard by its dimensions, then those of none; what only other scorecards have is left out.
  private var groups: [Group] {
    let cards = ownScorecards
    var groups: [Group] = []
    for row in detail.measures {
      var dimension = row.dimension
      if dimension != nil {
        dimension = cards.isEmpty ? dimension : cards.lazy.compactMap { $0.dimension(of: row.measure) }.first
        // What has a grade and no part in the score belongs to another scorecard, also where the config is not at hand.
        guard dimension != nil, row.grade == nil || row.share > 0 else { continue }
      }
      if let place = groups.firstIndex(where: { $0.dimension == dimension }) {
        groups[place].rows.append(row)
      } else {
        groups.append(Group(dimension: dimension, rows: [row]))
      }
    }
    return groups.filter { $0.dimension != nil } + groups.filter { $0.dimension == nil }
  }

  /// The scorecards that the account's can be: those by which just what has a part in its score has one. Where there are several, they
  /// differ for it only in measures that are missing. Empty where the config is not at hand.
  private var ownScorecards: [Scorecard] {
    (page.model?.scorecards ?? []).filter { card in
      detail.measures.allSatisfy { $0.grade == nil || ($0.share > 0) == (card.dimension(of: $0.measure) != nil) }
    }
  }

  private func cells(_ row: MeasureState) -> [Styled] {
    let metric = page.metric(ofMeasure: row.measure)
    let what = metric.map(\.plainWords) ?? ""
    // A sum is shown as far as it is kept: cents of a cent are somebody's prices.
    var digits = 2
    if case .sum = metric { digits = 6 }
    guard let grade = row.grade else {
      return [Styled(row.measure), Styled("missing", .dim)] + Array(repeating: Styled("–", .dim), count: 4)
        + [Styled(what, .dim)]
    }
    return [
      Styled(row.measure),
      row.missing ? Styled("missing", .dim) : Styled(row.value.map { Wording.short($0, digits: digits) } ?? "–"),
      Styled(Wording.fixed(grade)), Styled(Sparkline.bar(grade / 100, cells: 10), style(grade: grade)),
      Styled(row.dimension == nil ? "–" : Wording.percent(row.share)),
      Styled(row.dimension == nil ? "–" : Wording.fixed(row.points)), Styled(what, .dim),
    ]
  }

  /// A grade in the colours of the bands, by their plain bounds.
  private func style(grade: Double) -> Style {
    let bands = page.model?.bands.bands ?? BandModel.standard.bands
    return .band(bands.first { grade * 100 >= Double($0.bound) }?.name ?? bands.last?.name)
  }
}

extension Scorecard {
  /// The name of the dimension a measure stands in; nil: it takes no part.
  fileprivate func dimension(of measure: String) -> String? {
    dimensions.first { dimension in dimension.measures.contains { $0.name == measure } }?.name
  }
}
