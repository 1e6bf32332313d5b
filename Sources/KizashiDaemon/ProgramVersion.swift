/// The version of this program, as `--version` and the store tell it.
package enum ProgramVersion {
  /// Semantic versioning.
  package static let current = "0.1.0"
}
