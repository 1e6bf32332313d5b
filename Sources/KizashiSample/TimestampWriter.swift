/// Writes instants as text and keeps the date of the last one: neighbours mostly share it.
struct TimestampWriter: Sendable {
  /// The hour the date below belongs to.
  private var hour = Int64.min
  private var date: (Int, Int, Int, Int) = (1970, 1, 1, 0)

  /// RFC 3339 with milliseconds.
  @inline(__always) mutating func write(_ milliseconds: Int64, to writer: inout LineWriter) {
    let hour = milliseconds.dividedDown(by: 3_600_000)
    if hour != self.hour {
      let day = hour.dividedDown(by: 24)
      let civil = CivilDate(day: day)
      self.hour = hour
      date = (civil.year, civil.month, civil.day, Int(hour - day * 24))
    }
    let inHour = Int(truncatingIfNeeded: milliseconds &- hour &* 3_600_000)
    writer.digits(date.0, count: 4)
    writer.byte(UInt8(ascii: "-"))
    writer.digits(date.1, count: 2)
    writer.byte(UInt8(ascii: "-"))
    writer.digits(date.2, count: 2)
    writer.byte(UInt8(ascii: "T"))
    writer.digits(date.3, count: 2)
    writer.byte(UInt8(ascii: ":"))
    writer.digits(inHour / 60_000, count: 2)
    writer.byte(UInt8(ascii: ":"))
    writer.digits(inHour / 1000 % 60, count: 2)
    writer.byte(UInt8(ascii: "."))
    writer.digits(inHour % 1000, count: 3)
    writer.byte(UInt8(ascii: "Z"))
  }
}
