/// A table for people: columns as wide as their contents, the flexible ones cut with `…` where the terminal ends.
struct Table {
  /// One column.
  struct Column: Sendable {
    var title: String
    var alignment: Alignment = .left
    /// The least cells it may be cut to; nil: never cut.
    var minimum: Int?
    /// Whether it may be left out where the terminal is too narrow for all; the last such column goes first.
    var isOptional = false
  }

  var columns: [Column]
  var rows: [[Styled]] = []
  /// Cells between columns.
  var gap = 2
  /// Cells before the first column.
  var indent = 0
  var showsTitles = true

  init(_ columns: [Column], indent: Int = 0, showsTitles: Bool = true) {
    self.columns = columns
    self.indent = indent
    self.showsTitles = showsTitles
  }

  /// The table as lines, each with its line end.
  /// - Parameter width: the terminal's cells; nil: as wide as it needs (piped output is never cut).
  func text(width: Int?, painter: Painter) -> String {
    let widths = columnWidths(within: width)
    let total = indent + widths.reduce(0, +) + gap * max(0, columns.count - 1)
    if let width, total > width, let last = columns.lastIndex(where: \.isOptional) {
      return without(last).text(width: width, painter: painter)
    }
    var result = ""
    if showsTitles {
      result += line(columns.map { Styled($0.title, .dim) }, widths, painter)
    }
    for row in rows { result += line(row, widths, painter) }
    return result
  }

  private func without(_ column: Int) -> Table {
    var table = self
    table.columns.remove(at: column)
    table.rows = rows.map { row in
      var row = row
      row.remove(at: column)
      return row
    }
    return table
  }

  /// How wide each column becomes.
  func columnWidths(within width: Int?) -> [Int] {
    var widths = columns.map { showsTitles ? DisplayWidth.of($0.title) : 0 }
    for row in rows {
      for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.width) }
    }
    guard let width else { return widths }
    var excess = indent + widths.reduce(0, +) + gap * max(0, columns.count - 1) - width
    // Cut the widest flexible column cell by cell, so that one long name does not starve the others.
    while excess > 0 {
      let flexible = columns.indices.filter { widths[$0] > columns[$0].minimum ?? .max }
      guard let widest = flexible.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }

  private func line(_ cells: [Styled], _ widths: [Int], _ painter: Painter) -> String {
    var result = String(repeating: " ", count: indent)
    for (index, cell) in cells.enumerated() {
      let isLast = index == cells.count - 1
      let fitted = cell.truncated(to: widths[index])
      let pads = !isLast || columns[index].alignment == .right
      result += pads ? painter.paint(fitted, width: widths[index], columns[index].alignment) : painter.paint(fitted)
      if !isLast { result += String(repeating: " ", count: gap) }
    }
    while result.last == " " { result.removeLast() }
    return result + "\n"
  }
}
