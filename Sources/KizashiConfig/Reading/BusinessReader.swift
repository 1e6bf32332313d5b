import KizashiCore

extension Reading {
  static let weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

  /// `business:`; without it universal time and a Saturday–Sunday weekend.
  func business(_ cursor: Cursor?) -> BusinessCalendar {
    guard let section = cursor?.section(.business, "timezone, weekend and holidays") else { return .utc }
    let zone = section["timezone"].flatMap { self.timezone($0) }
    return BusinessCalendar(
      timezone: zone?.name ?? "UTC", transitions: zone?.transitions ?? BusinessCalendar.utc.transitions,
      weekend: section["weekend"].map { self.weekend($0) } ?? [0, 6],
      holidays: section["holidays"].map { self.holidays($0) } ?? [])
  }

  /// A zone by its IANA name.
  func timezone(_ cursor: Cursor) -> (name: String, transitions: [BusinessCalendar.Transition])? {
    guard let name = cursor.text("the name of a time zone such as Asia/Tokyo") else { return nil }
    do {
      return (name, try zones.transitions(of: name))
    } catch {
      switch error {
      case .unknown(let suggestion):
        cursor.fail(
          "there is no time zone \(quoted(name))",
          hint: suggestion.map { "did you mean \(quoted($0))?" } ?? "write an IANA name such as Asia/Tokyo")
      case .unavailable(let directory):
        cursor.fail(
          "no time-zone files in \(quoted(directory)), so \(quoted(name)) is unknown",
          hint: "install tzdata, or set TZDIR to where they are")
      case .malformed(let path, let why):
        cursor.fail("cannot use the time-zone file \(quoted(path: path)): \(why)", hint: "install tzdata anew")
      }
      return nil
    }
  }

  private func weekend(_ cursor: Cursor) -> Set<Int> {
    var days: Set<Int> = []
    for item in cursor.itemsOrOne("a list of days such as [sat, sun]") ?? [] {
      guard let name = item.choice(Self.weekdays), let day = Self.weekdays.firstIndex(of: name) else { continue }
      if !days.insert(day).inserted { item.fail("\(quoted(name)) stands twice here") }
    }
    if days.count == 7 { cursor.fail("a weekend of seven days leaves no business day", hint: "leave one out") }
    return days
  }

  /// A list of dates, or the path of a file of them.
  private func holidays(_ cursor: Cursor) -> Set<LocalDay> {
    if case .list = cursor.node.value {
      var days: Set<LocalDay> = []
      for item in cursor.items("dates") ?? [] {
        guard let text = item.text("a date such as 2026-05-03") else { continue }
        if let day = CivilDate.parse(text) {
          days.insert(day)
        } else {
          item.failExpecting("a date such as 2026-05-03")
        }
      }
      return days
    }
    guard let path = self.path(cursor, "the path of a file of dates, or a list of dates") else { return [] }
    do {
      return holidayFile(try FileContent.read(path, limit: 1 << 20), path)
    } catch {
      cursor.fail(
        "cannot read the holidays \(quoted(path: path)): \(error.why)",
        hint: "one date such as 2026-05-03 a line, # begins a comment; relative paths start at the config's directory")
      return []
    }
  }

  private func holidayFile(_ bytes: [UInt8], _ path: String) -> Set<LocalDay> {
    var days: Set<LocalDay> = []
    let lines = String(decoding: bytes, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      let text = line.prefix { $0 != "#" }.filter { !$0.isWhitespace && $0 != "\u{FEFF}" }
      guard !text.isEmpty else { continue }
      if let day = CivilDate.parse(text) {
        days.insert(day)
      } else {
        report.add(
          Problem(
            file: path, line: index + 1, column: 1, path: "",
            message: "expected a date such as 2026-05-03, found \(quoted(String(line)))",
            hint: "one date a line, # begins a comment"))
      }
    }
    return days
  }
}
