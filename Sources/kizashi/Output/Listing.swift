import ArgumentParser
import KizashiCore
import KizashiStore

/// The shapes every listing can be printed in.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
  case table
  case json
  case csv
  case ndjson
}

/// One column of a listing: a key for machines, a title and a look for people.
struct Column<Row> {
  /// The name in JSON and CSV; nil: shown to people only.
  var key: String?
  /// The heading in the table; nil: not in the table.
  var title: String?
  var alignment: Alignment = .left
  /// See ``Table/Column/minimum``.
  var minimum: Int?
  /// See ``Table/Column/isOptional``.
  var isOptional = false
  var value: (Row) -> Value
  var cell: (Row, Page) -> Styled

  /// Text, the same for people and machines.
  static func text(
    _ key: String, _ title: String?, minimum: Int? = nil, style: @escaping (Row) -> Style = { _ in .plain },
    _ text: @escaping (Row) -> String?
  ) -> Column {
    Column(
      key: key, title: title, minimum: minimum, value: { Value(text($0)) },
      cell: { row, _ in Styled(text(row) ?? "–", text(row) == nil ? .dim : style(row)) })
  }

  /// A whole number; digits grouped for people.
  static func count(_ key: String, _ title: String?, _ number: @escaping (Row) -> Int64?) -> Column {
    Column(
      key: key, title: title, alignment: .right, value: { Value(number($0)) },
      cell: { row, _ in number(row).map { Styled(Wording.grouped($0)) } ?? Styled("–", .dim) })
  }

  /// Points of a score: two digits.
  static func points(
    _ key: String, _ title: String?, signed: Bool = false, _ number: @escaping (Row) -> Double?
  ) -> Column {
    Column(
      key: key, title: title, alignment: .right, value: { Value(number($0)) },
      cell: { row, _ in
        guard let points = number(row) else { return Styled("–", .dim) }
        return signed ? Styled(Wording.signedFixed(points), .change(points)) : Styled(Wording.fixed(points))
      })
  }

  /// A moment: RFC 3339 in UTC for machines, its age for people.
  static func time(_ key: String, _ title: String?, _ instant: @escaping (Row) -> Instant?) -> Column {
    Column(
      key: key, title: title, value: { Value(instant($0).map(InstantText.text)) },
      cell: { row, page in
        instant(row).map { Styled(Wording.ago($0, now: page.now)) } ?? Styled("–", .dim)
      })
  }

  /// A moment that people read as date and time.
  static func date(_ key: String, _ title: String?, _ instant: @escaping (Row) -> Instant?) -> Column {
    Column(
      key: key, title: title, value: { Value(instant($0).map(InstantText.text)) },
      cell: { row, page in instant(row).map { Styled(page.time($0)) } ?? Styled("–", .dim) })
  }

  /// The same column, left out of the table where the terminal is narrow.
  var optional: Column {
    var column = self
    column.isOptional = true
    return column
  }

  /// For machines only.
  static func hidden(_ key: String, _ value: @escaping (Row) -> Value) -> Column {
    Column(key: key, title: nil, value: value, cell: { _, _ in Styled("") })
  }
}

/// Prints rows of one kind in the format that was asked for.
struct Listing<Row> {
  var columns: [Column<Row>]
  /// What a person reads where there are no rows.
  var nothing: String

  /// All rows as one text.
  func text(_ rows: [Row], format: OutputFormat, page: Page) -> String {
    switch format {
    case .table: table(rows, page: page)
    case .json:
      rows.isEmpty ? "[]\n" : "[\n" + rows.map { "  " + object($0).json }.joined(separator: ",\n") + "\n]\n"
    case .ndjson: rows.map { object($0).json + "\n" }.joined()
    case .csv: csvHeader + rows.map { csvRow($0, page: page) }.joined()
    }
  }

  /// A row as its JSON object.
  func object(_ row: Row) -> Value {
    .object(columns.compactMap { column in column.key.map { Value.Field($0, column.value(row)) } })
  }

  /// The CSV heading with its line end.
  var csvHeader: String { columns.compactMap(\.key).map(CSV.field).joined(separator: ",") + CSV.lineEnd }

  /// A row as CSV with its line end.
  func csvRow(_ row: Row, page: Page) -> String {
    let fields = columns.filter { $0.key != nil }.map { column in
      let text = column.value(row).csvText
      // To a file the field is kept as it is; on a terminal nothing foreign goes out raw.
      return CSV.field(page.terminal.isTerminal ? Visible.text(text) : text)
    }
    return fields.joined(separator: ",") + CSV.lineEnd
  }

  private func table(_ rows: [Row], page: Page) -> String {
    guard !rows.isEmpty else { return page.painter.paint(nothing, .dim) + "\n" }
    let shown = columns.filter { $0.title != nil }
    var table = Table(
      shown.map {
        Table.Column(
          title: $0.title ?? "", alignment: $0.alignment, minimum: $0.minimum, isOptional: $0.isOptional)
      })
    table.rows = rows.map { row in shown.map { $0.cell(row, page) } }
    return table.text(width: page.terminal.width, painter: page.painter)
  }
}

/// RFC 4180, but for the line end: a bare LF, as the other tools of a pipe expect.
enum CSV {
  static let lineEnd = "\n"

  /// Quoted where it must be.
  static func field(_ text: String) -> String {
    let special: Set<Unicode.Scalar> = ["\"", ",", "\n", "\r"]
    guard text.unicodeScalars.contains(where: special.contains) || text.first == " " || text.last == " " else {
      return text
    }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" { quoted += "\"" }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }
}
