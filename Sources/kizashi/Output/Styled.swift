/// How a piece of output looks on a terminal that shows colour.
enum Style: String, Sendable {
  case plain = ""
  case bold = "1"
  case dim = "2"
  case red = "31"
  case green = "32"
  case yellow = "33"
  case cyan = "36"

  /// The style of a band's name; bands named otherwise are plain.
  static func band(_ name: String?) -> Style {
    switch name {
    case "green": .green
    case "yellow": .yellow
    case "red": .red
    case "unknown", nil: .dim
    default: .plain
    }
  }

  /// The style of a rule's severity.
  static func severity(_ name: String) -> Style {
    switch name {
    case "critical", "high": .red
    case "medium": .yellow
    case "opportunity": .green
    default: .plain
    }
  }

  /// The style of a change of a score.
  static func change(_ delta: Double?) -> Style {
    guard let delta, delta != 0 else { return .dim }
    return delta < 0 ? .red : .green
  }
}

/// A text and its style. The text is foreign until it went through ``Visible``; the initialiser does that.
struct Styled: Sendable, Equatable {
  /// Safe to print.
  let text: String
  let style: Style

  /// Escapes `text`, wherever it came from.
  init(_ text: String, _ style: Style = .plain) {
    self.text = Visible.text(text)
    self.style = style
  }

  /// Escapes bytes that ought to be UTF-8.
  init(bytes: [UInt8], _ style: Style = .plain) { self.init(safe: Visible.text(bytes: bytes), style) }

  /// The terminal cells it takes.
  var width: Int { DisplayWidth.of(text) }

  /// Cut to `width` cells.
  func truncated(to width: Int) -> Styled { Styled(safe: DisplayWidth.truncated(text, to: width), style) }

  private init(safe text: String, _ style: Style) {
    self.text = text
    self.style = style
  }
}

/// Turns styled text into bytes for one place: with colour on a terminal, without it anywhere else.
struct Painter: Sendable {
  /// Whether to write SGR sequences.
  var colour: Bool

  /// The text with its style.
  func paint(_ styled: Styled) -> String {
    guard colour, styled.style != .plain, !styled.text.isEmpty else { return styled.text }
    return "\u{1b}[\(styled.style.rawValue)m\(styled.text)\u{1b}[0m"
  }

  /// Our own or foreign text with a style.
  func paint(_ text: String, _ style: Style) -> String { paint(Styled(text, style)) }

  /// Padded to `width` cells; longer text stays whole.
  func paint(_ styled: Styled, width: Int, _ alignment: Alignment = .left) -> String {
    let padding = String(repeating: " ", count: max(0, width - styled.width))
    return alignment == .left ? paint(styled) + padding : padding + paint(styled)
  }
}

/// Where a cell's text stands in its column.
enum Alignment: Sendable {
  case left
  case right
}
