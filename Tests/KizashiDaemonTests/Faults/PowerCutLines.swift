import TestSupport

/// The lines one producer has written before the power goes, and what a store that has counted some of them must hold.
struct PowerCutLines: Sendable {
  /// A line; one without an instant is no event.
  struct Line: Sendable {
    var text: String
    var at: Int64?
    var account = ""
    var user = ""
    var id: String?
    /// When it was written.
    var writtenAt = presentMilliseconds()
  }

  private let producer: String
  private(set) var lines: [Line] = []
  private var identified: [Line] = []

  /// - Parameter producer: What its accounts and ids begin with: nothing of two producers is the same.
  init(producer: String) { self.producer = producer }

  /// The text of lines from the given one on.
  func texts(from index: Int = 0) -> [String] { lines[index...].map(\.text) }

  /// Writes some more lines. Most have no id, so that what is read twice counts twice; some repeat the id of another, so that
  /// ids which survive without their lines show, too; some are no events.
  ///
  /// Four accounts at a time, for 400 lines: they come to the threshold of the rule `busy` at their beginning, so that most
  /// commits owe nothing.
  mutating func add(_ number: Int, _ random: inout SeededGenerator) {
    for _ in 0..<number {
      switch Int.random(in: 0..<20, using: &random) {
      case 0: lines.append(Line(text: "{no event"))
      case 1 where !identified.isEmpty:
        // As a producer does that does not know whether it was heard.
        var line = identified[Int.random(in: max(0, identified.count - 20)..<identified.count, using: &random)]
        line.writtenAt = presentMilliseconds()
        lines.append(line)
      case 2...8: add(id: "\(producer)-\(lines.count)", &random)
      default: add(id: nil, &random)
      }
    }
  }

  private mutating func add(id: String?, _ random: inout SeededGenerator) {
    let (account, user) = ("\(producer)-\(lines.count / 400)-\(random.next() % 4)", "u\(random.next() % 3)")
    let at = presentMilliseconds()
    let key = id.map { #","id":"\#($0)""# } ?? ""
    let text = #"{"timestamp":\#(at),"account":"\#(account)","user":"\#(user)","event":"e"\#(key)}"#
    let line = Line(text: text, at: at, account: account, user: user, id: id)
    lines.append(line)
    if id != nil { identified.append(line) }
  }

  /// How many lines so many bytes are; nil: the last of them would be cut.
  func lines(in bytes: Int) -> Int? {
    var (count, sum) = (0, 0)
    while sum < bytes && count < lines.count {
      sum += lines[count].text.utf8.count + 1
      count += 1
    }
    return sum == bytes ? count : nil
  }
}

/// What a store must hold of some lines, computed from the lines alone.
struct PowerCutFacts {
  /// Of each account: hour, user, events, first and last instant.
  private(set) var facts: [String] = []
  /// Alerts of the rule `busy`.
  private(set) var alerts: [String] = []
  /// Lines, events, duplicates and refused lines.
  private(set) var counts: [Int]

  private struct Key: Hashable {
    var hour: Int64
    var account: String
    var user: String
  }

  init(_ lines: some Sequence<PowerCutLines.Line>) {
    var ids: Set<String> = []
    var found: [Key: (events: Int, first: Int64, last: Int64)] = [:]
    var totals: [String: Int] = [:]
    counts = [0, 0, 0, 0]
    for line in lines {
      counts[0] += 1
      guard let at = line.at else {
        counts[3] += 1
        continue
      }
      if let id = line.id, !ids.insert(id).inserted {
        counts[2] += 1
        continue
      }
      counts[1] += 1
      totals[line.account, default: 0] += 1
      let key = Key(hour: at / 3_600_000, account: line.account, user: line.user)
      let old = found[key] ?? (0, at, at)
      found[key] = (old.events + 1, min(old.first, at), max(old.last, at))
    }
    facts = found.map { key, value in
      "\(key.account) \(key.hour) \(key.user) \(value.events) \(value.first) \(value.last)"
    }.sorted()
    alerts = totals.filter { $0.value > 5 }.map { "busy:\($0.key):1" }.sorted()
  }

  /// The same, of accounts that begin with a producer's name, as a store holds it.
  init(of source: String, _ producer: String, in store: String, _ place: Workspace) throws {
    facts = try place.rows(
      """
      SELECT a.name, f.hour, u.name, f.events, f.hour * 3600000 + f.first, f.hour * 3600000 + f.first + f.span
      FROM fact f JOIN account_name a ON a.id = f.account JOIN user_name u ON u.id = f.user
      WHERE a.name GLOB '\(producer)-*'
      """, in: store
    ).map { $0.joined(separator: " ") }.sorted()
    alerts = try place.rows(
      "SELECT alert_id FROM alerts WHERE rule = 'busy' AND account GLOB '\(producer)-*' ORDER BY 1", in: store
    ).map { $0[0] }
    counts =
      try place.rows(
        "SELECT DISTINCT lines, events, duplicates, refused FROM sources WHERE source = '\(source)'", in: store
      ).first?.compactMap { Int($0) } ?? [0, 0, 0, 0]
  }
}
