import Glibc

/// Whether there is anything a source could be read from, as a look from outside tells.
package enum SourcePresence {
  /// Whether a file matches one of the globs.
  package static func isAnyFile(matching patterns: [String]) -> Bool {
    var expansion = Expansion()
    for pattern in patterns { PathPattern(pattern, rotated: false).expand(into: &expansion) }
    return !expansion.paths.isEmpty
  }

  /// Whether a socket stands at the path.
  package static func isSocket(at path: String) -> Bool {
    guard case .success(let facts) = FileFacts.at(BytePath(path)) else { return false }
    return facts.type == UInt32(S_IFSOCK)
  }
}
