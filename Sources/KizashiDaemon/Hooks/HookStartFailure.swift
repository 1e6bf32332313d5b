import Glibc

/// Why no process could be made of a hook's `run:`, in words for the person who has to mend it.
enum HookStartFailure: Error, Sendable, Hashable, CustomStringConvertible {
  case empty
  case notFound(program: String)
  case notInPath(program: String, path: String)
  case isDirectory(program: String)
  case notExecutable(program: String)
  case notReachable(program: String)
  case interpreterMissing(program: String, interpreter: String)
  case notAProgram(program: String)
  case other(program: String, reason: String)

  var description: String {
    switch self {
    case .empty: "cannot start the hook: its run: is empty (name a program, as in run: [/etc/kizashi/hooks/notify.sh])"
    case .notFound(let program):
      "cannot start \(program): there is no such file (check the path in the hook's run:)"
    case .notInPath(let program, let path):
      "cannot start \(program): no executable of that name in PATH \(path) (write its full path in the hook's run:)"
    case .isDirectory(let program):
      "cannot start \(program): it is a directory (name the program in it in the hook's run:)"
    case .notExecutable(let program):
      "cannot start \(program): it is not executable for the daemon's user (chmod +x \(program), or check its owner and the "
        + "mount's noexec)"
    case .notReachable(let program):
      "cannot start \(program): the daemon's user may not enter one of the directories above it (check their permissions)"
    case .interpreterMissing(let program, let interpreter):
      "cannot start \(program): its interpreter \(interpreter) does not exist (mend the file's first line; beware of CRLF "
        + "line ends)"
    case .notAProgram(let program):
      "cannot start \(program): neither a binary of this machine nor a script with a #! line (begin it with #!/bin/sh)"
    case .other(let program, let reason):
      "cannot start \(program): \(reason)"
    }
  }

  /// Looks at what is there, after starting it has failed: the system's error alone leaves the person guessing (ENOENT also
  /// means a missing interpreter).
  static func diagnose(program: String, path: String, reason: String) -> HookStartFailure {
    guard program.contains("/") else { return .notInPath(program: program, path: path) }
    var status = stat()
    guard stat(program, &status) == 0 else {
      return errno == EACCES ? .notReachable(program: program) : .notFound(program: program)
    }
    if status.st_mode & S_IFMT == S_IFDIR { return .isDirectory(program: program) }
    guard access(program, X_OK) == 0 else { return .notExecutable(program: program) }
    guard let line = firstLine(of: program) else { return .other(program: program, reason: reason) }
    if line.starts(with: "#!".utf8) {
      let text = String(decoding: line.dropFirst(2), as: UTF8.self)
      let interpreter = text.split(whereSeparator: { $0 == " " || $0 == "\t" }).first.map(String.init) ?? ""
      if access(interpreter, X_OK) != 0 {
        return .interpreterMissing(program: program, interpreter: interpreter)
      }
    } else if !line.starts(with: [0x7f, UInt8(ascii: "E")]) {
      return .notAProgram(program: program)
    }
    return .other(program: program, reason: reason)
  }

  /// Up to 256 bytes, without the line end; nil: cannot be read.
  private static func firstLine(of file: String) -> [UInt8]? {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = read(descriptor, &buffer, buffer.count)
    guard count >= 0 else { return nil }
    return Array(buffer[..<count].prefix { $0 != UInt8(ascii: "\n") })
  }
}
