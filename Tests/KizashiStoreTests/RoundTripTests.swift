import Foundation
import KizashiCore
import TestSupport
import Testing

@testable import KizashiStore

@Suite struct `What is written is read back` {
  @Test(arguments: [1, 2, 3] as [UInt64]) func `facts add up over commits`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    var expected: [[Int64]: (events: Int64, first: Int64, last: Int64)] = [:]
    let base = noon.tile.hour
    for round in 0..<20 {
      var commit = Commit()
      commit.now = noon
      if round == 0 {
        commit.accounts = NameBlock(firstID: 0, (0..<5).map { "a\($0)" })
        commit.eventNames = NameBlock(firstID: 0, (0..<4).map { "e\($0)" })
        commit.users = NameBlock(firstID: 1, (0..<6).map { "u\($0)" }, accounts: [0, 1, 2, 3, 4, 0])
      }
      for _ in 0..<200 {
        let hour = base - Int32.random(in: 0...30, using: &random)
        let first = Int64(hour) * Tile.length + Int64.random(in: 0..<Tile.length, using: &random)
        let last = Int64.random(in: first..<Tile(hour: hour + 1).start.milliseconds, using: &random)
        let fact = Fact(
          hour: hour, account: .random(in: 0..<5, using: &random), event: .random(in: 0..<4, using: &random),
          user: .random(in: 0...6, using: &random), events: .random(in: 1...5, using: &random), first: first, last: last
        )
        commit.facts.append(fact)
        let key = [Int64(hour), Int64(fact.account), Int64(fact.event), Int64(fact.user)]
        let known = expected[key] ?? (0, .max, .min)
        expected[key] = (known.events + fact.events, min(known.first, first), max(known.last, last))
      }
      try store.write(CommitUnit(commit, durable: round % 2 == 0))
    }
    try store.close(clean: true)

    let restored = try temporary.open().restore(factHorizonHours: nil)
    let sorted = expected.keys.sorted { $0.lexicographicallyPrecedes($1) }
    #expect(
      try restored.facts.all()
        == sorted.map { key in
          let value = expected[key] ?? (0, 0, 0)
          return Fact(
            hour: Int32(key[0]), account: UInt32(key[1]), event: UInt32(key[2]), user: UInt32(key[3]),
            events: value.events, first: value.first, last: value.last)
        }, "seed \(seed)")
  }

  @Test func `names keep their numbers, bytes and owners`() throws {
    let temporary = try TemporaryStore()
    var commit = smallCommit()
    commit.accounts = NameBlock(firstID: 0, ["acme", "株式会社 例", "'; DROP TABLE fact; --", "a\u{1}b"])
    let store = try temporary.open()
    _ = try store.register(.standard())
    try store.write(CommitUnit(commit))
    var next = Commit()
    next.now = noon
    next.accounts = NameBlock(firstID: 4, ["zero\u{0}byte"])
    next.users = NameBlock(firstID: 3, ["ann"], accounts: [1])
    try store.write(CommitUnit(next))
    let restored = try store.restore(factHorizonHours: nil)
    let accounts = try restored.accounts.all()
    let users = try restored.users.all()
    #expect(accounts.count == 1 && users.count == 1)
    #expect(
      accounts[0].bytes
        == Array("acme株式会社 例'; DROP TABLE fact; --a\u{1}bzero\u{0}byte".utf8))
    #expect(accounts[0].ends.count == 5)
    #expect(users[0].firstID == 1)
    #expect(users[0].bytes == Array("annbobann".utf8))
    #expect(users[0].accounts == [0, 0, 1])
    #expect(restored.eventNames.ends == [14, 19])
    #expect(restored.now == noon)
  }

  @Test func `names of a large store come in blocks, one behind the other`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    let accounts = (0..<40_000).map { "account \($0)" }
    let users = (0..<50_000).map { "user \($0)" }
    var commit = Commit()
    commit.now = noon
    commit.accounts = NameBlock(firstID: 0, accounts)
    commit.users = NameBlock(firstID: 1, users, accounts: users.indices.map { AccountID($0 * 7 % 40_000) })
    try store.write(CommitUnit(commit))
    let restored = try store.restore(factHorizonHours: nil)
    for (blocks, names) in [(try restored.accounts.all(), accounts), (try restored.users.all(), users)] {
      #expect(blocks.count > 2)
      var next = blocks[0].firstID
      for block in blocks {
        #expect(block.firstID == next)
        next += UInt32(block.ends.count)
      }
      #expect(blocks.flatMap(\.bytes) == Array(names.joined().utf8))
    }
    #expect(try restored.users.all().flatMap(\.accounts) == commit.users.accounts)
  }

  @Test func `what a visitor of rows throws comes out as it is`() throws {
    struct Refusal: Error {}
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    try store.write(CommitUnit(smallCommit()))
    let restored = try store.restore(factHorizonHours: nil)
    #expect(throws: Refusal.self) { try restored.facts.forEach { _ in throw Refusal() } }
    #expect(try restored.facts.all().count == 2, "and they can be read again")
  }

  @Test func `facts before the horizon stay in the store`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    try store.write(CommitUnit(smallCommit()))
    #expect(try store.restore(factHorizonHours: 39).facts.all().count == 1)
    #expect(try store.restore(factHorizonHours: 40).facts.all().count == 2)
  }

  @Test func `records keep their fields in order`() throws {
    let record = Record(
      kind: .group, event: "", fields: [("z", .number("1e3")), ("a", .null), ("b", .bool(false)), ("s", .string(""))],
      line: #"{"type":"group"}"#)
    var commit = smallCommit()
    commit.records = [
      StoredRecord(sequence: 1, source: 0, at: noon, account: 1, user: nil, id: "x", record: record),
      StoredRecord(
        sequence: 2, source: 0, at: noon, account: nil, user: "ann", id: nil,
        record: Record(kind: .identify, event: "", fields: [], line: "{}")),
    ]
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    try store.write(CommitUnit(commit))
    let restored = try store.restore(factHorizonHours: nil)
    let records = try StoredState.read(path: temporary.path).restored.records.all()
    // The lines stay in the store: an engine has no use for them.
    let wanted = commit.records.map { Record(kind: $0.record.kind, event: "", fields: $0.record.fields, line: "") }
    #expect(records.map(\.record) == wanted)
    #expect(records.map(\.account) == [1, nil])
    #expect(records.map(\.user) == [nil, "ann"])
    #expect(records.map(\.id) == ["x", nil])
    // What the first came to is in rows of its own.
    #expect(try restored.records.all().map(\.sequence) == [2])
    #expect(try store.restore(factHorizonHours: nil, traits: false).records.all().isEmpty)
    #expect(restored.lastRecordSequence == 2)
  }

  @Test func `fingerprints below the bound are forgotten`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    _ = try store.register(.standard())
    var commit = smallCommit()
    commit.fingerprints = [FingerprintBlock(hour: 5, bytes: [1, 2]), FingerprintBlock(hour: 6, bytes: [3])]
    try store.write(CommitUnit(commit))
    var next = Commit()
    next.now = noon
    next.fingerprints = [FingerprintBlock(hour: 6, bytes: [4, 0])]
    next.fingerprintsFrom = 6
    try store.write(CommitUnit(next))
    let blocks = try store.restore(factHorizonHours: nil).fingerprints
    #expect(blocks.map(\.hour) == [6, 6])
    #expect(blocks.map(\.bytes) == [[3], [4, 0]])
  }

  @Test func `account states, sources and streams come back as they were`() throws {
    let temporary = try TemporaryStore()
    var store = try temporary.open()
    _ = try store.register(.standard())
    #expect(try store.registerSources(["app", "sock"]) == [0, 1])
    #expect(try store.registerSources(["sock", "new"]) == [1, 2])
    var commit = smallCommit()
    commit.accountRows = [accountRow(0, score: nil, band: nil), accountRow(1, score: 5643)]
    var source = SourceRow(source: 1)
    source.watermark = noon
    source.lines = 10
    source.events = 7
    source.duplicates = 1
    source.ignored = 1
    source.undeduplicated = 3
    source.refused[Int(RefusalReason.badJSON.rawValue)] = 1
    commit.sources = [source]
    var unit = CommitUnit(commit)
    let stream = StreamRow(
      key: StreamKey(source: 1, key: "1:2"), path: [0x2f, 0xff, 0x61], offset: 9, size: 12, finished: false,
      state: "following", body: [0, 1])
    unit.streams = [stream]
    try store.write(unit)
    try store.close(clean: false)
    store = try temporary.open()
    #expect(store.needsCheck)
    let restored = try store.restore(factHorizonHours: nil)
    let accountRows = try restored.accountRows.all()
    #expect(accountRows.map(\.state) == [[1, 2, 0, 255], [1, 2, 0, 255]])
    #expect(accountRows.map(\.score) == [nil, 5643])
    #expect(accountRows.map(\.band) == [nil, "green"])
    #expect(restored.sources.count == 3)
    #expect(restored.sources[1].refused == source.refused)
    #expect(restored.sources[1].watermark == noon)
    #expect(restored.sources[1].undeduplicated == 3)
    #expect(try store.streams() == [stream])
    _ = try store.register(.standard())
    var forget = CommitUnit(Commit())
    forget.forgottenStreams = [stream.key]
    try store.write(forget)
    #expect(try store.streams().isEmpty)
  }

  @Test func `a new store is at no instant and was stopped cleanly`() throws {
    let temporary = try TemporaryStore()
    let store = try temporary.open()
    #expect(!store.needsCheck && store.isNew && !store.wasRemoved)
    let restored = try store.restore(factHorizonHours: 10)
    #expect(restored.now.milliseconds == .min)
    #expect(try restored.facts.all().isEmpty)
    #expect(try restored.users.all().map(\.firstID) == [1])
    try store.close(clean: true)
    let again = try temporary.open()
    #expect(!again.needsCheck && !again.isNew)
  }
}
