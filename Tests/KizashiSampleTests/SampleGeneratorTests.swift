import Testing

@testable import KizashiSample

@Suite struct `Sample generator` {
  private func small(seed: UInt64 = 7) -> SampleOptions {
    var options = SampleOptions()
    options.accounts = 40
    options.days = 30
    options.events = 6000
    options.seed = seed
    return options
  }

  @Test func `the same options give the same bytes, whatever the chunk size`() throws {
    let once = try bytes(small())
    #expect(once == (try bytes(small())))
    #expect(once == (try bytes(small(), chunk: 1)))
    #expect(once == (try bytes(small(), chunk: 1 << 22)))
    // The bytes of a seed are a promise: documents and figures of other versions rest on them.
    #expect(fingerprint(once) == 0x3A92_C944_B908_093E, "\(String(fingerprint(once), radix: 16))")
  }

  @Test func `another seed gives other bytes`() throws {
    #expect(try bytes(small()) != bytes(small(seed: 8)))
  }

  @Test func `a chunk holds whole lines and no more than was asked for`() throws {
    var generator = try SampleGenerator(options: small())
    var buffer: [UInt8] = []
    var chunks = 0
    while generator.next(into: &buffer, upTo: 5000) {
      chunks += 1
      #expect(buffer.count <= 5000)
      #expect(buffer.last == UInt8(ascii: "\n"))
    }
    #expect(buffer.isEmpty)
    #expect(chunks > 200)
    #expect(!generator.next(into: &buffer, upTo: 5000))
  }

  @Test func `every line is a valid event of about 220 bytes`() throws {
    let all = try bytes(small())
    let lines = try read(all)
    #expect(Set(lines.map(\.id)).count == lines.count)
    #expect(lines.allSatisfy { $0.at >= small().startMilliseconds && $0.at < small().endMilliseconds })
    let usage = lines.filter(\.isUsage)
    #expect(usage.count == 6000)
    for line in usage {
      #expect(line.event != nil && line.user != nil)
      let properties = try #require(line.object["properties"] as? [String: Any])
      #expect((properties["duration_ms"] as? Int ?? -1) > 0)
    }
    #expect((210...235).contains(all.count / lines.count))
  }

  @Test func `the number of usage events is exact`() throws {
    for events in [0, 1, 23, 4567] {
      var options = small()
      options.events = events
      options.attributes = false
      options.feedbackPerMillion = 0
      #expect(try read(bytes(options)).count == events)
    }
    var alone = small()
    alone.accounts = 1
    alone.events = 500
    #expect(try read(bytes(alone)).filter(\.isUsage).count == 500)
  }

  @Test func `late lines are late by no more than was asked for, and as many as asked for`() throws {
    var options = small()
    options.attributes = false
    options.feedbackPerMillion = 0
    options.events = 20_000
    options.days = 2
    let lines = try read(bytes(options))
    var latest = Int64.min
    var late = 0
    for line in lines {
      if line.at < latest {
        late += 1
        #expect(latest - line.at <= 60_000)
      }
      latest = max(latest, line.at)
    }
    // A line that is late by less than the nine seconds to its neighbour is in order.
    #expect((800...1050).contains(late), "\(late) of 20,000")
    options.latePerMille = 0
    let ordered = try read(bytes(options))
    #expect(zip(ordered, ordered.dropFirst()).allSatisfy { $0.at <= $1.at })
  }

  @Test func `duplicates are repeated byte for byte, a little later`() throws {
    var options = small()
    options.duplicatesPerMille = 100
    let text = String(decoding: try bytes(options), as: UTF8.self)
    var seen: [Substring: Int] = [:]
    var repeats = 0
    for (number, line) in text.split(separator: "\n").enumerated() {
      if let first = seen[line] {
        repeats += 1
        #expect(number - first >= 300 || repeats > 500, "line \(number) repeats line \(first)")
      }
      seen[line] = number
    }
    #expect((500...700).contains(repeats), "\(repeats) of 6,000")
    let lines = try read(Array(text.utf8))
    #expect(Set(lines.map(\.id)).count == lines.count - repeats)
  }

  @Test func `attributes come for each account and answers to surveys now and then`() throws {
    var options = small()
    options.feedbackPerMillion = 20_000
    let lines = try read(bytes(options))
    let groups = lines.filter { $0.type == "group" }
    #expect(Set(groups.map(\.account)).count == 40)
    for group in groups {
      let traits = try #require(group.object["traits"] as? [String: Any])
      #expect(Set(traits.keys) == ["plan", "seats_issued", "mrr", "csm", "region"])
      #expect((traits["seats_issued"] as? Int ?? 0) > 0)
    }
    let surveys = lines.filter { $0.event == "survey.responded" }
    #expect((40...150).contains(surveys.count), "\(surveys.count)")
    for survey in surveys {
      let score = (survey.object["properties"] as? [String: Any])?["score"] as? Int
      #expect((0...10).contains(score ?? -1))
    }
    #expect(!lines.filter { $0.event == "sentiment.recorded" }.isEmpty)
  }

  @Test func `a tenth of the backfill workload has the spread that the whole is promised to have`() throws {
    var options = SampleOptions.backfill
    options.accounts = 2000
    options.events = 200_000
    let lines = try usage(options)
    #expect(lines.count == 200_000)
    var pairs: Set<String> = []
    var triples: Set<String> = []
    var sizes: [String: Int] = [:]
    var names: [String: Int] = [:]
    for line in lines {
      pairs.insert(line.account + "|" + line.event)
      triples.insert(line.user + "|" + line.event)
      sizes[line.account, default: 0] += 1
      names[line.event, default: 0] += 1
    }
    #expect(sizes.count == 2000)
    #expect(pairs.count >= 60_000, "\(pairs.count)")
    #expect(triples.count >= 140_000, "\(triples.count)")
    #expect(names.count == 60)
    // A cube law: the largest of n accounts has n to the power of -1/3 of all, 8 % of 2,000, more while others rest.
    #expect((0.06...0.12).contains(Double(sizes.values.max() ?? 0) / 200_000))
    #expect((names["page.viewed"] ?? 0) > 3 * (names["job.failed"] ?? 0))
  }

  @Test func `options out of range are refused with what is allowed`() {
    var options = SampleOptions()
    options.accounts = 0
    #expect(throws: SampleError.outOfRange(what: "accounts", value: "0", allowed: "1 to 10000000")) {
      try SampleGenerator(options: options)
    }
    options = SampleOptions()
    options.endMilliseconds = .max / 2
    #expect(throws: SampleError.self) { try SampleGenerator(options: options) }
  }

  /// FNV-1a, 64 bits.
  private func fingerprint(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
