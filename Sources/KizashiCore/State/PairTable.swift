/// Dense slots for (account, feature) pairs, in the order of first use: open addressing.
struct PairTable {
  private var keys: ContiguousArray<UInt64> = []
  /// Slot + 1; 0: free.
  private var slots = ContiguousArray<UInt32>(repeating: 0, count: 1024)
  private var mask = 1023

  @inline(__always)
  private func position(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: NameHash.fold(key, 0x9e37_79b9_7f4a_7c15)) & mask
  }

  @inline(__always)
  mutating func slot(_ account: AccountID, _ feature: UInt32) -> (slot: UInt32, isNew: Bool) {
    let key = UInt64(account) << 32 | UInt64(feature)
    var index = position(key)
    while slots[index] != 0 {
      if keys[Int(slots[index]) - 1] == key { return (slots[index] - 1, false) }
      index = (index + 1) & mask
    }
    keys.append(key)
    slots[index] = UInt32(keys.count)
    if keys.count * 2 > slots.count { grow() }
    return (UInt32(keys.count - 1), true)
  }

  private mutating func grow() {
    slots = ContiguousArray(repeating: 0, count: slots.count * 2)
    mask = slots.count - 1
    for (slot, key) in keys.enumerated() {
      var index = position(key)
      while slots[index] != 0 { index = (index + 1) & mask }
      slots[index] = UInt32(slot + 1)
    }
  }
}

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
