/// When an account must be looked at because a tile leaves a window: an instant at which nothing of it can change is no
/// deadline.
enum Leaving {
  case always
  /// Only rules read the totals, and what leaves opens none of them: while all of those stand idle it can wait until the
  /// account is looked at for another reason.
  case unlessIdle
}

/// Finds out when what leaves the windows of a model matters.
struct LeavingCompiler {
  private struct Reads {
    var current = Leaving.unlessIdle
    var previous = Leaving.unlessIdle
  }

  private let leaves: [Leaf]
  private let sums: [SumLeaf]
  private var reads: [Reads]
  /// What rules that must stand idle read: a bit for each of the first 64.
  private var idleReads: [(bit: UInt64, leaf: Int, isPrevious: Bool)] = []

  init(leaves: [Leaf], sums: [SumLeaf]) {
    self.leaves = leaves
    self.sums = sums
    reads = Array(repeating: Reads(), count: leaves.count)
  }

  /// A metric of which any change matters.
  mutating func add(_ metric: CompiledMetric) {
    switch metric {
    case .leaf(let leaf), .shareTopUser(let leaf), .effectiveUsers(let leaf), .daysSince(let leaf, _):
      reads[leaf] = Reads(current: .always, previous: .always)
    case .ratio(let a, let b):
      add(a)
      add(b)
    case .trend(let of, _, _): add(of)
    // Sums are always read.
    case .sum, .attribute, .milestones, .survey: break
    }
  }

  /// The condition of a rule, the `index`th.
  mutating func add(_ condition: CompiledRule.Condition, _ fast: FastRule, _ index: Int) {
    switch condition {
    case .metric(let metric, _, _):
      // Fewer events do not take a count above a limit.
      if fast.kind == .total, fast.holds.through == .max {
        addWhileIdle(fast.leaf, false, index)
      } else {
        add(metric)
      }
    case .collapse(let trend, _):
      // Features that leave the window before make the fall of those used since a smaller one.
      if fast.kind == .collapse, fast.numerator >= -fast.denominator {
        addWhileIdle(fast.leaf, true, index)
      } else {
        add(trend)
      }
    case .adopted(let days, _):
      // Days that leave do not make them enough.
      if case .leaf(let leaf) = days { addWhileIdle(leaf, false, index) } else { add(days) }
    case .abandoned(let events, let days, _, let alive):
      if fast.kind == .abandoned {
        // It takes the feature's last event to leave; fewer days, or less use of anything, only end it.
        reads[fast.leaf].current = .always
        addWhileIdle(fast.daysLeaf, false, index)
        addWhileIdle(fast.aliveLeaf, false, index)
      } else {
        for metric in [events, days, alive] { add(metric) }
      }
    case .bandChange, .band, .drop, .measure, .silence, .overdue, .powerUserLost, .holds, .marked, .composite, .shift:
      break
    }
  }

  private mutating func addWhileIdle(_ leaf: Int, _ isPrevious: Bool, _ index: Int) {
    guard index < 64 else { return add(.leaf(leaf)) }
    idleReads.append((1 << UInt64(index), leaf, isPrevious))
  }

  /// What leaving each window means, and which rules must stand idle for it to mean nothing.
  func windows(_ windows: [Window]) -> (windows: [Window], idle: UInt64) {
    let found = windows.map { window in
      var window = window
      let read = leaves.indices.filter {
        leaves[$0].kind != .lastTile && leaves[$0].windowHours == Int(window.hours)
      }
      let summed = sums.filter { $0.windowHours == Int(window.hours) }
      // Whoever reads the window before has to see what enters it.
      let matters =
        !summed.isEmpty || read.contains { leaves[$0].needsPrevious || reads[$0].current == .always }
      let mattersBefore =
        summed.contains(where: \.needsPrevious)
        || read.contains { leaves[$0].needsPrevious && reads[$0].previous == .always }
      window.leaving = matters ? .always : .unlessIdle
      window.leavingPrevious = mattersBefore ? .always : .unlessIdle
      return window
    }
    var idle: UInt64 = 0
    for read in idleReads {
      guard let window = found.first(where: { Int($0.hours) == leaves[read.leaf].windowHours }) else { continue }
      if (read.isPrevious ? window.leavingPrevious : window.leaving) == .unlessIdle { idle |= read.bit }
    }
    return (found, idle)
  }
}
