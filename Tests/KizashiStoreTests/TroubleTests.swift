import Foundation
import KizashiCore
import Testing

@testable import KizashiStore

/// What cannot be read, as the view `sources` shows it.
@Suite struct TroubleTests {
  private func row(_ path: String, _ state: String, source: Int = 0) -> TroubleRow {
    TroubleRow(source: source, path: Array(path.utf8), state: state)
  }

  @Test func `a path that cannot be read says so in the row of its stream, or in one of its own`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    _ = try store.registerSources(["app", "typo"])
    var unit = CommitUnit(smallCommit())
    unit.streams = ["a", "b"].map { name in
      StreamRow(
        key: StreamKey(source: 0, key: "/log/\(name) 1"), path: Array("/log/\(name)".utf8), offset: 70, size: 100,
        finished: false, state: "following", body: [1])
    }
    try store.write(unit)
    let streams = try store.streams()
    let healthy = [
      ["app", "/log/a", "70", "following"], ["app", "/log/b", "70", "following"], ["typo", "NULL", "NULL", "waiting"],
    ]
    func shown() throws -> [[String]] {
      try temporary.rows("SELECT source, path, offset, state FROM sources ORDER BY source, path")
    }
    #expect(try shown() == healthy)

    try store.keepTroubles([
      row("/log/b", "unreadable"), row("/log/c", "unreadable"), row("/lgo/*", "missing", source: 1),
    ])
    #expect(
      try shown() == [
        ["app", "/log/a", "70", "following"], ["app", "/log/b", "70", "unreadable"],
        ["app", "/log/c", "0", "unreadable"], ["typo", "/lgo/*", "0", "missing"],
      ])
    // What is no stream has no position to go on from.
    #expect(try store.streams().map(\.key) == streams.map(\.key))
    let read = try StoreReader(path: temporary.path).sources()
    #expect(read.map(\.trouble) == [nil, "unreadable", "unreadable", "missing"])
    #expect(read.map { $0.position?.count ?? 0 } == [1, 1, 0, 0])

    try store.keepTroubles([])
    #expect(try shown() == healthy)
    #expect(try store.streams() == streams)
  }
}
