/// Something a source is asked to read and cannot.
package struct SourceTrouble: Sendable, Hashable, Comparable {
  /// Why it cannot.
  package enum Kind: String, Sendable {
    /// A file or directory is there, and this process may or can not read it.
    case unreadable
    /// Nothing matches a pattern: the file is yet to come, or the pattern is wrong.
    case missing
  }
  package var kind: Kind
  /// The file or directory; of ``Kind/missing`` the pattern as configured.
  package var path: BytePath

  /// A trouble; see the properties.
  package init(kind: Kind, path: BytePath) {
    self.kind = kind
    self.path = path
  }

  /// By path.
  package static func < (a: SourceTrouble, b: SourceTrouble) -> Bool {
    a.path != b.path ? a.path < b.path : a.kind.rawValue < b.kind.rawValue
  }
}
