import Testing

@testable import KizashiSample

@Suite struct `Book of customers` {
  private static func options(_ accounts: Int, days: Int, seed: UInt64 = 5) -> BookOptions {
    var options = BookOptions()
    options.accounts = accounts
    options.days = days
    options.seed = seed
    return options
  }

  private static func bytes(_ options: BookOptions, chunk: Int = 1 << 16) throws -> [UInt8] {
    var generator = try BookGenerator(options: options)
    var all: [UInt8] = []
    var buffer: [UInt8] = []
    while generator.next(into: &buffer, upTo: chunk) { all += buffer }
    return all
  }

  /// Lively enough to see an account's days.
  private static let observed = Result {
    var options = Self.options(150, days: 420)
    options.events = 150_000
    var generator = try BookGenerator(options: options)
    var uses: [String: [Int]] = [:]
    var users: [String: [Set<String>]] = [:]
    var buffer: [UInt8] = []
    let first = options.startMilliseconds.dividedDown(by: 86_400_000)
    let dates = Dictionary(
      uniqueKeysWithValues: (0..<options.days).map { (CivilDate(day: first + Int64($0)).text, $0) })
    while generator.next(into: &buffer, upTo: 1 << 20) {
      for line in String(decoding: buffer, as: UTF8.self).split(separator: "\n") where line.contains("\"user\":") {
        let fields = line.split(separator: "\"", maxSplits: 20)
        guard fields[19] != "survey.responded" else { continue }
        let account = String(fields[11])
        let day = try #require(dates[String(fields[3].prefix(10))])
        uses[account, default: Array(repeating: 0, count: options.days)][day] += 1
        users[account, default: Array(repeating: [], count: options.days)][day].insert(String(fields[15]))
      }
    }
    return BookOf(generator: generator, uses: uses, users: users)
  }

  struct BookOf: Sendable {
    var generator: BookGenerator
    var uses: [String: [Int]]
    var users: [String: [Set<String>]]

    var accounts: [BookAccount] { (0..<generator.options.accounts).map { generator.account($0) } }

    /// Mean events a day in a range of days.
    func mean(_ account: BookAccount, _ days: Range<Int>) -> Double {
      let within = days.clamped(to: 0..<generator.options.days)
      let sum = (uses[account.name] ?? []).enumerated().reduce(0) { $0 + (within.contains($1.offset) ? $1.element : 0) }
      return Double(sum) / Double(max(1, within.count))
    }
  }

  @Test func `the same options give the same bytes, whatever the chunk size`() throws {
    let options = Self.options(30, days: 60)
    let once = try Self.bytes(options)
    #expect(once == (try Self.bytes(options)))
    #expect(once == (try Self.bytes(options, chunk: 1)))
    #expect(once != (try Self.bytes(Self.options(30, days: 60, seed: 6))))
    let fingerprint = once.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    // The bytes of a seed are a promise: the figures of config/examples/early-warning rest on them.
    #expect(fingerprint == 0xAE9D_3286_576B_F5E4, "\(String(fingerprint, radix: 16))")
  }

  @Test func `lines come in order of time with ids of their own, each customer's contract first`() throws {
    let options = Self.options(120, days: 400)
    let generator = try BookGenerator(options: options)
    let lines = try read(Self.bytes(options))
    #expect(zip(lines, lines.dropFirst()).allSatisfy { $0.at <= $1.at })
    #expect(lines.allSatisfy { $0.at >= options.startMilliseconds && $0.at < options.endMilliseconds })
    #expect(Set(lines.map(\.id)).count == lines.count)
    let byAccount = Dictionary(grouping: lines, by: \.account)
    for index in 0..<options.accounts {
      let account = generator.account(index)
      guard let own = byAccount[account.name] else {
        Issue.record("\(account.name) has no line")
        continue
      }
      #expect(own.count { $0.event == "contract.started" } == 1)
      #expect(own.first { $0.type == "group" }?.object["traits"] is [String: Any])
      let cancelled = own.filter { $0.event == "contract.cancelled" }
      #expect(cancelled.count == (account.cancelledDay == nil ? 0 : 1))
      guard let end = cancelled.first else { continue }
      #expect(own.last?.id == end.id, "\(account.name) goes on after its end")
      let reason = (end.object["properties"] as? [String: Any])?["reason"] as? String
      #expect(["low_usage", "competitor", "price"].contains(reason) == (account.shape != nil))
      #expect((end.at - options.startMilliseconds) / 86_400_000 == Int64(account.cancelledDay ?? -1))
    }
    // Terms end and begin.
    #expect(lines.contains { $0.event == "contract.renewed" })
    #expect(lines.contains { $0.event == "survey.responded" })
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `as many leave as were asked for, and as many of them without a sign`(seed: UInt64) throws {
    let generator = try BookGenerator(options: Self.options(4000, days: 730, seed: seed))
    let accounts = (0..<4000).map { generator.account($0) }
    let years = accounts.reduce(0.0) { $0 + Double(($1.cancelledDay ?? 730) - max(0, $1.firstDay)) / 365 }
    let left = accounts.filter { $0.cancelledDay != nil }
    // Standard errors: 0.005 and 0.014.
    #expect((0.15...0.21).contains(Double(left.count) / years), "\(left.count) in \(years) years")
    let unwarned = Double(left.count { $0.fate == "unwarned" }) / Double(left.count)
    #expect((0.25...0.35).contains(unwarned), "\(unwarned)")
    for account in accounts {
      guard let decline = account.declineDays else { continue }
      #expect((21...84).contains(decline.count))
      #expect(decline.lowerBound > account.firstDay)
      if let end = account.cancelledDay { #expect(decline.upperBound < end && decline.upperBound >= end - 134) }
    }
    for shape in DeclineShape.allCases { #expect(accounts.count { $0.shape == shape } > 100, "\(shape)") }
  }

  @Test func `who declines is far below what it was, and who leaves without a sign is not`() throws {
    let book = try Self.observed.get()
    var declined = (before: 0.0, after: 0.0)
    var unwarned = (before: 0.0, after: 0.0)
    for account in book.accounts {
      guard let end = account.cancelledDay else { continue }
      if let decline = account.declineDays, decline.lowerBound >= 42 {
        declined.before += book.mean(account, decline.lowerBound - 42..<decline.lowerBound)
        declined.after += book.mean(account, decline.upperBound..<end)
      } else if account.declineDays == nil, end >= 84 {
        unwarned.before += book.mean(account, end - 84..<end - 42)
        unwarned.after += book.mean(account, end - 42..<end)
      }
    }
    #expect(declined.before > 10 && declined.after < 0.35 * declined.before, "\(declined)")
    #expect(unwarned.before > 5 && unwarned.after > 0.7 * unwarned.before, "\(unwarned)")
  }

  @Test func `users leave one by one where that is the way down`() throws {
    let decline = Decline(from: 10, days: 40, floor: 200, shape: .leaving)
    let users = (0..<60).map { decline.rest(on: $0).users }
    #expect(users[9] == 1024 && users[49] == 200 && users[59] == 200)
    #expect(zip(users, users.dropFirst()).allSatisfy { $0 >= $1 })
    let narrowing = Decline(from: 10, days: 40, floor: 200, shape: .narrowing)
    // First it is features, and only then how much.
    #expect(narrowing.rest(on: 29).features == 256 && narrowing.rest(on: 29).volume == 870)
    #expect(narrowing.rest(on: 60).volume == 200)
    let stepped = Decline(from: 10, days: 40, floor: 200, shape: .stepped)
    #expect(Set((10..<60).map { stepped.rest(on: $0).volume }).count == 4)
  }

  @Test func `weekends are quiet, and weak times pass`() throws {
    let book = try Self.observed.get()
    let first = book.generator.options.startMilliseconds.dividedDown(by: 86_400_000)
    var week = Array(repeating: 0, count: 7)
    for days in book.uses.values {
      // 1970-01-01 was a Thursday.
      for (day, count) in days.enumerated() { week[Int((first + Int64(day) + 4) % 7)] += count }
    }
    let working = week[1...5].reduce(0, +) / 5
    #expect(week[0] * 3 < working && week[6] * 3 < working, "\(week)")
    let customers = (0..<400).map { Customer(index: $0, options: book.generator.options) }
    let scared = customers.filter { customer in (0..<365).contains(where: { day in customer.scare(on: day) < 800 }) }
    #expect((80...180).contains(scared.count), "\(scared.count) of 400")
    for customer in scared {
      // 10 to 35 days each, and back to where it was.
      var run = 0
      var longest = 0
      for day in 0..<1200 {
        run = customer.scare(on: day) < 1024 ? run + 1 : 0
        longest = max(longest, run)
      }
      #expect(longest <= 35)
    }
  }

  @Test func `counts scatter more than by chance alone`() {
    for mean in [1, 5, 20] {
      var random = SplitMix(seed: 11)
      let draws = (0..<40_000).map { _ in Double(BookGenerator.scattered(mean * 1024, &random)) }
      let average = draws.reduce(0, +) / 40_000
      let variance = draws.reduce(0) { $0 + ($1 - average) * ($1 - average) } / 40_000
      let expected = Double(mean) + Double(mean * mean) / 3
      #expect(abs(average - Double(mean)) < 0.03 * Double(mean) + 0.02)
      #expect(abs(variance - expected) < 0.06 * expected, "\(variance) for \(expected)")
    }
    var random = SplitMix(seed: 11)
    #expect(BookGenerator.scattered(0, &random) == 0)
  }

  @Test func `about as many events come as were asked for`() throws {
    for (seed, events) in [(1, 60_000), (2, 200_000)] as [(UInt64, Int)] {
      var options = Self.options(200, days: 365, seed: seed)
      options.events = events
      var generator = try BookGenerator(options: options)
      var buffer: [UInt8] = []
      while generator.next(into: &buffer, upTo: 1 << 20) {}
      #expect((0.75...1.25).contains(Double(generator.events) / Double(events)), "\(generator.events) for \(events)")
    }
  }

  @Test func `options out of range are refused with what is allowed`() {
    var options = BookOptions()
    options.churnPercent = 101
    #expect(
      throws: SampleError.outOfRange(what: "customers of 100 that leave", value: "101", allowed: "0 to 100")
    ) { try BookGenerator(options: options) }
    options = BookOptions()
    options.endMilliseconds += 1
    #expect(throws: SampleError.self) { try BookGenerator(options: options) }
  }
}
