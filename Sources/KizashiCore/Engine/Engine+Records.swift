/// What records say of an account: attributes, answers, contracts, overrides.
extension Engine {
  /// Takes what a record says into the account's state; what kind of evaluation it asks for.
  mutating func absorb(_ stored: StoredRecord, _ account: AccountID, report: Bool) -> Trigger {
    let record = stored.record
    if compiled.customers.isNeeded { customers.core(account).pointee.until = .min }
    switch (record.kind, record.event) {
    case (.group, _):
      for (name, value) in record.fields { setAttribute(account, name, value, stored.at, report) }
      return .attribute
    case (.track, "survey.responded"):
      guard case .string(let survey)? = record.value("survey"),
        let score = record.value("score").flatMap(\.decimal), score.numerator.magnitude < 1 << 63
      else { return .survey }
      answers.add(account, survey, score, count: stored.count, at: stored.at.milliseconds)
      scores.core(account).pointee.hasRecords = true
      return .survey
    case (.track, "sentiment.recorded"):
      if let value = record.value("value") { setAttribute(account, "sentiment", value, stored.at, report) }
    case (.track, "override.set"):
      setOverride(account, record, stored.at, report)
    case (.track, let event) where event.hasPrefix("contract."):
      let product = contracts.add(record, account, at: stored.at.milliseconds)
      // Due dates go by the start of its product's contract, also where that of the account is as it was.
      if compiled.customers.isNeeded { customers.core(account).pointee.milestonesDirty = true }
      if report, let contract = contracts.contract(account, product: product) {
        pending.contracts.append(ContractRow(account: account, contract: contract))
      }
      if let mrr = record.value("mrr") { setAttribute(account, "mrr", mrr, stored.at, report) }
      if let end = record.value("term_end") { setAttribute(account, "renewal_at", end, stored.at, report) }
    default: break
    }
    return .attribute
  }

  private mutating func setOverride(_ account: AccountID, _ record: Record, _ at: Instant, _ report: Bool) {
    guard let override = Override(record, compiled.model.calendar) else { return }
    let time = time(of: account).milliseconds
    let was = overrides.text(account, at: time)
    guard overrides.set(account, override, at: at.milliseconds) else { return }
    let active = overrides.active(account, at: time)
    scores.adjustment(account).pointee.overrideUntil = active?.until ?? .max
    if report, was != active?.text { noted.append(.override(from: was, to: active?.text)) }
  }

  private mutating func setAttribute(
    _ account: AccountID, _ name: String, _ value: Scalar, _ at: Instant, _ report: Bool
  ) {
    let kept: Scalar? = value == .null ? nil : value
    let was = attributes.value(account, name)
    scores.core(account).pointee.hasRecords = true
    guard attributes.set(account, name, kept, at: at.milliseconds), report else { return }
    if was?.shown != kept?.shown {
      noted.append(.attribute(name, from: was?.shown, to: kept?.shown))
      markChanges(account, of: name)
    }
    pending.attributes.append(AttributeRow(account: account, name: name, value: kept, updatedAt: at))
  }
}
