import Testing

@testable import KizashiSample

/// A sample large enough to see what the accounts do over time.
private struct Observed: Sendable {
  struct Use: Sendable {
    var account: String
    var user: String?
    var event: String?
    var at: Int64
  }
  let generator: SampleGenerator
  let lines: [Use]

  static let sample = Result { try Observed() }

  init() throws {
    var options = SampleOptions()
    options.accounts = 150
    options.days = 84
    options.events = 60_000
    options.seed = 3
    options.attributes = false
    options.feedbackPerMillion = 0
    options.latePerMille = 0
    generator = try SampleGenerator(options: options)
    lines = try read(bytes(options)).map { Use(account: $0.account, user: $0.user, event: $0.event, at: $0.at) }
  }
}

@Suite struct `Sample profiles` {
  private func daily(_ name: String) throws -> [Int] {
    let observed = try Observed.sample.get()
    let (generator, lines) = (observed.generator, observed.lines)
    var days = [Int](repeating: 0, count: generator.options.days)
    for line in lines where line.account == name {
      days[Int((line.at - generator.options.startMilliseconds) / 86_400_000)] += 1
    }
    return days
  }

  private func accounts(_ profile: SampleProfile) throws -> [SampleAccount] {
    let generator = try Observed.sample.get().generator
    let found = (0..<150).map { generator.account($0) }.filter { $0.profile == profile }
    #expect(!found.isEmpty, "no \(profile) account in the sample")
    return found
  }

  /// Sums of the first and the last four weeks over all accounts of a profile.
  private func ends(_ profile: SampleProfile) throws -> (first: Int, last: Int) {
    try accounts(profile).reduce(into: (0, 0)) { sums, account in
      let days = try daily(account.name)
      sums.0 += days.prefix(28).reduce(0, +)
      sums.1 += days.suffix(28).reduce(0, +)
    }
  }

  @Test func `every profile occurs and names are unique`() throws {
    for profile in SampleProfile.allCases { _ = try accounts(profile) }
    let generator = try Observed.sample.get().generator
    #expect(Set((0..<150).map { generator.account($0).name }).count == 150)
    #expect(generator.account(0).name == "acme-0001")
    #expect(generator.account(0).profile == .steady)
  }

  @Test func `steady accounts stay, growing ones grow, declining ones decline`() throws {
    let steady = try ends(.steady)
    #expect(abs(steady.last - steady.first) * 100 < steady.first * 15, "\(steady)")
    let growing = try ends(.growing)
    #expect(growing.last * 10 > growing.first * 14, "\(growing)")
    let declining = try ends(.declining)
    #expect(declining.last * 10 < declining.first * 8, "\(declining)")
  }

  @Test func `silent and churning accounts send nothing from their day on`() throws {
    for account in try accounts(.silent) + accounts(.churning) {
      let stop = try #require(account.stopDay)
      let days = try daily(account.name)
      #expect(days[stop...].allSatisfy { $0 == 0 }, "\(account)")
      #expect(days[..<stop].contains { $0 > 0 }, "\(account)")
    }
    // Sudden: the last full week before is as busy as the first.
    let silent = try accounts(.silent).reduce(into: (first: 0, last: 0)) { sums, account in
      let days = try daily(account.name)
      let stop = try #require(account.stopDay)
      sums.first += days.prefix(14).reduce(0, +)
      sums.last += days[(stop - 14)..<stop].reduce(0, +)
    }
    #expect(silent.last * 10 > silent.first * 7, "\(silent)")
  }

  @Test func `newcomers begin on their day and returning accounts come back`() throws {
    for account in try accounts(.newcomer) {
      let days = try daily(account.name)
      #expect(days[..<account.startDay].allSatisfy { $0 == 0 }, "\(account)")
      #expect(account.startDay > 0)
    }
    for account in try accounts(.returning) where account.index < 50 {
      let days = try daily(account.name)
      let longest = days.split { $0 > 0 }.map(\.count).max() ?? 0
      #expect(longest >= 24, "\(account)")
      #expect(days.last(where: { $0 > 0 }) != nil)
    }
  }

  @Test func `accounts that rest at weekends send nothing then, in their own time`() throws {
    let lines = try Observed.sample.get().lines
    for account in try accounts(.weekdayOnly) {
      for line in lines where line.account == account.name {
        let hour = Int(line.at / 3_600_000) + account.utcOffset
        let weekday = (hour / 24 + 4) % 7
        #expect(weekday != 0 && weekday != 6 && (8..<20).contains(hour % 24), "\(account) at \(line.at)")
      }
    }
  }

  @Test func `the first user of an account does much of the work, until leaving`() throws {
    let observed = try Observed.sample.get()
    let (generator, lines) = (observed.generator, observed.lines)
    let name = generator.account(0).name
    let mine = lines.filter { $0.account == name }
    let first = mine.filter { $0.user == "u01@\(name)" }.count
    #expect(first * 100 > mine.count * 10, "\(first) of \(mine.count)")
    let left = (0..<150).map { generator.account($0) }.filter { $0.powerUserLeavesOnDay != nil }
    #expect(!left.isEmpty)
    for account in left {
      let from = generator.options.startMilliseconds + Int64(account.powerUserLeavesOnDay ?? 0) * 86_400_000
      #expect(!lines.contains { $0.user == "u01@\(account.name)" && $0.at >= from }, "\(account)")
    }
  }

  @Test func `an account has no more users and features than it is said to have`() throws {
    let observed = try Observed.sample.get()
    let (generator, lines) = (observed.generator, observed.lines)
    for index in 0..<150 {
      let account = generator.account(index)
      let mine = lines.filter { $0.account == account.name }
      #expect(Set(mine.compactMap(\.user)).count <= account.users)
      #expect(Set(mine.compactMap(\.event)).count <= account.breadth)
    }
  }
}
