/// One account as the engine sees it at its clock: what `kizashi account` shows and `verify` compares.
public struct Explanation: Sendable, Equatable {
  /// What one measure adds to the score.
  public struct MeasureState: Sendable, Equatable {
    /// The measure's name in the config.
    public var name: String
    /// Nil: missing.
    public var value: Rational?
    /// Hundredths; nil: takes no part.
    public var grade: Int?
    /// Effective share of the score, 0…1.
    public var share: Rational
    /// Whether the metric had no value, whatever the measure's missing mode made of that.
    public var missing: Bool
  }
  /// Hundredths; nil: none.
  public var score: Int?
  /// Without override, hundredths; nil: none.
  public var computedScore: Int?
  /// 0…1.
  public var coverage: Rational
  /// Nil: none.
  public var phase: String?
  /// Nil: none.
  public var touch: String?
  /// In the model's order.
  public var segments: [String]
  /// Nil before the first evaluation.
  public var band: String?
  /// In the model's order.
  public var measures: [MeasureState]
}

extension Engine {
  /// How an account's score comes about: the code path that scores.
  public func explain(_ account: AccountID) -> Explanation {
    let core = scores.core(account).pointee
    let grades = scores.grades(account)
    let shares = shares(account)
    return Explanation(
      score: core.score < 0 ? nil : Int(core.score), computedScore: computed(account),
      coverage: covered(account), phase: phase(account), touch: touchName(account), segments: segments(account),
      band: core.band < 0 ? nil : compiled.bands.name(core.band),
      measures: compiled.measures.indices.map { index in
        Explanation.MeasureState(
          name: compiled.measures[index].name, value: value(ofMeasure: index, account),
          grade: grades[index] < 0 ? nil : Int(grades[index]), share: shares[index].rational,
          missing: scores.missing(account)[index])
      })
  }

  /// Each measure's effective share of the account's score.
  func shares(_ account: AccountID) -> [Share] {
    let card = scores.core(account).pointee.card
    guard card >= 0 else { return compiled.measures.map { _ in Share(numerator: 0, denominator: 1) } }
    return compiled.scorecards[Int(card)].shares(scores.grades(account))
  }

  private func segments(_ account: AccountID) -> [String] {
    guard compiled.customers.isNeeded else { return [] }
    let bits = customers.core(account).pointee.segments
    return compiled.model.segments.indices.filter { bits & 1 << UInt64($0) != 0 }.map {
      compiled.model.segments[$0].name
    }
  }

  /// The number of an account by its name.
  public func account(named name: String) -> AccountID? {
    var name = name
    return name.withUTF8 { accountNames.find(UnsafeRawBufferPointer($0)).id }
  }

  /// The name of an account by its number.
  public func name(of account: AccountID) -> String { accountNames.name(account) }

  /// The latest word on each attribute of an account, also of those removed, ascending by name.
  public func attributeRows(of account: AccountID) -> [AttributeRow] {
    attributes.words(on: account).map { word in
      AttributeRow(
        account: account, name: word.name, value: word.value, updatedAt: Instant(milliseconds: word.at))
    }
  }

  /// The account of each user that a `group` line gave one, ascending by source and user.
  public func userAccountRows() -> [UserAccountRow] { userAccounts.rows() }

  /// Names of the features each event name belongs to and whether it is core, from event number `first` on: what the
  /// store needs to group facts by feature.
  public func featureMembership(from first: EventNameID) -> [(event: EventNameID, features: [String], core: Bool)] {
    (Int(first)..<max(Int(first), usage.features.eventCount)).map { event in
      let id = EventNameID(event)
      return (id, usage.features.features(of: id).map { usage.features.names[Int($0)] }, usage.features.isCore(id))
    }
  }

  /// What each source has delivered, by number.
  public var sourceRows: [SourceRow] { sources.map(\.row) }

  /// Whether anything is to be stored since the last ``drain()``.
  public var hasUndrained: Bool {
    !pending.facts.isEmpty || !dirtyAccounts.isEmpty || !dirtySources.isEmpty || !pending.records.isEmpty
      || !pending.clockAdvances.isEmpty || !pending.stalls.isEmpty
  }

  /// About how many bytes of memory what has gathered since then takes.
  public var undrainedBytes: Int { pending.bytes }
}
