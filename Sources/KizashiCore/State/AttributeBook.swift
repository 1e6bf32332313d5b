/// The attributes of accounts: the latest word on each by instant, of equals the later in the log.
///
/// One list for all, and not a dictionary for each account: with a million accounts and five attributes each, those took 400 MB, and this
/// takes 150.
struct AttributeBook {
  private struct Word {
    /// nil: removed.
    var value: Scalar?
    var at: Int64
    /// Index into `names`.
    var name: UInt32
    /// Place + 1 of the account's next attribute; 0: this is its last one.
    var next: UInt32
  }
  private static let wordsPerSlab = 4096
  /// The most attributes of an account that are searched one by one. They mostly lie side by side, as the first line named them.
  private static let fewWords = 16
  /// Slabs, so that growing moves none of them.
  private var slabs: ContiguousArray<ContiguousArray<Word>> = []
  private var count = 0
  private var names: [String] = []
  private var numbers: [String: UInt32] = [:]
  /// By account: place + 1 of its latest attribute; 0, or not there: it has none.
  private var heads: ContiguousArray<UInt32> = []
  /// Of accounts with more than a few: the places by name. A line may bring thousands.
  private var large: [AccountID: [UInt32: Int]] = [:]

  /// Sets an attribute unless a later word on it is known; whether it did.
  ///
  /// - Parameter value: nil: removed.
  mutating func set(_ account: AccountID, _ name: String, _ value: Scalar?, at: Int64) -> Bool {
    let number = number(of: name)
    let (place, walked) = find(account, number)
    if let place {
      guard self[place].at <= at else { return false }
      let (slab, index) = (place / Self.wordsPerSlab, place % Self.wordsPerSlab)
      slabs[slab][index].value = value
      slabs[slab][index].at = at
      return true
    }
    while heads.count <= Int(account) { heads.append(0) }
    append(Word(value: value, at: at, name: number, next: heads[Int(account)]))
    heads[Int(account)] = UInt32(count)
    if walked == Self.fewWords {
      large[account] = Dictionary(uniqueKeysWithValues: places(of: account).map { (self[$0].name, $0) })
    } else if walked > Self.fewWords {
      large[account]?[number] = count - 1
    }
    return true
  }

  /// An attribute's value; nil: not set.
  func value(_ account: AccountID, _ name: String) -> Scalar? { word(account, name)?.value }

  /// An attribute as a number; nil: not set, or none.
  func number(_ account: AccountID, _ name: String) -> Rational? { value(account, name)?.number }

  /// An attribute as a date or an instant; nil: not set, or neither.
  func time(_ account: AccountID, _ name: String) -> RecordTime? {
    guard case .string(let text)? = value(account, name) else { return nil }
    return RecordTime(text)
  }

  /// The instant of an attribute in force; nil: there is none.
  func instant(_ account: AccountID, _ name: String) -> Int64? {
    word(account, name).flatMap { $0.value == nil ? nil : $0.at }
  }

  /// The latest word on each attribute of an account, ascending by name; a value of nil: it was removed.
  func words(on account: AccountID) -> [(name: String, value: Scalar?, at: Int64)] {
    places(of: account).map { place in
      let word = self[place]
      return (names[Int(word.name)], word.value, word.at)
    }.sorted { $0.name < $1.name }
  }

  // MARK: - The list

  private subscript(place: Int) -> Word { slabs[place / Self.wordsPerSlab][place % Self.wordsPerSlab] }

  private func word(_ account: AccountID, _ name: String) -> Word? {
    guard let number = numbers[name], let place = find(account, number).place else { return nil }
    return self[place]
  }

  private mutating func number(of name: String) -> UInt32 {
    if let known = numbers[name] { return known }
    numbers[name] = UInt32(names.count)
    names.append(name)
    return UInt32(names.count - 1)
  }

  private func head(_ account: AccountID) -> UInt32 { Int(account) < heads.count ? heads[Int(account)] : 0 }

  /// Newest first.
  private func places(of account: AccountID) -> [Int] {
    var places: [Int] = []
    var next = head(account)
    while next > 0 {
      places.append(Int(next) - 1)
      next = self[Int(next) - 1].next
    }
    return places
  }

  /// Where an attribute stands; nil: nowhere. And how many were passed by, at most ``fewWords`` + 1.
  private func find(_ account: AccountID, _ name: UInt32) -> (place: Int?, walked: Int) {
    var next = head(account)
    var walked = 0
    while next > 0 {
      let place = Int(next) - 1
      let (slab, index) = (place / Self.wordsPerSlab, place % Self.wordsPerSlab)
      // Not the whole word: that would retain its value.
      if slabs[slab][index].name == name { return (place, walked) }
      walked += 1
      if walked > Self.fewWords { return (large[account]?[name], walked) }
      next = slabs[slab][index].next
    }
    return (nil, walked)
  }

  private mutating func append(_ word: Word) {
    if count == slabs.count * Self.wordsPerSlab {
      var slab = ContiguousArray<Word>()
      slab.reserveCapacity(Self.wordsPerSlab)
      slabs.append(slab)
    }
    slabs[slabs.count - 1].append(word)
    count += 1
  }
}

extension Scalar {
  /// As a number: decimal text, with an exponent or without, to 6 digits, half-up; true/false as 1/0.
  var number: Rational? {
    if case .bool(let value) = self { return Rational(value ? 1 : 0) }
    return decimal
  }

  /// The same of numbers and texts only.
  var decimal: Rational? {
    switch self {
    case .number(let text), .string(let text): DecimalText(text)?.micros.map { Rational($0, 1_000_000) }
    case .bool, .null: nil
    }
  }
}
