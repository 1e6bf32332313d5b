import KizashiCore

/// A list of churns: `account,date` a line, the date a day of the business time zone or RFC 3339.
enum ChurnFile {
  /// Reads the file; `-` is standard input. A first line that begins with `account,` is a heading.
  /// - Returns: ascending by instant.
  /// - Throws: 69 where it cannot be read, 65 for a line that says nothing.
  static func read(_ path: String, calendar: BusinessCalendar) throws(Failure) -> [(account: String, at: Instant)] {
    var input = try LineInput(path)
    var churns: [(account: String, at: Instant)] = []
    var number = 0
    while let bytes = try input.next() {
      number += 1
      let line = String(decoding: bytes.last == 0x0d ? bytes.dropLast() : bytes, as: UTF8.self)
      if line.isEmpty || number == 1 && line.hasPrefix("account,") { continue }
      let fields = fields(line)
      guard fields.count >= 2, !fields[0].isEmpty, let moment = MomentArgument(argument: fields[1]), !moment.isLength
      else {
        throw Failure(
          .badData, "\(path):\(number): expected account,date such as acme,2026-05-03, found “\(line)”",
          hint: "write one churn a line; the date is a day, or RFC 3339")
      }
      churns.append((fields[0], moment.instant(now: Instant(milliseconds: 0), calendar: calendar)))
    }
    return churns.sorted { ($0.at, $0.account) < ($1.at, $1.account) }
  }

  /// The fields of a line of CSV: commas, and quotes as RFC 4180 has them.
  static func fields(_ line: String) -> [String] {
    var fields = [""]
    var isQuoted = false
    var afterQuote = false
    for character in line {
      switch character {
      case "\"" where isQuoted:
        isQuoted = false
        afterQuote = true
        continue
      case "\"" where afterQuote:
        // Two quotes are one.
        fields[fields.count - 1].append(character)
        isQuoted = true
      case "\"" where fields[fields.count - 1].isEmpty: isQuoted = true
      case "," where !isQuoted: fields.append("")
      default: fields[fields.count - 1].append(character)
      }
      afterQuote = false
    }
    return fields
  }
}
