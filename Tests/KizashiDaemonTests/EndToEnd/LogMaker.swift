import Foundation
import KizashiCore
import ReferenceModel
import TestSupport

/// Makes a small log with everything real logs have: repeats, lines out of order and late, counts, attributes, surveys,
/// and lines that must be refused.
struct LogMaker {
  private var random: SeededGenerator
  private var now: Int64
  private let pace: Int64
  private let silences: Bool
  private var sent: [String] = []

  /// - Parameter silences: whether days pass now and then without a line.
  init(seed: UInt64, from start: Int64, pace: Int64, silences: Bool = true) {
    random = SeededGenerator(seed: seed)
    now = start
    self.pace = pace
    self.silences = silences
  }

  mutating func lines(_ count: Int) -> [String] { (0..<count).map { _ in line() } }

  private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

  private mutating func pick(_ choices: [String]) -> String {
    choices[Int.random(in: 0..<choices.count, using: &random)]
  }

  private mutating func line() -> String {
    now += Int64.random(in: 0...2 * pace, using: &random)
    if silences && chance(4) { now += Int64.random(in: 1...4, using: &random) * 86_400_000 }
    if chance(8), let again = sent.suffix(40).randomElement(using: &random) { return again }
    if chance(6) { return refused() }
    var at = now
    if chance(20) { at -= Int64.random(in: 0...120, using: &random) * 60_000 }
    if chance(4) { at -= Int64.random(in: 1...9, using: &random) * 86_400_000 }
    if chance(15) { at = at / 3_600_000 * 3_600_000 }
    let account = pick(["acme", "acme", "beta", "株式会社", "4711"])
    let stamp = chance(80) ? "\"\(UTC.text(at))\"" : "\(at)"
    var fields = ["\"timestamp\":\(stamp)", "\"account\":\(account == "4711" ? account : "\"\(account)\"")"]
    if chance(70) { fields.append("\"user\":\"\(pick(["ann", "bob", "佐藤", "dave"]))\"") }
    if chance(70) { fields.append("\"id\":\"e-\(sent.count)\"") }
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<8:
      fields.append(
        "\"type\":\"group\",\"traits\":{\"plan\":\"\(pick(["pro", "free"]))\",\"seats\":\(sent.count % 50 + 1)}")
    case 8..<14:
      let score = Int.random(in: 0...10, using: &random)
      fields.append("\"event\":\"survey.responded\",\"properties\":{\"survey\":\"nps\",\"score\":\(score)}")
    default:
      fields.append("\"event\":\"\(pick(["login", "login", "report.created", "report.exported", "api.get"]))\"")
      if chance(15) { fields.append("\"count\":\(Int.random(in: 2...9, using: &random))") }
      if chance(60) { fields.append("\"properties\":{\"plan\":\"\(pick(["pro", "free"]))\",\"amount\":\(amount())}") }
    }
    let line = "{\(fields.joined(separator: ","))}"
    sent.append(line)
    return line
  }

  private mutating func amount() -> String {
    let cents = Int.random(in: -500...9999, using: &random)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return "\(cents)"
    case 1: return "\(cents / 100).5"
    case 2: return pick(["null", "true", "\"much\"", "[1]"])
    default: return "\"\(cents).0000005\""
    }
  }

  private mutating func refused() -> String {
    switch Int.random(in: 0..<8, using: &random) {
    case 0: "{\"timestamp\":\"\(UTC.text(now))\",\"account\":\"acme\""
    case 1: "[1,2]"
    case 2: "{\"timestamp\":\"\(UTC.text(now))\",\"event\":\"login\"}"
    case 3: "{\"timestamp\":\"yesterday\",\"account\":\"acme\",\"event\":\"login\"}"
    case 4: "{\"timestamp\":\"\(UTC.text(now + 400 * 86_400_000))\",\"account\":\"acme\",\"event\":\"login\"}"
    case 5: "{\"account\":\"acme\",\"event\":\"login\"}"
    case 6:
      "{\"timestamp\":\"\(UTC.text(now))\",\"account\":\"acme\",\"event\":\"login\",\"properties\":{\"amount\":\"1e13\"}}"
    // An id that was used for something else.
    default:
      "{\"timestamp\":\"\(UTC.text(now))\",\"account\":\"zeta\",\"event\":\"login\",\"id\":\"e-\(max(0, sent.count - 3))\"}"
    }
  }
}

/// What a line says, read with Foundation and nothing of kizashi's decoder.
enum PlainLine {
  case event(ReferenceEvent)
  case refused(RefusalReason)

  init(_ line: String, latestAcceptable: Int64) {
    guard let json = try? JSONSerialization.jsonObject(with: Data(line.utf8), options: [.fragmentsAllowed]) else {
      self = .refused(.badJSON)
      return
    }
    guard let object = json as? [String: Any] else {
      self = .refused(.notObject)
      return
    }
    let isGroup = object["type"] as? String == "group"
    guard let stamp = object["timestamp"], let account = Self.name(object["account"]),
      let event = isGroup ? "" : Self.name(object["event"])
    else {
      self = .refused(.missingField)
      return
    }
    guard let at = (stamp as? NSNumber)?.int64Value ?? (stamp as? String).flatMap(UTC.milliseconds) else {
      self = .refused(.badTimestamp)
      return
    }
    let isSurvey = event.hasPrefix("survey.")
    let said = (isGroup ? object["traits"] : object["properties"]) as? [String: Any] ?? [:]
    self = .event(
      ReferenceEvent(
        kind: isGroup ? .group : isSurvey ? .reserved : .usage, at: at, account: account,
        user: Self.name(object["user"]), event: event, id: Self.name(object["id"]),
        count: (object["count"] as? NSNumber)?.int64Value ?? 1,
        fields: said.sorted { $0.key < $1.key }.map { ($0.key, Self.scalar($0.value)) },
        latestAcceptable: latestAcceptable))
  }

  private static func name(_ value: Any?) -> String? { value as? String ?? (value as? NSNumber)?.stringValue }

  private static func scalar(_ value: Any) -> Scalar {
    if let text = value as? String { return .string(text) }
    guard let number = value as? NSNumber else { return .null }
    // Foundation's booleans are numbers, of characters.
    return String(cString: number.objCType) == "c" ? .bool(number.boolValue) : .number(number.stringValue)
  }
}

/// Instants as RFC 3339 text of UTC and back, with the C library's calendar.
enum UTC {
  static func text(_ milliseconds: Int64) -> String {
    var seconds = time_t(floorDivide(milliseconds, 1000))
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func padded(_ value: some BinaryInteger, _ width: Int) -> String {
      let text = "\(value)"
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    return "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))T"
      + "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))."
      + "\(padded(milliseconds - Int64(seconds) * 1000, 3))Z"
  }

  /// Nil: not in the form ``text(_:)`` gives.
  static func milliseconds(_ text: String) -> Int64? {
    let numbers = text.split { !$0.isNumber }.compactMap { Int32($0) }
    guard numbers.count == 7, text.hasSuffix("Z") else { return nil }
    var parts = tm()
    parts.tm_year = numbers[0] - 1900
    parts.tm_mon = numbers[1] - 1
    (parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec) = (numbers[2], numbers[3], numbers[4], numbers[5])
    return Int64(timegm(&parts)) * 1000 + Int64(numbers[6])
  }
}
