/// The local day of an hour, remembered for recently asked hours: the calendar's search would be paid per event.
struct DayCache {
  private let calendar: BusinessCalendar
  private var hours = ContiguousArray<Int32>(repeating: .min, count: 4096)
  private var days = ContiguousArray<Int32>(repeating: 0, count: 4096)

  init(_ calendar: BusinessCalendar) { self.calendar = calendar }

  @inline(__always)
  mutating func day(of hour: Int32) -> Int32 {
    let index = Int(hour & 4095)
    if hours[index] != hour {
      hours[index] = hour
      days[index] = calendar.day(of: Tile(hour: hour)).number
    }
    return days[index]
  }

  /// ``day(of:)`` without remembering.
  @inline(__always)
  func look(_ hour: Int32) -> Int32 {
    let index = Int(hour & 4095)
    return hours[index] == hour ? days[index] : calendar.day(of: Tile(hour: hour)).number
  }
}
