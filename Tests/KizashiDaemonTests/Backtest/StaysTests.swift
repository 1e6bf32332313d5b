import KizashiCore
import KizashiStore
import Testing

@testable import KizashiDaemon

@Suite struct `Times as a customer` {
  private static func record(
    _ at: Int64, _ account: AccountID, _ kind: Record.Kind, _ event: String = "", _ fields: [(String, Scalar)] = []
  ) -> StoredRecord {
    StoredRecord(
      sequence: at, source: 0, at: Instant(milliseconds: at), account: account, user: nil, id: nil,
      record: Record(kind: kind, event: event, fields: fields.map { (name: $0.0, value: $0.1) }, line: ""))
  }

  private static func use(_ at: Int64, _ account: AccountID, event: EventNameID = 0) -> Fact {
    Fact(hour: 0, account: account, event: event, user: 0, events: 1, first: at, last: at)
  }

  private static func stays(_ churn: ChurnDefinition, _ hours: [HistoryHour], usageEvents: Set<EventNameID> = [])
    -> Stays
  {
    var stays = Stays(churn, accounts: ["a": 0, "b": 1], count: 2, usageEvents: usageEvents)
    for hour in hours { stays.take(hour) }
    stays.finish()
    return stays
  }

  @Test func `begin with the first line, end with the churn, and begin again with a contract`() {
    let hour = HistoryHour(
      hour: 0, facts: [Self.use(10, 0), Self.use(90, 0)],
      records: [
        Self.record(5, 0, .group), Self.record(50, 0, .track, "contract.cancelled"),
        Self.record(60, 0, .track, "contract.cancelled"), Self.record(70, 0, .track, "contract.renewed"),
        Self.record(80, 0, .track, "contract.started"), Self.record(95, 1, .identify),
      ])
    let stays = Self.stays(.event("contract.cancelled"), [hour])
    #expect(stays.stays == [Stay(account: 0, from: 5, to: 50), Stay(account: 0, from: 80)])
    #expect(stays.isCustomer(0, at: 90))
  }

  @Test func `an event of usage can be the churn`() {
    let hour = HistoryHour(hour: 0, facts: [Self.use(10, 0), Self.use(20, 0, event: 7), Self.use(30, 0)])
    for numbers in [[7], [7, 9], [8, 7]] as [Set<EventNameID>] {
      let stays = Self.stays(.event("account.deleted"), [hour], usageEvents: numbers)
      #expect(stays.stays == [Stay(account: 0, from: 10, to: 20)])
    }
    let stays = Self.stays(.event("account.deleted"), [hour], usageEvents: [7])
    #expect(stays.isCustomer(0, at: 19) && !stays.isCustomer(0, at: 20))
  }

  @Test func `an attribute tells of the end by one value and of a return by another`() {
    let closed: [(String, Scalar)] = [("status", .string("closed"))]
    let hour = HistoryHour(
      hour: 0,
      records: [
        Self.record(5, 0, .group, "", [("status", .string("open"))]), Self.record(50, 0, .group, "", closed),
        Self.record(60, 0, .group, "", closed), Self.record(65, 0, .group, "", [("plan", .string("team"))]),
        Self.record(70, 0, .group, "", [("status", .null)]),
        // Its first line already told of the end: it was no customer in this history.
        Self.record(75, 1, .group, "", closed), Self.record(80, 1, .group, "", closed),
      ])
    let stays = Self.stays(.attribute(name: "status", value: "closed"), [hour])
    #expect(
      stays.stays == [
        Stay(account: 0, from: 5, to: 50), Stay(account: 0, from: 70), Stay(account: 1, from: 75, to: 75),
      ])
  }

  @Test func `a list tells too, and what fits nobody is counted`() {
    func at(_ account: String, _ at: Int64) -> (account: String, at: Instant) { (account, Instant(milliseconds: at)) }
    let hours = [
      HistoryHour(hour: 0, facts: [Self.use(10, 0), Self.use(20, 1)]),
      HistoryHour(hour: 1, facts: [Self.use(Tile.length + 5, 0)]),
    ]
    let list = [
      at("b", 5), at("a", 30), at("nobody", 40), at("a", 50), at("b", Tile.length + 1), at("b", 9 * Tile.length),
    ]
    let stays = Self.stays(.list(list), hours)
    #expect(stays.stays == [Stay(account: 0, from: 10, to: 30), Stay(account: 1, from: 20, to: Tile.length + 1)])
    // Unknown, before its first line, twice, and behind the end.
    #expect(stays.unmatched == 4)
  }
}
