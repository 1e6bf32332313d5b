import KizashiCore
import Testing

@testable import KizashiDaemon
@testable import KizashiStore

@Suite struct `What a backtest tells the engine` {
  @Test func `names the user whose traits a stored line tells`() {
    var accounts = NameBlock(firstID: 0)
    accounts.bytes = Array("acmebeta".utf8)
    accounts.ends = [4, 8]
    let history = StoredHistory(
      accounts: accounts, eventNames: NameBlock(firstID: 0), users: NameBlock(firstID: 1), properties: [],
      sumStarts: [], filterStarts: [], episodes: [])
    let record = Record(kind: .identify, event: "", fields: [(name: "left", value: .bool(true))], line: "{}")
    let told = [("ann", 1), (nil, 0)] as [(String?, AccountID)]
    let records = told.enumerated().map { index, line in
      StoredRecord(
        sequence: Int64(index + 1), source: 0, at: Instant(milliseconds: Int64(index)), account: line.1, user: line.0,
        id: nil, record: record)
    }
    let batch = HistoryBatch(history).batch(
      HistoryHour(hour: 0, records: records), through: .max, wanted: WantedProperties())
    #expect(batch.rowCount == 2)
    #expect(batch.string(batch.account[0]) == "beta" && batch.string(batch.user[0]) == "ann")
    #expect(batch.string(batch.account[1]) == "acme" && batch.user[1].isAbsent)
    #expect(batch.records.map(\.record) == [record, record])
  }
}
