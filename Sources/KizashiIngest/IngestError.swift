import Glibc

/// An operation of a source that failed for good: what was done, to what, why, and what the operator can do.
package struct IngestError: Error, Equatable, CustomStringConvertible {
  /// What kind of failure it is, for exit codes.
  package enum Kind: Sendable, Equatable {
    /// Input cannot be opened or read.
    case unreadable
    /// Another process answers at the socket's path.
    case inUse
    /// Something that is no socket stands at the socket's path.
    case notASocket
    /// A socket cannot be made or used.
    case socket
    /// An inherited descriptor is not what it should be.
    case inherited
    /// A thread, pipe or the like cannot be had.
    case resource
  }

  /// The kind of failure.
  package var kind: Kind
  /// What was done: "open", "bind" …
  package var operation: String
  /// To what.
  package var subject: String
  /// Why it failed.
  package var reason: String
  /// What the operator can do.
  package var hint: String

  /// One line for an operator.
  package var description: String { "cannot \(operation) \(subject): \(reason); \(hint)" }
}

/// `errno` as text.
func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }

/// What an operator can do about a failed open.
func hint(forOpening code: Int32) -> String {
  switch code {
  case EACCES, EPERM: "give the daemon's user read permission (and search permission on the directories above)"
  case ENOENT: "check the path"
  case EMFILE, ENFILE: "raise the limit of open files (LimitNOFILE=)"
  case EISDIR: "name the files in it"
  default: "see errno \(code) in open(2); reading goes on by itself once it is put right"
  }
}
