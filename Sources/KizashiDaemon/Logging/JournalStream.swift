import Glibc

/// Whether standard error is the journal's.
package enum JournalStream {
  /// True where `JOURNAL_STREAM` names the device and inode that `descriptor` writes to: the variable is inherited by
  /// children whose standard error goes elsewhere, so its presence alone says nothing.
  package static func isJournal(descriptor: CInt, environment: [String: String]) -> Bool {
    guard let value = environment["JOURNAL_STREAM"] else { return false }
    let parts = value.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let device = UInt64(parts[0]), let inode = UInt64(parts[1]) else { return false }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return false }
    return UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
  }
}
