/// The shift rules of a model and what they remember of every account.
///
/// An event adds to today's count of its features; the rest is done once a day. Counts are facts' and are not stored; what
/// the detectors say is history (a day is judged by what was known at its end) and is stored.
struct ShiftTable {
  struct Watch {
    /// Index into the model's rules.
    var rule: Int
    /// Whose counts it looks at.
    var slot: Int
    var settings: ShiftSettings
  }

  /// In the order of the rules.
  let watches: [Watch]
  /// The features watched, each once.
  private let features: [FeatureReference]
  /// Days whose counts are kept: the open one and all that the newest whole day is compared with.
  private let span: Int
  /// y of small counts, which nearly all are: a root costs a dozen divisions.
  private let roots: Table<Int64>
  /// By event name: the slots it counts for, as a range of `slots`.
  private var belonging: ContiguousArray<Range<Int>> = []
  private var slots: ContiguousArray<Int> = []
  /// By account, then slot.
  private var counts: ContiguousArray<DailyCounts> = []
  /// By account, then watch.
  private var detectors: ContiguousArray<ShiftDetector> = []

  init(_ rules: [Rule]) {
    var features: [FeatureReference] = []
    var watches: [Watch] = []
    for (index, rule) in rules.enumerated() {
      guard case .shift(let feature, let settings) = rule.kind else { continue }
      let slot = features.firstIndex(of: feature) ?? features.count
      if slot == features.count { features.append(feature) }
      watches.append(Watch(rule: index, slot: slot, settings: settings))
    }
    self.watches = watches
    self.features = features
    span = Int(watches.reduce(0) { max($0, $1.settings.reach) }) + 2
    roots = Table(watches.isEmpty ? [] : (0..<UInt32(4096)).map { ShiftBaseline.root(of: $0) })
  }

  var isEmpty: Bool { watches.isEmpty }

  /// Hours of facts from which the counts can be made again: the days kept, begun anywhere on earth.
  var horizonHours: Int { isEmpty ? 0 : (span + 2) * 24 }

  mutating func addAccount() {
    counts.append(contentsOf: repeatElement(DailyCounts(), count: features.count))
    detectors.append(contentsOf: repeatElement(ShiftDetector(), count: watches.count))
  }

  /// Adds the next event name, which `index` knows already.
  mutating func addEventName(_ index: FeatureIndex) {
    guard !isEmpty else { return }
    let event = EventNameID(belonging.count)
    let start = slots.count
    slots.append(contentsOf: features.indices.filter { index.belongs(event, to: features[$0]) })
    belonging.append(start..<slots.count)
  }

  /// Counts events; whether a watched feature has them.
  /// - Parameter today: The day the account has come to.
  mutating func count(
    _ account: AccountID, _ event: EventNameID, _ events: Int64, on day: Int32, today: Int32
  ) -> Bool {
    let range = belonging[Int(event)]
    for place in range {
      counts[Int(account) * features.count + slots[place]].add(events, on: day, span: span, today: today)
    }
    return !range.isEmpty
  }

  func detector(_ account: AccountID, _ watch: Int) -> ShiftDetector { detectors[Int(account) * watches.count + watch] }

  mutating func restore(_ account: AccountID, _ watch: Int, _ detector: ShiftDetector) {
    detectors[Int(account) * watches.count + watch] = detector
  }

  /// Lets days count from `day` on. Until then what an account did before it was first looked at is not judged.
  mutating func begin(_ account: AccountID, at day: Int32) {
    for watch in watches.indices { detectors[Int(account) * watches.count + watch].begin(behind: day - 1) }
  }

  /// Whether an account has whole days that were not judged.
  @inline(__always)
  func isBehind(_ account: AccountID, _ yesterday: Int32) -> Bool {
    detectors[Int(account) * watches.count].judged < yesterday
  }

  /// Asks for where an account's days were judged to, and what they are judged by.
  @inline(__always)
  func prefetch(_ account: AccountID) {
    detectors.prefetch(Int(account) * watches.count)
    counts.prefetch(Int(account) * features.count)
  }

  /// Asks for the counts themselves, where a day of them is to be judged.
  @inline(__always)
  func prefetchCounts(_ account: AccountID, through yesterday: Int32) {
    if isBehind(account, yesterday) { counts[Int(account) * features.count].prefetch(span: span) }
  }

  /// Judges every whole day not judged yet, by the counts as they are.
  ///
  /// - Parameter first: The day of the account's first usage; `.max`: none.
  /// - Returns: Whether an alarm that lasts, or its side, is another than before.
  @discardableResult
  mutating func judge(_ account: AccountID, through yesterday: Int32, first: Int32) -> Bool {
    var moved = false
    for index in watches.indices {
      let watch = watches[index]
      var detector = detectors[Int(account) * watches.count + index]
      if detector.judged == .min { detector.begin(behind: yesterday) }
      let counted = Int(account) * features.count + watch.slot
      while detector.judged < yesterday {
        let day = detector.judged + 1
        let isIdle = Self.isIdle(day, counts[counted], watch.settings)
        if isIdle && detector.passQuietly(through: yesterday) { break }
        let z = ShiftBaseline.z(of: day, first: first, watch.settings) { isIdle ? roots[0] : root(counted, $0) }
        detector.judge(day, z: z, watch.settings)
      }
      let place = Int(account) * watches.count + index
      if detector.side != detectors[place].side { moved = true }
      detectors[place] = detector
    }
    return moved
  }

  /// Whether neither a day nor any it is compared with has an event: then y = μ and z = 0.
  private static func isIdle(_ day: Int32, _ counts: DailyCounts, _ settings: ShiftSettings) -> Bool {
    Int64(counts.newest) < Int64(day) - Int64(settings.reach)
  }

  @inline(__always)
  private func root(_ place: Int, _ day: Int32) -> Int64 {
    let count = counts[place][day]
    return count < UInt32(roots.count) ? roots[Int(count)] : ShiftBaseline.root(of: count)
  }

  /// Whether the end of `today`, or any day's after it, can change an alarm if no event comes.
  ///
  /// Without events every day from the newest one + `reach` + 1 on is idle, z = 0. Then no sum grows, as k ≥ 0, so none
  /// exceeds h that has not; and a lasting alarm is over after a week of such days, as 0 is no further off than k. So once
  /// today is idle and no alarm lasts, nothing ever changes.
  func canChange(_ account: AccountID, _ watch: Int, today: Int32) -> Bool {
    let counts = counts[Int(account) * features.count + watches[watch].slot]
    return detector(account, watch).side != .none || !Self.isIdle(today, counts, watches[watch].settings)
  }

  /// Mean use a day from `first` to the last day judged, and the mean that was usual for these weekdays by then; nil
  /// without anything to compare with. For people: both are of the days still kept, and of what is known now.
  func level(_ account: AccountID, _ watch: Int, since: Int32, first: Int32) -> (now: Rational, usual: Rational)? {
    let settings = watches[watch].settings
    let counts = counts[Int(account) * features.count + watches[watch].slot]
    let last = detector(account, watch).judged
    let days = max(since, last - settings.reach)...last
    var usual = Rational(0)
    for weekday in 0..<Int32(settings.weekDays) {
      let same = days.count { (last - $0) % Int32(settings.weekDays) == weekday }
      let past = (settings.nearestWeek...settings.farthestWeek)
        .map { last - weekday - Int32($0 * settings.weekDays) }.filter { $0 >= first }
      guard same > 0 else { continue }
      guard !past.isEmpty else { return nil }
      let sum = past.reduce(Int128(0)) { $0 + Int128(counts[$1]) }
      usual = (usual + Rational(sum * Int128(same), Int128(past.count))).reduced
    }
    let now = days.reduce(Int128(0)) { $0 + Int128(counts[$1]) }
    let length = Int128(days.count)
    return (Rational(now, length), (usual / Rational(length)).reduced)
  }
}
