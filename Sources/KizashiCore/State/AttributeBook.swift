/// The attributes of accounts: the latest word on each by instant, of equals the later in the log.
///
/// One list for all, and not a dictionary for each account: a million accounts with two attributes each took 300 MB.
struct AttributeBook {
  private struct Word {
    /// nil: removed.
    var value: Scalar?
    var at: Int64
    var account: AccountID
    /// Index into `names`.
    var name: UInt32
    /// Place + 1 of the account's next attribute; 0: this is its last one.
    var next: UInt32
  }
  private static let wordsPerSlab = 4096
  /// Slabs, so that growing moves none of them.
  private var slabs: ContiguousArray<ContiguousArray<Word>> = []
  private var count: Int { index.count }
  private var names: [String] = []
  private var numbers: [String: UInt32] = [:]
  /// By account: place + 1 of its latest attribute; 0, or not there: it has none.
  private var heads: ContiguousArray<UInt32> = []
  /// By account and name. An account may have thousands: none is searched for one by one.
  private var index = HashIndex()

  /// Sets an attribute unless a later word on it is known; whether it did.
  ///
  /// - Parameter value: nil: removed.
  mutating func set(_ account: AccountID, _ name: String, _ value: Scalar?, at: Int64) -> Bool {
    let number = number(of: name)
    if let place = place(account, number) {
      guard self[place].at <= at else { return false }
      let (slab, index) = (place / Self.wordsPerSlab, place % Self.wordsPerSlab)
      slabs[slab][index].value = value
      slabs[slab][index].at = at
      return true
    }
    while heads.count <= Int(account) { heads.append(0) }
    append(Word(value: value, at: at, account: account, name: number, next: heads[Int(account)]))
    heads[Int(account)] = UInt32(count)
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
    var words: [(name: String, value: Scalar?, at: Int64)] = []
    var next = Int(account) < heads.count ? heads[Int(account)] : 0
    while next > 0 {
      let word = self[Int(next) - 1]
      words.append((names[Int(word.name)], word.value, word.at))
      next = word.next
    }
    return words.sorted { $0.name < $1.name }
  }

  // MARK: - The list

  private subscript(place: Int) -> Word { slabs[place / Self.wordsPerSlab][place % Self.wordsPerSlab] }

  private func word(_ account: AccountID, _ name: String) -> Word? {
    guard let number = numbers[name], let place = place(account, number) else { return nil }
    return self[place]
  }

  private mutating func number(of name: String) -> UInt32 {
    if let known = numbers[name] { return known }
    numbers[name] = UInt32(names.count)
    names.append(name)
    return UInt32(names.count - 1)
  }

  private func place(_ account: AccountID, _ name: UInt32) -> Int? {
    index.find(Self.hash(account, name)) { place in
      // Not the whole word: that would retain its value.
      let (slab, index) = (place / Self.wordsPerSlab, place % Self.wordsPerSlab)
      return slabs[slab][index].account == account && slabs[slab][index].name == name
    }
  }

  private static func hash(_ account: AccountID, _ name: UInt32) -> UInt64 {
    NameHash.fold(UInt64(account) << 32 | UInt64(name), 0x9e37_79b9_7f4a_7c15)
  }

  private mutating func append(_ word: Word) {
    if count == slabs.count * Self.wordsPerSlab {
      var slab = ContiguousArray<Word>()
      slab.reserveCapacity(Self.wordsPerSlab)
      slabs.append(slab)
    }
    slabs[slabs.count - 1].append(word)
    index.add(Self.hash(word.account, word.name))
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
