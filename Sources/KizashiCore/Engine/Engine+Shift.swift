/// Where shift rules meet the engine: what they count, when days are judged, what is stored, and what people are told.
extension Engine {
  /// Counts a usage event. Whole days are judged before it: a late event changes what a day held, never what was said of it.
  mutating func countTowardShifts(_ account: AccountID, event: EventNameID, hour: Int32, count: Int64) {
    daySteps.move(to: now.tile)
    judgeDays(account)
    let today = today(of: account).number
    if shifts.count(account, event, count, on: usage.dayCache.day(of: hour), today: today) {
      usage.stir(account, .days)
    }
  }

  /// Judges the days that are over at the account's own time and hands the alarms that last to the rules.
  @inline(__always)
  mutating func judgeDays(_ account: AccountID) {
    let yesterday = today(of: account).number - 1
    let core = scores.core(account)
    guard core.pointee.judgedDay < yesterday else { return }
    core.pointee.judgedDay = yesterday
    if shifts.isBehind(account, yesterday) { judge(account, through: yesterday) }
  }

  private mutating func judge(_ account: AccountID, through yesterday: Int32) {
    if shifts.judge(account, through: yesterday, first: firstDay(account)) { tellRulesOfShifts(account) }
  }

  /// A lasting alarm of the other side is another condition: its time starts anew.
  ///
  /// - Parameter isConfig: It is another only by the config, and nothing that a rule waited for.
  mutating func tellRulesOfShifts(_ account: AccountID, isConfig: Bool = false) {
    for (index, watch) in shifts.watches.enumerated() {
      let state = scores.rules(account) + watch.rule
      let side = shifts.detector(account, index).side.rawValue
      guard state.pointee.enteredBand != side else { continue }
      usage.stir(account, .days)
      state.pointee.enteredBand = side
      state.pointee.inhibited = false
      if isConfig { RuleMachine.fallBack(state) }
      state.pointee.since = state.pointee.phase == .pending ? time(of: account).milliseconds : .max
    }
  }

  /// The end of the first day that can change an alarm without an event; `.max`: none.
  mutating func nextShiftDeadline(_ watch: Int, _ account: AccountID) -> Int64 {
    let today = daySteps.today.number
    guard shifts.canChange(account, watch, today: today) else { return .max }
    // Before that a day has too few weeks to be compared with.
    let speaking = firstDay(account) + shifts.watches[watch].settings.silentDays
    return speaking <= today ? daySteps.nextDay : daySteps.start(of: speaking + 1)
  }

  /// The local day of the account's first usage; `.max`: none.
  private func firstDay(_ account: AccountID) -> Int32 {
    let first = scores.core(account).pointee.firstSeen
    return first == .max ? .max : usage.lastDay(of: Instant(milliseconds: first).tile.hour).number
  }

  /// Counts stored facts. Under another config they are also judged, day after day as they come: facts ascend by hour, and
  /// what retention has taken away did not exist.
  mutating func restoreShifts(_ facts: StoredRows<Fact>, _ mode: RestoreMode) throws {
    guard !shifts.isEmpty, !mode.isRecompute else { return }
    var firstDays = ContiguousArray(repeating: Int32.max, count: scores.count)
    try facts.forEach { fact in
      guard fact.events > 0 else { return }
      let day = usage.dayCache.day(of: fact.hour)
      if mode.isRebase {
        let account = Int(fact.account)
        if firstDays[account] == .max {
          firstDays[account] = day
          shifts.begin(fact.account, at: day)
        } else if shifts.isBehind(fact.account, day - 1) {
          shifts.judge(fact.account, through: day - 1, first: firstDays[account])
        }
      }
      let today = usage.dayCache.day(of: clockHour(of: fact.account))
      _ = shifts.count(fact.account, fact.event, fact.events, on: day, today: today)
    }
  }

  // MARK: What is stored

  func encodeShifts(_ account: AccountID, _ out: inout ByteWriter) {
    out.write(unsigned: UInt64(shifts.watches.count))
    for (index, watch) in shifts.watches.enumerated() {
      let detector = shifts.detector(account, index)
      out.write(unsigned: compiled.rules[watch.rule].key)
      for number in [
        detector.judged, detector.down, detector.up, detector.downBefore, detector.upBefore, detector.since,
        detector.after,
      ] { out.write(number) }
      out.write(detector.side.rawValue)
      for lane in detector.recent.indices { out.write(detector.recent[lane]) }
    }
  }

  static func decodeShifts(_ input: inout ByteReader) -> [StoredState.Shift] {
    (0..<input.count()).map { _ in
      let key = input.unsigned()
      var detector = ShiftDetector()
      detector.judged = input.narrow()
      detector.down = input.narrow()
      detector.up = input.narrow()
      detector.downBefore = input.narrow()
      detector.upBefore = input.narrow()
      detector.since = input.narrow()
      detector.after = input.narrow()
      detector.side = ShiftDetector.Side(rawValue: input.narrow()) ?? .none
      for lane in detector.recent.indices { detector.recent[lane] = input.narrow() }
      return StoredState.Shift(key: key, detector: detector)
    }
  }

  mutating func takeShifts(_ state: StoredState, _ account: AccountID, _ mode: RestoreMode) {
    for (index, watch) in shifts.watches.enumerated() where mode.keepsMemory(of: compiled.rules[watch.rule].rule) {
      let key = compiled.rules[watch.rule].key
      guard let stored = state.shifts.first(where: { $0.key == key }) else { continue }
      shifts.restore(account, index, stored.detector)
    }
  }

  // MARK: For people

  /// Why a shift rule opened or resolved.
  func shiftReason(_ watch: Int, _ account: AccountID, ended: Bool) -> String {
    let rule = shifts.watches[watch].rule
    guard case .shift(let feature, let settings) = compiled.rules[rule].rule.kind else { return "" }
    let name = ReasonText.use(of: feature)
    let detector = shifts.detector(account, watch)
    let first = firstDay(account)
    if ended && detector.side.rawValue != scores.rules(account)[rule].openedBand && detector.side != .none {
      return "\(name) has turned \(detector.side == .up ? "up" : "down")"
    }
    let since = ended ? detector.judged - Int32(settings.weekDays) + 1 : detector.since
    let level = shifts.level(account, watch, since: since, first: first)
    let numbers = level.map { ": \(ReasonText.daily($0.now)) a day against \(ReasonText.daily($0.usual))" } ?? ""
    if ended { return "\(name) is about as usual for the weekday again\(numbers)" }
    let way = detector.side == .up ? "above" : "below"
    return "\(name) has been \(way) its usual weekday level since about \(ReasonText.date(since))\(numbers)"
  }
}

extension ReasonText {
  static func use(of feature: FeatureReference) -> String {
    switch feature {
    case .any: "use"
    case .core: "core use"
    case .named(let name): "use of \(name)"
    case .matching(let feature, _): use(of: feature)
    }
  }

  /// Events a day: whole, where there are ten or more.
  static func daily(_ events: Rational) -> String { events.text(digits: events < Rational(10) ? 1 : 0) }

  static func date(_ day: Int32) -> String { CivilDate.text(LocalDay(number: day)) }
}
