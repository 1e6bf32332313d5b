import TestSupport
import Testing

@testable import KizashiCore

/// Attributes against a dictionary.
@Suite struct `What is known of accounts' attributes` {
  private struct Key: Hashable {
    var account: AccountID
    var name: String
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `the latest word holds, of equals the later said`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var book = AttributeBook()
    var model: [Key: (value: Scalar?, at: Int64)] = [:]
    // More words than a slab holds, on few accounts and on many, with gaps between their numbers.
    let accounts = AccountID([3, 400, 9000].randomElement(using: &random) ?? 3)
    for step in 0..<20_000 {
      let key = Key(
        account: 2 * AccountID.random(in: 0..<accounts, using: &random),
        name: "trait \(Int.random(in: 0..<40, using: &random))")
      let value: Scalar? = Bool.random(using: &random) ? .number("\(step)") : nil
      let at = Int64.random(in: 0..<50, using: &random)
      let holds = model[key].map { $0.at <= at } ?? true
      if holds { model[key] = (value, at) }
      #expect(book.set(key.account, key.name, value, at: at) == holds, "step \(step), seed \(seed)")
    }
    for account in 0..<2 * accounts + 2 {
      let wanted = model.filter { $0.key.account == account }.sorted { $0.key.name < $1.key.name }
      let words = book.words(on: account)
      #expect(words.map(\.name) == wanted.map(\.key.name), "account \(account), seed \(seed)")
      #expect(words.map(\.value) == wanted.map(\.value.value), "account \(account), seed \(seed)")
      #expect(words.map(\.at) == wanted.map(\.value.at), "account \(account), seed \(seed)")
      for (key, word) in wanted {
        #expect(book.value(account, key.name) == word.value)
        #expect(book.instant(account, key.name) == (word.value == nil ? nil : word.at))
      }
      #expect(book.value(account, "never said") == nil)
    }
  }

  @Test func `values are numbers where they look like one`() {
    var book = AttributeBook()
    let values: [(Scalar, Rational?)] = [
      (.number("1.5"), Rational(3, 2)), (.string("2e1"), Rational(20)), (.bool(true), Rational(1)),
      (.bool(false), Rational(0)), (.string("gold"), nil), (.string(""), nil),
    ]
    for (index, (value, number)) in values.enumerated() {
      _ = book.set(7, "x", value, at: Int64(index))
      #expect(book.number(7, "x") == number, "\(value)")
    }
  }
}
