/// The users who carry an account's core use: of those who together make half of it, the ones who do so regularly.
///
/// Local days from 69 to 14 days ago are looked at, so that who has just gone is still among them.
enum PowerUsers {
  /// Days before today that are looked at, the oldest and the newest.
  static let oldestDay: Int32 = 69
  static let newestDay: Int32 = 14
  /// So many active days at the least.
  static let leastDays = 8
  /// How many hours of an account's log are needed.
  static let hours = 71 * 24

  /// What is known of one user.
  private struct Use {
    var events: Int64 = 0
    var days: Set<Int32> = []
  }

  /// The power users at the day `today`, most core events first.
  ///
  /// - Parameters:
  ///   - uses: Core events: user, local day, how many.
  ///   - name: The user's name: of equals the lesser in bytes comes first.
  static func find(
    _ uses: [(user: UserID, day: Int32, events: Int64)], today: Int32, name: (UserID) -> String
  ) -> [UserID] {
    var byUser: [UserID: Use] = [:]
    var total: Int64 = 0
    for use in uses where (today - oldestDay...today - newestDay).contains(use.day) {
      byUser[use.user, default: Use()].events += use.events
      byUser[use.user, default: Use()].days.insert(use.day)
      total += use.events
    }
    let order = byUser.map { (user: $0.key, use: $0.value) }.sorted {
      $0.use.events != $1.use.events
        ? $0.use.events > $1.use.events : name($0.user).utf8.lexicographicallyPrecedes(name($1.user).utf8)
    }
    var sum: Int64 = 0
    var result: [UserID] = []
    for (user, use) in order {
      guard 2 * sum < total else { break }
      sum += use.events
      if use.days.count >= leastDays { result.append(user) }
    }
    return result
  }
}

/// Which power user of an account is lost, as of a day: looked for again when the day or what it rests on changes.
struct LostPowerUser: BitwiseCopyable {
  /// In ``trait``: nobody said so, they are silent.
  static let silent: Int32 = -1
  /// ``LocalDay/number``; `.min`: not looked for.
  var day: Int32 = .min
  /// 0: none.
  var user: UserID = 0
  /// Which of the rule's traits says so; ``silent``: none does.
  var trait = Self.silent
  /// Whether somebody has as many active days as a power user, so that passing days can change the answer.
  var isWatched = false
}

extension Engine {
  /// The first power user who has been silent for as long as a rule says, or of whom a trait says that they are gone; nil:
  /// none.
  mutating func lostPowerUser(
    _ account: AccountID, after span: RuleSpan, role: [TraitTest], slot: Int
  ) -> LostPowerUser? {
    let place = Int(account) * compiled.powerUserRuleCount + slot
    let today = daySteps.today.number
    if lostPowerUsers[place].day != today {
      // Passing days only take active days away.
      if lostPowerUsers[place].day != .min && lostPowerUsers[place].day < today && !lostPowerUsers[place].isWatched {
        lostPowerUsers[place].day = today
      } else {
        lostPowerUsers[place] = findLostPowerUser(account, span, role)
      }
    }
    return lostPowerUsers[place].user == 0 ? nil : lostPowerUsers[place]
  }

  /// Why a power user is missed, for people.
  func reason(_ lost: LostPowerUser, _ account: AccountID, after span: RuleSpan, role: [TraitTest]) -> String {
    let name = userNames.name(lost.user)
    let who = "\(name), who carried much of the core use,"
    guard lost.trait != LostPowerUser.silent else { return "\(who) has not been seen for \(ReasonText.span(span))" }
    let trait = role[Int(lost.trait)].trait
    return "\(who) is gone: \(trait) is \(traits.value(account, user: name, trait)?.shown ?? "not set")"
  }

  /// The next day, where it can bring another answer; `.max`: only an event can.
  mutating func nextPowerUserDeadline(
    _ account: AccountID, after span: RuleSpan, role: [TraitTest], slot: Int
  ) -> Int64 {
    // A restored engine has not looked yet.
    _ = lostPowerUser(account, after: span, role: role, slot: slot)
    return lostPowerUsers[Int(account) * compiled.powerUserRuleCount + slot].isWatched ? daySteps.nextDay : .max
  }

  private mutating func findLostPowerUser(
    _ account: AccountID, _ span: RuleSpan, _ role: [TraitTest]
  ) -> LostPowerUser {
    let today = daySteps.today.number
    var uses: [(user: UserID, day: Int32, events: Int64)] = []
    var days: [UserID: Set<Int32>] = [:]
    var lastHours: [UserID: Int32] = [:]
    var core: [LogEntry] = []
    usage.forEachEntry(account) { entry in
      if entry.user != 0 && usage.features.isCore(entry.event) { core.append(entry) }
    }
    // Each active day of a user is an entry at the least.
    guard core.count >= PowerUsers.leastDays else { return LostPowerUser(day: today) }
    for entry in core {
      let day = usage.lastDay(of: entry.hour).number
      guard day >= today - PowerUsers.oldestDay else { continue }
      uses.append((entry.user, day, Int64(entry.count)))
      days[entry.user, default: []].insert(day)
      lastHours[entry.user] = max(lastHours[entry.user] ?? .min, entry.hour)
    }
    guard days.values.contains(where: { $0.count >= PowerUsers.leastDays }) else { return LostPowerUser(day: today) }
    let users = PowerUsers.find(uses, today: today) { userNames.name($0) }
    for user in users {
      // What somebody said is a better reason than a silence.
      if let trait = goneTrait(of: user, account, role) {
        return LostPowerUser(day: today, user: user, trait: trait, isWatched: true)
      }
      if let hour = lastHours[user], daySteps.wholeDays(after: lastDay(hour), span) >= 0 {
        return LostPowerUser(day: today, user: user, isWatched: true)
      }
    }
    return LostPowerUser(day: today, isWatched: true)
  }

  /// The first of a rule's traits that says that a user is gone; nil: none does.
  private func goneTrait(of user: UserID, _ account: AccountID, _ role: [TraitTest]) -> Int32? {
    guard !role.isEmpty, traits.knowsAnybody(of: account) else { return nil }
    let name = userNames.name(user)
    let place = role.firstIndex { wanted in
      guard let value = traits.value(account, user: name, wanted.trait) else { return false }
      return wanted.test.passes(value)
    }
    return place.map { Int32($0) }
  }

  /// Takes in an `identify` line; where it says another thing of a user that a rule asks for, the account is evaluated.
  mutating func identify(_ stored: StoredRecord, _ account: AccountID) {
    guard absorbTraits(stored, account) else { return }
    for slot in 0..<compiled.powerUserRuleCount {
      lostPowerUsers[Int(account) * compiled.powerUserRuleCount + slot].day = .min
    }
    // Whoever has done nothing yet is no account to be scored.
    if scores.core(account).pointee.evaluated { evaluateLine(account, .attribute) }
  }

  /// Keeps the traits that a rule asks for; whether one has another value now.
  mutating func absorbTraits(_ stored: StoredRecord, _ account: AccountID) -> Bool {
    guard let user = stored.user else { return false }
    var moved = false
    for (name, value) in stored.record.fields where traits.wants(name) {
      if traits.set(account, user: user, name, value, at: stored.at.milliseconds) { moved = true }
    }
    return moved
  }

  /// Forgets what an event can change: who is lost when they are seen again, and who the power users are when it is late.
  @inline(__always)
  mutating func noteUse(_ account: AccountID, event: EventNameID, user: UserID, hour: Int32) {
    guard user != 0, usage.features.isCore(event) else { return }
    daySteps.move(to: now.tile)
    let isLate = lastDay(hour).number <= daySteps.today.number - PowerUsers.newestDay
    for slot in 0..<compiled.powerUserRuleCount {
      let place = Int(account) * compiled.powerUserRuleCount + slot
      let isSeen = lostPowerUsers[place].user == user && lostPowerUsers[place].trait == LostPowerUser.silent
      // Where nobody is watched an event may be the one that makes its user somebody to watch.
      guard isLate || isSeen || !lostPowerUsers[place].isWatched && isRegular(user, account) else { continue }
      lostPowerUsers[place].day = .min
      usage.stir(account, .days)
    }
  }

  /// Whether a user has as many active days as a power user, without asking when.
  private func isRegular(_ user: UserID, _ account: AccountID) -> Bool {
    let oldest = daySteps.today.number - PowerUsers.oldestDay
    var days = 0
    var last = Int32.min
    // Ascending: an entry of another day than the one before is of a new one.
    usage.forEachEntry(account) { entry in
      guard entry.user == user, usage.features.isCore(entry.event) else { return }
      let day = usage.lastDay(of: entry.hour).number
      guard day >= oldest, day != last else { return }
      last = day
      days += 1
    }
    return days >= PowerUsers.leastDays
  }
}
