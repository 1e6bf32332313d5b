import KizashiCore

/// Running sums over the facts of one account, given in the order of their hours.
///
/// A large account has some 100,000 facts, and somebody waits for its page: so there is one dictionary look-up a fact,
/// and what was counted before is known by comparing with the last day (hours ascend, and local days with them) and by
/// one bit a user, not by sets.
struct UsagePass {
  /// One row of `fact` with its local day.
  struct Fact {
    var hour: Int64
    var day: Int32
    /// 0: none.
    var user: Int64
    var events: Int64
    /// Milliseconds.
    var first: Int64
    var last: Int64
  }

  /// Events, distinct users and distinct days of one window.
  struct Sums {
    var events: Int64 = 0
    var users: Int64 = 0
    var days: Int64 = 0
    private var lastDay = Int32.min
    private var seen: [UInt64] = []

    /// - Parameter user: its place among the users of the account; nil: none, or nobody asks.
    mutating func add(_ fact: Fact, user: Int?) {
      events += fact.events
      if fact.day != lastDay {
        lastDay = fact.day
        days += 1
      }
      guard let user else { return }
      let word = user >> 6
      while seen.count <= word { seen.append(0) }
      let bit: UInt64 = 1 << UInt64(user & 63)
      if seen[word] & bit == 0 {
        seen[word] |= bit
        users += 1
      }
    }
  }

  /// A window, the one before, and when anything was first and last seen.
  struct Both {
    var current = Sums()
    var previous = Sums()
    var first = Int64.max
    var last = Int64.min

    mutating func add(_ fact: Fact, to window: Window?, user: Int?) {
      first = min(first, fact.first)
      last = max(last, fact.last)
      switch window {
      case .current: current.add(fact, user: user)
      case .previous: previous.add(fact, user: user)
      case nil: break
      }
    }
  }

  /// Which window a fact counts in.
  enum Window {
    case current
    case previous
  }

  /// First hours of the current and the previous window.
  let currentFrom: Int64
  let previousFrom: Int64
  /// The event name whose facts come now; nil: none yet.
  private(set) var event: Int64?
  /// In the order first met.
  private(set) var features: [(feature: Int64, sums: Both)] = []
  /// In the order first met.
  private(set) var users: [(user: Int64, sums: Both)] = []
  private(set) var days: [AccountUsage.DayUse] = []

  private var placeOfFeature: [Int64: Int] = [:]
  private var placesOfEvent: [Int64: [Int]] = [:]
  private var places: [Int] = []
  private var placeOfUser: [Int64: Int] = [:]
  /// By place of the user: the last day it was counted on.
  private var lastDayOfUser: [Int32] = []

  init(currentFrom: Int64, previousFrom: Int64) {
    self.currentFrom = currentFrom
    self.previousFrom = previousFrom
  }

  /// The facts that follow are of this event name.
  /// - Parameter memberships: gives the features it belongs to; asked once for each name.
  mutating func turn(to event: Int64, memberships: () throws -> [Int64]) rethrows {
    self.event = event
    if let known = placesOfEvent[event] {
      places = known
      return
    }
    places = []
    for feature in try memberships() {
      let place = placeOfFeature[feature] ?? features.count
      if place == features.count {
        placeOfFeature[feature] = place
        features.append((feature, Both()))
      }
      places.append(place)
    }
    placesOfEvent[event] = places
  }

  /// Counts a fact of the event turned to.
  mutating func add(_ fact: Fact) {
    // An expired fact has no events left: it only proves when something was seen.
    let isExpired = fact.events == 0
    let window: Window? =
      isExpired || fact.hour < previousFrom ? nil : fact.hour < currentFrom ? .previous : .current
    var user: Int?
    if fact.user > 0 {
      let place = placeOfUser[fact.user] ?? users.count
      if place == users.count {
        placeOfUser[fact.user] = place
        users.append((fact.user, Both()))
        lastDayOfUser.append(.min)
      }
      users[place].sums.add(fact, to: window, user: nil)
      user = place
    }
    for place in places { features[place].sums.add(fact, to: window, user: user) }
    if !isExpired { countDay(fact, user: user) }
  }

  private mutating func countDay(_ fact: Fact, user: Int?) {
    if days.last?.day.number != fact.day {
      days.append(AccountUsage.DayUse(day: LocalDay(number: fact.day), events: 0, users: 0))
    }
    days[days.count - 1].events += fact.events
    if let user, lastDayOfUser[user] != fact.day {
      lastDayOfUser[user] = fact.day
      days[days.count - 1].users += 1
    }
  }
}
