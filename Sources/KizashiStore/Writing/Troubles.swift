import Foundation
import GRDB

/// A path that a source is asked to read and cannot.
package struct TroubleRow: Sendable, Hashable, Comparable {
  /// As ``Store/registerSources(_:)`` gave it.
  package var source: Int
  package var path: [UInt8]
  /// What the view `sources` shows as its state: `unreadable`, `missing`.
  package var state: String

  /// A trouble; see the properties.
  package init(source: Int, path: [UInt8], state: String) {
    self.source = source
    self.path = path
    self.state = state
  }

  /// By source, then path.
  package static func < (a: TroubleRow, b: TroubleRow) -> Bool {
    a.source != b.source ? a.source < b.source : a.path.lexicographicallyPrecedes(b.path)
  }
}

extension Store {
  /// Keeps what cannot be read in place of what could not be before: in the row of the stream that was read there, else in a row of
  /// its own, which has no body and is nobody's position.
  package func keepTroubles(_ troubles: [TroubleRow]) throws(StoreError) {
    defer { checkpointIfDue() }
    try access("writing what cannot be read to") { db in
      try writer?.keepRoom(db)
      try db.inTransaction(.immediate) {
        try db.execute(sql: "DELETE FROM stream WHERE length(body) = 0")
        try db.execute(sql: "UPDATE stream SET state = 'following' WHERE state <> 'following'")
        for trouble in troubles {
          let path = Data(trouble.path)
          try db.execute(
            sql: "UPDATE stream SET state = ? WHERE source = ? AND path = ? AND NOT finished",
            arguments: [trouble.state, trouble.source, path])
          if db.changesCount > 0 { continue }
          // Behind the keys of streams, which begin with a path.
          try db.execute(
            sql: "INSERT INTO stream VALUES (?, '~' || hex(?), ?, 0, NULL, 0, ?, x'')",
            arguments: [trouble.source, path, path, trouble.state])
        }
        return .commit
      }
    }
  }
}
