/// The part of an account's state that facts do not give back: where its journal, bands and rules stand.
struct StoredState {
  struct MeasureState {
    var baseGrade: Int32
    var baseValue: ShownValue
    var causes: UInt16
  }
  struct Rule {
    var key: UInt64
    var state: RuleState
    var drop: ContiguousArray<DropHistory.Entry>
  }
  var evaluated = false
  var baseScore: Int32 = -1
  var lastScoreEntryDay: Int32 = .min
  var historyDay: Int32 = .min
  var historyAt: Int64 = .min
  var band: Int8 = -1
  var measures: [MeasureState] = []
  var holds: [ScoreTable.Hold] = []
  var below: [Int64] = []
  /// Hours, one per `lastTile` leaf.
  var lastTiles: [Int64] = []
  var rules: [Rule] = []
  var card: Int8 = 0
  var adjustment = ScoreTable.Adjustment()
  var milestones: [Milestone] = []

  struct Milestone {
    var key: UInt64
    var state: CustomerTable.MilestoneState
  }
  struct Shift {
    var key: UInt64
    var detector: ShiftDetector
  }
  var shifts: [Shift] = []
  struct Flaps {
    var key: UInt64
    var history: FlapHistory
  }
  var flaps: [Flaps] = []
  /// Of watched sources: the tile of the latest line.
  var delivered: [(source: Int, hour: Int32)] = []
  /// Of rules that wait, by their keys.
  var waiting: [(key: UInt64, base: WaitingBase)] = []
}

extension Engine {
  private static let stateFormat: UInt64 = 4

  /// What ``decodeState(_:)`` reads back.
  func encodeState(of account: AccountID) -> [UInt8] {
    let core = scores.core(account).pointee
    var out = ByteWriter()
    out.write(unsigned: Self.stateFormat)
    out.write(core.evaluated)
    out.write(core.baseScore)
    out.write(core.lastScoreEntryDay)
    out.write(core.historyDay)
    out.write(core.historyAt)
    out.write(core.band)
    let measures = compiled.measures.count
    out.write(unsigned: UInt64(measures))
    for index in 0..<measures {
      Self.encode(
        StoredState.MeasureState(
          baseGrade: scores.baseGrades(account)[index], baseValue: scores.baseValues(account)[index],
          causes: scores.causes(account)[index]), &out)
    }
    let held = compiled.holding.count
    out.write(unsigned: UInt64(held))
    for index in 0..<held {
      out.write(scores.holds(account)[index].grade)
      out.write(scores.holds(account)[index].missingSince)
    }
    let bounds = compiled.bands.boundCount
    out.write(unsigned: UInt64(bounds))
    for index in 0..<bounds { out.write(scores.below(account)[index]) }
    out.write(unsigned: UInt64(compiled.lastTiles.count))
    for leaf in compiled.lastTiles { out.write(usage.total(account, leaf, .current)) }
    encodeRules(account, &out)
    encodeCustomer(account, &out)
    encodeShifts(account, &out)
    encodeDelivered(account, &out)
    encodeWaiting(account, &out)
    encodeFlaps(account, &out)
    return out.bytes
  }

  static func encode(_ measure: StoredState.MeasureState, _ out: inout ByteWriter) {
    out.write(measure.baseGrade)
    out.write(measure.baseValue.numerator)
    out.write(measure.baseValue.denominator)
    out.write(unsigned: UInt64(measure.causes))
  }

  static func decodeMeasure(_ input: inout ByteReader) -> StoredState.MeasureState {
    StoredState.MeasureState(
      baseGrade: input.narrow(), baseValue: ShownValue(input.signed(), over: input.signed()),
      causes: UInt16(truncatingIfNeeded: input.unsigned()))
  }

  private func encodeCustomer(_ account: AccountID, _ out: inout ByteWriter) {
    let adjustment = scores.adjustment(account).pointee
    out.write(scores.core(account).pointee.card)
    out.write(adjustment.baseCard)
    out.write(adjustment.baseUncapped)
    out.write(adjustment.baseComputed)
    out.write(adjustment.cardPoints)
    out.write(unsigned: UInt64(adjustment.cardCauses))
    out.write(unsigned: UInt64(adjustment.capCauses))
    out.write(unsigned: UInt64(adjustment.overrideCauses))
    let milestones = compiled.customers.milestones
    out.write(unsigned: UInt64(milestones.count))
    for index in milestones.indices {
      let state = customers.milestones(account)[index]
      out.write(unsigned: milestones[index].key)
      out.write(state.count)
      out.write(state.reachedAt)
    }
  }

  static func decodeState(_ bytes: [UInt8]) -> StoredState? {
    var input = ByteReader(bytes)
    guard input.unsigned() == stateFormat else { return nil }
    var state = StoredState()
    state.evaluated = input.flag()
    state.baseScore = input.narrow()
    state.lastScoreEntryDay = input.narrow()
    state.historyDay = input.narrow()
    state.historyAt = input.signed()
    state.band = input.narrow()
    for _ in 0..<input.count() { state.measures.append(decodeMeasure(&input)) }
    for _ in 0..<input.count() {
      state.holds.append(ScoreTable.Hold(grade: input.narrow(), missingSince: input.signed()))
    }
    for _ in 0..<input.count() { state.below.append(input.signed()) }
    for _ in 0..<input.count() { state.lastTiles.append(input.signed()) }
    state.rules = decodeRules(&input)
    decodeCustomer(&input, &state)
    state.shifts = decodeShifts(&input)
    state.delivered = decodeDelivered(&input)
    state.waiting = decodeWaiting(&input)
    state.flaps = decodeFlaps(&input)
    return input.failed || !input.isAtEnd ? nil : state
  }

  private static func decodeCustomer(_ input: inout ByteReader, _ state: inout StoredState) {
    state.card = input.narrow()
    state.adjustment.baseCard = input.narrow()
    state.adjustment.baseUncapped = input.narrow()
    state.adjustment.baseComputed = input.narrow()
    state.adjustment.cardPoints = input.narrow()
    state.adjustment.cardCauses = UInt16(truncatingIfNeeded: input.unsigned())
    state.adjustment.capCauses = UInt16(truncatingIfNeeded: input.unsigned())
    state.adjustment.overrideCauses = UInt16(truncatingIfNeeded: input.unsigned())
    for _ in 0..<input.count() {
      let key = input.unsigned()
      state.milestones.append(
        StoredState.Milestone(
          key: key, state: CustomerTable.MilestoneState(count: input.signed(), reachedAt: input.signed())))
    }
  }
}
