/// Which event name each number is of, and the numbers of events that matched filters. Most configs have no filter: then
/// every number is its own event's.
struct EventVariants {
  private struct Key: Hashable {
    var event: EventNameID
    var matched: UInt64
  }

  /// The filters in the order of the bits that batches carry.
  let filters: [PropertyFilter]
  /// By number: the number of the event itself, which may be the same.
  private var events: ContiguousArray<EventNameID> = []
  /// How many event names there are, whatever their properties.
  private(set) var eventCount = 0
  private var numbers: [Key: EventNameID] = [:]

  init(filters: [PropertyFilter]) { self.filters = filters }

  /// Adds the next number. What matched may name filters that are in the config no more: nothing new gets such a number.
  mutating func add(_ variant: EventVariant, of event: EventNameID) {
    let number = EventNameID(events.count)
    events.append(event)
    if event == number { eventCount += 1 }
    let bits = variant.filters.map { filters.firstIndex(of: $0) }
    guard !bits.isEmpty, !bits.contains(nil) else { return }
    numbers[Key(event: event, matched: bits.reduce(0) { $0 | 1 << UInt64($1 ?? 0) })] = number
  }

  /// The number of an event that matched filters; nil: it is the first of its kind.
  func number(of event: EventNameID, matched: UInt64) -> EventNameID? {
    matched == 0 ? event : numbers[Key(event: event, matched: matched)]
  }

  /// The filters that a batch says were matched.
  func filters(_ matched: UInt64) -> [PropertyFilter] {
    filters.indices.filter { matched >> UInt64($0) & 1 != 0 }.map { filters[$0] }
  }
}
