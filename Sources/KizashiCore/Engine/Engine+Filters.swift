/// Features with `where` hold from the commit that first named their filters: what came before was read without them.
extension Engine {
  /// The filters whose matches batches must carry, in the order of the bits of ``EventBatch/matches``.
  public var filters: [PropertyFilter] { variants.filters }

  /// The number under which an event that matched filters is counted.
  @inline(never)
  mutating func variant(of event: EventNameID, matched: UInt64) -> EventNameID {
    if let known = variants.number(of: event, matched: matched) { return known }
    let variant = EventVariant(event: eventNames.name(event), filters: variants.filters(matched))
    var name = variant.name
    let number = name.withUTF8 { bytes in
      let bytes = UnsafeRawBufferPointer(bytes)
      return eventNames.insert(bytes, hash: eventNames.find(bytes).hash)
    }
    addEventName(variant, of: event)
    return number
  }

  /// Takes stored names in the order of their numbers: an event comes before what of it matched filters.
  mutating func addStoredEventNames() {
    for index in 0..<eventNames.count {
      let variant = EventVariant(name: eventNames.name(EventNameID(index)))
      var event = variant.event
      let found = variant.filters.isEmpty ? nil : event.withUTF8 { eventNames.find(UnsafeRawBufferPointer($0)).id }
      let number = found ?? EventNameID(index)
      addEventName(variant, of: number)
    }
  }

  /// Makes room for the next event name everywhere (its number is the count so far).
  ///
  /// - Parameter base: The number of the name without filters.
  mutating func addEventName(_ variant: EventVariant, of base: EventNameID) {
    usage.addEventName(variant, of: base)
    variants.add(variant, of: base)
    addEventToMilestones(variant.event)
    shifts.addEventName(usage.features)
  }

  /// Notes since when each filter has been looked for, in milliseconds; what is not among them always has been.
  mutating func setFilterStarts(_ starts: [FilterStart]) {
    for leaf in compiled.filteredLeaves {
      let filters = compiled.model.filters(of: compiled.leaves[leaf].feature)
      let since = starts.filter { filters.contains($0.filter) }.map(\.since).max()
      guard let since, since.milliseconds != .min else { continue }
      let length = Int64(compiled.leaves[leaf].windowHours) * Tile.length
      holdsFrom[leaf] = HoldsFrom(
        current: since.advanced(by: length).milliseconds, previous: since.advanced(by: 2 * length).milliseconds)
    }
    firstHolding = Set(holdsFrom.values.flatMap { [$0.current, $0.previous] }).sorted()
  }

  /// Whether a leaf's total is of a window through all of which its filters were looked for.
  @inline(__always)
  func holds(_ leaf: Int, previous: Bool = false) -> Bool {
    guard !holdsFrom.isEmpty, let from = holdsFrom[leaf] else { return true }
    return now.milliseconds >= (previous ? from.previous : from.current)
  }

  /// From when on the totals of a leaf hold, milliseconds.
  struct HoldsFrom {
    var current: Int64
    var previous: Int64
  }
}

/// Since when a filter has been looked for in the properties of events.
public struct FilterStart: Sendable, Equatable {
  /// What is looked for.
  public var filter: PropertyFilter
  /// The engine's clock when a config first named it; `.min`: before the first event.
  public var since: Instant
  /// A filter and its start.
  public init(filter: PropertyFilter, since: Instant) {
    self.filter = filter
    self.since = since
  }
}
