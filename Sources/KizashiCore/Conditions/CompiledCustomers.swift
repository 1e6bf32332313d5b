/// What a model says of customers beside their measures, with every name resolved.
struct CompiledCustomers {
  enum Touch {
    case none
    /// The value of an attribute.
    case attribute(String)
    /// Index into ``TouchModel/names`` and condition, in config order.
    case computed([(index: Int8, when: ConditionTable.Place)])
  }

  struct Milestone {
    enum Goal {
      case events(pattern: String, atLeast: Int64)
      case metric(CompiledMetric, atLeast: Rational)
    }
    var goal: Goal
    /// Nil: never due.
    var due: Int64?
    /// FNV-1a of its identity: finds its stored state again, unless it has come to mean another thing.
    var key: UInt64
  }

  /// Of scorecards, caps and rules, too.
  let conditions: ConditionTable
  let segments: [ConditionTable.Place]
  let touch: Touch
  let phases: [ConditionTable.Place]
  let milestones: [Milestone]
  /// What reaching one of them rests on.
  let milestoneWakes: Wake
  /// Whether a due date can change anything: an `overdue` rule, or a condition that asks.
  let watchesDueDates: Bool
  /// Whether anything is to be kept of accounts.
  let isNeeded: Bool

  /// Call it when everything else that has conditions is compiled.
  init(_ model: Model, _ compiler: inout ConditionCompiler, _ leaves: inout LeafCompiler) {
    segments = model.segments.map { compiler.compile($0.when) }
    switch model.touch {
    case nil: touch = .none
    case .attribute(let name): touch = .attribute(name)
    case .computed(let cases):
      touch = .computed(
        cases.map { name, when in
          (Int8(TouchModel.names.firstIndex(of: name) ?? 0), compiler.compile(when))
        })
    }
    phases = model.phases.map { compiler.compile($0.when) }
    milestones = model.milestones.map { milestone in
      let goal: Milestone.Goal =
        switch milestone.goal {
        case .events(let pattern, let least): .events(pattern: pattern, atLeast: least)
        case .metric(let metric, let least): .metric(leaves.compile(metric), atLeast: least)
        }
      return Milestone(goal: goal, due: milestone.dueMilliseconds, key: FNV.hash(milestone.identity))
    }
    milestoneWakes = milestones.reduce(into: []) { wakes, milestone in
      switch milestone.goal {
      case .events: wakes.formUnion(.milestoneCounts)
      case .metric(let metric, _): wakes.formUnion(.metric(metric))
      }
    }
    let hasOverdueRule = model.rules.contains { if case .overdue = $0.kind { true } else { false } }
    watchesDueDates = hasOverdueRule || compiler.asksOverdue
    let conditions = compiler.table
    self.conditions = conditions
    isNeeded =
      !conditions.nodes.isEmpty || !milestones.isEmpty || model.touch != nil || !phases.isEmpty || !segments.isEmpty
  }
}
