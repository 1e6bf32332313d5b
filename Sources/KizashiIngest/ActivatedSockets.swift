/// Descriptors handed over by systemd (sd_listen_fds(3)).
package struct ActivatedSockets: Sendable, Equatable {
  /// One of them.
  package struct Entry: Sendable, Equatable {
    /// `FileDescriptorName=` of the socket unit; `unknown` if not told.
    package var name: String
    /// The descriptor's number.
    package var descriptor: Int32
  }

  /// The first descriptor handed over.
  private static let first: Int32 = 3
  /// More than any unit hands over: a larger number is a mistake.
  private static let limit: Int32 = 1024

  /// In the order of the socket units.
  package var entries: [Entry]

  /// Reads `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES`; empty if they are meant for another process or make no sense.
  package init(environment: [String: String], pid: Int32) {
    entries = []
    guard environment["LISTEN_PID"].flatMap(Int32.init) == pid,
      let count = environment["LISTEN_FDS"].flatMap(Int32.init), count > 0, count <= Self.limit
    else { return }
    let names = environment["LISTEN_FDNAMES"].map { $0.split(separator: ":", omittingEmptySubsequences: false) } ?? []
    entries = (0..<count).map { index in
      let name = Int(index) < names.count ? String(names[Int(index)]) : "unknown"
      return Entry(name: name, descriptor: Self.first + index)
    }
  }
}
