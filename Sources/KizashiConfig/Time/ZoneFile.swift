import KizashiCore

/// A compiled time-zone file (TZif, RFC 8536) as a table of offsets.
struct ZoneFile {
  /// The years the table covers; before and after them its first and last offsets hold.
  static let years = 1970...2100

  /// What is wrong with a file that is none.
  struct Malformed: Error { var why: String }

  /// Ascending; the first holds from the beginning of time.
  let transitions: [BusinessCalendar.Transition]

  /// Reads the file's bytes. Offsets before 1970 are left out: some zones once repeated a whole day, and days must not
  /// go back.
  init(_ bytes: [UInt8]) throws(Malformed) {
    var reader = Reader(bytes: bytes)
    var block = try reader.header()
    var footer = ""
    if block.version == 0 {
      try reader.skipTo(block.start)
    } else {
      try reader.skipTo(block.start + block.length(width: 4))
      block = try reader.header()
      footer = try reader.footer(at: block.start + block.length(width: 8))
    }
    guard block.leapSeconds == 0 else { throw Malformed(why: "it counts leap seconds") }
    var changes = try reader.changes(block, width: block.version == 0 ? 4 : 8)
    let first = try reader.offset(ofType: 0, block, width: block.version == 0 ? 4 : 8)
    if !footer.isEmpty {
      guard let rule = PosixZone(footer) else { throw Malformed(why: "its last line \(quoted(footer)) is no rule") }
      changes += Self.generated(by: rule, after: changes.last?.since)
    }
    transitions = Self.table(changes, before: first)
  }

  private static func generated(by rule: PosixZone, after last: Int?) -> [(since: Int, offset: Int)] {
    // The year before the last listed change, because a year's rule can reach over New Year.
    let firstYear = last.map { max(years.lowerBound, CivilDate.date(days: $0 / 86_400).year - 1) } ?? years.lowerBound
    var result: [(since: Int, offset: Int)] = []
    if last == nil { result.append((0, rule.standard)) }
    guard firstYear <= years.upperBound else { return result }
    for year in firstYear...years.upperBound {
      result += rule.changes(in: year).filter { change in last.map { change.since > $0 } ?? true }
    }
    return result.sorted { $0.since < $1.since }
  }

  private static func table(
    _ changes: [(since: Int, offset: Int)], before first: Int
  ) -> [BusinessCalendar.Transition] {
    var offset = first
    var result: [BusinessCalendar.Transition] = []
    for change in changes {
      if change.since > 0, result.isEmpty {
        result.append(BusinessCalendar.Transition(since: .min, offset: Int32(offset)))
      }
      if change.since > 0, change.offset != offset {
        result.append(BusinessCalendar.Transition(since: Int64(change.since), offset: Int32(change.offset)))
      }
      offset = change.offset
    }
    return result.isEmpty ? [BusinessCalendar.Transition(since: .min, offset: Int32(offset))] : result
  }
}

extension ZoneFile {
  /// One data block: its counts and where it begins.
  private struct Block {
    var version: UInt8
    var start: Int
    var utIndicators: Int
    var standardIndicators: Int
    var leapSeconds: Int
    var times: Int
    var types: Int
    var characters: Int

    func length(width: Int) -> Int {
      times * (width + 1) + types * 6 + characters + leapSeconds * (width + 4) + standardIndicators + utIndicators
    }
  }

  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    mutating func skipTo(_ position: Int) throws(Malformed) {
      guard position <= bytes.count else { throw Malformed(why: "it ends too early") }
      self.position = position
    }

    mutating func header() throws(Malformed) -> Block {
      guard position + 44 <= bytes.count, Array(bytes[position..<position + 4]) == Array("TZif".utf8) else {
        throw Malformed(why: "it is no time-zone file")
      }
      var counts: [Int] = []
      for index in 0..<6 { counts.append(Int(try integer(at: position + 20 + index * 4, width: 4))) }
      let block = Block(
        version: bytes[position + 4], start: position + 44, utIndicators: counts[0], standardIndicators: counts[1],
        leapSeconds: counts[2], times: counts[3], types: counts[4], characters: counts[5])
      guard counts.allSatisfy({ (0...100_000).contains($0) }), block.types > 0 else {
        throw Malformed(why: "its header makes no sense")
      }
      return block
    }

    func integer(at position: Int, width: Int) throws(Malformed) -> Int64 {
      guard position >= 0, position + width <= bytes.count else { throw Malformed(why: "it ends too early") }
      var value: UInt64 = 0
      for byte in bytes[position..<position + width] { value = value << 8 | UInt64(byte) }
      return width == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }

    func offset(ofType type: Int, _ block: Block, width: Int) throws(Malformed) -> Int {
      guard type < block.types else { throw Malformed(why: "it names an offset it does not have") }
      let offset = Int(try integer(at: block.start + block.times * (width + 1) + type * 6, width: 4))
      guard abs(offset) <= PosixZone.farthest else { throw Malformed(why: "it has an offset of \(offset) seconds") }
      return offset
    }

    func changes(_ block: Block, width: Int) throws(Malformed) -> [(since: Int, offset: Int)] {
      var result: [(since: Int, offset: Int)] = []
      for index in 0..<block.times {
        let since = Int(try integer(at: block.start + index * width, width: width))
        let type = Int(bytes[block.start + block.times * width + index])
        guard result.last.map({ since > $0.since }) ?? true else { throw Malformed(why: "its times do not ascend") }
        result.append((since, try offset(ofType: type, block, width: width)))
      }
      return result
    }

    func footer(at position: Int) throws(Malformed) -> String {
      guard position < bytes.count, bytes[position] == 10,
        let end = bytes[(position + 1)...].firstIndex(of: 10)
      else { throw Malformed(why: "it ends too early") }
      return String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
    }
  }
}
