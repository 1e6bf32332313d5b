import Foundation
import KizashiCore

/// The system's time-zone files.
///
/// Read directly, not through Foundation's `TimeZone`: that one brings data of its own, which updates of the system do
/// not reach, and cannot list changes of an offset that are not daylight saving.
struct ZoneDatabase {
  enum Failure: Error {
    case unknown(suggestion: String?)
    case unavailable(directory: String)
    case malformed(path: String, why: String)
  }

  /// Usually `/usr/share/zoneinfo`.
  let directory: String

  /// `TZDIR` of the environment, or where Linux systems keep them.
  init(environment: [String: String]) {
    let named = environment["TZDIR"] ?? ""
    directory = named.isEmpty ? "/usr/share/zoneinfo" : named
  }

  /// The offsets of a zone such as `Asia/Tokyo` from 1970 to 2100.
  func transitions(of name: String) throws(Failure) -> [BusinessCalendar.Transition] {
    // A machine without any time-zone files can still count in UTC.
    if name == "UTC" { return BusinessCalendar.utc.transitions }
    let safe = !name.isEmpty && !name.hasPrefix("/") && !name.split(separator: "/").contains("..")
    let path = "\(directory)/\(name)"
    guard safe, let bytes = try? FileContent.read(path, limit: 1 << 20) else {
      let known = names()
      if known.isEmpty { throw .unavailable(directory: directory) }
      throw .unknown(suggestion: Self.suggestion(for: name, among: known))
    }
    do {
      return try ZoneFile(bytes).transitions
    } catch {
      throw .malformed(path: path, why: error.why)
    }
  }

  /// The zones people name, from the database's own list; only read when a name was wrong.
  private func names() -> [String] {
    for list in ["tzdata.zi", "zone1970.tab", "zone.tab"] {
      guard let bytes = try? FileContent.read("\(directory)/\(list)", limit: 1 << 20) else { continue }
      let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      // tzdata.zi: "Z Asia/Tokyo …" defines, "L Asia/Tokyo Japan" gives another name; zone.tab: third column.
      let names = lines.compactMap { line -> String? in
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard words.count > 2, !line.hasPrefix("#") else { return nil }
        if list != "tzdata.zi" { return String(words[2]) }
        return words[0] == "Z" ? String(words[1]) : words[0] == "L" ? String(words[2]) : nil
      }
      if !names.isEmpty { return names }
    }
    let entries = try? FileManager.default.subpathsOfDirectory(atPath: directory)
    return entries?.filter { $0.contains("/") && !$0.hasPrefix("posix") && !$0.hasPrefix("right") } ?? []
  }

  private static func suggestion(for name: String, among names: [String]) -> String? {
    let lower = name.lowercased().replacing(" ", with: "_")
    if let same = names.sorted().first(where: { $0.lowercased() == lower }) { return same }
    // "Tokyo" for "Asia/Tokyo".
    if let city = names.sorted().first(where: { $0.lowercased().hasSuffix("/\(lower)") }) { return city }
    return nearestName(to: name, in: names)
  }
}
