/// A point in time as a record's field gives it: an instant, or a whole day in the business time zone.
public enum RecordTime: Sendable, Equatable {
  case instant(Int64)
  case day(LocalDay)

  /// Reads `2027-03-01`, or RFC 3339 with an offset such as `2027-03-01T09:00:00Z`; nil for anything else.
  public init?(_ text: String) {
    if let day = CivilDate.parse(text) {
      self = .day(day)
      return
    }
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: " "),
      let day = CivilDate.parse(text.prefix(10)), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
      let hour = Self.twoDigits(bytes, 11, below: 24), let minute = Self.twoDigits(bytes, 14, below: 60),
      let second = Self.twoDigits(bytes, 17, below: 60)
    else { return nil }
    var at = 19
    var milliseconds: Int64 = 0
    if bytes[at] == UInt8(ascii: ".") {
      let digits = bytes[(at + 1)...].prefix { (48...57).contains($0) }
      guard !digits.isEmpty else { return nil }
      // Finer than a millisecond is cut off.
      for place in 0..<3 {
        milliseconds = milliseconds * 10 + (place < digits.count ? Int64(digits[at + 1 + place]) - 48 : 0)
      }
      at += 1 + digits.count
    }
    guard let offset = Self.offset(bytes[at...]) else { return nil }
    let seconds = ((Int64(day.number) * 24 + hour) * 60 + minute) * 60 + second - offset
    self = .instant(seconds * 1000 + milliseconds)
  }

  private static func twoDigits(_ bytes: [UInt8], _ at: Int, below limit: Int64) -> Int64? {
    guard at + 1 < bytes.count, (48...57).contains(bytes[at]), (48...57).contains(bytes[at + 1]) else { return nil }
    let value = Int64(bytes[at] - 48) * 10 + Int64(bytes[at + 1] - 48)
    return value < limit ? value : nil
  }

  /// Seconds east of UTC of `Z`, `±hh:mm` or `±hhmm`.
  private static func offset(_ rest: ArraySlice<UInt8>) -> Int64? {
    let bytes = Array(rest)
    if bytes == [UInt8(ascii: "Z")] { return 0 }
    let digits = bytes.count == 6 && bytes[3] == UInt8(ascii: ":") ? Array(bytes[0..<3] + bytes[4...]) : bytes
    guard digits.count == 5, digits[0] == UInt8(ascii: "+") || digits[0] == UInt8(ascii: "-"),
      let hours = twoDigits(digits, 1, below: 24), let minutes = twoDigits(digits, 3, below: 60)
    else { return nil }
    let seconds = (hours * 60 + minutes) * 60
    return digits[0] == UInt8(ascii: "-") ? -seconds : seconds
  }

  /// The local day it lies in.
  public func day(_ calendar: BusinessCalendar) -> LocalDay {
    switch self {
    case .instant(let milliseconds): calendar.day(of: Instant(milliseconds: milliseconds).tile)
    case .day(let day): day
    }
  }

  /// The first instant behind it: an instant itself, or the end of a day.
  public func end(_ calendar: BusinessCalendar) -> Int64 {
    switch self {
    case .instant(let milliseconds): milliseconds
    case .day(let day): calendar.firstTile(of: LocalDay(number: day.number + 1)).start.milliseconds
    }
  }
}
