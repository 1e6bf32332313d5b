import Glibc

/// Where output goes: a terminal of some width, or a pipe or file.
struct Terminal: Sendable, Equatable {
  var isTerminal: Bool
  /// Cells a line; nil: no limit.
  var width: Int?
  var colour: Bool

  /// A pipe or a file: never cut, never coloured.
  static let none = Terminal(isTerminal: false, width: nil, colour: false)

  /// What stands behind a descriptor.
  /// - Parameter environment: looked up for `NO_COLOR` (any value but the empty one turns colour off), `TERM` and
  ///   `COLUMNS`.
  static func behind(_ descriptor: Int32, environment: (String) -> String? = Terminal.environment) -> Terminal {
    guard isatty(descriptor) == 1 else { return .none }
    var size = winsize()
    var width = environment("COLUMNS").flatMap { Int($0) }
    if width == nil, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { width = Int(size.ws_col) }
    let colour = (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    return Terminal(isTerminal: true, width: max(40, width ?? 80), colour: colour)
  }

  /// A variable of this process's environment.
  static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

/// Writes to a descriptor of this process, whole texts at a time.
enum Output {
  /// To standard output.
  /// - Throws: ``Failure`` where it cannot be written. (A reader that went away ends the program by SIGPIPE, as usual.)
  static func write(_ text: String) throws(Failure) { try write(bytes: Array(text.utf8)) }

  /// The same for bytes.
  static func write(bytes: [UInt8]) throws(Failure) {
    guard send(bytes, to: STDOUT_FILENO) else {
      let reason = String(cString: strerror(errno))
      throw Failure(.cannotCreate, "cannot write to standard output: \(reason)")
    }
  }

  /// To standard error; what cannot be written there has nowhere else to go.
  static func writeError(_ text: String) { _ = send(Array(text.utf8), to: STDERR_FILENO) }

  private static func send(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if written < 0 {
          if errno == EINTR { continue }
          return false
        }
        rest = rest.dropFirst(written)
      }
      return true
    }
  }
}
