import Glibc
import KizashiCore
import Logging

/// Writes each log event as one line: a constant message, then `key=value` in the order of the keys.
///
/// With `<N>` in front where the journal reads (it takes the priority from it and has its own clock), else with the time and
/// the level. Control characters are shown as escapes, so that no event can forge a line or reach a terminal.
package struct LineLogHandler: LogHandler {
  /// How a line begins.
  package enum Style: Sendable, Hashable {
    /// `<6>message`: sd-daemon(3).
    case journal
    /// `2026-01-31T08:15:30.250Z info message`.
    case plain
  }

  /// Longest value of one key, in characters; what is longer ends with `…`.
  private static let valueLimit = 2048

  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  package var logLevel: Logger.Level
  private let style: Style
  private let now: @Sendable () -> Instant
  private let write: @Sendable (String) -> Void

  /// - Parameters:
  ///   - now: The wall clock; not used in the journal's style.
  ///   - write: Gets each line with its line end.
  package init(
    style: Style, level: Logger.Level = .info, now: @escaping @Sendable () -> Instant,
    write: @escaping @Sendable (String) -> Void = { LineLogHandler.writeToStandardError($0) }
  ) {
    self.style = style
    self.logLevel = level
    self.now = now
    self.write = write
  }

  /// Makes every `Logger` write to standard error: in the journal's style where the journal reads it.
  package static func bootstrap(
    level: Logger.Level, environment: [String: String], now: @escaping @Sendable () -> Instant
  ) {
    let style: Style =
      JournalStream.isJournal(descriptor: STDERR_FILENO, environment: environment) ? .journal : .plain
    LoggingSystem.bootstrap { _ in LineLogHandler(style: style, level: level, now: now) }
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes the event's line.
  package func log(event: LogEvent) {
    write(line(event))
  }

  func line(_ event: LogEvent) -> String {
    var line =
      switch style {
      case .journal: "<\(event.level.priority)>"
      case .plain: "\(now().rfc3339) \(event.level.rawValue) "
      }
    line += ControlCharacters.escaped(event.message.description)
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
    if let own = event.metadata { all.merge(own) { _, new in new } }
    if let error = event.error, all["error"] == nil { all["error"] = "\(error)" }
    for (key, value) in all.sorted(by: { $0.key < $1.key }) {
      line += " \(ControlCharacters.escaped(key))=\(Self.shown(value))"
    }
    return line + "\n"
  }

  /// Quoted where a reader could not tell where the value ends.
  private static func shown(_ value: Logger.Metadata.Value) -> String {
    var text = value.description
    if text.count > valueLimit { text = text.prefix(valueLimit) + "…" }
    let needsQuotes = text.isEmpty || text.contains { $0 == " " || $0 == "\"" || $0 == "=" }
    let escaped = ControlCharacters.escaped(text)
    guard needsQuotes else { return escaped }
    return "\"" + escaped.replacing("\"", with: "\\\"") + "\""
  }

  /// One system call where the reader keeps up, so that lines of several threads do not mix.
  package static func writeToStandardError(_ line: String) {
    var rest = Array(line.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      // A log that cannot be written is lost: there is nowhere to say so.
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}

extension Logger.Level {
  /// The syslog priority that journald reads between `<` and `>`.
  var priority: Int {
    switch self {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}
