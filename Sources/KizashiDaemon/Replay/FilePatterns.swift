import Glibc

/// Questions about paths that a replay asks.
enum FilePatterns {
  /// Whether a path, as given or resolved, fits one of the globs.
  static func match(_ path: String, _ globs: [String]) -> Bool {
    let resolved = realpath(path, nil).map { pointer in
      defer { free(pointer) }
      return String(cString: pointer)
    }
    return globs.contains { glob in
      [path, resolved ?? path].contains { fnmatch(glob, $0, FNM_PATHNAME) == 0 }
    }
  }

  /// The size of a regular file; nil: standard input, a pipe, or nothing there.
  static func size(_ path: String) -> Int64? {
    var facts = stat()
    guard path != "-", stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int64(facts.st_size)
  }
}
