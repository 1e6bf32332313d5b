/// A customer of a book and what becomes of it, for whoever checks what is made of its events.
public struct BookAccount: Sendable, Equatable {
  /// As in the lines: `acme-0001`.
  public var name: String
  /// How many users it has.
  public var users: Int
  /// The day its contract began, from the start of the book; negative: before it.
  public var firstDay: Int
  /// Length of a term of its contract, days.
  public var termDays: Int
  /// The day it cancels, from the start of the book; nil: it stays at least until the end.
  public var cancelledDay: Int?
  /// The days of its way down, as far as they have begun in the book; nil: there is none.
  public var declineDays: Range<Int>?
  /// What is left of its use after the decline, of 1024; nil: there is none.
  public var floor: Int?
  /// How it declines; nil: it does not.
  public var shape: DeclineShape?

  init(_ customer: Customer, index: Int, days: Int) {
    name = AccountName.text(index)
    users = customer.users
    firstDay = customer.firstDay
    termDays = customer.term
    cancelledDay = customer.ending.flatMap { $0.day < days ? $0.day : nil }
    if let decline = customer.ending?.decline, decline.from < days {
      declineDays = decline.from..<decline.from + decline.days
      floor = decline.floor
      shape = decline.shape
    }
  }

  /// One word: `kept`, `unwarned` (left without a sign), or the shape of its decline.
  public var fate: String { shape.map { "\($0)" } ?? (cancelledDay == nil ? "kept" : "unwarned") }
}

extension BookAccount {
  /// The heading of ``csv(start:)``.
  public static let csvHeader = "account,fate,started,decline_from,decline_to,cancelled\n"

  /// What becomes of it, as one line: days as dates, empty where there is none.
  /// - Parameter start: the first instant of the book, milliseconds.
  public func csv(start: Int64) -> String {
    let first = start.dividedDown(by: 86_400_000)
    func date(_ day: Int?) -> String { day.map { CivilDate(day: first + Int64($0)).text } ?? "" }
    return [
      name, fate, date(firstDay), date(declineDays?.lowerBound), date(declineDays?.upperBound), date(cancelledDay),
    ].joined(separator: ",") + "\n"
  }
}

extension CivilDate {
  /// `2026-05-03`.
  var text: String {
    func padded(_ number: Int, _ count: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
    }
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
  }
}
