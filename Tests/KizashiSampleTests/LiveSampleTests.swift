import Testing

@testable import KizashiSample

@Suite struct `Live sample` {
  private let start: Int64 = 1_767_225_600_000

  private func lines(
    _ incident: SampleIncident?, seconds: Int64, rate: Int = 100, step: Int64 = 1000,
    from start: Int64 = 1_767_225_600_000
  ) throws -> [ReadLine] {
    var live = try LiveSample(
      options: SampleOptions(), eventsPerSecond: rate, startMilliseconds: start, incident: incident)
    var all: [UInt8] = []
    var buffer: [UInt8] = []
    for elapsed in stride(from: 0, through: seconds * 1000, by: Int(step)) {
      while live.next(into: &buffer, until: start + Int64(elapsed), upTo: 2000) { all += buffer }
    }
    return try read(all)
  }

  @Test func `what is due is written once, at the rate asked for`() throws {
    let lines = try lines(nil, seconds: 10)
    #expect(lines.count == 1001)
    #expect(Set(lines.map(\.id)).count == 1001)
    #expect(lines.allSatisfy { $0.at >= start && $0.at <= start + 10_000 })
    let finer = try self.lines(nil, seconds: 10, step: 7)
    #expect(finer.prefix(1000).map(\.id) == lines.prefix(1000).map(\.id))
  }

  @Test func `nothing is due before the next event`() throws {
    var live = try LiveSample(options: SampleOptions(), eventsPerSecond: 2, startMilliseconds: start)
    var buffer: [UInt8] = [1]
    #expect(!live.next(into: &buffer, until: start - 1, upTo: 4096))
    #expect(buffer.isEmpty)
    #expect(live.next(into: &buffer, until: start, upTo: 4096))
    #expect(!live.next(into: &buffer, until: start + 499, upTo: 4096))
    #expect(live.next(into: &buffer, until: start + 500, upTo: 4096))
  }

  @Test func `ids of another start and of the history differ`() throws {
    let first = Set(try lines(nil, seconds: 20).map(\.id))
    let second = Set(try lines(nil, seconds: 20, from: start + 1).map(\.id))
    var options = SampleOptions()
    options.events = 5000
    let history = Set(try read(bytes(options)).map(\.id))
    #expect(first.isDisjoint(with: second))
    #expect(first.isDisjoint(with: history))
  }

  @Test func `an account in trouble sends failures and a bad answer from its moment on`() throws {
    let incident = SampleIncident(account: "vandelay-0020", kind: .failures, afterMilliseconds: 5000)
    let lines = try lines(incident, seconds: 20)
    let failures = lines.filter { ["error.shown", "sync.failed", "job.failed"].contains($0.event ?? "") }
    let mine = failures.filter { $0.account == incident.account }
    #expect(mine.filter { $0.at >= start + 5000 }.count > 300)
    #expect(mine.filter { $0.at < start + 5000 - 60_000 }.isEmpty)
    let answers = lines.filter { $0.event == "survey.responded" }
    #expect(!answers.isEmpty)
    #expect(answers.allSatisfy { $0.account == incident.account })
  }

  @Test func `a silenced account sends nothing from its moment on, and the others as much as before`() throws {
    let incident = SampleIncident(account: "acme-0001", kind: .silence, afterMilliseconds: 5000)
    let lines = try lines(incident, seconds: 20)
    #expect(lines.count == 2001)
    let cut = lines.firstIndex { $0.at >= start + 5000 } ?? 0
    #expect(lines[..<cut].contains { $0.account == "acme-0001" })
    #expect(!lines[500...].contains { $0.account == "acme-0001" })
  }

  @Test func `an incident of an account that is not there is refused with one that is`() {
    let incident = SampleIncident(account: "acme-0002", kind: .silence, afterMilliseconds: 0)
    #expect(throws: SampleError.unknownAccount(name: "acme-0002", example: "acme-0001")) {
      try LiveSample(
        options: SampleOptions(), eventsPerSecond: 1, startMilliseconds: 0, incident: incident)
    }
  }
}
