/// The exit codes of every verb (after BSD's sysexits).
enum ExitStatus: Int32, Sendable {
  case ok = 0
  /// The question was understood and the answer is "no".
  case no = 1
  /// The command line is wrong.
  case usage = 64
  /// The data is bad.
  case badData = 65
  /// What is needed is not there: no store, no daemon, somebody else holds the lock.
  case unavailable = 69
  /// The output cannot be made.
  case cannotCreate = 73
  /// Try again later.
  case temporary = 75
  /// The config is bad.
  case badConfig = 78
}

/// Why a verb ended without doing what it was asked.
struct Failure: Error, Equatable {
  var status: Int32
  /// What was tried, on what, why it failed.
  var message: String
  /// What the operator can do.
  var hint: String?

  init(_ status: ExitStatus, _ message: String, hint: String? = nil) {
    self.init(code: status.rawValue, message, hint: hint)
  }

  init(code: Int32, _ message: String, hint: String? = nil) {
    self.status = code
    self.message = message
    self.hint = hint
  }

  /// As it is written to standard error; foreign text in it is shown escaped, line by line.
  var text: String {
    let lines = message.split(separator: "\n", omittingEmptySubsequences: false).map { Visible.text(String($0)) }
    var text = "kizashi: \(lines.joined(separator: "\n"))\n"
    if let hint { text += "  hint: \(Visible.text(hint))\n" }
    return text
  }
}
